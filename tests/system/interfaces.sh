#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Interfaces of the host on routers. Stand-ins for real devices are veth pairs, whose far ends are in a
# namespace of their own, "outside"; the story's own namespace is the host.
#
#   outside                        host                            routers
#   o-eth1 192.0.2.1/24   ------   eth1  192.0.2.5/24, up   ---->  gw: wan 192.0.2.2/24     (move)
#   o-eth2 198.51.100.1   ------   eth2  down, alias        ---->  gw: mv 198.51.100.2      (macvlan)
#   o-eth3 203.0.113.1    ------   eth3  in br0             ---->  r2: port 203.0.113.2     (bridge)
#                                  tap0, of user nobody     ---->  r2: vm 10.99.0.1         (tap)
#   o-def  198.18.0.1    ------   def0  the default route
. "$(dirname "$0")/lib.sh"
[ -c /dev/net/tun ] || skip "no /dev/net/tun"
if [ "$(stat -c %a /dev/net/tun)" != 666 ]; then # without udev it is root's alone
	mount -t tmpfs -o mode=755 tmpfs /dev/net
	mknod -m 666 /dev/net/tun c 10 200
	mounts >"$WORK/mounts.before"
fi

outside() { nsenter --net="$WORK/outside" "$@"; }
pair() { # pair HOST OUTSIDE ADDRESS
	ip link add "$1" type veth peer name "$2" netns "$WORK/outside"
	outside ip addr add "$3" dev "$2"
	outside ip link set "$2" up
}
state() { # state DEVICE: all that has to be the same afterwards
	ip -o link show dev "$1" | sed 's/.*<\(.*\)>.*/\1/; s/.*\bUP\b.*/up/; t; s/.*/down/'
	ip link show dev "$1" | sed -n 's/^ *alias //p'
	ip -o addr show dev "$1" scope global | awk '{ for (i = 3; i <= NF; i++) if ($i ~ /^(inet6?|brd)$/) print $i, $(i + 1) }'
	ip link show dev "$1" | awk '/link\/ether/ { print $2 }'
}
same() { # same WHAT: eth1 and eth2 are as they were
	equal "$eth1" "$(state eth1)" "eth1 $1"
	equal "$eth2" "$(state eth2)" "eth2 $1"
}
host_now() { # what the host has, without what changes by itself
	ip -br link | awk '{ sub("@.*", "", $1); print $1 }'
	ip -o addr show scope global
	ip route
}
crash() {
	kill -9 "$(cat "$RUNTIME/vlspd.pid")"
	eventually 5 must_fail 1 'not running' vlspd status --runtime-dir "$RUNTIME"
}
ping_from() { on "$1" ping -q -c 1 -W 3 "$2"; }

step "a host with devices"
touch "$WORK/outside"
unshare --net="$WORK/outside" true
outside ip link set lo up
pair eth1 o-eth1 192.0.2.1/24
pair eth2 o-eth2 198.51.100.1/24
pair eth3 o-eth3 203.0.113.1/24
pair def0 o-def 198.18.0.1/24
ip addr add 192.0.2.5/24 brd + dev eth1
ip -6 addr add 2001:db8::5/64 dev eth1 nodad
ip link set eth1 up
ip link set eth2 alias "the second one"
ip link add br0 type bridge
ip link set eth3 master br0
ip link set eth3 up
ip link set br0 up
ip link set def0 up
ip addr add 198.18.0.2/24 dev def0
ip route add default via 198.18.0.1 dev def0
eth1=$(state eth1) eth2=$(state eth2)
equal "up" "$(head -n 1 <<<"$eth1")" "state of eth1"

start_vlspd
must vlsp router add gw
must vlsp router add r2
must vlsp link add gw r2

step "a device is moved to a router, which so reaches the outside"
must_say "gw: wan attached .move of eth1., address 192.0.2.2/24, 2001:db8::2/64" \
	vlsp router attach gw eth1 --name wan --address 192.0.2.2/24 --address 2001:db8::2/64
must_fail 1 "does not exist" ip link show dev eth1
must_say "inet 192.0.2.2/24" on gw ip addr show dev wan
must_say "inet6 2001:db8::2/64" on gw ip addr show dev wan
must eventually 5 ping_from gw 192.0.2.1
must_say "wan +move +eth1 +192.0.2.2/24" vlsp router interfaces gw
must_say "wan +move +eth1" vlsp router show gw
must vlsp router exec gw -- ping -q -c 1 -W 3 192.0.2.1
must vlsp ping gw r2 -c 1

step "and given back as it was"
must vlsp router detach gw wan
same "after detach"
must vlsp router attach gw eth2
must_say "UP" on gw ip link show dev eth2
must vlsp router detach gw eth2
same "after detach of one that was down"

