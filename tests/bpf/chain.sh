#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Ordinary programs over a chain of 3 virtual routers, made with ip and tc and the loaded programs; no daemon, so nobody
# answers for what the programs pass up, and counters show it instead. chain.sh [NAME...]
# shellcheck source=tests/bpf/lib.sh
. "$(dirname "$0")/lib.sh"
# average_frame PORT COMMAND...: bytes a frame that went out by PORT while COMMAND ran
average_frame() {
	local port=$1 p b
	shift
	p=$(counter "$port" tx) b=$(counter "$port" tx_bytes)
	"$@" >/dev/null
	p=$(($(counter "$port" tx) - p)) b=$(($(counter "$port" tx_bytes) - b))
	echo $((b / (p ? p : 1)))
}

iperf() { # iperf ARGS...: r1 to r3; prints received bits a second
	rm -f iperf.log
	in_ns r3 iperf3 -s -1 --forceflush >iperf.log &
	local server=$!
	until grep -qs listening iperf.log; do sleep 0.02; done
	in_ns r1 iperf3 -c 10.0.0.3 -t 1 -J "$@" >iperf.json
	wait $server
	jq '.end | (.sum_received // .sum).bits_per_second | floor' iperf.json
}

story() { # story: what must work whether links are shaped or not
	check "ping from end to end" in_ns r1 ping -qc 3 -i 0.02 -W 5 10.0.0.3
	check "ping back" in_ns r3 ping -qc 3 -i 0.02 -W 5 10.0.0.1
	check "ping to the neighbour" in_ns r2 ping -qc 1 -W 5 10.0.0.1
	check "ping to itself" in_ns r1 ping -qc 1 -W 5 10.0.0.1
	check "a ping of 8,000 bytes in fragments" in_ns r1 ping -qc 3 -i 0.02 -W 5 -s 8000 10.0.0.3
	check "the source address is the router's" grep -q 'from 10.0.0.1 ' \
		<(in_ns r1 ip route get 10.0.0.3 | sed 's/src \(.*\) uid.*/from \1 /')

	echo "virtual" >index.html
	in_ns r3 python3 -m http.server -b 10.0.0.3 80 >/dev/null 2>&1 &
	local server=$!
	until grep -q '10.0.0.3:80 ' <<<"$(in_ns r3 ss -Hnlt)"; do sleep 0.02; done
	check "curl" equal "$(in_ns r1 curl -s --max-time 20 http://10.0.0.3/index.html)" virtual
	kill $server

	check "iperf3 over UDP" at_least "$(iperf -u -b 20M)" 15000000
}

loader_start
vdp_chain 3
story
check "iperf3 over TCP" at_least "$(iperf)" 100000000
check "TCP's large segments cross unsegmented" at_least "$(average_frame 104 iperf)" 10000

# People's own filters behind ours get what is not ours, and nothing else: these drop all that they get.
ip -n r1 addr add 192.168.9.1/30 dev right
ip -n r2 addr add 192.168.9.2/30 dev left
check "IPv4 between the ends of a link" in_ns r1 ping -qc 3 -i 0.02 -W 5 192.168.9.2
check "a router to itself" in_ns r1 ping -qc 3 -i 0.02 -W 5 127.0.0.1
in_ns r2 tc filter add dev left ingress prio 60000 bpf da bytecode '1,6 0 0 2,'
in_ns r1 tc filter add dev lo egress prio 60000 bpf da bytecode '1,6 0 0 2,'
check "a later filter gets no virtual datagram" in_ns r1 ping -qc 5 -i 0.02 -W 5 10.0.0.3
check "it gets IPv4 on a link" bash -c "! nsenter --net=/run/netns/r1 ping -qc 1 -W 0.2 192.168.9.2"
check "and what a router says to itself" bash -c "! nsenter --net=/run/netns/r1 ping -qc 1 -W 0.2 127.0.0.1"
in_ns r2 tc filter del dev left ingress prio 60000
in_ns r1 tc filter del dev lo egress prio 60000
ip -n r1 addr del 192.168.9.1/30 dev right
ip -n r2 addr del 192.168.9.2/30 dev left

