#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# 200 applications on 100 routers by one apply: on each router a shipped one, and one that leaves processes behind, out of its
# session and away from their parents. Stopping ends every process. Then a fork bomb on one router, and all others live on.
#
#      r1 --- r2 --- ... --- r10      a grid of 100 routers, two applications on each
#      |      |               |
#      r11 -- r12 -- ... --- r20
#      ...
. "$(dirname "$0")/lib.sh"
BASE=1448300000 # vlspd's --user-base: the applications of a router run as BASE + 1 + its slot

all() { ps -eo uid=,pid=,args= | awk -v base=$BASE '$1 > base && $1 <= base + 16384'; } # processes of applications
none() { must_fail 1 '' pgrep -u "$(seq -s, $((BASE + 1)) $((BASE + 200)))"; } # no application has a process
have_sleepers() { equal "$1" "$(all | grep -c 'sleep 1000$')" "processes that the leavers have"; }
uid_of() { ps -o uid= -p "$(vlsp app show "$1" "$2" --json | jq .pid)" | xargs; }
states() { # states [ROUTER]: how many are in which
	vlsp app list "$@" --json | jq -r '[.detail[] | if .ready then "ready" else .state end] | group_by(.) | map("\(length) \(.[0])") | join(", ")'
}

# What is hard to end: deaf to SIGTERM; one child in a session of its own; two that have forked twice, whose parents have ended.
cat >leaver <<'S'
trap '' TERM
setsid sleep 1000 &
(setsid sh -c 'sleep 1000 & exec sleep 1000' &)
exec sleep 1000
S

step "200 applications, one apply"
must start_vlspd
vlsp topology generate grid 10 10 --prefix r >grid.yaml
must vlsp topology apply grid.yaml
vlsp topology export --format json | jq --rawfile leaver leaver '
	.routers |= map(.apps = ["echo", {run: "/bin/sh", name: "leaver", args: ["-c", $leaver], grace: "100ms"}])' >apps.json
must_say '\+200 applications' vlsp topology apply apps.json
equal "200 ready" "$(states)" "applications"
eventually 10 have_sleepers 400
must_say 'nothing to do' vlsp topology apply apps.json
mapfile -t names < <(jq -r '.routers[].name' apps.json)
near=${names[0]} far=${names[99]} middle=${names[44]}
talks() { # talks FROM TO: a third application on FROM reaches echo on TO
	must vlsp app start --ready exit --name probe "$1" ping "$2" -c 3 -i 10ms -w 5s && must vlsp app stop "$1" probe
}
must talks "$near" "$far"

step "one is stopped: all of its processes end, what else is on its router and elsewhere stays"
user=$(uid_of "$middle" leaver)
echo=$(vlsp app show "$middle" echo --json | jq .pid)
must vlsp app stop "$middle" leaver
eventually 5 have_sleepers 396
equal "1 ready" "$(states "$middle")" "applications on $middle"
equal "$echo" "$(vlsp app show "$middle" echo --json | jq .pid)" "echo on $middle"
must talks "$near" "$middle"

step "a router goes: so do its applications"
must vlsp router delete "$middle"
eventually 5 must_fail 1 '' pgrep -u "$user"
equal "198 ready" "$(states)" "applications"

step "a fork bomb on $near"
vlsp app start --name bomb --pids 100 "$near" bash -c 'bomb() { bomb | bomb & }; while :; do bomb; done' >/dev/null
bombers() { vlsp app show "$near" bomb --json | jq '.usage.processes'; }
full() { [ "$(bombers)" -gt 50 ]; }
eventually 10 full

step "the API, other routers, and other applications live on: 100 answers and a new application meanwhile"
for _ in {1..100}; do timeout 20 "$BUILD/vlsp" app list --json >/dev/null; done
must talks "$far" "${names[55]}"
must vlsp ping "$far" "${names[9]}" -c 3
equal "199 ready" "$(states)" "applications, the bomb among them"
eventually 10 full
[ "$(bombers)" -le 100 ] || { echo "the bomb has $(bombers) processes of 100"; exit 1; }

step "it is stopped, with all of its processes; its neighbour on the router has never ended"
user=$(uid_of "$near" echo)
must vlsp app stop "$near" bomb
bash_left() { all | awk -v user="$user" '$1 == user' | grep bash; }
eventually 5 must_fail 1 '' bash_left
equal "2 ready" "$(states "$near")" "applications on $near"
equal "0 0" "$(vlsp app list "$near" --json | jq -r '[.detail[].restarts] | join(" ")')" "restarts on $near"
must talks "$far" "$near"

step "an apply without applications: every process ends"
jq 'del(.routers[].apps)' apps.json >none.json
must vlsp topology apply none.json
eventually 10 none
equal "" "$(states)" "applications"

step "and with them again; then the daemon stops"
must vlsp topology apply apps.json
equal "200 ready" "$(states)" "applications"
must stop_vlspd
none
nothing_left
