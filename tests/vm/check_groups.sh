#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# In a VM: control groups of version 2, where other parts of the machine have more of them than a story can show. vlspd in a
# privileged container without an init: its processes are in the root of its control groups.
set -euo pipefail

if [ "${1:-}" != inside ]; then
	[ "$(stat -f -c %T /sys/fs/cgroup)" = cgroup2fs ] || { echo "needs cgroup2"; exit 77; }
	box=/sys/fs/cgroup/box
	mkdir "$box"
	echo '+cpu +memory +pids' >/sys/fs/cgroup/cgroup.subtree_control
	mkfifo /run/go
	(
		echo $BASHPID >"$box/cgroup.procs"
		exec unshare --cgroup --mount --net --ipc --pid --fork --kill-child --mount-proc bash "$0" inside
	) &
	until [ "$(wc -l <"$box/cgroup.procs")" -ge 2 ]; do sleep 0.1; done
	echo $! >/sys/fs/cgroup/cgroup.procs # who waits for a container is not in it
	echo >/run/go
	wait $!
	rmdir "$box"
	exit
fi

read -r _ </run/go
vlsp() { "$BUILD/vlsp" "$@"; }
fail() { echo "FAIL: $*"; cat /run/vlsp/vlspd.log; exit 1; }
equal() { [ "$1" = "$2" ] || fail "$3: want \"$1\", got \"$2\""; }
mount -t tmpfs tmpfs /run
mount -t bpf bpf /sys/fs/bpf
umount /sys/fs/cgroup
mount -t cgroup2 cgroup2 /sys/fs/cgroup
cd /sys/fs/cgroup
ip link set lo up
sleep 1000 &
sleeper=$!
equal "0::/" "$(cat /proc/$sleeper/cgroup)" "group of a process"
before=$(ls)

export VLSP_RUNTIME_DIR=/run/vlsp
"$BUILD/vlspd" start --state-dir /run/state --listen none || fail "it does not start"
printf 'routers: [{name: a, limits: {memory: 64M, pids: 20}}, b]\nlinks: ["a:b"]\n' | vlsp topology apply - --quiet
equal 67108864 "$(cat vlsp/default/1/memory.max)" "memory.max"
equal 20 "$(cat vlsp/default/1/pids.max)" "pids.max"
equal "0::/init.scope" "$(cat /proc/$sleeper/cgroup)" "group of the process"
grep -q 'have been moved into control group /sys/fs/cgroup/init.scope' /run/vlsp/vlspd.log || fail "the log does not tell"
equal "0::/vlsp/default/1/exec" "$(vlsp router exec --app a -- cat /proc/self/cgroup)" "group of an application"
vlsp app start --name app --memory 32M --cpu 50% --pids 10 a /bin/sh -c 'cat /proc/self/cgroup; exec sleep 1000' || fail "no application"
equal "0::/vlsp/default/1/app-1" "$(vlsp app logs a app)" "group of an application of the supervisor"
equal "33554432 10 50000 100000" "$(cat vlsp/default/1/app-1/memory.max vlsp/default/1/app-1/pids.max vlsp/default/1/app-1/cpu.max | xargs)" "its limits"
vlsp app show a app --json | jq -e '.usage | .memory > 0 and .cpuUser != null and .txPackets == 0' >/dev/null || fail "what it has used is not known"
said=$(vlsp app start --name eater --memory 16M --ready exit a /bin/sh -c 'head -c 200000000 /dev/zero | tail | wc -c; kill -KILL $$' 2>&1) &&
	fail "an application of the supervisor takes what it likes"
[[ $said = *"out of memory"* ]] || fail "it does not say why: $said"
vlsp router exec --app a -- python3 -c 'x = bytearray(200 << 20)' && fail "an application takes what it likes"
"$BUILD/vlspd" stop --keep
"$BUILD/vlspd" start --state-dir /run/state --listen none || fail "it does not start again"
"$BUILD/vlspd" stop || fail "it does not stop"
equal "0::/" "$(cat /proc/$sleeper/cgroup)" "group of the process, afterwards"
equal "$before" "$(ls)" "what is in the group"
equal "" "$(cat cgroup.subtree_control)" "controllers"
kill $sleeper
echo "a container's processes go aside, and come back"
