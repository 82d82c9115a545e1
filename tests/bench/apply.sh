#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# How long a 10x10 grid (100 routers, 180 links) takes: `vlsp topology apply` until all pairs are routable and
# `delete` until the kernel is done, against `ip -batch` making the same namespaces, links and addresses.
. "$(dirname "$0")/../system/lib.sh"
rounds=${ROUNDS:-7}

now() { date +%s%N; }
vlsp topology generate grid 10 10 >grid.yaml

# The same grid for ip: one batch for the namespaces, one for the links, one per node for addresses and up.
python3 - <<'P'
W = H = 10
name = lambda x, y: f"n{x}-{y}"
nodes = [name(x, y) for y in range(H) for x in range(W)]
links = [(name(x, y), name(x + 1, y)) for y in range(H) for x in range(W - 1)]
links += [(name(x, y), name(x, y + 1)) for y in range(H - 1) for x in range(W)]
per = {n: ["link set lo up"] for n in nodes}
with open("netns.batch", "w") as f:
    f.writelines(f"netns add {n}\n" for n in nodes)
with open("link.batch", "w") as f:
    for i, (a, b) in enumerate(links):
        f.write(f"link add l{i} netns {a} type veth peer name l{i} netns {b}\n")
        for j, n in enumerate((a, b)):
            per[n] += [f"addr add 10.{1 + i // 64}.{i % 64 * 4}.{j + 1}/30 dev l{i}", f"link set l{i} up"]
for n, lines in per.items():
    with open(f"node.{n}", "w") as f:
        f.writelines(x + "\n" for x in lines)
with open("nodes", "w") as f:
    f.write("\n".join(nodes) + "\n")
P
ip_create() {
	ip -batch netns.batch
	ip -batch link.batch
	while read -r n; do
		ip -n "$n" -batch "node.$n"
		nsenter --net="/run/netns/$n" sh -c 'echo 1 >/proc/sys/net/ipv4/ip_forward'
	done <nodes
}
ip_delete() { sed 's/^/netns delete /' nodes | ip -batch -; }

start_vlspd
# one round of each that is not counted
vlsp topology apply grid.yaml >/dev/null && vlsp topology delete >/dev/null
ip_create && ip_delete && sleep 1
: >rows
for _ in $(seq "$rounds"); do
	t0=$(now); vlsp topology apply grid.yaml >/dev/null
	t1=$(now); vlsp topology delete >/dev/null
	t2=$(now)
	sleep 0.5
	t3=$(now); ip_create
	t4=$(now); ip_delete
	t5=$(now)
	sleep 1.5 # ip netns delete returns before the kernel is done
	echo "$((t1 - t0)) $((t2 - t1)) $((t4 - t3)) $((t5 - t4))" >>rows
done
stop_vlspd >/dev/null
python3 - <<'P'
from statistics import median
rows = [[int(x) / 1e6 for x in r.split()] for r in open("rows")]
col = list(zip(*rows))
for name, c in zip(("vlsp apply, converged", "vlsp delete, kernel done", "ip -batch create", "ip -batch delete (returns early)"), col):
    print(f"{name:34} median {median(c):7.1f} ms   min {min(c):7.1f}   max {max(c):7.1f}")
print(f"apply / ip -batch create           median {median(r[0] / r[2] for r in rows):7.3f}")
P
