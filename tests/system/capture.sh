#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Captures of everything that a network does, decoded by tshark with the dissector: nothing is malformed, each drop is
# there with its cause, as often as the daemon counted it; what was too fast is counted; nothing is left behind.
#
#   a ---- b ---- c        a-b: shaped, loses
#           \    /         b-c fails, traffic goes over d
#            \  /
#             d
. "$(dirname "$0")/lib.sh"

command -v tshark >/dev/null || skip "needs tshark"
command -v iperf3 >/dev/null || skip "needs iperf3"
export HOME=$WORK
LUA=$ROOT/packaging/wireshark/vdp.lua

CAPTURES=()
capture() { # capture NAME ARGS...: runs in the background, summary in NAME.json; returns when it captures
	local name=$1
	shift
	rm -f "$name.json" "$name.err"
	"$BUILD/vlsp" capture "$@" --json >"$name.json" 2>"$name.err" &
	PIDS[$name]=$!
	CAPTURES+=("$name")
	eventually 5 grep -q '^vlsp: capturing' "$name.err"
}
declare -A PIDS
end_capture() { # end_capture NAME...: as Ctrl-C does; each must end well
	local name
	for name; do
		kill -INT "${PIDS[$name]}"
		wait "${PIDS[$name]}" || { echo "capture $name ended badly:"; cat "$name.err"; return 1; }
		unset "PIDS[$name]"
	done
}
summary() { jq -r "$2" "$1.json"; } # summary NAME FIELD
echo '_G.bit32 = nil' >newer.lua # Wireshark from 4.4 on has none
# What is in UDP and TCP is data: a port of those that bash takes at random may be somebody's, whose dissector finds zeros malformed.
shark() {
	tshark -X lua_script:newer.lua -X lua_script:"$LUA" -d udp.port==1-65535,data -d tcp.port==1-65535,data -r "$1" "${@:2}" 2>>"$WORK/shark.err"
}
frames() { shark "$1" -Y "$2" -T fields -e frame.number | wc -l; } # frames FILE FILTER
comments() { shark "$1" -Y "frame.interface_name == \"$2\"" -T fields -e frame.comment | grep -c "^dropped: $3" || true; }
drops() { vlsp link show "$1" --json | jq -r ".counts[$2].drops[\"$3\"]"; } # drops LINK END CAUSE
taps() { bpftool map dump pinned /sys/fs/bpf/vlsp/default/vlsp_tap --json | jq length; } # ports that are tapped
tapped() { [ "$(taps)" -ge "$1" ]; }
ping_all_the_time() { # pings C from A, until no_ping
	nsenter --net=/run/netns/a ping -q -i 0.05 "$C" >/dev/null &
	PINGER=$!
}
no_ping() {
	kill -INT $PINGER
	wait $PINGER || true
}
no_connection() { # of TCP, which may send again for seconds what a link has lost
	local router
	for router in a c; do [ -z "$(on $router ss -Htan | grep -vE '^(LISTEN|TIME-WAIT)')" ] || return 1; done
}
no_taps() { [ "$(taps)" = 0 ]; }
count() { capinfos -c -M -T -r "$1" | cut -f2; } # count FILE: frames in it
whole() { # whole FILE: all of it is VDP, and right
	[ "$(count "$1")" -gt 0 ] || { echo "$1: nothing was captured"; return 1; }
	equal "" "$(shark "$1" -Y '!vdp || _ws.malformed || _ws.lua.error || vdp.short || vdp.bad_length || vdp.bad_checksum ||
		vdp.bad_routes || vdp.bad_kind || vdp.bad_version')" "$1: frames that are not right"
}

step "make install puts the dissector where tshark looks for it, uninstall takes it away"
must make -s -C "$ROOT" O="$BUILD" PREFIX=/usr/local DESTDIR="$WORK/dest" install
found=$(find dest -name vdp.lua)
plugins=$(tshark -G folders 2>/dev/null | awk -F'\t+' '/^Global Lua Plugins/ { print $2 }')
must grep -qx "dest$plugins/vdp.lua" <<<"$found"
must grep -qx dest/usr/local/share/vlsp/wireshark/vdp.lua <<<"$found"
install -D "dest$plugins/vdp.lua" .local/lib/wireshark/plugins/vdp.lua
must_say 'Virtual Datagram Protocol.*vdp$' tshark -G protocols
rm -r .local
must make -s -C "$ROOT" O="$BUILD" PREFIX=/usr/local DESTDIR="$WORK/dest" uninstall
equal "" "$(find dest -name vdp.lua)" "dissectors after uninstall"

