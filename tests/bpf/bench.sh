#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# The data plane alone, without the daemon: a chain of N routers against kernel IPv4 forwarding over the same chain, in
# turns in the same run. bench.sh [ROUTERS [SECONDS [ROUNDS]]]
# shellcheck source=tests/bpf/lib.sh
. "$(dirname "$0")/lib.sh"
n=${1:-8} seconds=${2:-2} rounds=${3:-3}
pps=$BUILD/tests/bench/pps

loader_start
vdp_chain "$n"
kernel_chain "$n"
in_ns r1 ping -qc 2 -i 0.05 10.0.0."$n" | grep received
in_ns k1 ping -qc 2 -i 0.05 10.9.0."$n" | grep received

measure() { # measure WHAT NAMESPACE_PREFIX SENDER...: prints what the receiver got
	local what=$1 ns=$2 rx
	shift 2
	in_ns "$ns$n" "$pps" udp-recv 9 "$seconds" >"rx" &
	rx=$!
	sleep 0.2
	in_ns "${ns}1" "$pps" "$@" >tx
	wait $rx || true
	printf '%-34s received %s   sent %s\n' "$what" "$(awk '{print $5}' rx)" "$(awk '{print $5}' tx)"
}

vdp_ends "$n"
kernel_ends "$n"
forwarded() { ip -n ks -j -s link show sink | jq '.[0].stats64.rx.packets'; }
# spread NAMESPACE: what arrives by its device "first" is worked on by the second processor
spread() {
	nsenter "--net=/run/netns/$1" unshare --mount sh -c \
		'mount -t sysfs sysfs /sys; echo 2 >/sys/class/net/first/queues/rx-0/rps_cpus'
}
forward() { # forward WHAT kernel|vdp [COMMAND]: frames from a generator through all N routers, counted at the sink
	local what=$1 kind=$2 before after
	shift 2
	if [ "$kind" = vdp ]; then
		before=$(counter 998 tx)
		in_ns rg "$@" "$pps" frame-send gen vdp 10.0.0.240 10.0.0.250 9 64 "$seconds" >tx
		after=$(counter 998 tx)
	else
		before=$(forwarded)
		in_ns kg env PEER_MAC="$mac1" "$@" "$pps" frame-send gen ipv4 10.6.0.2 10.7.0.1 9 64 "$seconds" >tx
		after=$(forwarded)
	fi
	printf '%-34s forwarded %s   sent %s\n' "$what" $(((after - before) / seconds)) "$(awk '{print $(NF-1)}' tx)"
}

mac1=$(ip -n k1 -j link show first | jq -r '.[0].address')
for ((round = 1; round <= rounds; round++)); do
	forward "kernel, forwarding alone" kernel
	forward "vdp,    forwarding alone" vdp
	measure "kernel, UDP sockets" k udp-send 10.9.0."$n" 9 64 $((seconds + 1))
	measure "vdp,    UDP sockets" r udp-send 10.0.0."$n" 9 64 $((seconds + 1))
done

if [ "$(nproc)" -gt 1 ]; then
	echo "- the sender on a processor of its own, the chain on the second"
	spread k1
	spread r1
	for ((round = 1; round <= rounds; round++)); do
		forward "kernel, forwarding alone" kernel taskset 1
		forward "vdp,    forwarding alone" vdp taskset 1
	done
fi
