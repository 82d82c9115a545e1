#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Links that fail: by carrier, silently, by a changed weight, and a network that splits and heals.
#
#      a --- b --- d          all weights 1, except c - d: 3
#       \         /
#        --- c ---
. "$(dirname "$0")/lib.sh"

cat >net.yaml <<'Y'
routers: [a, b, c, d]
links: ["a:b", "b:d", "a:c", {a: c, b: d, weight: 3}]
Y
must start_vlspd
must vlsp topology apply net.yaml
d=$(address d) b=$(address b) c=$(address c)
path() { on a traceroute -n -q 1 -w 3 "$d" | awk 'NR > 1 { print $2 }' | xargs; }
path_is() { equal "$1" "$(path)" "path from a to d"; }

step "the shortest path first"
eventually 10 path_is "$b $d"

step "down: carrier is lost, the other path is taken"
must vlsp link down b:d
must_say 'down' vlsp link list
must_say 'NO-CARRIER|state DOWN' ip -n b link show to-d
eventually 10 path_is "$c $d"

step "up again: back to the shortest"
must vlsp link up b:d
eventually 10 path_is "$b $d"

step "down --silent: carrier stays, frames are dropped, the other path is taken"
must vlsp link down b:d --silent
must_say 'silent' vlsp link list
must_say 'LOWER_UP' ip -n b link show to-d
eventually 10 path_is "$c $d"
must_say '^true$' sh -c "'$BUILD/vlsp' link show b:d --json | jq '[.counts[].drops.silent] | add > 0'"
must vlsp link up b:d
eventually 10 path_is "$b $d"

step "a device that is taken down by hand: the link is up by will, and unheard"
must ip -n b link set to-d down
eventually 10 must_say 'b-d .* unheard' vlsp link list
must_say '^state   unheard$' vlsp link show b:d
must ip -n b link set to-d up
eventually 10 must_say '^state   up$' vlsp link show b:d
eventually 10 path_is "$b $d"

step "a changed weight changes the path, both ways"
must vlsp link set a:b --weight 10
eventually 10 path_is "$c $d"
must vlsp link set a:b --weight 1
eventually 10 path_is "$b $d"

step "a split: unreachable is said, not looped; heal: it comes back"
must vlsp link down b:d
must vlsp link down c:d
eventually 10 must_say 'Unreachable' sh -c "nsenter --net=/run/netns/a ping -c 1 -W 1 $d || true"
must_fail 1 '' vlsp ping a d -c 1
must vlsp link up c:d
eventually 10 must vlsp ping a d -c 1
must vlsp link up b:d

step "a router process that dies is started again, its links stay"
pid=$(vlsp router show b --json | jq .pid)
kill -9 "$pid"
restarted() { local now; now=$(vlsp router show b --json | jq 'select(.state == "running") | .pid'); [ -n "$now" ] && [ "$now" != "$pid" ]; }
eventually 5 restarted
eventually 10 path_is "$b $d"

must stop_vlspd
nothing_left
