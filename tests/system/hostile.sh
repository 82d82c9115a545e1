#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# What comes to shipped applications from somebody of the network who means no good: they go on.
. "$(dirname "$0")/lib.sh"

py() { # py ROUTER COMMAND...: hostile.py there
	on "$1" python3 "$ROOT/tests/system/hostile.py" "${@:2}"
}
fpy() { # fpy ROUTER COMMAND...: functions.py there
	on "$1" python3 "$ROOT/tests/system/functions.py" "${@:2}"
}
value() { # value ROUTER APP KEY: that it has reported
	vlsp app show "$1" "$2" --json | jq -r ".values[\"$3\"] // \"\""
}
says() { # says WANT COMMAND...: that is what it prints
	[ "$("${@:2}")" = "$1" ]
}
counts() { # counts ROUTER APP KEY WANT: in a while
	eventually 5 says "$4" value "$1" "$2" "$3" || { vlsp app show "$1" "$2"; vlsp app logs "$1" "$2"; return 1; }
}

must start_vlspd
# hello: a machine under load does not take a link for lost
must vlsp topology apply - <<<'{"hello": "500ms", "routers": ["r0", "r1", "r2", "r3"], "links": ["r1:r2", "r2:r3"]}'
R1=$(address r1) R2=$(address r2) R3=$(address r3)
must on r1 ping -q -c 1 -W 5 "$R3"

step "a datagram from port 0 cannot be answered: servers count it, and go on"
for app in echo server broker "tftpd /usr"; do
	# shellcheck disable=SC2086 # words
	must vlsp app start r3 $app
done
py r1 udp to-r2 "$R1" 0 "$R3" 7 hello
py r1 udp to-r2 "$R1" 0 "$R3" 80 "GET hello"
py r1 udp to-r2 "$R1" 0 "$R3" 1883 "SUB a/b
"
py r1 vdp to-r2 "$R1" "$R3" 0 17 00000045000a00000001 # tftpd's: a request without a name
for app in echo server broker tftpd; do counts r3 $app unsent 1; done
must_say ' 0.00% lost' on r1 "$BUILD/apps/ping" "$R3" -c 3 -i 10ms
must vlsp app stop r3 --all

step "datagrams that end before their headers do: functions go on"
must vlsp app start r2 nat "from to-r1"
py r1 vdp to-r2 "$R1" "$R3" 4 17 0011223344556677 # its flags promise 16 bytes of options
counts r2 nat unsuitable 1
must vlsp app stop r2 nat

step "datagrams from nobody, address 0, have no port of nat's"
must vlsp app start r2 nat "from to-r1 udp" --ports 40000-40000
py r1 vdp to-r2 0.0.0.0 "$R3" 0 17 03e8000900080000   # port 1000
py r1 vdp to-r2 "$R1" "$R3" 0 17 d181000900080000     # 53633: both have one place in its table
py r1 vdp to-r2 0.0.0.0 "$R3" 0 17 03e8000900080000
counts r2 nat unsuitable 2
counts r2 nat mappings 1
must_say 'ready' vlsp app list r2
must vlsp app stop r2 nat

