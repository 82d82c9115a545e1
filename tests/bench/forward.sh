#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# A chain of 8 routers against kernel IPv4 forwarding over the same chain (8 namespaces, veth, ip_forward), in turns in
# the same run: 64-byte datagrams (header included) from one sender, counted by the receiver's socket; TCP by iperf3.
#
#      r1 --- r2 --- ... --- r8        sender in r1, receiver in r8; the same for k1 ... k8
. "$(dirname "$0")/../system/lib.sh"
n=8 seconds=${SECONDS_EACH:-2} rounds=${ROUNDS:-5}
pps=$BUILD/tests/bench/pps

kernel_chain() {
	for ((i = 1; i <= n; i++)); do
		ip netns add "k$i"
		ip -n "k$i" link set lo up
		nsenter --net="/run/netns/k$i" sh -c 'echo 1 >/proc/sys/net/ipv4/ip_forward'
	done
	for ((i = 1; i < n; i++)); do
		ip link add right netns "k$i" type veth peer name left netns "k$((i + 1))"
		ip -n "k$i" addr add "10.8.$i.1/30" dev right
		ip -n "k$((i + 1))" addr add "10.8.$i.2/30" dev left
		ip -n "k$i" link set right up
		ip -n "k$((i + 1))" link set left up
	done
	for ((i = 1; i < n; i++)); do ip -n "k$i" route add "10.8.$((n - 1)).0/30" via "10.8.$i.2" 2>/dev/null || true; done
	for ((i = 3; i <= n; i++)); do ip -n "k$i" route add 10.8.1.0/30 via "10.8.$((i - 1)).1"; done
}

start_vlspd
vlsp topology generate line $n --prefix r >net.yaml
vlsp topology apply net.yaml >/dev/null
kernel_chain
first=$(vlsp topology export --format json | jq -r '.routers[0].name')
last=$(vlsp topology export --format json | jq -r ".routers[$((n - 1))].name")
device=$(vlsp router show "$first" --json | jq -r '.linkDetail[0].device')
source=$(address "$first") vdest=$(address "$last") kdest=10.8.$((n - 1)).2
mac=$(ip -n k2 -j link show left | jq -r '.[0].address')
on "$first" ping -qc 2 -i 0.05 "$vdest" >/dev/null
on k1 ping -qc 2 -i 0.05 $kdest >/dev/null

rate() { # rate NAMESPACE-OF-RECEIVER NAMESPACE-OF-SENDER SENDER-ARGS...: datagrams a second that arrived
	local to=$1 from=$2 pid
	shift 2
	on "$to" "$pps" udp-recv 9 "$seconds" >rx &
	pid=$!
	sleep 0.2
	PEER_MAC=$mac on "$from" "$pps" "$@" >/dev/null
	wait $pid || true
	awk '{ print int($5) }' rx
}
tcp() { # tcp NAMESPACE-OF-SERVER ADDRESS NAMESPACE-OF-CLIENT: Mbit/s
	local pid
	on "$1" iperf3 -s -1 >/dev/null &
	pid=$!
	for _ in $(seq 100); do on "$1" ss -ltn | grep -q 5201 && break; sleep 0.02; done
	on "$3" iperf3 -c "$2" -t "$seconds" -J | jq '.end.sum_received.bits_per_second / 1e6 | floor'
	wait $pid
}

: >rows
for _ in $(seq "$rounds"); do
	s=$((seconds + 1))
	echo "frames $(rate k$n k1 frame-send right ipv4 10.8.1.1 $kdest 9 64 $s) $(rate "$last" "$first" frame-send "$device" vdp "$source" "$vdest" 9 64 $s)" >>rows
	echo "sockets $(rate k$n k1 udp-send $kdest 9 64 $s) $(rate "$last" "$first" udp-send "$vdest" 9 64 $s)" >>rows
	echo "segments $(rate k$n k1 gso-send $kdest 9 64 $s) $(rate "$last" "$first" gso-send "$vdest" 9 64 $s)" >>rows
	echo "tcp $(tcp k$n $kdest k1) $(tcp "$last" "$vdest" "$first")" >>rows
done
stop_vlspd
python3 - <<'P'
from statistics import median
rows = [r.split() for r in open("rows")]
text = {"frames": ("64-byte datagrams, put onto the first link", "pps"), "sockets": ("64-byte datagrams, UDP socket to UDP socket", "pps"),
        "segments": ("64-byte datagrams, UDP_SEGMENT, 64 a call", "pps"), "tcp": ("iperf3 TCP", "Mbit/s")}
print(f"{'chain of 8 routers':44} {'kernel IPv4':>12} {'VLSP':>12}  ratio, pair by pair: median min max")
for key, (name, unit) in text.items():
    pairs = [(float(k), float(v)) for w, k, v in rows if w == key]
    ratio = sorted(v / k for k, v in pairs)
    print(f"{name:44} {median(k for k, _ in pairs):12.0f} {median(v for _, v in pairs):12.0f}  {median(ratio):.2f} {ratio[0]:.2f} {ratio[-1]:.2f}   {unit}")
P
