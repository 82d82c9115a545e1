#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# chaos.sh [OPTIONS of chaos.py]: rounds of chaos in namespaces of their own; see chaos.py. SEED and ROUNDS as of
# make chaos. The state directory is a small tmpfs, so that it can be filled.
. "$(dirname "$0")/../system/lib.sh"

STATE=$WORK/small/state
mkdir -p "$WORK/small"
mount -t tmpfs -o size=${STATE_SIZE:-32m},mode=755 tmpfs "$WORK/small"
# bash is process 1 here: it must reap what is killed, also while it waits
mounts >"$WORK/mounts.before"
sysctl -qw net.ipv4.ping_group_range="0 0" 2>/dev/null || true
step "chaos"
python3 "$ROOT/tests/chaos/chaos.py" --build "$BUILD" --runtime "$RUNTIME" --state "$STATE" \
	--shim "$BUILD/tests/chaos/faults.so" ${SEED:+--seed "$SEED"} ${ROUNDS:+--rounds "$ROUNDS"} "$@"
bpf_ids >>"$WORK/bpf.ours"
echo "map id 0" >>"$WORK/bpf.ours" # the daemon is stopped: there is nothing to be seen any more
nothing_left