step "what a program sends that is malformed is that, and no error of the dissector's"
echo "0000 $(printf '00 %.0s' {1..12})88 b5 10 40 11 00 0a 00 00 01 0a 00 00 02 00 00 00 01 00 00 00 00 04 d2 00 07 00" | text2pcap -q - odd.pcap
equal 1 "$(frames odd.pcap '_ws.malformed && vdp.src == 10.0.0.1')" "malformed: UDP of 5 bytes"
equal 0 "$(frames odd.pcap _ws.lua.error)" "errors of the dissector"

step "a network: one link is slow and loses"
start_vlspd
must vlsp topology apply - <<-X
	hello: 200ms # a machine under load does not take a link for lost
	routers: [{name: a}, {name: b}, {name: c}, {name: d}]
	links:
	  - {a: a, b: b, delay: 5ms, loss: 10%, seed: 3}
	  - {a: b, b: c}
	  - {a: b, b: d, weight: 5}
	  - {a: d, b: c, weight: 5}
X
A=$(address a) C=$(address c)
equal 0 "$(taps)" "taps where nobody captures"

step "captures of a router, a link, a direction, an edge, a flow, of drops only"
capture router b -w router.pcapng
capture link a:b -w link.pcapng
capture way a:b --direction a-to-b --no-control -w way.pcapng
capture edge c:edge -w edge.pcapng
capture flow b:to-c -w flow.pcapng "udp and src a and dst port 47001"
capture drops a:b --drops -w drops.pcapng
capture lines a-b icmp or proto 253
loss_a=$(drops a-b 0 loss) loss_b=$(drops a-b 1 loss) ttl_b=$(drops a-b 1 ttl)

step "traffic of several kinds, and a link that fails"
on c iperf3 -s -p 5201 -D --pidfile "$WORK/iperf.pid" >/dev/null
on a ping -q -i 0.01 -c 100 "$C" >/dev/null || true
on c ping -q -i 0.01 -c 30 "$A" >/dev/null || true
on a traceroute -n -q 1 -w 1 "$C" >/dev/null || true
for i in $(seq 60); do on a bash -c "echo $i >/dev/udp/$C/47001"; done
must on a iperf3 -c "$C" -p 5201 -n 200K --connect-timeout 20000
must vlsp link down b:c
on a ping -q -i 0.01 -c 20 "$C" >/dev/null || true
must vlsp link up b:c
on c ping -q -i 0.01 -c 10 -W 1 10.0.99.99 >/dev/null || true
kill "$(cat "$WORK/iperf.pid" | tr -d '\0')"
eventually 20 no_connection
sleep 0.3
end_capture router link way edge flow drops lines

step "everything is decoded, nothing is malformed"
for name in router link way edge flow drops; do
	whole $name.pcapng
	equal "$(summary $name .captured)" "$(count $name.pcapng)" "$name: frames in the file"
	equal "$(summary $name .matched)" "$(($(summary $name .captured) + $(summary $name .lost)))" "$name: captured and lost"
	equal 0 "$(summary $name .lost)" "$name: lost"
done
fields=(vdp.control.kind vdp.routes.dst icmp.type tcp.dstport tcp.flags.syn udp.dstport vdp.hello.heard)
shark router.pcapng -E occurrence=f -T fields "${fields[@]/#/-e}" >fields.txt
for what in 1:1 1:2 2:10.0.0 3:8 3:0 3:11 4:5201 5:1 6:47001 7:1; do
	grep -q "^${what#*:}" <<<"$(cut -f"${what%:*}" fields.txt)" || { echo "router.pcapng has no ${fields[${what%:*} - 1]} ${what#*:}"; exit 1; }
done

step "what --snaplen would have cut off is not there, which is no fault of what is"
for size in 33 34 37 41 42 50 56 64 90 120; do
	editcap -s $size router.pcapng cut.pcapng
	whole cut.pcapng
	equal "" "$(shark cut.pcapng -Y '_ws.expert.severity >= error || _ws.expert.group == checksum')" "errors after $size bytes"
done

