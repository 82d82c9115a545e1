#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# The chain of functions on r2: whose place is where, whenever each of them opens; and closed ones while they are
# started anew.
#
#     r1 --- r2 --- r3
. "$(dirname "$0")/lib.sh"

chain() { # the applications on r2 that have functions, in the order of these
	local name
	for name in $(vlsp app list r2 --json | jq -r '.detail[].name'); do
		vlsp app show r2 "$name" --json | jq -r '.name as $name | .functions[] | "\(.place) \($name)"'
	done | sort -n | awk '{ print $2 }' | xargs
}
chain_is() { # chain_is NAMES
	[ "$(chain)" = "$1" ] || { vlsp app list r2; chain; return 1; }
}
field() { # field NAME FILTER: of vlsp app show
	vlsp app show r2 "$1" --json | jq -r "$2"
}
answers() { # answers COMMAND...: how many datagrams r3 has answered in the meantime
	local ping
	nsenter --net=/run/netns/r1 env --default-signal=INT ping -q -i 0.01 -w 30 "$R3" >"$WORK/ping" &
	ping=$!
	sleep 0.1
	must "$@"
	kill -INT $ping
	wait $ping || true
	sed -n 's/.* transmitted, \([0-9]*\) received.*/\1/p' "$WORK/ping"
}
says() { # says WANT COMMAND...: that is what it prints
	[ "$("${@:2}")" = "$1" ]
}
crash() { # the daemon ends without doing anything
	bpf_ids >>"$WORK/bpf.ours"
	kill -9 "$(cat $RUNTIME/vlspd.pid)"
	eventually 5 must_fail 1 'not running' vlspd status --runtime-dir "$RUNTIME"
}
restarts() { # restarts NAME
	for _ in 1 2 3 4 5; do must vlsp app restart r2 "$1"; done
}

cat >net.yaml <<EOT
routers:
  - r1
  - name: r2
    apps:
      - {name: mk, run: mark, args: [--class, "8", --match, icmp]}
      - {name: wall, run: firewall, args: [--closed, allow icmp]}
      - {name: object, bpf: $WORK/count.bpf.o, policy: closed}
      - {name: lim, run: limit, args: [10mbit]}
      - {name: last, run: pass, restart: always}
      - {name: first, run: pass, args: [--order, "0", --match, udp], restart: always}
  - r3
links: [r1:r2, r2:r3]
EOT
order="mk wall object lim last first"
must sh -c "clang-14 -O2 -g -target bpf -I/usr/include/\$(uname -m)-linux-gnu -c '$ROOT/examples/count.bpf.c' -o count.bpf.o"
must start_vlspd

step "places follow the file"
for _ in 1 2 3; do
	must vlsp topology apply net.yaml
	chain_is "$order"
	must vlsp app stop r2 --all
done
must vlsp topology apply net.yaml
R3=$(address r3)
eventually 5 must on r1 ping -q -c 1 -W 1 "$R3"

step "a place is kept by a restart, a death, and other arguments"
for name in mk last object wall; do
	must vlsp app restart r2 $name
	chain_is "$order"
done
kill -KILL "$(field last .pid)"
eventually 10 must_say '^1 true' field last '"\(.restarts) \(.ready)"'
eventually 10 chain_is "$order"
sed 's/"8"/"16"/; s/10mbit/20mbit/; s/allow icmp/allow udp/; s/--order, "0"/--order, "7"/' net.yaml >other.yaml
must_say '~4 application' vlsp topology apply other.yaml
chain_is "$order"
equal "$order" "$(vlsp topology export --format json | jq -r '.routers[] | select(.name == "r2").apps[].name' | xargs)" "those of the file"

