#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# A network outlives its daemon: killed 20 times, told to leave it, killed in the middle of changes; router
# processes that are killed, or stopped. Nothing that was well is restarted, no packet is lost, and what runs
# afterwards is what was acknowledged.
# Alone: it counts lost pings, and the packets of others fill the queues of the processors, which all share.
. "$(dirname "$0")/lib.sh"

KILLS=${KILLS:-20}
# hello: a machine under load does not take a link for lost
{ echo 'hello: 500ms'; vlsp topology generate grid 3 3; } >small.yaml
{ echo 'hello: 500ms'; vlsp topology generate grid 6 6; } >big.yaml

crash() { # the daemon ends without doing anything
	bpf_ids >>"$WORK/bpf.ours"
	kill -9 "$(cat $RUNTIME/vlspd.pid)"
	eventually 5 must_fail 1 'not running' vlspd status --runtime-dir "$RUNTIME"
}
names() { vlsp router list --json | jq -r '.detail[].name'; }
pids() { # of everything that runs on routers
	local path
	for path in /run/netns/*; do ip netns pids "${path##*/}" | sort -n | sed "s|^|${path##*/} |"; done
}
shown() { vlsp topology export; }
names4() { find /run/netns -type l | sort | sed -n '4s|.*/||p'; }
reconciled() { # a comparison finds nothing to do
	vlsp topology reconcile --json >reconcile.json
	jq -e '.changed == false and .strays == 0' reconcile.json >/dev/null || { echo "reconcile found something to do:"; cat reconcile.json; return 1; }
}

step "killed and started $KILLS times: nobody notices"
must start_vlspd
must vlsp topology apply small.yaml
first=$(names | head -n 1)
last=$(names | tail -n 1)
far=$(address "$last")
on "$first" sleep 10000 &
eventually 5 pgrep -f '^sleep 10000' # before, it is in no router's namespace
must vlsp link down "$(vlsp link list --json | jq -r '.detail[3].name')"
eventually 10 must vlsp ping "$first" "$last" -c 1
reconciled
pings_begin "$first" "$far"
pids >pids.before
shown >shown.before
for ((i = 0; i < KILLS; i++)); do
	crash
	sleep 0.0$((i % 10))
	must start_vlspd
done
pings_end
pids | grep -vw "$PINGS" >pids.after
diff <(grep -vw "$PINGS" pids.before) pids.after
diff shown.before <(shown)
reconciled

step "stop --keep and start: likewise"
pings_begin "$first" "$far"
pids | grep -vw "$PINGS" >pids.before
for i in 1 2 3; do
	bpf_ids >>"$WORK/bpf.ours"
	must vlspd stop --keep --runtime-dir "$RUNTIME"
	must start_vlspd
done
pings_end
diff pids.before <(pids | grep -vw "$PINGS")
diff shown.before <(shown)
reconciled

step "restart finds the state directory; with another one, restart and start leave the network alone"
pids | grep -vw "$PINGS" >pids.before
bpf_ids >>"$WORK/bpf.ours"
must_fail 1 "state is in $STATE, not in $WORK/other; give --state-dir $STATE, or remove it by vlspd clean" \
	vlspd restart --runtime-dir "$RUNTIME" --state-dir "$WORK/other" --listen none
must vlsp router list
must vlspd restart --runtime-dir "$RUNTIME" --listen none
diff shown.before <(shown)
bpf_ids >>"$WORK/bpf.ours"
must vlspd stop --keep --runtime-dir "$RUNTIME"
for i in 1 2; do # the note is still there the second time
	must_fail 1 "state is in $STATE, not in /var/lib/vlsp" vlspd start --runtime-dir "$RUNTIME" --listen none
done
must start_vlspd
diff pids.before <(pids | grep -vw "$PINGS")
diff shown.before <(shown)
reconciled

step "it obeys the new daemon"
must vlsp link up "$(vlsp link list --json | jq -r '.detail[3].name')"
must vlsp router add extra
must vlsp link add extra "$first"
eventually 10 must vlsp ping extra "$last" -c 1
must vlsp router delete extra
reconciled

step "killed in the middle of changes: what runs then is what was before, or what was asked for"
must vlsp topology apply small.yaml
small=$(names | sort | tr '\n' ' ')
must vlsp topology apply big.yaml
big=$(names | sort | tr '\n' ' ')
must vlsp topology apply small.yaml
before=0 after=0
for delay in 0.01 0.03 0.06 0.1 0.15 0.2 0.3 0.4 0.6; do
	want=big
	[ "$(names | sort | tr '\n' ' ')" = "$small" ] || want=small
	vlsp topology apply $want.yaml >/dev/null 2>&1 &
	apply=$!
	sleep $delay
	crash
	wait $apply || true
	must start_vlspd
	now=$(names | sort | tr '\n' ' ')
	if [ "$now" = "$small" ]; then got=small; elif [ "$now" = "$big" ]; then got=big; else
		echo "after $delay s: neither the one nor the other: $now"
		exit 1
	fi
	[ "$got" = "$want" ] && after=$((after + 1)) || before=$((before + 1))
	equal "$(wc -w <<<"$now")" "$(ls /run/netns | wc -l)" "namespaces, killed after $delay s"
	reconciled
	eventually 10 must vlsp ping "$first" "$last" -c 1
done
echo "  $before as before, $after as asked for"

step "a router process that dies while the daemon is away is started again, its programs stay"
must vlsp topology apply small.yaml
eventually 10 must vlsp ping "$first" "$last" -c 1
crash
victim=$(pgrep -f "^vlsp-router: $last\$")
kill -9 "$victim"
must start_vlspd
eventually 10 pgrep -f "^vlsp-router: $last\$"
eventually 10 must vlsp ping "$first" "$last" -c 1
reconciled

step "a router process that is stopped is noticed"
victim=$(pgrep -f "^vlsp-router: $last\$")
kill -STOP "$victim"
gone() { ! kill -0 "$victim" 2>/dev/null; }
eventually 30 gone
eventually 10 pgrep -f "^vlsp-router: $last\$"
eventually 10 must vlsp ping "$first" "$last" -c 1
must_say 'has not answered' cat $RUNTIME/vlspd.log

step "what is done while it is away is put right; the rest runs on"
crash
ip -n "$first" link del "$(ip -n "$first" -o link | awk -F'[ :@]+' '$2 != "lo" { print $2; exit }')"
umount "$RUNTIME/netns/$last"
rm -f "/run/netns/$(names4)"
must start_vlspd
reconciled
equal 9 "$(ls /run/netns | wc -l)" "namespaces"
eventually 10 must vlsp ping "$first" "$last" -c 1

step "and when it is told to stop, nothing is left"
must stop_vlspd
wait
nothing_left
