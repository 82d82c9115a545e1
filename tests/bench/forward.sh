#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# A chain of 8 routers against kernel IPv4 forwarding over the same chain (namespaces, veth, ip_forward), in turns in the
# same run: 64-byte datagrams (header included) from one sender, and TCP by iperf3.
#
#      src --- r1 --- r2 --- ... --- r8 --- dst        the same for kernel namespaces k0 ... k9
#
# forwarding: frames of a packet generator in src, counted where they arrive at dst and dropped there. Once with
# the generator on the processor that forwards, once with it on a processor of its own (RPS at r1).
# sockets: from a UDP socket in src to a UDP socket in dst. tcp: iperf3 from src to dst.
. "$(dirname "$0")/lib.sh"
seconds=${SECONDS_EACH:-2} rounds=${ROUNDS:-5}

sink() { # sink on|off: at the end of either chain
	[ "$1" = off ] || on k9 tc qdisc add dev left clsact
	"sink_$1" dst to-r8
	"sink_$1" k9 left
	[ "$1" = on ] || on k9 tc qdisc del dev left clsact
}
arrived_kernel() { ip -n k9 -j -s link show left | jq '.[0].stats64.rx.packets'; }
arrived_vlsp() { vlsp link show r8:dst --json | jq '[.counts[].tx_packets] | max'; }
forward() { # forward kernel|vlsp COMMAND...: datagrams a second that arrived
	local kind=$1 before
	shift
	before=$("arrived_$kind")
	if [ "$kind" = kernel ]; then
		PEER_MAC=$mac on k0 "$@" "$pps" frame-send right ipv4 $ksource "$kdest" 9 64 "$seconds" >/dev/null
	else
		on src "$@" "$pps" frame-send to-r1 vdp "$source" "$vdest" 9 64 "$seconds" >/dev/null
	fi
	echo $((($("arrived_$kind") - before) / seconds))
}
tcp() { # tcp NAMESPACE-OF-SERVER NAMESPACE-OF-CLIENT ADDRESS: Mbit/s
	local pid
	on "$1" iperf3 -s -1 >/dev/null &
	pid=$!
	for _ in $(seq 100); do grep -q 5201 <<<"$(on "$1" ss -ltn)" && break; sleep 0.02; done
	on "$2" iperf3 -c "$3" -t "$seconds" -J | jq '.end.sum_received.bits_per_second / 1e6 | floor'
	wait $pid
}

start_vlspd
vlsp_chain
kernel_chain
on src ping -qc 2 -i 0.05 "$vdest" >/dev/null
on k0 ping -qc 2 -i 0.05 "$kdest" >/dev/null

: >rows
sink on
for _ in $(seq "$rounds"); do echo "same $(forward kernel taskset 1) $(forward vlsp taskset 1)" >>rows; done
spread k1 left 2
spread r1 to-src 2
for _ in $(seq "$rounds"); do echo "own $(forward kernel taskset 1) $(forward vlsp taskset 1)" >>rows; done
spread k1 left 0
spread r1 to-src 0
sink off
for _ in $(seq "$rounds"); do
	echo "sockets $(sockets k9 k0 "$kdest") $(sockets dst src "$vdest")" >>rows
	echo "tcp $(tcp k9 k0 "$kdest") $(tcp dst src "$vdest")" >>rows
done
stop_vlspd
python3 - <<'P'
from statistics import median
rows = [r.split() for r in open("rows")]
text = {"same": ("64 bytes, forwarding, generator on the same CPU", "pps"),
        "own": ("64 bytes, forwarding, generator on its own CPU", "pps"),
        "sockets": ("64 bytes, UDP socket to UDP socket", "pps"), "tcp": ("TCP, iperf3", "Mbit/s")}
print(f"{'chain of 8 routers':48} {'kernel IPv4':>11} {'VLSP':>9}  ratio, pair by pair: median min max")
for key, (name, unit) in text.items():
    pairs = [(float(k), float(v)) for w, k, v in rows if w == key]
    ratio = sorted(v / k for k, v in pairs)
    print(f"{name:48} {median(k for k, _ in pairs):11.0f} {median(v for _, v in pairs):9.0f}  "
          f"{median(ratio):.2f} {ratio[0]:.2f} {ratio[-1]:.2f}   {unit}")
P
