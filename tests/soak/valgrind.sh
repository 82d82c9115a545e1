#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# A tour under valgrind: vlspd on the fake host, vlspd on this machine, and the router processes. No error, and
# nothing that was allocated and lost.
. "$(dirname "$0")/../system/lib.sh"

command -v valgrind >/dev/null || skip "valgrind is not here"
vg() { exec valgrind --quiet --leak-check=full --show-leak-kinds=definite,indirect --errors-for-leak-kinds=definite,indirect \
	--suppressions="$ROOT/tests/soak/valgrind.supp" --num-callers=25 "$@"; }

some_link() { vlsp topology export --format json | jq -r '.links[0] | .a + ":" + .b'; }
tour() { # tour HOST: what people do, and what they do wrong
	vlsp topology generate grid 3 3 >net.yaml
	must vlsp topology apply net.yaml
	must_say 'nothing to do' vlsp topology apply net.yaml
	must vlsp router add x --address 10.0.0.99
	must_fail 1 'exists' vlsp router add x
	must vlsp link add x "$(vlsp topology export --format json | jq -r '.routers[0].name')" --weight 3
	must vlsp link list
	must vlsp link set "$(some_link)" --weight 7
	must vlsp link down "$(some_link)"
	must vlsp router list
	must vlsp router show x
	must vlsp router stats x
	must vlsp route show x
	must_fail 1 '' vlsp router delete nobody
	for format in json yaml graphml dot; do must vlsp topology export --format $format; done
	echo 'routers: [a, a]' >wrong.yaml
	must_fail 1 '' vlsp topology apply wrong.yaml
	for path in /health /openapi.json /operation/?detail=all /removed/ /localcontroller/?detail=all /none; do
		curl -s -o /dev/null --unix-socket "$RUNTIME/vlspd.sock" "http://localhost$path"
	done
	curl -s -m 0.3 -o /dev/null --unix-socket "$RUNTIME/vlspd.sock" http://localhost/events || true
	curl -s -o /dev/null --unix-socket "$RUNTIME/vlspd.sock" -X PUT -d '{{{' http://localhost/topology/
	must vlsp router delete x
	vlsp topology reconcile --dry-run >/dev/null 2>&1 || true
}

under() { # under NAME OPTIONS...: vlspd in valgrind, in the background
	local name=$1
	shift
	vg --log-file="$WORK/$name.vg" "${VLSPD:-$BUILD/vlspd}" run --runtime-dir "$RUNTIME" --state-dir "$STATE" \
		--listen none "$@" >"$WORK/$name.log" 2>&1 &
	daemon=$!
	eventually 60 must_say running vlspd status --runtime-dir "$RUNTIME"
	eventually 60 must vlsp topology show
}
clean() { # clean NAME: ended, and valgrind had nothing to say
	local out
	# of an ioctl, and of pidfd_open(2), that valgrind does not know it says so, which is no error
	out=$(sed -E '/noted but unhandled ioctl|WARNING: unhandled eBPF command|could cause spurious value|README_MISSING_SYSCALL/d; /unhandled amd64-linux syscall: 434|You may be able to write|Nevertheless we consider|it at http:..valgrind/d' "$WORK/$1".vg*)
	[ -z "$out" ] || { printf '%s: valgrind says:\n%s\n' "$1" "$out" | head -n 100; return 1; }
}
end() { # end NAME SIGNAL
	kill "-$2" $daemon
	wait $daemon || { cat "$WORK/$1.log"; return 1; }
	clean "$1"
}

step "the fake host"
under fake --host fake
tour
end fake TERM

step "this machine"
under local
tour
end local TERM
[ ! -e "$RUNTIME/netns" ]

step "this machine: left running, and taken over"
under kept
tour
end kept USR1
under taken
must_say 'nothing to do' vlsp topology reconcile --dry-run
tour
end taken TERM

step "router processes"
mkdir bin
cp "$BUILD/vlspd" bin/vlspd
cat >bin/vlsp-router <<W
#!/bin/sh
exec valgrind --quiet --leak-check=full --errors-for-leak-kinds=definite,indirect --num-callers=25 \\
	--suppressions="$ROOT/tests/soak/valgrind.supp" --log-file="$WORK/router.vg.%p" "$BUILD/vlsp-router" "\$@"
W
chmod +x bin/vlsp-router
VLSPD=$WORK/bin/vlspd under wrapped
vlsp topology generate ring 3 >net.yaml
must vlsp topology apply net.yaml
must vlsp link set "$(some_link)" --weight 7
sleep 1
end wrapped TERM
[ "$(find "$WORK" -name 'router.vg.*' | wc -l)" -ge 3 ]
clean router
