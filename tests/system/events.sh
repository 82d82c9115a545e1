#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Events of a topology file: what is to happen happens, by traffic, ends, is told, and leaves nothing.
#
#      a --- b --- c          b - c is called direct; a - d and d - c weigh 5
#       \         /
#        --- d ---
. "$(dirname "$0")/lib.sh"

cat >net.yaml <<'Y'
routers: [a, b, c, d]
links: ["a:b", {a: b, b: c, name: direct}, {a: a, b: d, weight: 5}, {a: d, b: c, weight: 5}]
Y
cp net.yaml quiet.yaml
cat >>net.yaml <<'Y'
seed: 7
events:
  - {at: 500ms, link-set: {link: direct, loss: 100%, weight: 3}, for: 500ms}
  - {at: 1s, link-down: direct, for: 500ms}
  - {after: 1s, link-silent: direct, for: 500ms, jitter: 100ms}
  - {at: 3s, link-flap: {link: direct, down: 100ms, up: 200ms, times: 3}}
  - {at: 4s, partition: [d], for: 500ms}
  - {at: 5s, router-kill: b}
Y
must start_vlspd
log_is() { # log_is COUNT JQ: so many firings satisfy it
	local n
	n=$(vlsp event log --json | jq "[.list[] | select($2)] | length")
	equal "$1" "$n" "firings with $2"
}
state_is() { equal "$1" "$(vlsp event list --json | jq -r .state)" "state of events"; }
address_c=
path() { on a traceroute -n -q 1 -w 1 "$address_c" | awk 'NR > 1 { print $2 }' | xargs; }

step "a file that is wrong names line and field, and changes nothing"
sed 's/link-down: direct/link-down: dierct/' net.yaml >wrong.yaml
must_fail 1 "wrong.yaml:6: events\[1\].link-down: there is no link 'dierct' \(did you mean 'direct'\?\)" vlsp topology apply wrong.yaml
must_fail 1 "there is no link 'dierct'" vlsp topology validate wrong.yaml
must_say ' 0 routers|routers +0' vlsp topology show

step "events wait if they are asked to; applying again does not begin"
must vlsp topology apply net.yaml --no-events
state_is ready
must_say 'nothing to do' vlsp topology apply net.yaml
state_is ready
address_c=$(address c)
must vlsp ping a c -c 1

step "all of it happens: pings between a and c are lost, others are not"
nsenter --net=/run/netns/a ping -n -D -i 0.05 "$address_c" >ping.out 2>&1 &
pinger=$!
must vlsp event run --log events.log
state_is "done"
kill -INT $pinger
wait $pinger || true
cat events.log
awk '/packet loss/ { split($0, p, /[ ,]+/); exit !(p[4] < p[1] && p[4] > 0) }' ping.out || { tail -3 ping.out; exit 1; }

step "plan and fact are told, nothing has failed, nothing came before its time"
log_is 0 '.outcome != "done"'
log_is 0 '.actual < .planned or .ended < .actual'
log_is 0 '.actual > .planned + 5000'
log_is 3 '.action == "link-flap" and .undo'
log_is 1 '.action == "link-silent" and (.undo | not) and .planned > 2000 and .planned < 2100'
log_is 1 '.action == "router-kill" and .object == "b" and .operation > 0'
equal 15 "$(grep -c ': done' events.log)" "lines of the log"
must_say 'end of link-down +direct +done' vlsp event log

step "the same seed draws the same, another one another"
drawn() { vlsp event log --json | jq "[.list[] | select(.action == \"link-silent\" and (.undo | not)).planned][$1]"; }
must vlsp event run --speed 100 --log -
equal "$(drawn 0)" "$(drawn 1)" "drawn by the same seed"
must vlsp event run --speed 100 --seed 8 --log -
[ "$(drawn 0)" != "$(drawn 2)" ] || { echo "another seed drew the same"; exit 1; }

step "all is as it was: shapes, states, and the file says so"
eventually 5 must_say '^b +.*running' sh -c "'$BUILD/vlsp' router list | awk '{ print \$2, \$0 }'"
eventually 5 must_say 'up +-$' sh -c "'$BUILD/vlsp' link list | grep direct"
must_not_say 'down|silent' vlsp link list
eventually 5 must vlsp ping a c -c 1
must vlsp topology export -o out.yaml
must_say 'nothing to do' vlsp topology apply out.yaml
must_say 'link-flap: \{link: direct, down: 100ms, up: 200ms, times: 3\}' cat out.yaml

step "something happens now, and is over by itself"
post() { curl --noproxy "*" -sf --unix-socket "$RUNTIME/vlspd.sock" "http://vlsp/event/" -d "$1"; }
must_say '"success":true' post '{"link-down": "direct", "for": "3s"}'
eventually 2 must_say 'direct .* down' vlsp link list
eventually 10 must_not_say 'direct .* down' vlsp link list
pid=$(vlsp router show b --json | jq .pid)
must_say '"success":true' post '{"router-restart": "b"}'
other() { local now; now=$(vlsp router show b --json | jq 'select(.state == "running") | .pid'); [ -n "$now" ] && [ "$now" != "$pid" ]; }
eventually 5 other
must_fail 22 '' post '{"link-down": "nowhere"}'

step "a trace changes a link over and over, and leaves it as it was"
cat >trace.yaml <<'Y'
traces:
  wave: {format: steps, loop: true, data: [[0s, {loss: 100%}], [300ms, {}]]}
  cell: {format: mahimahi, file: cell.down}
events:
  - {at: 0s, trace-play: {link: "a:b", from: a, trace: wave}, for: 2s}
  - {at: 0s, trace-play: {link: direct, trace: cell}}
Y
for ms in 1 5 20 40 41 60 99 100; do echo $ms; done >cell.down
operations() { curl --noproxy "*" -sf --unix-socket "$RUNTIME/vlspd.sock" http://vlsp/operation/ | jq '.list | length'; }
before=$(operations)
must vlsp event run trace.yaml
eventually 5 must_say 'a-to-b: loss 100%' vlsp link list
eventually 5 must_say 'direct .*rate' vlsp link list
must_say 'trace wave: link a-b from a' vlsp event list
eventually 5 must_not_say 'loss' vlsp link list
eventually 5 must_say 'rate 1bit|rate [0-9.]+[km]?bit' vlsp link list
[ "$(operations)" -lt $((before + 10)) ] || { echo "steps of traces are operations that are kept"; exit 1; }
must_not_say 'rate' vlsp topology export
must vlsp event stop
eventually 5 must_not_say 'rate' vlsp link list

step "the next daemon knows the events, does not run them, and has the file's shapes"
must vlsp event run trace.yaml
eventually 5 must_say 'rate' vlsp link list
bpf_ids >>"$WORK/bpf.ours"
must vlspd stop --keep --runtime-dir "$RUNTIME"
must start_vlspd
state_is ready
must_not_say 'rate|loss' vlsp link list
must_say 'nothing to do' vlsp topology apply net.yaml
state_is ready

step "a file without events ends them"
must vlsp event run
must vlsp topology apply quiet.yaml
state_is none
must_fail 1 'there are none' vlsp event run
must vlsp ping a c -c 1

must stop_vlspd
nothing_left
