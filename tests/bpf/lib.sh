# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# Chains of routers made with ip and tc, for trying the programs without the daemon. A script sources this first; it
# then runs in mount, network and process namespaces of its own, which take everything along.
#
#   r1 (10.0.0.1) --- r2 (10.0.0.2) --- ... --- rN       link I: port 100+2I in rI, 101+2I in rI+1
set -euo pipefail

ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
BUILD=${BUILD:-$ROOT/build}

[ "$(id -u)" = 0 ] || { echo "skip: needs root"; exit 77; }
if [ -z "${VLSP_CHAIN_INSIDE:-}" ]; then
	export VLSP_CHAIN_INSIDE=1
	exec unshare --mount --net --pid --fork --kill-child --mount-proc --propagation private bash "$0" "$@"
fi
mount -t tmpfs -o mode=755 tmpfs /run
mount -t bpf bpf /sys/fs/bpf
trap 'kill $(jobs -p) 2>/dev/null || true' EXIT
cd /run

failed=0 # a script ends by exit $failed
check() { # check WHAT COMMAND...
	local what=$1
	shift
	if "$@" >out 2>&1; then
		echo "ok   $what"
	else
		echo "FAIL $what"
		sed 's/^/     /' out
		failed=1
	fi
}
# shellcheck disable=SC2317  # called through check
equal() { [ "$1" = "$2" ] || { echo "$1, not $2"; return 1; }; }
# shellcheck disable=SC2317
at_least() { [ "$1" -ge "$2" ] || { echo "$1, less than $2"; return 1; }; }

in_ns() { # in_ns NAMESPACE COMMAND... (ip netns exec would hide the BPF file system)
	local ns=$1
	shift
	nsenter "--net=/run/netns/$ns" "$@"
}

loader_start() { # loader_start [WORDS]: what it says, "ok" without
	coproc LOADER { exec "$BUILD/tests/bpf/load" chain 10.0.0.0/16 2>&1; }
	local line
	read -r line <&"${LOADER[0]}"
	[ "$line" = "${1:-ok}" ] || { echo "loading: $line"; exit 1; }
}

loader_end() { # loader_end keep|kill: leaves what it made
	local pid=$LOADER_PID
	if [ "$1" = kill ]; then kill -9 "$pid"; else echo "$1" >&"${LOADER[1]}"; fi
	{ wait "$pid" || true; } 2>/dev/null
}

loader() { # loader COMMAND...: sets ANSWER
	echo "$*" >&"${LOADER[1]}"
	read -r ANSWER <&"${LOADER[0]}"
	[[ $ANSWER != error:* ]] || { echo "loader $*: $ANSWER"; exit 1; }
}

counter() { # counter PORT NAME: rx rx_bytes tx tx_bytes or a cause
	loader count "$1"
	awk -v want="$2" '{ if (want == "rx_bytes") print $3; else if (want == "tx_bytes") print $6
		else for (i = 1; i < NF; i++) if ($i == want) print $(i + 1) }' <<<"$ANSWER"
}

namespaces() { # namespaces PREFIX N, or NAME ''
	local i names=("$1")
	[ -z "$2" ] || names=()
	for ((i = 1; i <= ${2:-0}; i++)); do
		names+=("$1$i")
	done
	for i in "${names[@]}"; do
		ip netns add "$i"
		ip -n "$i" link set lo mtu 1500 up
	done
}

vdp_chain() { # vdp_chain N [FLAGS]: routers r1 .. rN, FIBs filled, programs attached
	local n=$1 flags=${2:-1} i j
	namespaces r "$n"
	for ((i = 1; i <= n; i++)); do
		loader router $i 10.0.0.$i $((20000 + i))
		ip -n r$i addr add 10.0.0.$i/32 dev lo
		ip -n r$i route add 10.0.0.0/16 dev lo src 10.0.0.$i
		in_ns r$i tc qdisc add dev lo clsact
		in_ns r$i tc filter add dev lo egress bpf da pinned /sys/fs/bpf/vlsp/chain/vlsp_out
		in_ns r$i tc filter add dev lo ingress bpf da pinned /sys/fs/bpf/vlsp/chain/vlsp_back
	done
	for ((i = 1; i < n; i++)); do
		ip link add name right index $((100 + 2 * i)) netns r$i numtxqueues 1 numrxqueues 1 type veth \
			peer name left index $((101 + 2 * i)) netns r$((i + 1)) numtxqueues 1 numrxqueues 1
		loader port $((100 + 2 * i)) $i 10.0.0.$i "$flags"
		loader port $((101 + 2 * i)) $((i + 1)) 10.0.0.$((i + 1)) "$flags"
	done
	for ((i = 1; i <= n; i++)); do
		for dev in left right; do
			if [ $i-$dev = 1-left ] || [ $i-$dev = "$n-right" ]; then
				continue
			fi
			ip -n r$i link set $dev up
			in_ns r$i tc qdisc add dev $dev clsact
			in_ns r$i tc filter add dev $dev ingress bpf da pinned /sys/fs/bpf/vlsp/chain/vlsp_in
		done
		for ((j = 1; j <= n; j++)); do
			[ $i = $j ] || loader route $i $j $((i < j ? 100 + 2 * i : 99 + 2 * i))
		done
	done
	loader settle
}

