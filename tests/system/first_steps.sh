#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# The first five minutes: a daemon, three routers made by hand, programs on them, and nothing left.
#
#      r1 ---(1)--- r2 ---(1)--- r3
#        \_____________(5)______/
. "$(dirname "$0")/lib.sh"

step "start the daemon"
must_fail 1 'not running' vlsp status
must start_vlspd
must_say 'running' vlsp status
must_fail 1 'already running' start_vlspd

step "make routers and links"
must vlsp router add r1
must vlsp router add r2 --address 10.0.0.77
must vlsp router add r3
must vlsp link add r1 r2
must vlsp link add r2 r3
must vlsp link add r1 r3 --weight 5
must_say '^[0-9]+ +r2 +10\.0\.0\.77 +running' vlsp router list
must_say 'r1-r3' vlsp link list
equal 3 "$(vlsp router list --json | jq '.list | length')" "routers in the list"
equal 10.0.0.77 "$(address r2)" "the address that was asked for"

step "traffic by any program, by address"
eventually 5 must vlsp ping r1 r3 -c 1
must on r1 ping -c 3 -i 0.01 -W 1 "$(address r3)"
must ip netns exec r1 ping -c 1 -W 1 10.0.0.77
must vlsp router exec r1 -- ping -c 1 -W 1 10.0.0.77
equal 7 "$(vlsp router exec r2 -- sh -c 'exit 7' >/dev/null 2>&1; echo $?)" "exec passes the exit status on"

step "the route goes by weight"
must_say '10\.0\.0\.77.*\br2\b' vlsp route show r1
equal "10.0.0.77 $(address r3)" "$(on r1 traceroute -n -q 1 -w 1 "$(address r3)" | awk 'NR > 1 { print $2 }' | xargs)" "the path"
must vlsp link set r1:r3 --weight 1
eventually 10 must_say "^ 1  $(address r3)" on r1 traceroute -n -q 1 -w 1 "$(address r3)"

step "statistics name what was counted"
must_say 'to-r2' vlsp router stats r1

step "delete one router: its links go with it"
must vlsp router delete r2
must_fail 1 'r2' vlsp router show r2
equal 1 "$(vlsp link list --json | jq '.list | length')" "links that are left"
must on r1 ping -c 1 -W 1 "$(address r3)"
must_say 'Net Unreachable' sh -c "nsenter --net=/run/netns/r1 ping -c 1 -W 1 10.0.0.77 || true"

step "stop: nothing is left"
must stop_vlspd
nothing_left

step "a machine without a BPF file system has one while the daemon runs, and not after"
while grep -q ' /sys/fs/bpf ' /proc/self/mounts; do umount /sys/fs/bpf; done
must start_vlspd
must grep -q ' /sys/fs/bpf bpf ' /proc/self/mounts
must stop_vlspd
must_fail 1 '' grep -q ' /sys/fs/bpf ' /proc/self/mounts
