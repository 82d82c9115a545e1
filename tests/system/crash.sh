#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# A daemon that is killed: its routers go on forwarding, and what it left goes by stop, or by the next start.
. "$(dirname "$0")/lib.sh"

printf 'routers: [r1, r2, r3]\nlinks: ["r1:r2", "r2:r3"]\n' >net.yaml
crash() { # the daemon ends without doing anything
	bpf_ids >>"$WORK/bpf.ours"
	kill -9 "$(cat $RUNTIME/vlspd.pid)"
	eventually 5 must_fail 1 'not running' vlspd status --runtime-dir "$RUNTIME"
}
running() { must_say 'running: process' vlspd status --runtime-dir "$RUNTIME"; }

step "killed: routers go on forwarding, and stop removes them"
must start_vlspd
must vlsp topology apply net.yaml
r3=$(address r3)
must on r1 ping -c 1 -W 5 "$r3"
crash
must on r1 ping -c 3 -i 0.01 -W 5 "$r3"
on r2 sleep 1000 &
eventually 5 pgrep -f '^sleep 1000' # before, it is in no router's namespace
must_say '^vlspd was not running: removed what a run that crashed left' vlspd stop --runtime-dir "$RUNTIME"
wait
nothing_left
equal "vlspd.log" "$(ls -A $RUNTIME)" "what stays to be read"
must_say 'vlspd: not running' vlspd stop --runtime-dir "$RUNTIME"

step "killed: the next start recovers, and its stop leaves nothing"
must start_vlspd
must vlsp topology apply net.yaml
crash
must start_vlspd
equal "3" "$(vlsp router list --json | jq '.list | length')" "routers after a start"
must vlsp topology apply net.yaml
must vlsp ping r1 r3 -c 1
must stop_vlspd
nothing_left
[ ! -e $RUNTIME ]

step "killed: what was acknowledged before its turn is answered for"
ask() { curl -sS --unix-socket $RUNTIME/vlspd.sock "$@"; }
must start_vlspd
must vlsp topology apply net.yaml
ids=$(ask -X POST "http://localhost/router/?wait=false&name=w[1-100]" | jq .operation)
crash
must start_vlspd
made=0
for id in $ids; do
	state=$(ask "http://localhost/operation/$id" | jq -r .state)
	case $state in
	done) made=$((made + 1)) ;;
	failed) ;;
	*) echo "operation $id is $state"; exit 1 ;;
	esac
done
equal "$((3 + made))" "$(vlsp router list --json | jq '.list | length')" "routers, with those of operations that are done"
new=$(ask -X POST "http://localhost/router/?name=new" | jq .operation)
[ "$new" -gt "$(tail -n 1 <<<"$ids")" ] || { echo "operation $new is not new"; exit 1; }
must stop_vlspd
nothing_left

step "one that runs is not cleaned up: start refuses, stop stops"
must start_vlspd
must vlsp topology apply net.yaml
crash
must start_vlspd
must_fail 1 'already running' start_vlspd
running
must stop_vlspd
nothing_left

step "a simulation that was killed"
must start_vlspd --host fake
crash
must_say 'removed what a run that crashed left' vlspd stop --runtime-dir "$RUNTIME"
rm $RUNTIME/vlspd.log
rmdir $RUNTIME

step "programs on routers are asked to end; those that do not are killed"
must start_vlspd
must vlsp topology apply net.yaml
polite() { # polite ROUTER: a program that says that it was asked
	on "$1" bash -c "trap 'echo asked >$WORK/asked.$1; exit' TERM; : >$WORK/ready.$1; while :; do sleep 0.05; done" &
	eventually 5 test -e "$WORK/ready.$1"
}
stubborn() {
	on "$1" bash -c "trap '' TERM; : >$WORK/ready.$1; while :; do sleep 0.05; done" &
	eventually 5 test -e "$WORK/ready.$1"
}
polite r1
stubborn r3
must vlsp router delete r1
equal "asked" "$(cat "$WORK/asked.r1")" "what the program heard"
begin=$(date +%s%N)
must vlsp router delete r3
took=$((($(date +%s%N) - begin) / 1000000))
# a second, and what a machine with much to do needs more
[ $took -ge 900 ] && [ $took -le 20000 ] || { echo "delete with a stubborn program took $took ms"; exit 1; }
wait
polite r2
must stop_vlspd
equal "asked" "$(cat "$WORK/asked.r2")" "what the program heard at stop"
wait
nothing_left