# The loader ends and another takes over: packets do not notice, and counters count on.
before=$(counter 103 rx)
nsenter --net=/run/netns/r1 ping -n -i 0.01 10.0.0.3 >ping.log & # not by in_ns: a shell would be in between
ping=$!
for ((i = 0; i < 20; i++)); do
	sleep 0.1
	if ((i % 2)); then loader_end keep; else loader_end kill; fi
	sleep 0.05
	loader_start "ok, adopted"
done
# Those behind the last that has come back may be under way when it ends, so it ends when there are later ones.
back() { grep -c 'icmp_seq=[0-9]* ttl' ping.log; }
was=$(back)
for ((i = 0; i < 500 && $(back) < was + 20; i++)); do sleep 0.02; done
kill -INT $ping
wait $ping || true
sent=$(sed -n 's/^\([0-9]*\) packets transmitted.*/\1/p' ping.log)
lost() { # of those before the last that has come back
	awk 'match($0, /icmp_seq=[0-9]+ ttl/) { n = substr($0, RSTART + 9) + 0; seen++; if (n > last) last = n } END { print last - seen }' ping.log
}
check "pings while loaders came and went" at_least "$sent" 200
check "they go on" at_least "$(back)" $((was + 20))
check "none of them was lost" equal "$(lost)" 0
for ((i = 0; i < 250 && $(counter 103 rx) < before + sent; i++)); do sleep 0.02; done # the last one may take a moment
check "each was counted once each way" equal "$(counter 103 rx)" $((before + sent))

# What the programs cannot decide is counted and passed up; nobody is there to answer.
before=$(counter 103 ttl)
in_ns r1 ping -qc 1 -W 0.2 -t 1 10.0.0.3 >/dev/null || true
check "TTL 1 ends at the first hop, counted there" equal "$(counter 103 ttl)" $((before + 1))
before=$(counter 20001 no-route)
in_ns r1 ping -qc 1 -W 0.2 10.0.0.99 >/dev/null || true
check "no route is counted at the edge" equal "$(counter 20001 no-route)" $((before + 1))
loader port 103 2 10.0.0.2 3
loader port 104 2 10.0.0.2 3
check "a silent link lets nothing through" bash -c "! nsenter --net=/run/netns/r1 ping -qc 1 -W 0.2 10.0.0.3"
check "and counts it" at_least "$(counter 103 silent)" 1
loader port 103 2 10.0.0.2 1
loader port 104 2 10.0.0.2 1
check "then it works again" in_ns r1 ping -qc 1 -W 5 10.0.0.3
for port in 102 103 104 105; do
	for cause in version length checksum down unsupported too-big; do
		check "port $port: no drop by $cause" equal "$(counter $port $cause)" 0
	done
done

echo "- shaped links: large segments off at the source, through the devices' queues"
for port in 102:1 103:2 104:2 105:3; do
	loader port ${port%:*} ${port#*:} 10.0.0.${port#*:} 5
done
for i in 1 2 3; do
	ip -n r$i link set lo gso_max_segs 1
done
in_ns r2 tc qdisc add dev right root tbf rate 100mbit burst 20kb latency 50ms
story
# iperf3 may be late on a machine that has much to do; a queue that is wrong is so each time.
for _ in 1 2 3 4 5; do
	rate=$(iperf)
	[ "$rate" -lt 80000000 ] || [ "$rate" -gt 105000000 ] || break
done
check "a 100 Mbit/s queue in the middle gives at least 80" at_least "$rate" 80000000
check "and at most 105" at_least 105000000 "$rate"
check "frames have the MTU at most" at_least 1500 "$(average_frame 102 iperf)"
exit $failed