step "drops have their cause, as often as the daemon counted them"
loss_a=$(($(drops a-b 0 loss) - loss_a)) loss_b=$(($(drops a-b 1 loss) - loss_b))
ttl_b=$(($(drops a-b 1 ttl) - ttl_b)) route_c=$(vlsp router stats c --json | jq '.edge.drops["no-route"]')
[ $loss_a -gt 5 ] && [ $loss_b -gt 5 ] && [ $ttl_b -gt 0 ] && [ "$route_c" -ge 10 ] || { echo "too few drops: $loss_a $loss_b $ttl_b $route_c"; exit 1; }
for name in link drops; do
	equal $loss_a "$(comments $name.pcapng a:to-b loss)" "$name: losses from a to b"
	equal $loss_b "$(comments $name.pcapng b:to-a loss)" "$name: losses from b to a"
	equal $ttl_b "$(comments $name.pcapng b:to-a ttl)" "$name: ttl at b"
	equal $((loss_a + loss_b)) "$(summary $name .drops.loss)" "$name: losses of the summary"
done
equal "$(count drops.pcapng)" "$(shark drops.pcapng -T fields -e frame.comment | grep -c ^dropped:)" "drops only"
equal "$route_c" "$(comments edge.pcapng c:edge no-route)" "edge: no-route of what c sends"
equal $loss_b "$(comments router.pcapng b:to-a loss)" "router: losses at b"
equal $loss_a "$(comments way.pcapng a:to-b loss)" "from a to b: losses"
equal 0 "$(comments way.pcapng b:to-a loss)" "from a to b: losses of the other direction"

step "each capture has what it was asked for, and no more"
equal 0 "$(frames way.pcapng 'vdp.proto == 253')" "without control"
equal 0 "$(frames way.pcapng "frame.interface_name == \"a:to-b\" && !(frame.comment contains \"dropped\")")" "arrivals at the wrong end"
equal 0 "$(frames flow.pcapng "!(udp.dstport == 47001 && vdp.src == $A)")" "other flows"
equal "$(frames edge.pcapng 'udp.dstport == 47001 && !icmp')" "$(count flow.pcapng)" "the flow, on its way and where it is delivered"
[ "$(frames edge.pcapng 'frame.packet_flags_direction == 1')" -gt 0 ] && [ "$(frames edge.pcapng 'frame.packet_flags_direction == 2')" -gt 0 ]
equal 0 "$(frames edge.pcapng 'vdp.proto == 253')" "what processes say to each other, at an edge"
equal "delay 5ms, loss 10%, seed 3" "$(shark link.pcapng -T fields -e frame.comment | grep -v ^dropped | sort -u)" "the link's impairment"
capinfos link.pcapng >capinfos.txt
for what in 'Name = a:to-b' 'Name = b:to-a' 'Description = link a-b, from a to b: delay 5ms, loss 10%, seed 3' 'nanoseconds' 'vlsp capture'; do
	must grep -qF "$what" capinfos.txt
done

step "without a file: a line for each datagram"
"$BUILD/vlsp" capture a:b -c 4 icmp >lines.txt 2>lines.err &
pid=$!
eventually 5 grep -q '^vlsp: capturing' lines.err
ping_all_the_time
wait $pid
no_ping
equal 4 "$(wc -l <lines.txt)" "lines"
must grep -qE "^[0-9:.]+ b:to-a In   $A > $C: icmp echo request, id [0-9]+, seq [0-9]+, length 64, ttl 64, flow 0x[0-9a-f]{8}\$" lines.txt

step "a shape that changes is another comment; what a link has corrupted says so"
must vlsp link set a:b --loss none --corrupt 20% --from a
capture changed a:b -w changed.pcapng udp
before=$(vlsp link show a:b --json | jq '.emulation[0].corrupted')
for i in $(seq 40); do on a bash -c "echo $i >/dev/udp/$C/47001"; done
sleep 0.2
must vlsp link set a:b --corrupt none --delay 1ms --from a
on c timeout 30 python3 -c 'import socket; s = socket.socket(type=socket.SOCK_DGRAM); s.bind(("", 47002)); s.recv(9)' &
last=$!
eventually 10 must_say ':47002 ' on c ss -Huln
on a bash -c "echo last >/dev/udp/$C/47002"
wait $last # before it, all others have come
end_capture changed
corrupted=$(($(vlsp link show a:b --json | jq '.emulation[0].corrupted') - before))
shark changed.pcapng -T fields -e frame.comment | sort | uniq -c >changed.txt
must grep -qE ' delay 5ms, corrupt 20%, seed 3$' changed.txt
must grep -qE ' delay 1ms, seed 3$' changed.txt
[ "$corrupted" -gt 0 ]
# one bit more or less may make of a datagram one of another kind, which the filter does not want
equal "$corrupted" "$(shark changed.pcapng -T fields -e frame.comment | grep -c corrupted)" "corrupted"

