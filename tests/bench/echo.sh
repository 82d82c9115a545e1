#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Echo round trips over 1, 3 and 8 links, by VLSP and by kernel IPv4 forwarding over an equal chain (tests/bench/lib.sh): UDP,
# one datagram outstanding, in turns of 200 in one process that has a socket in each. Then 64-byte datagrams (header included)
# from socket to socket over 8 links, in turns.
#
# same: client and servers on one processor. two: the client on one, the servers on the other.
. "$(dirname "$0")/lib.sh"
trips=${TRIPS:-20000} seconds=${SECONDS_EACH:-2} rounds=${ROUNDS:-5}
echo=$BUILD/tests/bench/echo
declare -A kernel=([1]=10.8.0.2 [3]=10.8.2.2 [8]=10.8.7.2)

serve() { # serve CPUMASK: a server at each far end
	servers=()
	for ns in k1 k3 k8 r1 r3 r8; do
		nsenter --net=/run/netns/$ns taskset "$1" "$echo" serve 7 &
		servers+=($!)
	done
	for ns in k1 k3 k8 r1 r3 r8; do eventually 5 must_say ':7 ' on $ns ss -Hlun; done
}

start_vlspd
vlsp_chain
kernel_chain
: >rows
for mode in same two; do
	if [ $mode = same ]; then serve 1; else serve 2; fi
	for hops in 1 3 8; do
		for bytes in 56 1400; do
			taskset 1 "$echo" ask 7 $bytes "$trips" 200 /run/netns/k0 ${kernel[$hops]} /run/netns/src "$(address r$hops)" >answers
			echo "$mode $hops $bytes $(xargs <answers)" >>rows
		done
	done
	kill "${servers[@]}"
	wait "${servers[@]}" || true
done
for _ in $(seq "$rounds"); do echo "sockets $(sockets k8 k0 ${kernel[8]}) $(sockets r8 src "$(address r8)")" >>rows; done
stop_vlspd
python3 - <<'P'
from statistics import median
rows = [r.split() for r in open("rows")]
print(f"{'echo, round trip in us':34} {'kernel IPv4':>17} {'VLSP':>17}  ratio of")
print(f"{'':34} {'median     p99':>17} {'median     p99':>17}  medians")
for mode, hops, size, *figures in rows:
    if mode == "sockets":
        continue
    k, k99, klost, v, v99, vlost = map(float, figures)
    lost = f"   lost: {klost:.0f} and {vlost:.0f}" if klost or vlost else ""
    name = f"{hops} link{'s' * (hops != '1')}, {size} bytes, {'one processor' if mode == 'same' else 'two processors'}"
    print(f"{name:34} {k:9.2f} {k99:7.1f} {v:9.2f} {v99:7.1f}  {v / k:.2f}{lost}")
pairs = [(float(k), float(v)) for w, k, v in (r for r in rows if r[0] == "sockets")]
ratio = sorted(v / k for k, v in pairs)
print(f"{'64 bytes, socket to socket, 8 links':34} {median(k for k, _ in pairs):13.0f} pps {median(v for _, v in pairs):13.0f} pps"
      f"  {median(ratio):.2f} (pair by pair: {ratio[0]:.2f} to {ratio[-1]:.2f})")
P
