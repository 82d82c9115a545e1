#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Two instances side by side with the same names and addresses never touch each other, nor what is not theirs.
. "$(dirname "$0")/lib.sh"

one=/run/vlsp two=$WORK/other
first() { vlsp --runtime-dir $one "$@"; }
second() { vlsp --runtime-dir "$two" "$@"; }
printf 'routers: [r1, r2]\nlinks: ["r1:r2"]\n' >net.yaml

step "somebody else's namespace has the name of a router"
ip netns add r2
must start_vlspd
must_fail 1 'r2' first topology apply net.yaml
equal "0" "$(first router list --json | jq '.list | length')" "routers after a refused apply"
must ip netns exec r2 true
ip netns delete r2
umount /run/netns # ip made it a mount point

step "two instances, the same file"
must first topology apply net.yaml
must vlspd start --runtime-dir "$two" --state-dir "$WORK/state2" --listen none
must second topology apply net.yaml
must first ping r1 r2 -c 1
must second ping r1 r2 -c 1
must_fail 1 'already running' vlspd start --runtime-dir "$two" --state-dir "$WORK/state2" --listen none

step "one goes, the other stays whole"
must vlspd stop --runtime-dir "$two"
must first ping r1 r2 -c 3 -i 0.01
must_say 'nothing to do' first topology apply net.yaml

must stop_vlspd
nothing_left
