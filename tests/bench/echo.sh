#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Echo round trips over 1, 3 and 8 hops, which are routers that forward, by VLSP and by kernel IPv4 forwarding over an equal
# chain (tests/bench/lib.sh): UDP, one datagram outstanding, in turns of 200 in one process that has a socket in each. Over 0
# hops, between neighbours, nothing is forwarded; what is compared there is the ends alone. Then 64-byte datagrams (header
# included) from socket to socket over 8 hops, in turns.
#
# same: client and servers on one processor; or, of the sockets, sender and forwarding. two: the client on one, the
# servers on the other; or the sender on one, and what its first link leads to on the other (RPS).
. "$(dirname "$0")/lib.sh"
trips=${TRIPS:-20000} seconds=${SECONDS_EACH:-2} rounds=${ROUNDS:-5}
echo=$BUILD/tests/bench/echo
declare -A far=([0]=1 [1]=2 [3]=4 [8]=9) # by hops, who answers: that many links from the start
router() { if [ "$1" = 9 ]; then echo dst; else echo "r$1"; fi; }

serve() { # serve CPUMASK: a server at each far end
	servers=()
	for ns in k1 k2 k4 k9 r1 r2 r4 dst; do
		nsenter --net=/run/netns/$ns taskset "$1" "$echo" serve 7 &
		servers+=($!)
	done
	for ns in k1 k2 k4 k9 r1 r2 r4 dst; do eventually 5 must_say ':7 ' on $ns ss -Hlun; done
}

start_vlspd
vlsp_chain
kernel_chain
: >rows
for mode in same two; do
	if [ $mode = same ]; then serve 1; else serve 2; fi
	for hops in 0 1 3 8; do
		end=${far[$hops]}
		for bytes in 56 1400; do
			taskset 1 "$echo" ask 7 $bytes "$trips" 200 /run/netns/k0 "10.8.$((end - 1)).2" /run/netns/src "$(address "$(router "$end")")" >answers
			echo "$mode $hops $bytes $(xargs <answers)" >>rows
		done
	done
	kill "${servers[@]}"
	wait "${servers[@]}" || true
done
for mode in same two; do
	if [ $mode = two ]; then
		spread k1 left 2
		spread r1 to-src 2
	fi
	for _ in $(seq "$rounds"); do
		echo "sockets $mode $(sockets k9 k0 "$kdest" taskset 1) $(sockets dst src "$vdest" taskset 1)" >>rows
	done
done
stop_vlspd
python3 - <<'P'
from statistics import median
rows = [r.split() for r in open("rows")]
where = {"same": "one processor", "two": "two processors"}
print(f"{'echo, round trip in us':36} {'kernel IPv4':>17} {'VLSP':>17}  ratio of")
print(f"{'':36} {'median     p99':>17} {'median     p99':>17}  medians")
for mode, hops, size, *figures in (r for r in rows if r[0] != "sockets"):
    k, k99, klost, v, v99, vlost = map(float, figures)
    lost = f"   lost: {klost:.0f} and {vlost:.0f}" if klost or vlost else ""
    name = f"{hops} hop{'s' * (hops != '1')}, {size} bytes, {where[mode]}"
    print(f"{name:36} {k:9.2f} {k99:7.1f} {v:9.2f} {v99:7.1f}  {v / k:.2f}{lost}")
print(f"{'64 bytes, socket to socket, pps':36} {'kernel IPv4':>17} {'VLSP':>17}  ratio, pair by pair")
for mode in where:
    pairs = [(float(k), float(v)) for kind, m, k, v in (r for r in rows if r[0] == "sockets") if m == mode]
    ratio = sorted(v / k for k, v in pairs)
    print(f"{'8 hops, ' + where[mode]:36} {median(k for k, _ in pairs):17.0f} {median(v for _, v in pairs):17.0f}"
          f"  {median(ratio):.2f} ({ratio[0]:.2f} to {ratio[-1]:.2f})")
P
