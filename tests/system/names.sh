#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# What people find with ip, tc and bpftool is what the documentation promises.
#
#      r1 ===(two links)=== r2 --- a-router-with-a-very-long-name
. "$(dirname "$0")/lib.sh"

cat >net.yaml <<'Y'
routers: [r1, r2, a-router-with-a-very-long-name]
links:
  - {a: r1, b: r2}
  - {a: r1, b: r2, name: backup, weight: 9}
  - {a: r2, b: a-router-with-a-very-long-name}
Y
must start_vlspd
must vlsp topology apply net.yaml

step "ip netns lists every router, and exec works"
equal "a-router-with-a-very-long-name r1 r2" "$(ip netns list | awk '{ print $1 }' | sort | xargs)" "ip netns list"
must ip netns exec r1 true

step "link ends are named after the neighbour and carry the alias"
must_say 'to-r2[@:]' ip -n r1 link show to-r2
must_say 'alias vlsp:default:r1-r2$' ip -n r1 -d link show to-r2
must_say 'alias vlsp:default:r1-r2$' ip -n r2 -d link show to-r1
must_say 'alias vlsp:default:backup$' ip -n r1 -d link
equal 2 "$(ip -n r1 -o link | grep -c 'alias vlsp:default:')" "two links between the same two"
ip -n r2 -o link | awk -F'[:@ ]+' '$2 != "lo" { print $2 }' | while read -r d; do [ ${#d} -le 15 ]; done

step "ifindex is unique over all routers"
equal "" "$(for n in r1 r2 a-router-with-a-very-long-name; do ip -n $n -o link | awk -F: '$1 != 1 { print $1 }'; done | sort | uniq -d)" "indices used twice"

step "tc and bpftool show the programs by name"
must_say 'clsact' tc -n r1 qdisc show dev to-r2
must_say 'bpf.*vlsp_in' tc -n r1 filter show dev to-r2 ingress
must_say 'vlsp_out' tc -n r1 filter show dev lo egress
must_say 'to-r2\([0-9]+\) .*vlsp_in' nsenter --net=/run/netns/r1 bpftool net
must_say 'vlsp_in' bpftool prog show
for map in vlsp_port vlsp_fib vlsp_addr vlsp_router; do must test -e "/sys/fs/bpf/vlsp/default/$map"; done
must_say 'name vlsp_in' bpftool prog show pinned /sys/fs/bpf/vlsp/default/vlsp_in

step "which of two links is not guessed, and words of the REST paths are no names"
must_fail 1 '^vlsp: r1:r2: 2 links join them: r1-r2 \(id 1\), backup \(id 2\): name one by id or name$' vlsp link delete r1:r2
must_fail 1 'r1:r2: 2 links join them' vlsp link down r1:r2
equal 3 "$(vlsp link list --json | jq '.list | length')" "links that are left"
must vlsp link show r2:a-router-with-a-very-long-name
must_fail 1 "'count' is a word of the REST paths" vlsp router add count
must_fail 1 "there is no router 'count'" vlsp router show count

step "the router's process is found by its name"
must_say 'vlsp-router' cat "/proc/$(vlsp router show r1 --json | jq .pid)/comm"

must stop_vlspd
nothing_left
