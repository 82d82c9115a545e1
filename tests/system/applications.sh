#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Each shipped application does its job, over three hops, and what it counts is what happened.
#
#      r1 --- r2 --- r3 --- r4
#             |
#           outer        real UDP, by an interface attached to r2, for ingress and egress
. "$(dirname "$0")/lib.sh"

APPS=$BUILD/apps
declare -A pid=()

run() { # run ROUTER APP ARGS...: there, until it ends
	local router=$1 app=$2
	shift 2
	timeout 60 "$BUILD/vlsp" router exec "$router" -- "$APPS/$app" "$@"
}
is_open() { grep -q . <<<"$(on "$1" ss -Hnul "sport = :$2")"; }
serve() { # serve NAME ROUTER PORT APP ARGS...: in the background, from when its port is open; output in NAME.out
	local name=$1 router=$2 port=$3 app=$4
	shift 4
	"$BUILD/vlsp" router exec "$router" -- "$APPS/$app" "$@" >"$name.out" 2>&1 &
	pid[$name]=$!
	eventually 5 is_open "$router" "$port" || { cat "$name.out"; return 1; }
}
ends() { # ends NAME [STATUS]: by itself, in a while
	local rc=0
	timeout 60 tail -s 0.05 --pid="${pid[$1]}" -f /dev/null
	wait "${pid[$1]}" || rc=$?
	equal "${2:-0}" "$rc" "exit status of $1, which said: $(cat "$1.out")"
}
stop() { # stop NAME...: SIGTERM ends each of them cleanly
	local name
	for name; do kill -TERM "${pid[$name]}"; done
	for name; do ends "$name"; done
}
# What has come to a program when it is told to end, but was not received yet, it does not count: stories wait for it before.
taken() { # taken ROUTER: datagrams that programs there have received
	on "$1" awk '/^Udp: [0-9]/ { print $2 }' /proc/net/snmp
}
has_taken() { # has_taken ROUTER COUNT
	[ "$(taken "$1")" -ge "$2" ] || { echo "programs on $1 have received $(taken "$1"), not $2"; return 1; }
}
said() { # said FILE PATTERN: what the group of the last line that matches it is
	sed -nE "s/$2/\\1/p" "$1" | tail -n 1
}

