#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Network functions, taps and metadata with real packets: the parts that a test run of a program does not show, such as
# what lo does to what a function gives back, and to large segments that are to be cut. Without the daemon.
# function.sh
#
#   r1 (10.0.0.1) --- r2 (10.0.0.2) --- r3 (10.0.0.3)      functions are on r2, and in the end on all
# shellcheck source=tests/bpf/lib.sh
. "$(dirname "$0")/lib.sh"

pass_start() { # pass_start ROUTER INDEX: a function that passes all
	local said=pass.$1.$2
	exec {to_pass}> >(in_ns "r$1" "$BUILD/tests/bpf/pass" chain "$2" >"$said" 2>&1)
	until grep -qs . "$said"; do sleep 0.02; done
	grep -q ok "$said" || { cat "$said"; exit 1; }
}
given() { # given INDEX WORD: "given", "dropped" or "skipped"
	loader fn "$1"
	awk -v want="$2" '{ for (i = 1; i < NF; i++) if ($i == want) print $(i + 1) }' <<<"$ANSWER"
}
iperf() { # iperf PORT ARGS...: r1 to r3; prints received bits a second
	local port=$1
	shift
	rm -f iperf.log
	in_ns r3 iperf3 -s -1 -p "$port" --forceflush >iperf.log &
	local server=$!
	until grep -qs listening iperf.log; do sleep 0.02; done
	in_ns r1 iperf3 -c 10.0.0.3 -p "$port" -t 1 -J "$@" >iperf.json
	wait $server
	jq '.end | (.sum_received // .sum).bits_per_second | floor' iperf.json
}

loader_start
vdp_chain 3

echo "- a program on the router in the middle has all that passes, and gives it back"
loader ring 0 1048576
loader settle
loader chain 2 0
pass_start 2 0
before=$(counter 104 tx)
check "ping from end to end" in_ns r1 ping -qc 20 -i 0.01 -W 5 10.0.0.3
check "each was given to it, both ways" equal "$(given 0 given)" 40
check "none was left to its policy" equal "$(given 0 skipped)" 0
check "sent on once each" equal "$(counter 104 tx)" $((before + 20))
check "a ping to the router itself" in_ns r1 ping -qc 3 -i 0.01 -W 5 10.0.0.2
check "a ping from the router itself" in_ns r2 ping -qc 3 -i 0.01 -W 5 10.0.0.3
check "a ping of 8,000 bytes in fragments" in_ns r1 ping -qc 3 -i 0.02 -W 5 -s 8000 10.0.0.3
check "iperf3 over UDP" at_least "$(iperf 5201 -u -b 5M)" 1000000
check "TTL is taken once" grep -q 'ttl=63' <(in_ns r1 ping -c 1 -W 5 10.0.0.3)
for port in 102 103 104 105 20001 20002 20003; do
	for cause in version length checksum down unsupported too-big function; do
		check "port $port: no drop by $cause" equal "$(counter $port $cause)" 0
	done
done

echo "- what comes back and finds no way is shown to the router's process by the link that it came by"
in_ns r2 timeout 20 tcpdump -lqni left -c 1 'ether proto 0x88b5 and ether[15] = 1 and inbound' >left.log 2>&1 &
dump=$!
until grep -qs listening left.log; do sleep 0.02; done
before=$(counter 103 ttl) count=$(counter 103 rx)
in_ns r1 ping -qc 2 -i 0.1 -W 0.2 -t 1 10.0.0.3 >/dev/null || true
check "it is seen at the link" wait $dump
check "counted there once each" equal "$(counter 103 ttl)" $((before + 2))
check "arrivals, too" equal "$(counter 103 rx)" $((count + 2))

