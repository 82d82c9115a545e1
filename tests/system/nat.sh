#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# The function nat on r2, whose inside is r1: ICMP queries, errors about what crossed it, and fragments, both ways.
#
#     r1 --- r2 --- r3 --- r4
#      \
#       r0
. "$(dirname "$0")/lib.sh"

py() { # py ROUTER COMMAND...: functions.py there
	on "$1" python3 "$ROOT/tests/system/functions.py" "${@:2}"
}
value() { # value KEY: that nat has reported
	vlsp app show r2 nat --json | jq -r ".values[\"$1\"] // \"\""
}
says() { # says WANT COMMAND...: that is what it prints
	[ "$("${@:2}")" = "$1" ]
}
counts() { # counts KEY WANT: in a while
	eventually 5 says "$2" value "$1" || { vlsp app show r2 nat; return 1; }
}
nat() { # nat MATCH ARGUMENTS...: another one
	[ ! -e started ] || must vlsp app stop r2 nat
	touch started
	must vlsp app start --name nat --ready notify r2 nat "$@"
}
watch() { # watch ROUTER MATCH: what crosses it, as a line each in its logs
	[ ! -e "watched.$1" ] || must vlsp app stop "$1" printer
	touch "watched.$1"
	must vlsp app start --name printer --ready notify "$1" printer --match "$2"
}
hops() { # hops ROUTER TO: the addresses on the way, as the application trace finds them
	"$BUILD/vlsp" router exec "$1" -- "$BUILD/apps/trace" "$2" -q 1 | awk '{ print $2 }' | xargs
}

must start_vlspd
# hello: a machine under load does not take a link for lost
must vlsp topology apply - <<<'{"hello": "500ms", "routers": ["r0", "r1", "r2", "r3", "r4"], "links": ["r0:r1", "r1:r2", "r2:r3", "r3:r4"]}'
R0=$(address r0) R1=$(address r1) R2=$(address r2) R3=$(address r3) R4=$(address r4)
(py r4 echo 7 r4 >echo.out 2>&1) &
(py r2 echo 7 r2 >echo2.out 2>&1) &
eventually 20 must py r0 ask "$R4" 7 hello 0 1 0.5
eventually 20 must py r0 ask "$R2" 7 hello 0 1 0.5

step "ping from the inside: r4 sees the router, answers find back, each asker has an identifier"
nat "from to-r1" --ports 50000-50002
watch r4 icmp
must_say '^3 packets transmitted, 3 received' on r1 ping -c 3 -i 0.01 -W 2 "$R4"
must_say '^3 packets transmitted, 3 received' on r0 ping -c 3 -i 0.01 -W 2 "$R4"
counts out 6
counts back 6
counts mappings 2
eventually 5 must_say " $R2 > $R4 icmp" vlsp app logs r4 printer
must_not_say " ($R1|$R0) > " vlsp app logs r4 printer
must on r1 ping -q -c 1 -W 2 "$R3"
must_fail 1 ' 100% packet loss' on r0 ping -q -c 1 -W 1 "$R3" # all identifiers are somebody's
counts full 1

step "ping from the outside: the router answers, and asks; what is inside of it does not"
must on r4 ping -q -c 3 -i 0.01 -W 2 "$R2"
must on r2 ping -q -c 3 -i 0.01 -W 2 "$R4"
must on r2 ping -q -c 3 -i 0.01 -W 2 "$R1"
must_fail 1 ' 100% packet loss' on r4 ping -q -c 1 -W 1 "$R1"
counts unsuitable 1
counts out 7

step "an identifier is free again when it has not been used for long"
must vlsp app set r2 nat idle=1ms
eventually 5 must_say '^set idle=1ms' vlsp app logs r2 nat
must on r0 ping -q -c 2 -i 0.1 -W 2 "$R3"

step "trace: each router on the way, the NAT itself among them"
nat "from to-r1"
equal "$R1 $R2 $R3 $R4" "$(hops r0 "$R4")" "the way out"
if [ -x /usr/sbin/traceroute ]; then
	for by in -U -I; do
		equal "$R1 $R2 $R3 $R4" "$(on r0 traceroute -n -N 1 -q 1 -w 2 $by "$R4" | awk 'NR > 1 { print $2 }' | xargs)" "traceroute $by"
	done
	counts errors 5 # of r3 and, UDP, of r4: an echo is answered
else
	counts errors 2
fi
equal "$R3 $R2" "$(hops r4 "$R2")" "the way in"

step "a port at which nobody listens: a connected socket inside is told"
must_say '^Connection refused$' py r1 refused "$R4" 9
must_say '^Connection refused$' py r0 refused "$R4" 9 4444
must_say '^Connection refused$' py r2 refused "$R4" 9 # of the router itself

step "and one outside, of a port that has gone inside"
py r4 peer 12 >peer.out &
peer=$!
eventually 20 must_say ':12 ' on r4 ss -uln
must py r1 send "$R4" 12 1 30 5555 # once it is over, nobody has port 5555
wait $peer
equal "Connection refused" "$(cat peer.out)" "what r4 is told about the router's port"

step "fragments: a ping and a datagram of 4,000 bytes, out and back"
nat "from to-r1"
must_say '^4008 bytes from' on r1 ping -c 3 -i 0.01 -s 4000 -W 2 "$R4"
must_say '^4008 bytes from' on r0 ping -c 3 -i 0.01 -s 4000 -W 2 "$R4"
counts out 18
counts back 18
text=$(printf '%04000d' 42)
must_say "^$R4 7 r4:$text\$" py r1 ask "$R4" 7 "$text" 2222
must_say "^$R4 7 r4:$text\$" py r0 ask "$R4" 7 "$text" 2222
must_say "^$R4 7 r4:$text\$" py r0 ask "$R4" 7 "$text" 2222 # its port
counts out 27
counts mappings 4
must on r4 ping -q -c 2 -i 0.01 -s 4000 -W 2 "$R2"          # the router's own
must_say "^$R2 7 r2:$text\$" py r4 ask "$R2" 7 "$text"
must_say "^$R4 7 r4:$text\$" py r2 ask "$R4" 7 "$text"
must_say '^Connection refused$' py r1 refused "$R4" 9 3333 4000
counts stray 0

step "fragments that come before their first are dropped, and counted"
must py r1 later "$R4" 5
counts stray 5
counts unsuitable 0

must stop_vlspd
nothing_left