step "live: what is written to a pipe comes at once; who has seen enough ends it"
must vlsp link set a:b --delay none --loss none
ping_all_the_time
"$BUILD/vlsp" capture a:b -q -w - icmp | tshark -X lua_script:"$LUA" -r - -c 5 -T fields -e icmp.type 2>/dev/null >live.txt
equal 5 "$(wc -l <live.txt)" "datagrams live"
no_ping

step "as lines: who has read enough ends it, and that is no failure"
ping_all_the_time
rcs=$("$BUILD/vlsp" capture a:b icmp 2>head.err | head -1 >head.txt; echo "${PIPESTATUS[*]}")
equal "0 0" "$rcs" "exits"
equal 1 "$(wc -l <head.txt)" "lines"
equal "" "$(grep -vE '^vlsp: capturing|captured, .* matched' head.err || true)" "what it says"
no_ping

step "large segments cross links without a shape as they are, and are captured so"
capture large b:to-c -w large.pcapng tcp
on c iperf3 -s -p 5201 -1 -D >/dev/null
eventually 5 on a iperf3 -c "$C" -p 5201 -n 20M
end_capture large
whole large.pcapng
[ "$(frames large.pcapng 'frame.len > 2000')" -gt 0 ] || { echo "no large segment"; exit 1; }

step "a reader that is too slow: what was lost is counted, and all is accounted for"
capture slow a:b --buffer 64K -w slow.pcapng
kill -STOP "${PIDS[slow]}"
on a ping -q -f -c 3000 "$C" >/dev/null
kill -CONT "${PIDS[slow]}"
end_capture slow
[ "$(summary slow .lost)" -gt 0 ] || { echo "nothing was lost"; cat slow.json; exit 1; }
equal "$(summary slow .matched)" "$(($(summary slow .captured) + $(summary slow .lost)))" "captured and lost"
equal "$(summary slow .captured)" "$(count slow.pcapng)" "frames in the file"
must grep -qE "lost" <("$BUILD/vlsp" capture a:b -c 1 2>&1 >/dev/null)
whole slow.pcapng
must_say "dropped packets|Number of packets dropped|Packets dropped|[0-9]+" capinfos slow.pcapng

step "what a queue drops is counted, though there is no frame of it"
must vlsp link set a:b --rate 100kbit --limit 5p --backend relay --from a
before=$(drops a-b 0 queue)
capture queue a:b --direction a-to-b -w queue.pcapng
on a ping -q -f -s 500 -c 200 -w 2 "$C" >/dev/null || true
sleep 0.5 # the relay has seen all
end_capture queue
[ "$(summary queue .queueDrops)" -gt 10 ] || { echo "too few drops"; cat queue.json; exit 1; }
equal $(($(drops a-b 0 queue) - before)) "$(summary queue .queueDrops)" "drops of the queue"
capinfos queue.pcapng >/dev/null
must vlsp link set a:b --rate none --limit none --backend auto

step "a ring of files, each whole; a length; a count; a time"
capture ring a:b -w ring.pcapng --file-size 64K --files 3 -s 60
on a ping -q -f -s 1000 -c 3000 "$C" >/dev/null
end_capture ring
equal 3 "$(ls ring.*.pcapng | wc -l)" "files"
[ "$(summary ring .files)" -gt 3 ]
for file in ring.*.pcapng; do
	[ "$(stat -c %s "$file")" -le 65536 ]
	equal 0 "$(frames "$file" 'frame.cap_len > 60')" "$file: longer frames than asked for"
	[ "$(frames "$file" 'frame.len > 1000')" -gt 0 ]
done
must vlsp capture a:b --duration 200ms -w time.pcapng
must vlsp capture a:b -c 3 -w count.pcapng
equal 3 "$(count count.pcapng)" "a count"