step "an edited file has its order, in place: nobody is started anew, and no datagram is lost"
pids() {
	vlsp app list r2 --json | jq -c '[.detail[] | {(.name): [.pid, .aid]}] | add'
}
swapped() { # swapped NAMES: the file with the applications in that order
	local name
	printf 'routers:\n  - r1\n  - name: r2\n    apps:\n'
	for name; do grep "name: $name," other.yaml || echo "      - {name: $name, run: pass, restart: always}"; done
	printf '  - r3\nlinks: [r1:r2, r2:r3]\n'
}
swapped last wall mk object lim first >swap.yaml
before=$(pids)
must_say 'application r2/last: order' vlsp topology apply --dry-run swap.yaml
must_say 'to do: ~4 applications' vlsp topology apply --dry-run swap.yaml
chain_is "$order"
swaps() { for f in swap other swap other swap; do must vlsp topology apply $f.yaml; done; }
eventually 5 must on r1 ping -q -c 1 -W 1 "$R3"
got=$(answers swaps)
equal "$(sed -n 's/^\([0-9]*\) packets transmitted.*/\1/p' "$WORK/ping")" "$got" "answers while places change"
chain_is "last wall mk object lim first"
equal "last wall mk object lim first" "$(vlsp topology export --format json | jq -r '[.routers[] | select(.name == "r2").apps[].name] | join(" ")')" "the order of what is exported"
equal "$before" "$(pids)" "processes and their numbers"
must_say 'nothing to do' vlsp topology apply swap.yaml
swapped last wall middle mk object lim first >middle.yaml
must_say '+1 application' vlsp topology apply middle.yaml
chain_is "last wall middle mk object lim first"
must_say 'nothing to do' vlsp topology apply middle.yaml
crash
must start_vlspd
eventually 10 chain_is "last wall middle mk object lim first"
must_say 'nothing to do' vlsp topology apply middle.yaml
must vlspd restart --runtime-dir "$RUNTIME" --state-dir "$STATE" --listen none
eventually 10 chain_is "last wall middle mk object lim first"
must_say 'nothing to do' vlsp topology apply middle.yaml
equal "$before" "$(pids | jq -c 'del(.middle)' | jq -c --argjson b "$before" '. as $p | $b | with_entries(.value = $p[.key])')" "processes"
must vlsp topology apply other.yaml
chain_is "$order"

step "the next daemon knows the places, order goes before them, and what is started by hand is behind"
crash
must start_vlspd
eventually 10 chain_is "$order"
must vlsp app restart r2 wall
must vlsp app start --name hand r2 pass
must vlsp app start --name late r2 pass --order 9
must vlsp app restart r2 mk
chain_is "mk wall object lim last hand first late"
must vlsp app stop r2 --all

step "nothing passes a closed one while it is started anew"
wall() { # wall RUN ARGUMENTS: a file with that as wall
	printf '{"routers": ["r1", {"name": "r2", "apps": [{"name": "wall", "run": "%s", "args": "--closed %s"}]}, "r3"],
		"links": ["r1:r2", "r2:r3"]}' "$1" "$2"
}
wall firewall "--default deny --match icmp" >net.json
wall firewall "--default deny --match icmp --queue 2M" >queue.json
wall firewall "--default deny --match udp" >match.json
wall "$WORK/nothing" "" >fails.json
files() { for f in queue net queue net; do must vlsp topology apply $f.json; done; }
must vlsp topology apply net.json
equal 0 "$(answers restarts wall)" "answers while it is restarted"
equal 0 "$(answers files)" "answers while it is replaced"
kill -KILL "$(field wall .pid)"
eventually 5 says true field wall '.functions[0].dead'
equal 0 "$(answers vlsp topology apply net.json)" "answers while a dead one is started again"

step "it stays closed when the new one does not start, until somebody stops that"
must_fail 1 'nothing' vlsp topology apply fails.json
equal "failed true icmp" "$(field wall '"\(.state) \(.functions[0] | "\(.dead) \(.match)")"')" "one that has failed"
must_fail 1 '' on r1 ping -q -c 2 -i 0.01 -W 1 "$R3"
crash
must start_vlspd
eventually 10 must vlsp router show r2
must_fail 1 '' on r1 ping -q -c 2 -i 0.01 -W 1 "$R3"
must vlsp topology apply net.json
must_fail 1 '' on r1 ping -q -c 2 -i 0.01 -W 1 "$R3"
must_fail 1 'nothing' vlsp topology apply fails.json
must vlsp app stop r2 wall
must on r1 ping -q -c 2 -i 0.01 -W 1 "$R3"

step "of an eBPF object, too: nothing passes a closed one while another is to come in its place"
object() { # object FILE POLICY
	printf '{"routers": ["r1", {"name": "r2", "apps": [{"name": "object", "bpf": "%s", "policy": "%s"}]}, "r3"],
		"links": ["r1:r2", "r2:r3"]}' "$WORK/$1" "$2"
}
for policy in open closed; do
	object count.bpf.o $policy >object.json
	object nothing.o $policy >fails.json
	must vlsp topology apply object.json
	must on r1 ping -q -c 2 -i 0.01 -W 1 "$R3"
	must_fail 1 'nothing' vlsp topology apply fails.json
	case $policy in
	open) must on r1 ping -q -c 2 -i 0.01 -W 1 "$R3" ;;
	closed) must_fail 1 '' on r1 ping -q -c 2 -i 0.01 -W 1 "$R3" ;;
	esac
done
must vlsp app stop r2 object
must on r1 ping -q -c 2 -i 0.01 -W 1 "$R3"

step "what the new one does not want any more is gone when it is ready"
must vlsp topology apply net.json
must vlsp topology apply match.json
equal udp "$(field wall '.functions | map(.match) | join(" ")')" "its functions"
must on r1 ping -q -c 2 -i 0.01 -W 1 "$R3"
must stop_vlspd
nothing_left
