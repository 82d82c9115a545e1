#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Somebody works against the daemon behind its back: reconcile, and an apply, put right what differs, and only that.
. "$(dirname "$0")/lib.sh"

printf 'routers: [a, b, c, d]\nlinks: ["a:b", "b:c", "c:d", "d:a"]\n' >net.yaml
nothing() { must_say '^nothing to do$' vlsp topology reconcile --dry-run; }
pids() { vlsp router list --json | jq -r '.detail[] | "\(.name) \(.routerID) \(.address) \(.pid)"'; }
works() { # every router reaches every other one
	local from to
	for from in a b c d; do
		for to in a b c d; do
			[ $from = $to ] || on $from ping -c 1 -W 3 "$(address $to)" || return 1
		done
	done
}

step "a network that is well: nothing to do, and nothing is done"
must start_vlspd
must vlsp topology apply net.yaml
before=$(pids)
nothing
must_say '^nothing to do$' vlsp topology reconcile
equal "$before" "$(pids)" "routers"

step "a device is removed: made again under its number and name, nobody is started again"
number() { on a ip -o link show to-b | cut -d: -f1; }
index=$(number)
must on a ip link del to-b
must_say '^to do: 1 link made again \(link ' vlsp topology reconcile -n
must_fail 1 '' on a ip link show to-b
must_say '^1 link made again \(link ' vlsp topology reconcile
equal "$index" "$(number)" "number of the device"
equal "$before" "$(pids)" "routers"
nothing
eventually 5 works

step "a link that is down is set up by hand, one that is up down: set right in place"
must vlsp link down c:d
must on c ip link set to-d up
must on d ip link set to-c up
must on b ip link set to-c down
must_say 'link.? set right' vlsp topology reconcile
must_say 'state DOWN|NO-CARRIER' on c ip link show to-d
equal "$before" "$(pids)" "routers"
nothing
must vlsp link up c:d
eventually 5 works

step "apply of the same file repairs, too"
must on d ip link del to-a
eventually 10 must_say 'unheard' vlsp link list
must_say '^repaired: .*1 link made again' vlsp topology apply net.yaml
equal "$before" "$(pids)" "routers"
nothing
must_say '^nothing to do$' vlsp topology apply net.yaml
works

step "a namespace loses its name and its processes: that router is made again, the others are not"
pid=$(vlsp router show b --json | jq .pid)
must umount -l /run/netns/b
must rm -f /run/netns/b
kill -9 "$pid"
sleep 0.3
must_say 'router.? made again' vlsp topology reconcile
must_say "$(grep '^a ' <<<"$before")" pids
must_say "$(grep '^c ' <<<"$before")" pids
must_say "$(cut -d' ' -f1-3 <<<"$(grep '^b ' <<<"$before")")" pids
nothing
eventually 5 works

step "what is asked for by REST and kept in the list of operations"
must_say '"kind":"reconcile","state":"done"' sh -c "curl -s --unix-socket $RUNTIME/vlspd.sock 'http://localhost/operation/?detail=all'"
must_say '"changed":false,.*"dryRun":true' sh -c "curl -s --unix-socket $RUNTIME/vlspd.sock -X POST 'http://localhost/topology/reconcile?dry=true'"

step "everything goes"
must stop_vlspd
nothing_left

step "a simulation goes with its process, and is made again from what was kept"
must start_vlspd --host fake
must vlsp topology apply net.yaml
must vlsp link down c:d
want=$(vlsp topology export; vlsp router list --json | jq -c '.list'; vlsp link list --json | jq -c '.detail[] | [.id, .ports, .devices, .state]')
kill -9 "$(cat $RUNTIME/vlspd.pid)"
eventually 5 must_fail 1 'not running' vlspd status --runtime-dir "$RUNTIME"
must start_vlspd --host fake
equal "$want" "$(vlsp topology export; vlsp router list --json | jq -c '.list'; vlsp link list --json | jq -c '.detail[] | [.id, .ports, .devices, .state]')" "the network"
nothing
must_say '"kind":"topology-apply","state":"done"' sh -c "curl -s --unix-socket $RUNTIME/vlspd.sock 'http://localhost/operation/?detail=all'"
must stop_vlspd
