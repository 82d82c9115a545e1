#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# The process of a router: a user that nobody is, without capabilities, that does everything a router has to do,
# and goes on doing it while its daemon is stopped, or dead.
# Alone: it counts lost pings.
. "$(dirname "$0")/lib.sh"

BASE=1448300000
# Hellos are slow, so that a machine that is busy with other things loses no link by them.
cat >net.yaml <<'Y'
hello: 200ms
routers: [a, b, c, d]
links: ["a:b", "b:d", "a:c", {a: c, b: d, weight: 3}]
Y
must start_vlspd
must vlsp topology apply net.yaml
b=$(address b) c=$(address c) d=$(address d)
pid() { vlsp router show "$1" --json | jq .pid; }
path_is() { equal "$1" "$(on a traceroute -n -q 1 -w 1 "$d" | awk 'NR > 1 { print $2 }' | xargs)" "path from a to d"; }
status_is() { # status_is PID FIELD VALUE, of /proc/PID/status
	equal "$3" "$(awk -v field="$2:" '$1 == field { $1 = ""; print substr($0, 2) }' "/proc/$1/status")" "$2 of process $1"
}

crash() { # the daemon ends without doing anything
	bpf_ids >>"$WORK/bpf.ours"
	kill -KILL "$(cat "$RUNTIME/vlspd.pid")"
	eventually 5 must_fail 1 'not running' vlspd status --runtime-dir "$RUNTIME"
}

step "it is a user of its own, without capabilities, for good"
for router in a b c d; do
	p=$(pid $router)
	must status_is "$p" Uid "$BASE $BASE $BASE $BASE"
	must status_is "$p" Gid "$BASE $BASE $BASE $BASE"
	must status_is "$p" Groups ""
	for set in CapInh CapPrm CapEff CapBnd CapAmb; do
		must status_is "$p" $set 0000000000000000
	done
	must status_is "$p" NoNewPrivs 1
done

step "others of that user neither trace it nor read its memory"
as_it() { setpriv --reuid $BASE --regid $BASE --clear-groups --bounding-set -all "$@"; }
must as_it true
must_fail 1 'Permission denied' as_it cat "/proc/$(pid a)/maps"
must_fail 1 'Permission denied' as_it dd if=/dev/zero of="/proc/$(pid a)/mem" bs=1 count=1
must_fail 2 'Permission denied' as_it ls "/proc/$(pid a)/fd"

step "the spawner keeps what it takes to make routers"
spawner=$(awk '/^PPid:/ { print $2 }' "/proc/$(pid a)/status")
must status_is "$spawner" NoNewPrivs 1
for cap in CapPrm CapEff CapBnd; do
	# DAC_OVERRIDE 1, SETGID 6, SETUID 7, SETPCAP 8, NET_ADMIN 12, NET_RAW 13, SYS_ADMIN 21, SYS_NICE 23
	value=$((0x$(awk -v f="$cap:" '$1 == f { print $2 }' "/proc/$spawner/status")))
	equal 0 $((value & ~0xa031c2)) "$cap beyond that"
done

step "it answers, hears hellos, notices carrier"
path_is "$b $d"
must_say 'Unreachable' sh -c "nsenter --net=/run/netns/a ping -c 1 -W 1 ${d%.*}.99 || true"
must vlsp link down b:d --silent
eventually 20 path_is "$c $d"
must vlsp link up b:d
eventually 10 path_is "$b $d"
must vlsp link down b:d
eventually 10 path_is "$c $d"
must vlsp link up b:d
eventually 10 path_is "$b $d"

step "with the daemon stopped, and then dead, routes still change, and no router ends"
processes=$(for router in a b c d; do pid $router; done)
daemon=$(cat "$RUNTIME/vlspd.pid")
bpf_ids >>"$WORK/bpf.ours"
kill -STOP "$daemon"
must ip -n b link set to-d down
eventually 10 path_is "$c $d"
must ip -n b link set to-d up
eventually 10 path_is "$b $d"
kill -KILL "$daemon"
on a ping -q -i 0.01 -c 150 "$d" >ping.log
grep -q ' 0% packet loss' ping.log || { cat ping.log; exit 1; }
must ip -n b link set to-d down
eventually 10 path_is "$c $d"
must ip -n b link set to-d up
eventually 10 path_is "$b $d"
for p in $processes; do
	must grep -q vlsp-router "/proc/$p/cmdline"
	must_not_say 'Z' awk '/^State:/ { print $2 }' "/proc/$p/status"
done

step "daemons that come back take the same processes over, and no ping is lost"
pings_begin a "$d"
for i in 1 2 3 4 5; do
	must start_vlspd
	equal "$processes" "$(for router in a b c d; do pid $router; done)" "processes after restart $i"
	crash
done
must start_vlspd
pings_end

step "and what is told to them then, they do"
must vlsp link down b:d
eventually 10 path_is "$c $d"
must vlsp link up b:d
eventually 10 path_is "$b $d"
must vlsp link delete b:d
eventually 10 path_is "$c $d"
must vlsp link add b d
eventually 10 path_is "$b $d"

step "one that hangs is noticed, and started again with its links and routes"
hung=$(pid c)
kill -STOP "$hung"
is_new() {
	local p
	p=$(pid c)
	[ "$p" -gt 0 ] && [ "$p" != "$hung" ] && ! kill -0 "$hung" 2>/dev/null
}
eventually 60 is_new
must status_is "$(pid c)" Uid "$BASE $BASE $BASE $BASE"
must vlsp link down b:d
eventually 10 path_is "$c $d"
must stop_vlspd
nothing_left

step "it connects below directories that are closed to it, too"
mkdir -m 700 "$WORK/closed"
chown 1234:1234 "$WORK/closed"
RUNTIME=$WORK/closed/run
export VLSP_RUNTIME_DIR=$RUNTIME
must start_vlspd
must vlsp topology apply net.yaml
must status_is "$(pid a)" Uid "$BASE $BASE $BASE $BASE"
must vlsp ping a d -c 1
crash
must start_vlspd
must vlsp ping a d -c 1
must stop_vlspd
nothing_left
