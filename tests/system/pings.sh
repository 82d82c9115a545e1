#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Nothing is lost: pings, many a second, across a grid, while vlspd is killed and started KILLS times (default 20),
# every other time in the middle of operations. Counted by sequence number.
# Alone: it counts lost pings.
. "$(dirname "$0")/lib.sh"
kills=${KILLS:-20}

must start_vlspd
# hello: a machine under load does not take a link for lost
{ echo 'hello: 500ms'; vlsp topology generate grid 5 5; } >net.yaml
must vlsp topology apply net.yaml
mapfile -t names < <(vlsp topology export --format json | jq -r '.routers[].name')
first=${names[0]} last=${names[24]} side=${names[2]}
router_pids() { curl -s --unix-socket "$RUNTIME/vlspd.sock" 'http://localhost/router/?detail=all' | jq -c '[.detail[] | [.name, .pid]]'; }
before=$(router_pids)

step "pings, many a second, from $first to $last"
pings_begin "$first" "$(address "$last")"

busy() { # operations that do not change the path: a router more, on a link of high weight
	vlsp router add x
	vlsp link add x "$side" --weight 60000
	vlsp link delete "x:$side"
	vlsp router delete x
}

step "vlspd is killed and started $kills times"
for ((i = 1; i <= kills; i++)); do
	bpf_ids >>"$WORK/bpf.ours"
	if ((i % 2)); then
		busy >/dev/null 2>&1 &
		worker=$!
		sleep "0.0$((RANDOM % 9))"
		kill -9 "$(cat "$RUNTIME/vlspd.pid")"
		wait $worker || true
	else
		kill -9 "$(cat "$RUNTIME/vlspd.pid")"
	fi
	eventually 5 must_fail 1 'not running' vlspd status --runtime-dir "$RUNTIME"
	must start_vlspd
	vlsp router delete x >/dev/null 2>&1 || true
done

step "no ping was lost"
pings_end 300

step "no router process was started again, and there is nothing to do"
equal "$before" "$(router_pids)" "processes of routers"
must_say 'nothing to do' vlsp topology reconcile --dry-run
must_say 'nothing to do' vlsp topology apply net.yaml
must stop_vlspd
nothing_left
