#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# A 10x10 grid, pings every 5 ms from corner to corner; a link of the path fails, by carrier and silently: how
# long no reply came. Any TTL-exceeded during the trials would be a forwarding loop: their number is printed.
. "$(dirname "$0")/../system/lib.sh"
trials=${TRIALS:-20}

start_vlspd
vlsp topology generate grid 10 10 >grid.yaml
vlsp topology apply grid.yaml >/dev/null
mapfile -t names < <(vlsp topology export --format json | jq -r '.routers[].name')
src=${names[0]} dst=${names[99]}
dest=$(address "$dst")
total_ttl() {
	for n in "${names[@]}"; do vlsp router stats "$n" --json; done | jq -s '[.[] | .edge.drops.ttl, .links[].counts.drops.ttl] | add'
}
path() { # names of the routers from src to dst by their routing tables
	local at=$src
	while [ "$at" != "$dst" ]; do
		echo "$at"
		at=$(vlsp route show "$at" --json | jq -r --arg d "$dst" '.routes[] | select(.name == $d) | .nexthopName')
	done
	echo "$dst"
}
trial() { # trial SILENT-OPTION HOP: prints the longest gap between replies in ms
	local hops link
	mapfile -t hops < <(path)
	link=${hops[$2]}:${hops[$(($2 + 1))]}
	on "$src" ping -D -n -i 0.005 -c 240 -W 1 "$dest" >ping.out &
	local pid=$!
	sleep 0.4
	# shellcheck disable=SC2086
	vlsp link down "$link" $1 >/dev/null
	wait $pid || true
	vlsp link up "$link" >/dev/null
	python3 - <<'P'
import re
t = [float(m.group(1)) for m in re.finditer(r"^\[([\d.]+)\].*icmp_seq", open("ping.out").read(), re.M)]
sent, got = map(int, re.search(r"(\d+) packets transmitted, (\d+) received", open("ping.out").read()).groups())
print(f"{max(b - a for a, b in zip(t, t[1:])) * 1000:.1f} {sent - got}")
P
	sleep 0.5
}
before=$(total_ttl)
for kind in carrier silent; do
	option=
	[ $kind = silent ] && option=--silent
	: >gaps
	for i in $(seq "$trials"); do trial "$option" $((i % 17 + (i % 17 == 0))) >>gaps; done
	KIND=$kind python3 - <<'P'
import os
from statistics import median
rows = [list(map(float, r.split())) for r in open("gaps")]
g = [r[0] for r in rows]
print(f"link down, {os.environ['KIND']:8} {len(g)} trials: longest gap between replies (5 ms apart): median {median(g):6.1f} ms  "
      f"min {min(g):.1f}  max {max(g):.1f}; pings lost: median {median(r[1] for r in rows):.0f}")
P
done
echo "TTL exceeded during the trials: $(($(total_ttl) - before))"
stop_vlspd