step "datagrams that end before their headers do: more functions go on"
must vlsp app start r2 mark --class 8 --match "from to-r1"
py r1 vdp to-r2 "$R1" "$R3" 4 17 0011223344556677
counts r2 mark passed 1
must vlsp app stop r2 mark
must vlsp app start r2 balance 10.0.0.99:99 "$R3:99"
py r1 vdp to-r2 "$R1" 10.0.0.99 4 17 0011223344556677
py r1 vdp to-r2 "$R1" 10.0.0.99 0 17 11110063 # ports, and no more of UDP's header
counts r2 balance passed 1
must vlsp app stop r2 balance
(fpy r3 echo 12850 r3 >echo.out 2>&1) &
eventually 20 must fpy r1 ask "$R3" 12850 hello 0 1 0.5
must vlsp app start r2 cache 12850
must_say "^$R3 12850 r3:1122\$" fpy r1 ask "$R3" 12850 1122
counts r2 cache stored 1
py r1 vdp to-r2 "$R1" "$R3" 0 17 31313232 # "1122", the ports of which it is for port 12850
counts r2 cache passed 3
must vlsp app stop r2 cache
step "an answer that is kept, and does not fit beside the options of who asks now, is asked for"
long=$(printf 'x%.0s' {1..1450})
(fpy r3 echo 54 "$long" >echo54.out 2>&1) &
eventually 20 must fpy r1 ask "$R3" 54 hello 0 1 0.5
must vlsp app start r2 cache 54
must_say "x:long-answer\$" fpy r1 ask "$R3" 54 long-answer # 1,462 bytes: with options 1,456 would fit
counts r2 cache stored 1
must_say "x:long-answer\$" py r1 ask "$R3" 54 long-answer
must_say "x:long-answer\$" fpy r1 ask "$R3" 54 long-answer
counts r2 cache hits 1
must vlsp app stop r2 cache

step "whoever asks two things at once does not have the answer to one kept as the answer to the other"
(py r3 answer 55 >answer.out 2>&1) &
eventually 20 must fpy r1 ask "$R3" 55 hello 0 1 0.5
must vlsp app start r2 cache 55
[ "$(py r1 both "$R3" 55 "two of mine" theirs | xargs)" = "answer to two of mine answer to theirs" ]
must_say "^$R3 55 answer to theirs\$" fpy r1 ask "$R3" 55 theirs
counts r2 cache stored 1 # of the last one
must_say "^$R3 55 answer to theirs\$" fpy r1 ask "$R3" 55 theirs
counts r2 cache hits 1

step "answers are not answered: two servers do not talk to each other for ever"
for r in r2 r3; do
	must vlsp app start $r tftpd /usr
	must vlsp app start $r server
	must vlsp app start $r echo
	must vlsp app start $r forward 99 "$R3:98" -m 100
done
must vlsp app start r2 pass --match udp
py r1 vdp to-r2 "$R2" "$R3" 0 17 00450045000a00000001        # of tftpd's port to tftpd's: a request without a name
py r1 udp to-r2 "$R2" 80 "$R3" 80 "GET what"
py r1 udp to-r2 "$R2" 100 "$R3" 100 hello
py r1 udp to-r2 "$R2" 69 "$R3" 80 hello
py r1 udp to-r2 "$R2" 80 "$R3" 69 hello
py r1 udp to-r2 "$R2" 7 "$R3" 7 hello
counts r2 pass passed 9 # those, and three that refuse
must_say ' 0.00% lost' on r1 "$BUILD/apps/ping" "$R3" -c 1
counts r2 pass passed 11
counts r3 server requests.wrong 2
counts r2 server requests.wrong 1

step "who has an intercept of a router without links does not send by another router"
resume() { # resume ROUTER FROM_PORT
	must vlsp app start --ready exit --name "resume$2" --file "$ROOT/tests/system/hostile.py:/tmp/hostile.py" "$1" \
		/usr/bin/python3 /tmp/hostile.py resume "$R2" "$2" "$R3" 9999
}
must vlsp app start r3 recv 9999
must vlsp app start r2 pass
resume r0 1110
resume r2 1112
eventually 5 must_say "from $R2:1112 to" vlsp app logs r3 recv
must_not_say "from $R2:1110 to" vlsp app logs r3 recv

step "flows remembers a number of flows; more are left out until those that nothing comes of are given up"
more() { # more KEY: it is more than 0, or more flows are sent
	local count
	count=$(value r3 flows "$1")
	[ "${count:-0}" -gt 0 ] || { py r1 flows "$R3" 90 20000; return 1; }
}
must vlsp app start r3 flows -l 90
eventually 60 more flows.left-out
eventually 60 more flows.given-up
[ "$(value r3 flows flows.active)" -le 65536 ]

stop_vlspd
nothing_left
