#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# In a VM: what links emulate on a kernel that has sch_netem, by each back end, against what was asked and against plain netem
# (check_links.py). Two routers and a link, and beside them two plain namespaces with a veth pair:
#
#      r1 --- r2              near --- far
#
# Clocks are coarse where processors are emulated, so bars are about what links do, not how exactly. ROWS= names some.
. "$(dirname "$0")/../system/lib.sh"

for need in iperf3 tc; do command -v $need >/dev/null || skip "needs $need"; done
modprobe sch_netem 2>/dev/null || skip "this kernel has no sch_netem"

must start_vlspd # the verifier takes the programs
# Few hellos: netem loses those, too, and a link that is taken for down would lose more than it is to.
printf 'hello: 1s\nrouters: [r1, r2]\nlinks: ["r1:r2"]\n' >two.yaml
must vlsp topology apply two.yaml --quiet

ip netns add near
ip netns add far
ip -n near link add to-far type veth peer name to-near netns far
ip -n near addr add 192.0.2.1/24 dev to-far
ip -n far addr add 192.0.2.2/24 dev to-near
ip -n near link set to-far up
ip -n far link set to-near up

python3 "$ROOT/tests/vm/check_links.py" "$BUILD" ${ROWS:-}

ip netns del near
ip netns del far
umount /run/netns
must stop_vlspd
nothing_left
