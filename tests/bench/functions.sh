#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Network functions on r, which the packet generator in a sends through to b, where datagrams are dropped:
#
#     a --- r --- b
#
# others: 64-byte datagrams (header included) of a flow that no function asked for, on one processor, without a function on r
#   and with one for another flow, in turns; and without and without, which says what turns differ by anyway. idle: the
#   other flow is quiet. busy: it has 5,000 datagrams a second, also in the turns without a function.
# pass: 64-byte datagrams through the function "pass", which has a processor of its own; the generator has the other. offered: at
#   so many a second; what did not go through the function was dropped (policy closed).
. "$(dirname "$0")/lib.sh"
seconds=${SECONDS_EACH:-2} rounds=${ROUNDS:-7}

# The default instance's programs: a sink at b's end.
arrived() { vlsp link show r:b --json | jq '[.counts[].tx_packets] | max'; }
generate() { # generate PORT [COMMAND...]: datagrams a second that arrived at b
	local port=$1 before
	shift
	before=$(arrived)
	on a "$@" "$pps" frame-send to-r vdp "$A" "$B" "$port" 64 "$seconds" >/dev/null
	sleep 0.1
	echo $((($(arrived) - before) / seconds))
}
function_on() { # function_on NAME PORT PROCESSOR [OPTIONS]: pass, for that port
	vlsp app start --name "$1" r pass --match "udp dport $2" "${@:4}" >/dev/null
	taskset -a -p "$3" "$(vlsp app show r "$1" --json | jq .pid)" >/dev/null
}
turn() { # turn none|function
	[ "$1" = none ] || function_on other 10 2
	generate 9 taskset 1
	[ "$1" = none ] || vlsp app stop r other >/dev/null
}

start_vlspd
vlsp topology apply - >/dev/null <<<'{"routers": ["a", "r", "b"], "links": ["a:r", "r:b"]}'
A=$(address a) B=$(address b)
accelerated a r b
sink_on b to-r
: >rows
for _ in $(seq "$rounds"); do
	echo "again $(turn none) $(turn none)" >>rows
	echo "idle $(turn none) $(turn function)" >>rows
done
while :; do PPS_RATE=5000 on a taskset 2 "$pps" frame-send to-r vdp "$A" "$B" 10 64 10 >/dev/null; done &
busy=$!
for _ in $(seq "$rounds"); do echo "busy $(turn none) $(turn function)" >>rows; done
kill $busy
wait $busy || true

for rate in 100000 150000 200000 300000 0; do
	for _ in $(seq 3); do
		function_on pass 9 2 --closed --queue 16M
		if [ $rate = 0 ]; then unset PPS_RATE; else export PPS_RATE=$rate; fi
		through=$(generate 9 taskset 1)
		echo "pass $rate $through $(vlsp app show r pass --json | jq '.functions[0] | .dropped / (.packets + .dropped) * 100')" >>rows
		vlsp app stop r pass >/dev/null
	done
done
unset PPS_RATE
stop_vlspd
python3 - <<'P'
from statistics import median
rows = [r.split() for r in open("rows")]
names = {"again": "without, without", "idle": "without, with one for an idle flow", "busy": "without, with one for a busy flow"}
print(f"{'other flows, datagrams a second':40} {'first':>9} {'second':>9}  second / first, pair by pair")
for kind, name in names.items():
    pairs = [(float(x), float(y)) for k, x, y, *_ in rows if k == kind]
    ratios = sorted(y / x for x, y in pairs)
    print(f"{name:40} {median(x for x, _ in pairs):9.0f} {median(y for _, y in pairs):9.0f}"
          f"  {median(ratios):.3f} ({ratios[0]:.3f} to {ratios[-1]:.3f})")
print(f"{'through pass, datagrams a second':40} {'median':>9}  {'dropped':>8}")
for rate in dict.fromkeys(r[1] for r in rows if r[0] == "pass"):
    got = [(float(x), float(y)) for k, o, x, y in (r for r in rows if r[0] == "pass") if o == rate]
    name = f"offered: {int(rate):,}" if rate != "0" else "offered: all that the generator can"
    print(f"{name:40} {median(x for x, _ in got):9.0f} {median(y for _, y in got):8.1f} %")
P