step "what the host needs is not taken, unless that is insisted on"
before=$(host_now)
must_fail 1 "host: def0 carries the host's default route .IPv4, via 198.18.0.1, table 254" vlsp router attach gw def0
must_fail 1 "host: eth3 is a port of br0" vlsp router attach gw eth3
must_fail 1 "host: br0 has ports: eth3" vlsp router attach gw br0
must_fail 1 "host: lo is the host's own loopback" vlsp router attach gw lo --force
must_fail 1 "host: there is no interface eth9" vlsp router attach gw eth9
must_fail 1 "address: 10.0.7.1/24 lies in the routers' own network" vlsp router attach gw eth1 --address 10.0.7.1/24
must_fail 1 "there is no '?nobody'?" vlsp router attach nobody eth1
must_fail 2 "mode: 'steal' is not one of" vlsp router attach gw eth1 --mode steal
must_fail 1 "name: .* to-NEIGHBOUR" vlsp router attach gw eth1 --name to-r2
must_fail 1 "host: eth1 is no bridge" vlsp router attach gw eth1 --mode bridge
must_fail 1 "host: there is a device eth1 already" vlsp router attach gw eth1 --mode tap
must_fail 1 "owner: there is no user 'nosuchuser'" vlsp router attach gw tap7 --mode tap --owner nosuchuser
must_fail 1 "interface: router gw has no 'eth1'" vlsp router detach gw eth1
equal "$before" "$(host_now)" "the host after refusals"
ip link add link eth1 name vlan5 type macvlan
must_fail 1 "host: eth1 is in use by vlan5" vlsp router attach gw eth1
ip link del vlan5
must vlsp router attach gw def0 --force
must_fail 1 "does not exist" ip link show dev def0
must_fail 1 "host: def0 is attached to router gw already" vlsp router attach r2 def0
must vlsp router detach gw def0
must ip route add default via 198.18.0.1 dev def0
must_say "198.18.0.2/24" ip addr show dev def0

step "by each mode, the outside is reached"
must vlsp router attach gw eth1 --name wan --address 192.0.2.2/24
must vlsp router attach gw eth2 --mode macvlan --name mv --address 198.51.100.2/24
must vlsp router attach r2 br0 --mode bridge --name port --address 203.0.113.2/24
must vlsp router attach r2 tap0 --mode tap --name vm --address 10.99.0.1/24 --owner nobody
ip link set eth2 up
must eventually 5 ping_from gw 192.0.2.1
must eventually 5 ping_from gw 198.51.100.1
must eventually 5 ping_from r2 203.0.113.1
step "a router forwards between its interfaces, and into the virtual network nothing"
mkdir -p "$WORK/far" && touch "$WORK/far/ns"
unshare --net="$WORK/far/ns" true
outside ip link set o-eth2 netns "$WORK/far/ns"
far() { nsenter --net="$WORK/far/ns" "$@"; }
far ip addr add 198.51.100.1/24 dev o-eth2
far ip link set o-eth2 up
far ip route add default via 198.51.100.2
outside ip route add 198.51.100.0/24 via 192.0.2.2
must eventually 5 outside ping -q -c 1 -W 3 198.51.100.1
must_fail 1 "Packet filtered" far ping -c 1 -W 3 "$(address r2)"
must vlsp ping gw r2 -c 1
ip link set eth2 down