step "a disk that is full: the file ends behind its last whole datagram, what did not get there is counted apart"
mkdir small
mount -t tmpfs -o size=64k tmpfs small
full() { # full OPTIONS...: captures 200 datagrams of 1000 bytes to small/x.pcapng, which fails
	local rc=0
	"$BUILD/vlsp" capture a:b -w small/x.pcapng --json "$@" udp >full.json 2>full.err &
	PIDS[full]=$!
	eventually 5 grep -q '^vlsp: capturing' full.err
	for _ in $(seq 200); do on a bash -c "head -c 1000 /dev/zero >/dev/udp/$C/47001"; done
	kill -INT "${PIDS[full]}" 2>/dev/null || true
	wait "${PIDS[full]}" || rc=$?
	equal 1 $rc "exit of a capture to a full disk"
	must grep -q 'writing small/x.*: No space left on device' full.err
	equal "$(summary full .matched)" "$(($(summary full '.captured + .lost + .unwritten + .unread')))" "captured, lost, not written"
	[ "$(summary full .unwritten)" -gt 0 ] || { echo "all was written"; cat full.json; exit 1; }
}
full
equal "$(summary full .captured)" "$(count small/x.pcapng)" "frames in the file"
whole small/x.pcapng
equal "" "$(tshark -r small/x.pcapng 2>&1 >/dev/null | grep 'cut short')" "a file that was cut"
rm small/x.pcapng
full -C 64K -W 2
for file in small/*; do whole "$file"; done
umount small

step "what is wrong is said with its place"
must_fail 1 "filter: position 9: a port's number is missing" vlsp capture a:b udp port
must_fail 1 "filter: position 6: 'z' is neither an address nor a router" vlsp capture a:b host z
must_fail 1 "of: there is no link or router 'z'" vlsp capture z
must_fail 1 "port: router b has no 'to-z', but edge" vlsp capture b:to-z
must_fail 1 "direction: only a link has directions" vlsp capture b --direction a-to-b
equal "vlsp: /nowhere/x: No such file or directory" "$(vlsp capture a:b -w /nowhere/x 2>&1 || true)" "a file that cannot be written"
must_fail 1 "another machine" vlsp --url https://192.0.2.1:8888 capture a:b
for i in 1 2 3 4 5 6 7 8; do capture many$i a:b -w many$i.pcapng; done
must_fail 1 "captures: a port has 8 already" vlsp capture a:b
must_fail 1 "no permission for .*/capture.sock: be root, or a member of the group" setpriv --reuid 65534 --regid 65534 --clear-groups "$BUILD/vlsp" capture a:b
end_capture many1 many2 many3 many4 many5 many6 many7 many8

step "who is killed leaves nothing"
capture killed b -w killed.pcapng udp
tapped 1
kill -KILL "${PIDS[killed]}"
wait "${PIDS[killed]}" 2>/dev/null || true
eventually 5 no_taps

step "a link that is deleted, and a daemon that ends, end captures with their reason"
"$BUILD/vlsp" capture d:c -w gone.pcapng 2>gone.err &
gone=$!
capture stays d -w stays.pcapng
eventually 5 grep -q '^vlsp: capturing' gone.err
must vlsp link delete d:c
rc=0
wait $gone || rc=$?
equal 1 $rc "exit of a capture whose link was deleted"
must grep -q 'the capture ended: link c-d was deleted' gone.err
must vlsp link add d c --name again
eventually 5 tapped 3
kill -0 "${PIDS[stays]}"
must vlsp capture d -c 2 -w hellos.pcapng # by then it has hellos, too
vlspd restart --runtime-dir "$RUNTIME" --state-dir "$STATE" --listen none
rc=0
wait "${PIDS[stays]}" || rc=$?
equal 1 $rc "exit of a capture whose daemon ended"
must grep -q 'the capture ended: vlspd ends' stays.err
equal 0 "$(taps)" "taps after a restart"
[ "$(frames stays.pcapng 'vdp.control.kind == 1')" -gt 0 ]
must vlsp capture a:b --duration 100ms

step "a daemon that is killed: its captures say so, its taps go when there is one again"
capture orphan a:b -w orphan.pcapng
kill -KILL "$(cat $RUNTIME/vlspd.pid)"
rc=0
wait "${PIDS[orphan]}" || rc=$?
equal 1 $rc "exit of a capture whose daemon was killed"
must grep -q 'the capture ended: the daemon has gone' orphan.err
echo "group: nogroup" >conf.yaml
start_vlspd --config conf.yaml
equal 0 "$(taps)" "taps of before"

step "who may command the daemon may capture, without being root"
must setpriv --reuid 65534 --regid 65534 --clear-groups "$BUILD/vlsp" capture a:b -c 3

stop_vlspd
nothing_left