kernel_chain() { # kernel_chain N: the same with kernel IPv4 forwarding, k1 (10.9.0.1) .. kN (10.9.0.N)
	local n=$1 i
	namespaces k "$n"
	for ((i = 1; i <= n; i++)); do
		ip -n k$i addr add 10.9.0.$i/32 dev lo
		in_ns k$i sysctl -qw net.ipv4.ip_forward=1 net.ipv4.conf.all.rp_filter=0
	done
	for ((i = 1; i < n; i++)); do
		ip link add name right netns k$i numtxqueues 1 numrxqueues 1 type veth \
			peer name left netns k$((i + 1)) numtxqueues 1 numrxqueues 1
		ip -n k$i addr add 10.8.$i.1/24 dev right
		ip -n k$((i + 1)) addr add 10.8.$i.2/24 dev left
		ip -n k$i link set right up
		ip -n k$((i + 1)) link set left up
	done
	for ((i = 1; i <= n; i++)); do
		[ $i = 1 ] || ip -n k$i route add 10.9.0.1/32 via 10.8.$((i - 1)).1 src 10.9.0.$i
		[ $i = $n ] || ip -n k$i route add 10.9.0.$n/32 via 10.8.$i.2 src 10.9.0.$i
	done
}

# Ends for measuring forwarding alone: a generator before the first router and a sink behind the last, where frames
# are dropped at once (nobody handles VDP there; IPv4 comes with another station's address). Frames cross N routers.

vdp_ends() { # vdp_ends N: device gen in namespace rg; the sink is 10.0.0.250 behind port 998
	local n=$1 i
	namespaces rg ''
	namespaces rs ''
	ip link add name gen index 995 netns rg numtxqueues 1 numrxqueues 1 type veth \
		peer name first index 996 netns r1 numtxqueues 1 numrxqueues 1
	ip link add name last index 998 netns "r$n" numtxqueues 1 numrxqueues 1 type veth \
		peer name sink index 999 netns rs numtxqueues 1 numrxqueues 1
	loader port 996 1 10.0.0.1 1
	loader port 998 "$n" 10.0.0."$n" 1
	loader router 250 10.0.0.250 20250
	ip -n rg link set gen up
	ip -n rs link set sink up
	ip -n r1 link set first up
	ip -n "r$n" link set last up
	in_ns r1 tc qdisc add dev first clsact
	in_ns r1 tc filter add dev first ingress bpf da pinned /sys/fs/bpf/vlsp/chain/vlsp_in
	for ((i = 1; i <= n; i++)); do
		loader route $i 250 $((i < n ? 100 + 2 * i : 998))
	done
	loader settle
}

kernel_ends() { # kernel_ends N: device gen in namespace kg; the sink is 10.7.0.0/16 behind kN
	local n=$1 i
	namespaces kg ''
	namespaces ks ''
	ip link add name gen netns kg numtxqueues 1 numrxqueues 1 type veth \
		peer name first netns k1 numtxqueues 1 numrxqueues 1
	ip link add name last netns "k$n" numtxqueues 1 numrxqueues 1 type veth \
		peer name sink netns ks numtxqueues 1 numrxqueues 1
	ip -n kg link set gen up
	ip -n ks link set sink up
	ip -n k1 addr add 10.6.0.1/24 dev first
	ip -n k1 link set first up
	ip -n "k$n" addr add 10.7.255.1/16 dev last
	ip -n "k$n" link set last up
	ip -n "k$n" neigh add 10.7.0.1 lladdr 02:00:00:00:00:77 dev last
	for ((i = 1; i < n; i++)); do
		ip -n k$i route add 10.7.0.0/16 via 10.8.$i.2
	done
}
