#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# What captures cost, and how much one takes: a chain of 8 routers, 64-byte datagrams (header included) of a packet
# generator in src, counted where they arrive at dst and dropped there.
#
#      src --- r1 --- r2 --- ... --- r8 --- dst
#
# cost: datagrams a second of a flow that nobody wants, without a capture and with one, in turns: of another flow on a link
# of the chain (its filter looks at every datagram there), on all ports of a router, and elsewhere. speed: a capture of the
# flow itself, at rates up to what the generator gives; what is captured and what was lost. hop: what the fast path by
# itself takes for a datagram that others than its watchers want (tests/bpf/hop_cost.c).
. "$(dirname "$0")/lib.sh"
seconds=${SECONDS_EACH:-2} rounds=${ROUNDS:-5}

arrived() { vlsp link show r8:dst --json | jq '[.counts[].tx_packets] | max'; }
flow() { # flow: datagrams a second that arrived
	local before
	before=$(arrived)
	on src taskset 1 "$pps" frame-send to-r1 vdp "$source" "$vdest" 9 64 "$seconds" >/dev/null
	echo $((($(arrived) - before) / seconds))
}
with() { # with CAPTURE...: the same while that is captured
	local pid
	taskset 2 "$BUILD/vlsp" capture "$@" -w with.pcapng --json >with.json 2>with.err &
	pid=$!
	until grep -q capturing with.err; do sleep 0.02; done
	flow
	kill -INT $pid
	wait $pid
}
at_rate() { # at_rate PPS ARGS...: captures what crosses r4-r5, a row of figures
	local rate=$1 pid cpu
	shift
	taskset 2 "$BUILD/vlsp" capture r4:r5 -w rate.pcapng --no-control --json "$@" >rate.json 2>rate.err &
	pid=$!
	until grep -q capturing rate.err; do sleep 0.02; done
	PPS_RATE=$rate on src taskset 1 "$pps" frame-send to-r1 vdp "$source" "$vdest" 9 64 "$seconds" >/dev/null
	cpu=$(awk '{ print $14 + $15 }' /proc/$pid/stat)
	kill -INT $pid
	wait $pid
	jq -r --arg rate "$rate" --arg s "$seconds" --arg cpu "$cpu" --arg hz "$(getconf CLK_TCK)" --arg how "$*" \
		'[$rate, .matched / ($s | tonumber), .captured, .lost, ($cpu | tonumber) / ($hz | tonumber) / ($s | tonumber) * 100, $how] | @tsv' rate.json
}

start_vlspd
vlsp_chain
must vlsp router add elsewhere
must vlsp link add elsewhere dst
on src ping -qc 2 -i 0.05 "$vdest" >/dev/null
accelerated elsewhere dst
sink_on dst to-r8

: >rows
for _ in $(seq "$rounds"); do
	echo "link $(flow) $(with r4:r5 udp port 77 and host 10.0.0.250)" >>rows
	echo "router $(flow) $(with r4 udp port 77 and host 10.0.0.250)" >>rows
	echo "elsewhere $(flow) $(with elsewhere:dst)" >>rows
	echo "same $(flow) $(flow)" >>rows
done
: >rates
for rate in 50000 100000 200000 400000; do at_rate $rate >>rates; done
at_rate 200000 -s 96 >>rates
at_rate 200000 --buffer 64M >>rates
at_rate 200000 --buffer 64K >>rates
stop_vlspd
python3 - <<'P'
from statistics import median
rows = [r.split() for r in open("rows")]
text = {"link": "another flow of a link on its way", "router": "another flow of a router on its way (all ports)",
        "elsewhere": "a link that is not on its way", "same": "nothing, twice (noise)"}
print(f"{'8 routers, 64 bytes; captured is':50} {'without':>9} {'with':>9} pps  ratio, pair by pair: median min max")
for key, name in text.items():
    pairs = [(float(a), float(b)) for w, a, b in rows if w == key]
    ratio = sorted(b / a for a, b in pairs)
    print(f"{name:50} {median(a for a, _ in pairs):9.0f} {median(b for _, b in pairs):9.0f}      "
          f"{median(ratio):.3f} {ratio[0]:.3f} {ratio[-1]:.3f}")
print(f"\n{'asked for, pps':>14} {'matched, pps':>12} {'captured':>10} {'lost':>8} {'CPU of the reader, %':>20}")
for line in open("rates"):
    rate, matched, captured, lost, cpu, how = line.rstrip("\n").split("\t")
    print(f"{rate:>14} {float(matched):12.0f} {captured:>10} {lost:>8} {float(cpu):20.0f}  {how}")
P
printf '\na hop of a datagram that nobody wants, by itself\n'
ROUNDS=$((rounds * 10)) "$BUILD/tests/bpf/hop_cost" | grep ' ns$'
