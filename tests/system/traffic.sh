#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Unmodified programs between routers: ping, traceroute, iperf3 (TCP and UDP), curl to nginx, ssh.
# Alone: it counts lost datagrams.
#
#      r1 --- r2 --- r3 --- r4 --- r5
. "$(dirname "$0")/lib.sh"

must start_vlspd
# hello: a machine under load does not take a link for lost
{ echo 'hello: 500ms'; vlsp topology generate line 5 --prefix r; } >net.yaml
must vlsp topology apply net.yaml
mapfile -t names < <(vlsp topology export --format json | jq -r '.routers[].name')
equal 5 ${#names[@]} routers
near=${names[0]} far=${names[4]}
dest=$(address "$far")

step "ping: small, large, fragmented"
must on "$near" ping -c 5 -i 0.01 -W 1 "$dest"
must on "$near" ping -c 3 -i 0.01 -W 1 -s 1400 "$dest"
must on "$near" ping -c 3 -i 0.01 -W 1 -s 4000 "$dest"

step "traceroute lists every router in order"
want=$(for n in "${names[@]:1}"; do address "$n"; done | xargs)
equal "$want" "$(on "$near" traceroute -n -q 1 -w 1 "$dest" | awk 'NR > 1 { print $2 }' | xargs)" "UDP traceroute"
equal "$want" "$(on "$near" traceroute -n -I -q 1 -w 1 "$dest" | awk 'NR > 1 { print $2 }' | xargs)" "ICMP traceroute"
must_say 'Time to live exceeded' sh -c "nsenter --net=/run/netns/$near ping -c 1 -W 1 -t 2 $dest || true"

step "a port nobody listens on is refused at once"
must_fail 7 'refused|connect to server' on "$near" curl -sS --max-time 5 "http://$dest:81/"

step "iperf3, TCP: large segments cross unsegmented"
on "$far" iperf3 -s -D -I "$WORK/iperf.pid" --logfile "$WORK/iperf.log"
eventually 5 must_say 5201 on "$far" ss -ltn
on "$near" iperf3 -c "$dest" -t 1 -J >tcp.json
must_say '^true$' jq '.end.sum_received.bytes > 1000000' tcp.json
bytes=$(vlsp router stats "${names[2]}" --json | jq '[.links[].counts] | max_by(.rx_bytes) | .rx_bytes')
packets=$(vlsp router stats "${names[2]}" --json | jq '[.links[].counts] | max_by(.rx_bytes) | .rx_packets')
[ $((bytes / packets)) -gt 1500 ] || { echo "mean datagram is $((bytes / packets)) bytes: segmented"; exit 1; }

step "iperf3, UDP: nothing lost at a modest rate, but for what finds its socket full when it is not scheduled in time"
overflowed() { on "$far" awk '/^Udp: [0-9]/ { print $6 }' /proc/net/snmp; }
before=$(overflowed)
on "$near" iperf3 -c "$dest" -u -b 20M -l 1400 -t 1 -J >udp.json
full=$(($(overflowed) - before))
must_say '^true$' jq ".end.sum.lost_packets <= $full and .end.sum.packets > 1000" udp.json

step "curl from nginx"
mkdir -p www
head -c 20000000 /dev/urandom >www/file
cat >nginx.conf <<N
user root; pid $WORK/nginx.pid; error_log $WORK/nginx.log; worker_processes 1;
events {}
http { access_log off; server { listen 80; root $WORK/www; } }
N
on "$far" nginx -c "$WORK/nginx.conf"
must on "$near" curl -sS --max-time 20 -o got "http://$dest/file"
must cmp www/file got

step "ssh and scp"
ssh-keygen -q -t ed25519 -N '' -f "$WORK/key"
ssh-keygen -q -t ed25519 -N '' -f "$WORK/hostkey"
mkdir -p /run/sshd && cp key.pub authorized
cat >sshd.conf <<N
HostKey $WORK/hostkey
AuthorizedKeysFile $WORK/authorized
StrictModes no
UsePAM no
PidFile $WORK/sshd.pid
Subsystem sftp internal-sftp
N
on "$far" /usr/sbin/sshd -f "$WORK/sshd.conf" # in the background before it listens
eventually 20 must_say ':22 ' on "$far" ss -Hltn
opts=(-i "$WORK/key" -o BatchMode=yes -o StrictHostKeyChecking=no -o UserKnownHostsFile=/dev/null -o ConnectTimeout=5)
equal "hello from afar" "$(on "$near" ssh "${opts[@]}" "root@$dest" echo hello from afar 2>/dev/null)" "ssh"
must on "$near" scp -q "${opts[@]}" "root@$dest:$WORK/www/file" "$WORK/scp.got"
must cmp www/file scp.got

must stop_vlspd
nothing_left
