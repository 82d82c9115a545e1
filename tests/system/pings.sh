#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Nothing is lost: pings, many a second, across a grid, while vlspd is killed and started KILLS times (default 20),
# every other time in the middle of operations. Counted by sequence number.
# Alone: it counts lost pings.
. "$(dirname "$0")/lib.sh"
kills=${KILLS:-20}

must start_vlspd
vlsp topology generate grid 5 5 >net.yaml
must vlsp topology apply net.yaml
mapfile -t names < <(vlsp topology export --format json | jq -r '.routers[].name')
first=${names[0]} last=${names[24]} side=${names[2]}
router_pids() { curl -s --unix-socket "$RUNTIME/vlspd.sock" 'http://localhost/router/?detail=all' | jq -c '[.detail[] | [.name, .pid]]'; }
before=$(router_pids)

step "pings, many a second, from $first to $last"
far=$(address "$last")
(exec nsenter --net="/run/netns/$first" ping -n -i 0.01 -W 1 "$far") >pings 2>&1 &
ping=$!
eventually 5 grep -q 'icmp_seq=20 ' pings

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
sleep 0.2
kill -INT $ping
wait $ping || true
python3 - pings <<'P'
import re, sys
text = open(sys.argv[1]).read()
seen = [int(n) for n in re.findall(r"icmp_seq=(\d+) ttl", text)]
sent, received = map(int, re.search(r"(\d+) packets transmitted, (\d+) received", text).groups())
lost = sorted(set(range(1, max(seen) + 1)) - set(seen))
errors = [line for line in text.splitlines() if "nreachable" in line or "exceeded" in line]
print(f"  {sent} sent, {len(set(seen))} came back, lost: {lost[:20] or 'none'}")
# the very last one may have been under way when ping was told to end
sys.exit(1 if lost or errors or sent - max(seen) > 1 or sent < 300 else 0)
P

step "no router process was started again, and there is nothing to do"
equal "$before" "$(router_pids)" "processes of routers"
must_say 'nothing to do' vlsp topology reconcile --dry-run
must_say 'nothing to do' vlsp topology apply net.yaml
must stop_vlspd
nothing_left
