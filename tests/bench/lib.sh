# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# A chain of virtual routers, and one of the same length of network namespaces with plain veth and the kernel's IPv4 forwarding. What benchmarks
# that compare the two source, and that first:
#
#      src --- r1 --- r2 --- ... --- r8 --- dst        k0 --- k1 --- ... --- k9
. "$(dirname "$0")/../system/lib.sh"
n=8 # routers between the ends
pps=$BUILD/tests/bench/pps

vlsp_chain() {
	{
		echo 'routers: [src, r1, r2, r3, r4, r5, r6, r7, r8, dst]'
		echo 'links: ["src:r1", "r1:r2", "r2:r3", "r3:r4", "r4:r5", "r5:r6", "r6:r7", "r7:r8", "r8:dst"]'
	} >net.yaml
	vlsp topology apply net.yaml >/dev/null
	source=$(address src) vdest=$(address dst)
	accelerated src r1 r2 r3 r4 r5 r6 r7 r8 dst
}
has_tcx() { vlsp doctor --json | jq -e '.capabilities[] | select(.name == "tcx").present' >/dev/null; }
by_tcx() { on "$1" "$ROOT/tests/bench/tcx.py" "${@:2}"; } # by_tcx NAMESPACE WORD...
accelerated() { # accelerated ROUTER...: what vlspd does in the background after an apply is done
	local ns ends
	has_tcx || return 0
	for ns in "$@"; do
		mapfile -t ends < <(ip -n "$ns" -j link show type veth | jq -r '.[].ifname')
		by_tcx "$ns" wait out lo
		by_tcx "$ns" wait in lo "${ends[@]}"
	done
}
sink_first() { # sink_first NAMESPACE DEVICE first|not: by tcx, where vlsp_in is before clsact
	if has_tcx; then
		by_tcx "$1" "$3" "$2" "$(on "$1" tc filter show dev "$2" ingress pref 1 | grep -o ' id [0-9]*' | cut -d' ' -f3)"
	fi
}
# sink_on NAMESPACE DEVICE, which has clsact: data datagrams that arrive there are dropped, before any socket, and nobody answers
sink_on() {
	on "$1" tc filter add dev "$2" ingress pref 1 bpf da obj "$BUILD/tests/bench/sink.bpf.o" sec tc
	sink_first "$1" "$2" first
}
sink_off() { # sink_off NAMESPACE DEVICE
	sink_first "$1" "$2" not
	on "$1" tc filter del dev "$2" ingress pref 1
}
kernel_chain() {
	local i
	for ((i = 0; i <= n + 1; i++)); do
		ip netns add "k$i"
		ip -n "k$i" link set lo up
		nsenter --net="/run/netns/k$i" sh -c 'echo 1 >/proc/sys/net/ipv4/ip_forward'
	done
	for ((i = 0; i <= n; i++)); do
		ip link add right netns "k$i" type veth peer name left netns "k$((i + 1))"
		ip -n "k$i" addr add "10.8.$i.1/30" dev right
		ip -n "k$((i + 1))" addr add "10.8.$i.2/30" dev left
		ip -n "k$i" link set right up
		ip -n "k$((i + 1))" link set left up
	done
	for ((i = 0; i < n; i++)); do ip -n "k$i" route add 10.8.0.0/16 via "10.8.$i.2"; done
	for ((i = 2; i <= n + 1; i++)); do ip -n "k$i" route add 10.8.0.0/30 via "10.8.$((i - 1)).1"; done
	ksource=10.8.0.1 kdest=10.8.$n.2
	mac=$(ip -n k1 -j link show left | jq -r '.[0].address')
}
spread() { # spread NAMESPACE DEVICE CPUMASK: which processors work on what arrives there
	nsenter --net="/run/netns/$1" unshare --mount sh -c \
		"mount -t sysfs sysfs /sys; echo $3 >/sys/class/net/$2/queues/rx-0/rps_cpus"
}
sockets() { # sockets NAMESPACE-OF-RECEIVER NAMESPACE-OF-SENDER ADDRESS [COMMAND...]: datagrams a second that arrived
	local pid
	on "$1" "$pps" udp-recv 9 "$seconds" >rx &
	pid=$!
	sleep 0.2
	on "$2" "${@:4}" "$pps" udp-send "$3" 9 64 $((seconds + 1)) >/dev/null
	wait $pid || true
	awk '{ print int($5) }' rx
}
