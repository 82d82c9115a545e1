#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# The paper's three topologies and six real networks: applied, 200 sampled pairs answer, applied again, gone.
. "$(dirname "$0")/lib.sh"

must start_vlspd

pairs() { # pairs N: N pairs of routers of one component, by a fixed seed
	vlsp topology export --format json | python3 -c '
import json, random, sys
doc, n = json.load(sys.stdin), int(sys.argv[1])
names = [r["name"] for r in doc["routers"]]
near = {r: [] for r in names}
for l in doc["links"]:
    near[l["a"]].append(l["b"]); near[l["b"]].append(l["a"])
part = {}
for r in names:
    if r in part: continue
    todo, part[r] = [r], r
    while todo:
        for y in near[todo.pop()]:
            if y not in part: part[y] = r; todo.append(y)
random.seed(7)
done = 0
while done < n:
    a, b = random.choice(names), random.choice(names)
    if a != b and part[a] == part[b]: print(a, b); done += 1
' "$1"
}

check() { # check NAME ROUTERS LINKS: the file net
	local a b
	must_say "$2 routers, $3 links" vlsp topology apply net
	while read -r a b; do eventually 10 must vlsp ping "$a" "$b" -c 1; done < <(pairs 200)
	must_say 'nothing to do' vlsp topology apply net
	echo "  $1: $2 routers, $3 links, 200 pairs answer"
}

step "the paper's topologies"
vlsp topology generate grid 10 10 >net
check "grid 10 10" 100 180
vlsp topology generate tree 4 4 >net
check "tree 4 4" 85 84
vlsp topology generate tree 16 2 >net
check "tree 16 2" 17 16

if [ -d "$DATA/topologies" ]; then
	step "networks of the Topology Zoo, as published"
	for file in Abilene Aarnet AttMpls Geant2012 Cogentco Kdl; do
		cp "$DATA/topologies/$file.graphml" net
		routers=$(vlsp topology validate net --json 2>/dev/null | jq .routers)
		links=$(vlsp topology validate net --json 2>/dev/null | jq .links)
		check $file "$routers" "$links"
	done
else
	echo "  (no $DATA/topologies here: the real networks are left out)"
fi

step "everything goes"
must vlsp topology delete
must stop_vlspd
nothing_left
