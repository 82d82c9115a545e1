#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Each property of a link, in each direction, by each back end of this kernel, judged by traffic (emulation.py); changes
# while traffic flows; what cannot be done; a relay and a daemon that are killed.
#
# Alone: it holds delays and rates against what was asked for.
#
#      r1 --- r2
. "$(dirname "$0")/lib.sh"
export LINK_QUIET_MS=500

must start_vlspd
# hello: a machine under load does not take the link for lost
printf 'hello: 2s\nrouters: [r1, r2]\nlinks: ["r1:r2"]\n' >two.yaml
must vlsp topology apply two.yaml
relay() { pgrep -x vlsp-relay; }
links() { python3 "$ROOT/tests/system/emulation.py" "$BUILD" "$@"; }

step "what this machine can emulate is shown, and what is missing, and why"
must_say '\+ +relay' vlsp doctor
must_say '[+-] +sch_netem' vlsp doctor
must_say 'no kernel module|not loaded' vlsp doctor

step "what cannot be done is refused, names what is missing, and changes nothing"
before=$(vlsp link show r1:r2 --json | jq -c '.shape, .backends')
must_fail 1 'backend: kmod' vlsp link set r1:r2 --delay 10ms --backend kmod
must_fail 1 'delay: backend bpf has loss, duplicate and corrupt only' vlsp link set r1:r2 --delay 10ms --backend bpf
must_fail 1 'jitter: .*delay' vlsp link set r1:r2 --jitter 10ms
if vlsp doctor --json | jq -e '.capabilities[] | select(.name == "sch_netem").present | not' >/dev/null; then
	must_fail 1 'delay: backend tc needs the kernel.s sch_netem' vlsp link set r1:r2 --delay 10ms --backend tc
	must_fail 1 'loss: backend tc needs the kernel.s sch_netem' vlsp link set r1:r2 --loss 1 --backend tc
	sed 's/"r1:r2"/{a: r1, b: r2, delay: 5ms, backend: tc}/' two.yaml >tc.yaml
	must_fail 1 'links\[0\].*delay: backend tc' vlsp topology apply tc.yaml
fi
equal "$before" "$(vlsp link show r1:r2 --json | jq -c '.shape, .backends')" "shape after refusals"
must links untouched

step "without a shape there is no relay, and large segments cross whole"
must_fail 1 '' relay
must_say 'gso_max_segs 65535' on r1 ip -d link show lo

step "each property, direction and back end"
links properties

step "edges send real packets now"
must_say 'gso_max_segs 1 ' on r1 ip -d link show lo

step "a change under traffic changes that, and loses nothing"
must links change
must links changes

step "the relay is killed: what it held is lost, the rest goes on by the next one"
must vlsp link set r1:r2 --delay 5ms
old=$(relay)
kill -9 "$old"
another_relay() { new=$(relay) && [ "$new" != "$old" ]; }
eventually 5 another_relay
eventually 5 links delayed 5

step "vlspd is killed: links stay as slow as they were, then it takes the relay over"
old=$(relay)
kill -9 "$(cat "$RUNTIME/vlspd.pid")"
must links delayed_anyhow
must start_vlspd
equal "$old" "$(relay)" "relay process"
must links delayed 5
must_say 'nothing to do' vlsp topology reconcile
must vlsp link set r1:r2 --delay 8ms
must links delayed 8

step "what somebody changed behind its back is found and mended"
must bpftool map delete pinned /sys/fs/bpf/vlsp/default/vlsp_shape key "$(vlsp link show r1:r2 --json | jq '.ports[0]')" 0 0 0
must_say 'to do: .*1 link' vlsp topology reconcile --dry-run
must vlsp topology reconcile
must links delayed 8

step "the last shape goes: large segments are allowed again"
must vlsp link set r1:r2 --delay none
must links untouched
must_say 'gso_max_segs 65535' on r1 ip -d link show lo

must stop_vlspd
nothing_left
