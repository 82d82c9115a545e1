#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# 200 applications on the 100 routers of a grid: by one apply, from the request until all are ready; and until they are gone
# by another. Beside it, in turns, 200 programs that a shell starts by `ip netns exec`, unconfined and unwatched, until all
# run, and their end. Then how long the API takes to answer, with a fork bomb on one router, and without.
. "$(dirname "$0")/../system/lib.sh"
rounds=${ROUNDS:-5}

measure() { # measure COMMAND...: how long it takes, into the array took, in milliseconds
	local begin=$EPOCHREALTIME
	"$@" >/dev/null
	took+=($(((${EPOCHREALTIME/./} - ${begin/./}) / 1000)))
}
by_shell() { # until each has exec'ed
	local router
	pids=()
	for router in "${names[@]}"; do
		ip netns exec "$router" sleep 1000 &
		pids+=($!)
		ip netns exec "$router" sleep 1000 &
		pids+=($!)
	done
	for pid in "${pids[@]}"; do until [ "$(cat "/proc/$pid/comm")" = sleep ]; do sleep 0.002; done; done
}
end_shell() {
	kill "${pids[@]}"
	wait "${pids[@]}" || true
}
away() { # until all are forgotten
	vlsp topology apply net.json
	until [ "$(vlsp app list --json | jq '.detail | length')" = 0 ]; do sleep 0.01; done
}
answers() { # 100 requests, one after the other
	for _ in {1..100}; do vlsp app list --json; done
}

start_vlspd
vlsp topology generate grid 10 10 >grid.yaml
vlsp topology apply grid.yaml >/dev/null
vlsp topology export --format json >net.json
mapfile -t names < <(jq -r '.routers[].name' net.json)
jq '.routers |= map(.apps = ["echo", {run: "/bin/sleep", args: [1000]}])' net.json >apps.json
: >rows
for _ in $(seq "$rounds"); do
	took=()
	measure vlsp topology apply apps.json
	[ "$(vlsp app list --json | jq '[.detail[] | select(.ready)] | length')" = 200 ]
	measure away
	measure by_shell
	measure end_shell
	echo "${took[@]}" >>rows
done
took=()
measure answers
vlsp app start -q --name bomb "${names[0]}" bash -c 'bomb() { bomb | bomb & }; bomb; sleep 1000'
sleep 1
measure answers
vlsp app stop "${names[0]}" bomb >/dev/null
stop_vlspd
python3 - "${took[@]}" <<'P'
import sys
from statistics import median
rows = [[int(x) for x in r.split()] for r in open("rows")]
print(f"{'200 programs on 100 routers, ms':36} {'vlsp':>12} {'shell, netns':>13}")
for name, i in (("started", 0), ("stopped", 1)):
    mine, shell = [r[i] for r in rows], [r[i + 2] for r in rows]
    print(f"{name:36} {median(mine):12.0f} {median(shell):13.0f}   ({min(mine)} to {max(mine)}; {min(shell)} to {max(shell)})")
idle, bombed = int(sys.argv[1]) / 100, int(sys.argv[2]) / 100
print(f"a request by vlsp, ms: {idle:.1f}; with a fork bomb on one router: {bombed:.1f}")
P