step "a virtual machine opens the TAP device and is reached"
cat >"$WORK/vm.py" <<'PY'
# A machine at a TAP device: answers ARP and echo requests for 10.99.0.2.
import fcntl, os, struct, sys
tap = os.open("/dev/net/tun", os.O_RDWR)
fcntl.ioctl(tap, 0x400454CA, struct.pack("16sH22x", b"tap0", 0x1002))
mac, ip = bytes([2, 0, 0, 0, 0, 9]), bytes([10, 99, 0, 2])
def csum(b):
    s = sum(struct.unpack("!%dH" % (len(b) // 2), b))
    s = (s >> 16) + (s & 0xFFFF)
    return ~(s + (s >> 16)) & 0xFFFF
while True:
    f = os.read(tap, 2048)
    if f[12:14] == b"\x08\x06" and f[20:22] == b"\0\1" and f[38:42] == ip:
        os.write(tap, f[6:12] + mac + f[12:20] + b"\0\2" + mac + ip + f[22:32])
    elif f[12:14] == b"\x08\0" and f[23] == 1 and f[30:34] == ip and f[34] == 8:
        icmp = b"\0\0\0\0" + f[38:]
        icmp = icmp[:2] + struct.pack("!H", csum(icmp)) + icmp[4:]
        os.write(tap, f[6:12] + mac + f[12:26] + f[30:34] + f[26:30] + icmp)
PY
chmod 755 "$WORK"
python=$(command -v /usr/bin/python3 || command -v python3) # one that everybody may run, if there is one
must_fail 1 "Operation not permitted|Permission denied" setpriv --reuid daemon --clear-groups timeout 5 "$python" "$WORK/vm.py"
setpriv --reuid nobody --clear-groups "$python" "$WORK/vm.py" &
vm=$!
must eventually 5 ping_from r2 10.99.0.2
must_say "user (nobody|65534)" ip -d link show dev tap0
kill $vm

step "all of it in the topology file, and nothing to do for the same"
vlsp topology export >"$WORK/net.yaml"
must grep -q 'interfaces: .{host: eth1, mode: move, name: wan, address: ."192.0.2.2/24".}' "$WORK/net.yaml"
must_say "nothing to do" vlsp topology apply "$WORK/net.yaml"
sed 's/192.0.2.2/192.0.2.3/' "$WORK/net.yaml" >"$WORK/other.yaml"
must_say "router gw.*interfaces" vlsp topology diff "$WORK/other.yaml"
must vlsp topology apply "$WORK/other.yaml"
must_say "192.0.2.3/24" on gw ip addr show dev wan
must_not_say "192.0.2.2/24" on gw ip addr show dev wan
must eventually 5 ping_from gw 192.0.2.1

step "an interface that somebody took away is attached again"
on gw ip link set wan netns 1 name eth1
on gw ip link set mv alias "" # as one whose maker was killed before he tagged it
must_say "2 routers|1 router set right .router gw: an interface of it is missing" vlsp topology reconcile
must eventually 5 ping_from gw 192.0.2.1
must_say "nothing to do" vlsp topology reconcile
on gw ip addr del 192.0.2.3/24 dev wan
on gw ip addr add 192.0.2.77/24 dev wan
must vlsp topology reconcile
must_say "192.0.2.3/24" on gw ip addr show dev wan
must_say "192.0.2.77/24" on gw ip addr show dev wan

step "vlspd is killed: the interfaces stay in use, and are known to the next"
crash
must ping_from gw 192.0.2.1
start_vlspd
must_say "wan +move +eth1 +192.0.2.3/24" vlsp router interfaces gw
must_say "nothing to do" vlsp topology reconcile
must ping_from gw 192.0.2.1

step "from one router to another by a file"
sed -i 's/192.0.2.3/192.0.2.2/; s/name: r2,/name: r2, /' "$WORK/other.yaml"
cat >"$WORK/moved.yaml" <<'YAML'
routers:
  - {name: gw}
  - {name: r2, interfaces: [{host: eth1, name: wan2, address: 192.0.2.2/24}]}
links: ["gw:r2"]
YAML
must vlsp topology apply "$WORK/moved.yaml"
must eventually 5 ping_from r2 192.0.2.1
must_fail 1 "does not exist" ip link show dev tap0
must_not_say "vlsp" ip -o link show master br0

step "a router that is deleted gives back what it has"
must vlsp router delete r2
same "after its router was deleted"
must vlsp topology apply "$WORK/net.yaml"
must vlsp topology delete
same "after the topology was deleted"
must vlsp topology apply "$WORK/net.yaml"
stop_vlspd
same "after stop"
must_fail 1 "does not exist" ip link show dev tap0
[ ! -e "$RUNTIME/journal" ] || equal "" "$(cat "$RUNTIME/journal")" "journal after stop"

step "after a crash vlspd clean gives it back, and so does vlsp-clean"
for clean in "vlspd clean --runtime-dir $RUNTIME" "sh $ROOT/packaging/vlsp-clean.sh $RUNTIME"; do
	start_vlspd --restore no
	must vlsp topology apply "$WORK/net.yaml"
	must eventually 5 ping_from gw 192.0.2.1
	crash
	must $clean
	same "after ${clean%% *}"
	must_fail 1 "does not exist" ip link show dev tap0
done

step "also one that was on its way home"
start_vlspd --restore no
must vlsp topology apply "$WORK/net.yaml"
crash
on gw ip link set wan netns 1 name eth1 # tag and journal say that it is not at home yet
must vlspd clean --runtime-dir "$RUNTIME"
same "after it was half at home"

step "killed while it attaches or detaches: it is done, or was never begun"
start_vlspd
must vlsp router add gw
for round in 0 1 2 3 4 5 6 7 8 9; do
	verb=(attach gw eth1 --name wan --address 192.0.2.2/24)
	if [ $((round % 2)) = 1 ]; then
		must vlsp router "${verb[@]}"
		verb=(detach gw wan)
	fi
	"$BUILD/vlsp" router "${verb[@]}" >/dev/null 2>&1 &
	sleep "0.00$((round * 9 / 10))$((RANDOM % 10))"
	crash
	wait $! || true
	start_vlspd
	must_say "nothing to do" vlsp topology reconcile
	if grep -q wan <<<"$(vlsp router interfaces gw)"; then
		must eventually 5 ping_from gw 192.0.2.1
		must vlsp router detach gw wan
	fi
	same "in round $round"
done
stop_vlspd

step "home under another name where its own is another's by now"
start_vlspd --restore no
must vlsp router add gw
must vlsp router attach gw eth1
ip link add eth1 type veth peer name other
must vlsp router detach gw eth1
name=$(ip -4 -o addr | awk '$4 == "192.0.2.5/24" { print $2 }')
[[ $name =~ ^vlsp[0-9]+$ ]] || { echo "home as '$name'"; exit 1; }
ip link del eth1
ip link set "$name" down
ip link set "$name" name eth1 up
stop_vlspd

step "nothing else is left"
for device in eth1 eth2 eth3 def0 br0; do ip link del "$device"; done
umount "$WORK/outside" "$WORK/far/ns"
nothing_left
