#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# A topology file becomes a running network, changes with the file, and goes.
# Alone: it counts lost pings.
#
#      lon --- par --- fra          then: lon --- par, fra gone, mad added
#        \_____________/
. "$(dirname "$0")/lib.sh"

cat >net.yaml <<'Y'
name: three
hello: 500ms # a machine under load does not take a link for lost
routers:
  - {name: lon, address: 10.0.0.9}
  - {name: par}
  - {name: fra}
links:
  - {a: lon, b: par}
  - {a: par, b: fra, weight: 2}
  - {a: lon, b: fra, name: direct, weight: 10}
Y

step "a dry run changes nothing"
must start_vlspd
must vlsp topology validate net.yaml
must_say '^\+ router lon' vlsp topology apply net.yaml --dry-run
equal 0 "$(vlsp router list --json | jq '.list | length')" "routers after a dry run"

step "apply: it runs, it converged"
must_say '3 routers, 3 links' vlsp topology apply net.yaml
must vlsp ping lon fra -c 2 -i 0.01
must_say '"converged": ?true' vlsp status --json

step "apply again: nothing to do"
must_say 'nothing to do' vlsp topology apply net.yaml
must_not_say '^[-+~]' vlsp topology diff net.yaml

step "what runs keeps running while the file changes"
before=$(vlsp router show lon --json | jq -c '[.routerID, .pid, .address]')
on lon ping -i 0.01 -c 150 -q "$(address par)" >ping.out &
pinger=$!
sed -i -e '/name: fra/s/fra/mad/' -e 's/b: fra, weight: 2/b: mad, weight: 3/' -e '/direct/d' net.yaml
must_say '^- router fra' vlsp topology diff net.yaml
must_say '^\+ router mad' vlsp topology diff net.yaml
must vlsp topology apply net.yaml
wait $pinger
must_say ' 0% packet loss' cat ping.out
equal "$before" "$(vlsp router show lon --json | jq -c '[.routerID, .pid, .address]')" "lon is the same router"
must vlsp ping lon mad -c 1
must_fail 1 'fra' vlsp router show fra

step "a changed weight is changed in place"
sed -i 's/weight: 3/weight: 7/' net.yaml
must_say '^~ link .*weight 3 -> 7' vlsp topology diff net.yaml
id=$(vlsp link show mad:par --json | jq .id)
must vlsp topology apply net.yaml
equal "$id 7" "$(vlsp link show mad:par --json | jq -r '"\(.id) \(.weight)"')" "id and weight"

step "what is exported applies as it is"
for format in yaml json graphml; do
	must vlsp topology export --format $format >"out.$format"
	vlsp topology export --format $format >"out.$format"
	must_say 'nothing to do' vlsp topology apply "out.$format"
done
grep -q '^ *"\?lon"\? *-- *"\?par"\?' <<<"$(vlsp topology export --format dot)"

step "delete: the topology goes, the daemon stays"
must vlsp topology delete
equal "" "$(find /run/netns -mindepth 1)" "names of namespaces"
must_say 'running' vlsp status
must stop_vlspd
nothing_left