echo "- TCP: large segments of flows that a function wants are cut, others are not"
loader chain 2
average_frame() { # average_frame PORT COMMAND...: bytes a frame that went out by PORT while COMMAND ran
	local port=$1 p b
	shift
	p=$(counter "$port" tx) b=$(counter "$port" tx_bytes)
	"$@" >rate
	p=$(($(counter "$port" tx) - p)) b=$(($(counter "$port" tx_bytes) - b))
	echo $((b / (p ? p : 1)))
}
check "without cuts they cross as they are" at_least "$(average_frame 104 iperf 5201)" 10000
loader cut 5202
check "those of another flow, too" at_least "$(average_frame 104 iperf 5201)" 10000
check "those of this one are cut" at_least 1500 "$(average_frame 104 iperf 5202)"
check "and arrive" at_least "$(cat rate)" 1000000
loader chain 2 0
check "through a function" at_least 1500 "$(average_frame 104 iperf 5202)"
check "they arrive, too" at_least "$(cat rate)" 1000000
check "none was too big for it" equal "$(counter 103 too-big)" 0
check "nor dropped" equal "$(given 0 dropped)" 0
loader cut none

echo "- functions on all routers, each with two"
for i in 1 2 3; do
	loader ring $((2 * i)) 1048576
	loader ring $((2 * i + 1)) 1048576
	loader settle
	pass_start $i $((2 * i))
	pass_start $i $((2 * i + 1))
	loader chain $i $((2 * i)) $((2 * i + 1))
done
check "ping from end to end" in_ns r1 ping -qc 20 -i 0.01 -W 5 10.0.0.3
for i in 2 3 4 5 6 7; do
	check "function $i had each once" equal "$(given $i given)" 40
done
check "UDP" at_least "$(iperf 5201 -u -b 5M)" 1000000

echo "- metadata between sockets"
cat >meta.py <<'END'
import socket, struct, sys
IP_OPTIONS, IP_RECVOPTS = 4, 6
def option(flow): return struct.pack(">BBBB4sII", 68, 16, 17, 3, b"VLSP", flow, 0)
sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
if sys.argv[1] == "recv":
    sock.bind(("10.0.0.3", 7000))
    sock.setsockopt(socket.IPPROTO_IP, IP_RECVOPTS, 1)
    sock.settimeout(20)
    print("ready", flush=True)
    for _ in range(3):
        data, control, _, _ = sock.recvmsg(20000, 1000)
        options = [c[2] for c in control if c[:2] == (0, IP_RECVOPTS)]
        fields = struct.unpack(">BBBB4sII", options[0]) if options else None
        print(len(data), "%#x" % fields[5] if fields else "none", "stamp" if fields and fields[6] else "no-stamp", flush=True)
else:
    sock.setsockopt(socket.IPPROTO_IP, IP_OPTIONS, option(0x11223344))
    sock.sendto(b"hi", ("10.0.0.3", 7000))
    sock.sendto(b"x" * 9000, ("10.0.0.3", 7000))
    sock.setsockopt(socket.IPPROTO_IP, IP_OPTIONS, b"")
    sock.sendto(b"plain", ("10.0.0.3", 7000))
END
for what in "with functions on the way" "without"; do
	in_ns r3 python3 meta.py recv >meta.log &
	receiver=$!
	until grep -qs ready meta.log; do sleep 0.02; done
	in_ns r1 python3 meta.py send
	wait $receiver || true
	check "flow id and timestamp, $what" grep -qx '2 0x11223344 stamp' meta.log
	check "in fragments, $what" grep -qx '9000 0x11223344 no-stamp' meta.log
	check "and those who send none, $what" grep -qx '5 none no-stamp' meta.log
	for i in 1 2 3; do loader chain $i; done
done

echo "- taps"
for port in 103 104 20001; do loader tap $port 1 3; done
loader settle
check "ping" in_ns r1 ping -qc 5 -i 0.01 -W 5 10.0.0.3
loader tapped 1
check "each was seen both ways at both links and the edge" equal "$ANSWER" "matched 30 lost 0"
check "TCP with large segments" at_least "$(iperf 5201)" 1000000
for port in 103 104 20001; do loader tap $port 1 0; done
exit $failed