step "Documentation/apps has what --help says, of each of them; so do its README.md and vlsp-apps(7), and no others"
for program in "$APPS"/*; do
	[ -x "$program" ] || continue # "about": a line for each
	must_fail 2 "^$(basename "$program"): --no-such-option: there is no such option" "$program" --no-such-option
done
must python3 - "$ROOT/Documentation" "$APPS" <<'P'
import pathlib, re, subprocess, sys
pages, programs = map(pathlib.Path, sys.argv[1:])
about = dict(line.split("\t") for line in (programs / "about").read_text().splitlines())
row = re.compile(r"^\| (`[^|]*) \| [^|]* \| \[[\w-]+\]\(([\w-]+)\.md\) \|$", re.M)
table = (pages / "apps/README.md").read_text().split("\n## ")[0]
page_of = {name: page for names, page in row.findall(table) for name in re.findall(r"`([\w-]+)`", names)}
manual, page, entries = (pages / "man/vlsp-apps.7.scd").read_text().splitlines(), None, {}
for line, after in zip(manual, manual[1:]):
    named = re.search(r"_Documentation/apps/([\w-]+)\.md_$", line)
    page = named[1] if named else page
    if after.startswith("\t") and (name := re.match(r"\*([\w-]+)\*", line)):
        entries[name[1]] = (page, re.sub("[*_]", "", line), after)
for what, names in (("README.md", page_of), ("vlsp-apps(7)", entries)):
    if set(names) != set(about):
        sys.exit(f"{what}: too many or missing: {set(names) ^ set(about)}")
for name, summary in about.items():
    text = subprocess.run([programs / name, "--help"], check=True, capture_output=True, text=True).stdout
    want = (page_of[name], text.split("\n")[0].removeprefix("usage: "), f"\t{summary[0].upper()}{summary[1:]}.")
    if entries[name] != want:
        sys.exit(f"vlsp-apps(7): {name}: {entries[name]}, not {want}")
    if "\n  --order" in text:  # a network function; what all of them have is told once
        text = re.sub(r"^  --(match|order|queue|closed|help) .*\n", "", text, flags=re.M)
    section = (pages / f"apps/{page_of[name]}.md").read_text().partition(f"\n## {name}\n")[2].split("\n## ")[0]
    # "pass" has nothing but that
    if not section or ("\n  " in text and "```\n" + text + "```\n" not in section):
        sys.exit(f"{page_of[name]}.md: has no section of {name}, or not what its --help prints")
P

step "wrong usage names the argument; outside of a router they say that they are on none"
must_fail 2 "^send: COUNT: is missing" "$APPS/send" 10.0.0.1 7
must_fail 2 "^send: PORT: '70000' is not a port" "$APPS/send" 10.0.0.1 70000 1
must_fail 2 "^ping: ADDR: '10.0.0.1:7' is not a router's name or address, without a port" "$APPS/ping" 10.0.0.1:7
must_fail 2 "^split: -split: 'x' is not a number" "$APPS/split" 7 -path 1 10.0.0.1:1 -split x
must_fail 2 "^flows: -r: 'uniform:2,1' is not a number or a distribution" "$APPS/flows" 10.0.0.1:1 -r uniform:2,1
must_fail 1 "not on a virtual router" "$APPS/echo"

must start_vlspd
# hello: a machine under load does not take a link for lost
printf 'hello: 500ms\nrouters: [r1, r2, r3, r4]\nlinks: ["r1:r2", "r2:r3", "r3:r4"]\n' >net.yaml
must vlsp topology apply net.yaml
r4=$(address r4)

step "echo and ping: all come back, two routers between"
serve echo r4 7 echo
run r1 ping r4 -c 50 -i 2 -s 1000 >ping.out
must grep -qE "^1000 bytes from $r4:7: seq 50 ttl 62 time" ping.out
must grep -q '^50 sent, 50 received, 0 duplicates, 0.00% lost' ping.out
must_fail 1 '3 sent, 0 received' run r1 ping r4 -c 3 -i 10 -w 100 -p 8 -q
must_fail 2 "ADDR: 'r9' is not the name of a router" run r1 ping r9
stop echo
must grep -q '^echo: 50 datagrams, 50000 bytes' echo.out
serve nine r4 9 echo 9
must_fail 1 'cannot bind to port 9' run r4 echo 9
stop nine

step "trace lists the routers on the way"
run r1 trace r4 -q 1 >trace.out
equal "$(address r2) $(address r3) $r4" "$(awk '{ print $2 }' trace.out | xargs)" "trace"
must_fail 1 '^ 1 +[0-9.]+ .*unreachable|\*' run r1 trace 10.0.200.1 -h 1 -w 100

step "send and recv: size, TTL, flow, age"
serve recv r4 5000 recv 5000 -c 12
run r1 send r4 5000 10 -s 100 -i 1 >send.out
run r1 send r4 5000 2 -f 7 -s 200 >>send.out
ends recv
must grep -qE "^10 size 100 ttl 62 flow - age - from $(address r1):[0-9]+ to $r4:5000" recv.out
must grep -qE "^12 size 200 ttl 62 flow 7 age [0-9]+ us from" recv.out
must grep -q '^received 12 datagrams, 1400 bytes' recv.out
must_fail 1 'sent 0 datagrams of 64 bytes, 1 not' run r1 send 203.0.113.1 5000 1

step "transfer and receive: every byte"
serve receive r4 5001 receive 5001 1000001
run r1 transfer r4 5001 1000001 1M >transfer.out
ends receive
equal 1000001 "$(said receive.out '^received 680 datagrams, ([0-9]+) bytes.*')" "bytes received"
equal 1000001 "$(said transfer.out '^sent 680 datagrams, ([0-9]+) bytes.*')" "bytes sent"

step "data-rate: its seconds add up"
serve rate r4 5002 data-rate 5002
before=$(taken r4)
run r1 transfer r4 5002 300000 200000 >transfer.out
eventually 10 has_taken r4 $((before + $(said transfer.out '^sent ([0-9]+) datagrams.*')))
stop rate
equal 300000 "$(said rate.out '^received [0-9]+ datagrams, ([0-9]+) bytes')" "bytes in all"
must_say '^true$' awk '/ s: / { n++; sum += $5 } END { print (n >= 1 && sum > 0 && sum <= 300000) ? "true" : n " " sum }' rate.out

step "forward goes elsewhere when told, by words and by JSON, and loses nothing by that"
serve west r3 6000 recv 6000
serve east r4 6000 recv 6000
serve forward r2 6001 forward 6001 r3:6000 -m 6009
both() { # both COUNT: what has arrived in the west and in the east
	equal "$1" $(($(grep -c '^[0-9]* size ' west.out || true) + $(grep -c '^[0-9]* size ' east.out || true))) "arrived at either"
}
run r1 send r2 6001 300 -i 2 >send.out &
sender=$!
eventually 5 must_say '^50 ' cat west.out
run r1 send r2 6009 1 -x 'to=r4:6000' >/dev/null
eventually 5 must_say '^50 ' cat east.out
run r1 send r2 6009 1 -x "{\"to\": \"$(address r3):6000\"}" >/dev/null
run r1 send r2 6009 1 -x 'to=r4' >/dev/null
run r1 send r2 6009 1 -x 'where=r4:5' >/dev/null
wait $sender
eventually 10 both 300
stop forward west east
must grep -q "^forward: to: 'r4' is not an address with a port" forward.out
must grep -q "^forward: where: there is no such setting" forward.out
must grep -q '^forwarded 300 datagrams' forward.out
equal 300 $(($(said west.out '^received ([0-9]+) .*') + $(said east.out '^received ([0-9]+) .*'))) "arrived at either"
must test "$(said east.out '^received ([0-9]+) .*')" -ge 50

step "split: the weights, in turns to within one, and at random within five deviations"
serve west r3 6000 recv 6000
serve east r4 6000 recv 6000
serve split r2 6001 split 6001 -path 1 r3:6000 -path 2 r4:6000 -split .3 .7 -m 6009
run r1 send r2 6001 1000 -i 1 >send.out
run r1 send r2 6009 1 -x 'split=1,0' >/dev/null
eventually 5 grep -q '^set split=1,0' split.out
run r1 send r2 6001 100 -i 1 >send.out
run r1 send r2 6009 1 -x 'path.1=r4:6000' >/dev/null
eventually 5 grep -q '^set path.1=' split.out
run r1 send r2 6001 10 -i 1 >send.out
eventually 5 must_say '^710 ' cat east.out
eventually 10 both 1110
stop split west east
equal 400 "$(said west.out '^received ([0-9]+) .*')" "way 1"
equal 710 "$(said east.out '^received ([0-9]+) .*')" "way 2, and way 1 since it leads there"
serve split r2 6001 split 6001 r3:6000=1 r4:6000 -r
run r1 send r2 6001 1000 -i 1 >send.out
stop split
got=$(said split.out '^path 1 to .*: ([0-9]+) datagrams.*')
[ "$got" -gt 420 ] && [ "$got" -lt 580 ] || { echo "of 1000 at random $got"; exit 1; }

step "egress and ingress: out of one router into real UDP, and into another one's virtual network"
ip link add outer type veth peer name outer-b
ip addr add 192.0.2.1/24 dev outer && ip link set outer up
must vlsp router attach r2 outer-b --address 192.0.2.2/24
eventually 5 must_say 'state UP' ip link show outer # until the kernel has noticed, it drops what is sent
serve in r2 9100 ingress 9100 r4:9200 -v
serve at r4 9200 recv 9200 -c 20
python3 -c '
import socket
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
for n in range(20): s.sendto(b"x" * (n + 1), ("192.0.2.2", 9100))'
ends at
stop in
must grep -q '^20 bytes from 192.0.2.1:[0-9]* to 10' in.out
must grep -q '^took in 20 datagrams, 210 bytes' in.out
python3 -c '
import socket
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM); s.bind(("192.0.2.1", 9300)); s.settimeout(20)
print(sum(len(s.recv(2000)) for n in range(20)))' >udp.out &
listener=$!
eventually 5 must_say 9300 ss -Hnul
serve out r2 9400 egress 9400 192.0.2.1:9300
run r1 send r2 9400 20 -s 50 -i 1 >send.out
wait $listener
equal 1000 "$(cat udp.out)" "bytes that came out"
stop out
must grep -q '^let out 20 datagrams, 1000 bytes, 0 refused' out.out
serve out r2 9400 egress 9400 192.0.2.1:9301 # where nobody listens, which the host says, as often as it may
before=$(taken r2)
run r1 send r2 9400 20 -s 50 -i 20 >send.out
eventually 10 has_taken r2 $((before + 20))
stop out
must grep -qE '^let out 20 datagrams, 1000 bytes, ([1-9]|1[0-9]|20) refused' out.out
must grep -q '^egress: to 192.0.2.1:9301: Nobody is there$' out.out
ip link del outer

step "load: processor and memory as /proc has them, network as the router counts it"
ticks() { awk '{ print $14 + $15 }' "/proc/$1/stat"; }
"$BUILD/vlsp" router exec r1 -- "$APPS/load" -c 40 -m 50 -n 800kbit -a r4:9 >load.out 2>&1 &
pid[load]=$!
eventually 5 must_say '^true$' awk '/^VmRSS/ { print ($2 > 50 * 1024) ? "true" : $2 }' "/proc/${pid[load]}/status"
before=$(ticks "${pid[load]}") sent=$(vlsp router stats r1 --json | jq '.links[0].counts.tx_bytes') begin=$(date +%s%N)
sleep 3
ms=$((($(date +%s%N) - begin) / 1000000))
used=$((($(ticks "${pid[load]}") - before) * 1000 * 100 / $(getconf CLK_TCK) / ms))
rate=$((($(vlsp router stats r1 --json | jq '.links[0].counts.tx_bytes') - sent) * 8000 / ms))
echo "  processor: $used % of 40, network: $rate bit/s of 822400 with headers"
[ $used -ge 10 ] && [ $used -le 60 ] || { echo "used $used percent of a processor, not 40"; exit 1; }
[ $rate -ge 400000 ] && [ $rate -le 1200000 ] || { echo "sent $rate bit/s, not 822400"; exit 1; }
stop load
must grep -qE '^used [0-9.]+ s of processor in [0-9.]+ s, 50 MiB, sent [0-9]+ bytes' load.out
must_say '^used ' run r1 load -c constant:1 -t 10
must_fail 2 '^flows: -r: at least 1 bit/s' "$APPS/flows" 10.0.0.1:1 -r 0
must_fail 2 '^ping: -c: at least 1' "$APPS/ping" -c 0 10.0.0.1
for queue in 0 63K 65M; do must_fail 2 "^pass: --queue: '$queue' is not a number of bytes from 64K to 64M" "$APPS/pass" --queue $queue; done
must_fail 2 '^limit: --burst: .27. is not a number of bytes .*, at least 28' "$APPS/limit" 1mbit --burst 27
must_fail 2 '^load: -c: .onoff:1,2,3. is not a profile' "$APPS/load" -c onoff:1,2,3

step "flows: what was sent has come, or was lost by the link that loses"
lost() { vlsp router stats r3 --json | jq '[.links[].counts.drops.loss] | add'; }
overflowed() { # datagrams for which r4's sockets had no room: their program was not scheduled in time
	on r4 awk '/^Udp: [0-9]/ { print $6 }' /proc/net/snmp
}
accounted() { echo $(($(taken r4) + $(lost) + $(overflowed))); } # received, or lost on the way
all_accounted() { [ "$(accounted)" -ge "$1" ]; }
conserve() { # conserve FLOWS ARGS...: flows with ARGS to r4; sets sent, came, missing, gone
	local before flows=$1
	shift
	before=$(accounted)
	serve count r4 5003 flows -l 5003
	gone=$(($(lost) + $(overflowed)))
	run r1 flows r4:5003 -n "$flows" "$@" >flows.out
	must grep -qE "^sent $flows flows, $flows ended, 0 cut off, 0 left out" flows.out
	sent=$(said flows.out '.*; ([0-9]+) datagrams.*')
	eventually 10 all_accounted $((before + sent))
	stop count
	gone=$(($(lost) + $(overflowed) - gone))
	came=$(said count.out '.*missing; ([0-9]+) datagrams.*')
	missing=$(said count.out '.*with ([0-9]+) datagrams missing.*')
	equal "$sent" $((came + gone)) "sent, and come or lost on the way"
}
conserve 200 -a exponential:5ms -b pareto:1K,1.5 -r uniform:2mbit,20mbit
equal "0 datagrams missing" "$(($(said count.out '.*with ([0-9]+) datagrams.*') - gone)) datagrams missing" "but for what had no room"
must test "$(said flows.out '.*datagrams, ([0-9]+) bytes.*')" -ge 204800
must vlsp link set r3:r4 --loss 5% --seed 1
conserve 100 -a 5ms -b 20K -r 20mbit
[ "$gone" -ge 40 ] || { echo "of $sent datagrams only $gone were lost"; exit 1; }
equal "$sent" $((came + missing)) "datagrams, those that the receiver knows to be missing among them"

step "flows, load: more than can be sent keeps nobody from ending"
out_of() { vlsp router stats "$1" --json | jq '[.links[].counts.tx_packets] | add'; }
sends() { [ "$(out_of r1)" -ge "$1" ]; }
much() { # much PROGRAM ARGS...: in the background; ends soon after SIGTERM, and says what it did
	local before
	before=$(out_of r1)
	"$BUILD/vlsp" router exec r1 -- "$APPS/$1" "${@:2}" >much.out 2>&1 &
	pid[much]=$!
	eventually 10 sends $((before + 50000))
	kill -TERM "${pid[much]}"
	timeout 2 tail -s 0.05 --pid="${pid[much]}" -f /dev/null || { kill -KILL "${pid[much]}"; echo "$1 goes on"; return 1; }
	ends much
}
much flows r2:9 -r 100gbit -b 100G -a 0 -n 1
must grep -q '^sent 1 flows, 0 ended, 1 cut off' much.out
much load -n 100gbit -a r2:9
must grep -qE '^used .* sent [1-9][0-9]* bytes' much.out

step "server and client: lost responses are counted, the others measured"
serve server r4 80 server
run r1 client r4:80 -n 300 -c 10 -s uniform:100,8000 -w 200 >client.out
stop server
responses=$(said client.out '^300 requests, ([0-9]+) responses.*') gone=$(said client.out '.* responses, ([0-9]+) lost, 0 refused, 0 unfinished.*')
equal 300 $((responses + gone)) "responses and lost ones"
[ "$gone" -ge 10 ] && [ "$responses" -ge 100 ] || { echo "$gone lost, $responses came: loss of 5 % in each datagram"; exit 1; }
must grep -qE '^latency mean [0-9.]+ ms, median [0-9.]+, 90% [0-9.]+' client.out
must_fail 1 '^2 requests, 0 responses, 2 lost' run r1 client r4:81 -n 2 -w 50
run r1 client r4:81 -n 1 -w 50 >client.out && { echo "a success without responses"; exit 1; }
must grep -q '^1 requests, 0 responses' client.out
must_fail 1 '' grep latency client.out

step "tftp: a file of 1 MB over a link that loses 5 %, each way, by checksum"
mkdir -p files/sub && head -c 1000000 /dev/urandom >files/data && ln -s /etc/passwd files/link && echo low >files/sub/low
must_fail 1 '^tftpd: nowhere: No such file or directory' run r4 tftpd nowhere
serve tftpd r4 69 tftpd files -w -t 40 -r 50
must_fail 1 '^tftp: nowhere: No such file or directory' run r1 tftp r4 put new nowhere
run r1 tftp r4 get data got -w 40 -r 50 >tftp.out
must grep -qE '^got data: 1000000 bytes in 682 blocks of 1468, [1-9][0-9]* sent again' tftp.out
must cmp files/data got
run r1 tftp r4 get data got512 -b 512 -w 40 -r 50 >tftp.out
must grep -q 'bytes in 1954 blocks of 512' tftp.out
must cmp files/data got512
run r1 tftp r4 put new got -w 40 -r 50 >tftp.out
must grep -q '^put new: 1000000 bytes' tftp.out
eventually 5 grep -q '^written new: 1000000 bytes' tftpd.out
must cmp files/data files/new
run r1 tftp r4 get sub/low low -w 40 -r 50 >tftp.out
must cmp files/sub/low low

step "tftp: nothing outside of the directory, nothing twice"
must vlsp link set r3:r4 --loss none --seed none
echo secret >secret
for name in ../secret "$WORK/secret" sub/../../secret link files sub; do
	must_fail 1 '(Invalid cross-device link|symbolic links|Permission denied|No such file)' run r1 tftp r4 get "$name" stolen
	must test ! -e stolen
done
must_fail 1 'File exists \(6\)' run r1 tftp r4 put new got
must_fail 1 'Permission denied \(2\)' run r1 tftp r4 put sub/new got
must_fail 1 'Permission denied \(2\)' run r1 tftp r4 put ../new got
must_fail 1 'no answer' run r1 tftp r4 get data stolen -p 70 -w 10 -r 3

step "tftp: a file that is there is replaced by a whole one, or stays as it is"
mkdir mine
echo precious >mine/kept
chmod 640 mine/kept
mine_is_kept() { [ "$(cat mine/kept) $(stat -c %a mine/kept) $(find mine -mindepth 1 -printf '%f ')" = "precious 640 kept " ]; }
must_fail 1 'No such file' run r1 tftp r4 get nothing mine/kept
must mine_is_kept
must_fail 1 'no answer' run r1 tftp r4 get data mine/kept -p 70 -w 10 -r 3
must mine_is_kept
must_fail 1 'mine: Is a directory' run r1 tftp r4 get data mine
must_fail 1 'mine/no/kept: No such file' run r1 tftp r4 get data mine/no/kept
must vlsp link set r3:r4 --rate 64kbit
"$BUILD/vlsp" router exec r1 -- "$APPS/tftp" r4 get data mine/kept >tftp.out 2>&1 &
under_way() { [ -n "$(find mine -name '.tftp-*' -size +8k)" ]; }
eventually 20 under_way
kill -TERM $!
wait $! || true
must grep -q 'ended by signal' tftp.out
must mine_is_kept
must vlsp link set r3:r4 --rate none
run r1 tftp r4 get data mine/kept >tftp.out
must cmp files/data mine/kept
equal "640 kept" "$(stat -c %a mine/kept) $(find mine -mindepth 1 -printf '%f')" "its mode, and what is there"
equal "data link new sub" "$(find files -mindepth 1 -maxdepth 1 -printf '%f\n' | sort | xargs)" "the directory's files"
stop tftpd

step "pub/sub: each message to each who wants it, once"
serve broker r2 1883 broker
wants() { # wants NAME ROUTER FILTER...
	local name=$1 router=$2
	shift 2
	"$BUILD/vlsp" router exec "$router" -- "$APPS/subscribe" r2:1883 "$@" >"$name.out" 2>&1 &
	pid[$name]=$!
}
wants all r1 '#'
wants twice r3 'weather/#' 'weather/paris'
wants one r4 'weather/+' -c 11
run r3 publish r2:1883 weather/none nothing >/dev/null # three have to be there before it matters
subscribed() { # each has had a message that was published until it had
	run r3 publish r2:1883 weather/ready x >/dev/null
	grep -q ready all.out && grep -q ready twice.out && grep -q ready one.out
}
eventually 10 subscribed
lines_of() { grep -c "$1" "$2" || true; }
for n in 1 2 3 4 5 6 7 8 9 10; do echo "message $n"; done | run r1 publish r2:1883 weather/paris >publish.out
must grep -q '^published 10 messages' publish.out
run r1 publish r2:1883 other/topic elsewhere >publish.out
eventually 5 grep -q 'other/topic elsewhere' all.out
eventually 5 grep -q '^weather/paris message 10' twice.out
equal 10 "$(lines_of '^weather/paris message' all.out)" "messages to #"
equal 10 "$(lines_of '^weather/paris message' twice.out)" "messages to who has two filters that match"
equal 0 "$(lines_of 'other/topic' twice.out)" "messages to who did not ask"
ends one
stop all twice broker
must grep -qE '^[0-9]+ published, [0-9]+ delivered, 0 wrong' broker.out

step "vlsp app: ready when they serve, told while they run, asked for what they count"
value() { vlsp app show "$1" "$2" --json | jq -r ".values.\"$3\""; }
must vlsp app start --name rate --ready notify r4 data-rate 5002
must vlsp app start --name way --ready notify r2 forward 6001 r3:9
leads_to() { equal "$1" "$(value r2 way to)" "reported target"; }
eventually 5 leads_to "$(address r3):9" # soon after it is ready
must vlsp app set r2 way to=r4:5002
must vlsp app set r2 way to=nowhere
must vlsp app set r2 way colour=red
must_fail 2 'key: 1 to 32 of a-z' vlsp app set r2 way TO=r4:5003
must_fail 22 '400' curl -fsS --unix-socket "$RUNTIME/vlspd.sock" -X PUT -H 'Content-Type: application/json' \
	-d '{"key":"TO","value":"r4:5003"}' http://vlsp/router/r2/app/way
eventually 5 must_say "forward: colour: there is no such setting" vlsp app logs r2 way
must_say "^set to=r4:5002$" vlsp app logs r2 way
must_say "^forward: to: 'nowhere' is not" vlsp app logs r2 way
must vlsp app start --name source --ready exit r1 send r2 6001 200 -i 1 -s 50
must_say '^sent 200 datagrams of 50 bytes, 0 not$' vlsp app logs r1 source
eventually 10 must_say '^200$' value r4 rate datagrams
eventually 5 must_say '^10000$' value r4 rate bytes
eventually 5 must_say '^200$' value r2 way datagrams
must_fail 1 "status 2: send: ADDR: is missing" vlsp app start r1 send
must vlsp app start --name busy --cpu 20% --ready notify r3 load -c 90 -m 20
eventually 10 must_say '^90.0$' value r3 busy cpu.wanted
must_say '^true$' sh -c "sleep 3; '$BUILD/vlsp' app show r3 busy --json | jq '.values | (.\"cpu.percent\" | tonumber) < 45 and (.\"memory.mib\" | tonumber) >= 20'"
must vlsp app set r3 busy cpu=5
eventually 10 must_say '^5.0$' value r3 busy cpu.wanted
must vlsp app set r3 busy network=1mbit
eventually 5 must_say "^load: network: '1mbit' is not possible before 'to' is set" vlsp app logs r3 busy
must vlsp app set r3 busy to=r2:9
must vlsp app set r3 busy network=1mbit
eventually 10 must_say '^true$' sh -c "'$BUILD/vlsp' app show r3 busy --json | jq '.values.\"network.rate\" | tonumber > 200000'"
for app in "r4 rate" "r2 way" "r3 busy"; do
	# shellcheck disable=SC2086 # two words
	must vlsp app stop $app
done

must stop_vlspd
nothing_left
