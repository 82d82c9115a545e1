#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Network functions: programs and eBPF objects on r2, which all of this crosses. What matches, policies, queues,
# each shipped function, an own one, an eBPF object, and what a crash of the daemon changes (nothing).
#
#     r1 --- r2 --- r3
#           /  \
#         r5    r4
. "$(dirname "$0")/lib.sh"

py() { # py ROUTER COMMAND...: functions.py there
	on "$1" python3 "$ROOT/tests/system/functions.py" "${@:2}"
}
start() { # start NAME ARGUMENTS...: on r2, under that name
	vlsp app start --name "$1" r2 "${@:2}"
}
shown() { # shown NAME FILTER: of vlsp app show
	vlsp app show r2 "$1" --json | jq -r "$2"
}
fn() { # fn NAME FIELD: of its function
	shown "$1" ".functions[0].$2"
}
value() { # value NAME KEY: that it has reported
	shown "$1" ".values[\"$2\"] // \"\""
}
says() { # says WANT COMMAND...: that is what it prints
	[ "$("${@:2}")" = "$1" ]
}
kill_program() { # kill_program NAME SIGNAL
	kill "-$2" "$(shown "$1" .pid)"
}
stop() { # stop NAME...
	local name
	for name in "$@"; do must vlsp app stop r2 "$name"; done
}
background() { # background COMMAND...: as long as the story runs
	jobs=$((jobs + 1))
	"$@" >"$WORK/out.$jobs" 2>&1 &
}
jobs=0

must start_vlspd
# hello: a machine under load does not take a link for lost
must vlsp topology apply - <<<'{"hello": "500ms", "routers": ["r1", "r2", "r3", "r4", "r5"], "links": ["r1:r2", "r2:r3", "r2:r4", "r2:r5"]}'
R1=$(address r1) R2=$(address r2) R3=$(address r3) R4=$(address r4)
for r in r3 r4; do background py $r echo 7 $r; done
background py r2 echo 7 r2
eventually 10 must py r1 ask "$R3" 7 hello 0 1 0.5
eventually 10 must py r5 ask "$R4" 7 hello 0 1 0.5
eventually 10 must py r1 ask "$R2" 7 hello 0 1 0.5

step "what matches, word by word"
declare -A match=([all]="" [udp]="udp" [icmp]="icmp" [tcp]="tcp" [proto]="proto 17" [src]="src $R1" [dst]="dst $R3/32"
	[dport]="dport 7" [sport]="udp sport 1000-1999" [either]="udp dst $R3 dport 7 either" [from]="udp from to-r1"
	[to]="udp to to-r3" [edge]="udp from edge" [self]="udp to edge" [none]="udp from to-r5")
for m in "${!match[@]}"; do must start "$m" pass --match "${match[$m]}"; done
must py r1 ask "$R3" 7 x 1500                  # out and back: 2 datagrams of UDP
must py r1 ask "$R2" 7 x 2500                  # r2 itself: 2
must py r2 ask "$R3" 7 x 3500                  # its own program: 2
must on r1 ping -q -c 3 -i 0.01 "$R3"          # 6 of ICMP
declare -A want=([udp]=6 [icmp]=6 [tcp]=0 [proto]=6 [src]=5 [dst]=5 [dport]=3 [sport]=1 [either]=4 [from]=2
	[to]=2 [edge]=2 [self]=2 [none]=0 [all]=12)
for m in "${!want[@]}"; do equal "${want[$m]}" "$(fn "$m" packets)" "datagrams for '${match[$m]}'"; done
must py r1 talk "$R3" 7 1                      # TCP through those that match it, in packets
[ "$(fn tcp packets)" -gt 1000 ] || { echo "a function saw no packets of TCP"; exit 1; }
equal 0 "$(shown tcp '.functions[0].dropped + .functions[0].skipped')" "TCP that a function did not get"
flow=$(start printer printer --count 1 >/dev/null; py r1 ask "$R3" 7 x >/dev/null
	eventually 5 must_say 'flow' vlsp app logs r2 printer; vlsp app logs r2 printer | sed -n 's/.* flow //p')
must_fail 1 'as many as can be' start one-more pass
stop "${!match[@]}" printer
must start flow pass --match "flow $flow"
must_fail 1 "match: at 5: 'dprt' is none of" start wrong pass --match "udp dprt 7"
must_fail 1 'match: from to-r9: the router has no such link end' start wrong pass --match "from to-r9"
must_fail 1 '' vlsp app show r2 wrong2
stop flow

step "three in order: one drops, one changes, one sees"
must start printer printer --order 30 --match udp
must start firewall firewall --order 10 "deny udp dport 9" "allow udp dport 10" --match udp
must start mark mark --order 20 --class 32 --match "udp dst $R3"
background py r3 sink 9
background py r3 sink 10
out=$WORK/out.$jobs
eventually 5 must_say ':10 ' on r3 ss -uln
background vlsp capture r1:r2 --drops -c 5 udp dst port 9
seen=$WORK/out.$jobs
eventually 5 must_say capturing cat "$seen"
must py r1 send "$R3" 9 5 100
must py r1 send "$R3" 10 5 100
eventually 5 must_say "^$R1 [0-9]+ 32 100 4 " cat "$out"
eventually 5 says 5 value firewall dropped
eventually 5 must_say '^5 deny udp dport 9$' value firewall rule.1
eventually 5 must_say '^5 allow udp dport 10$' value firewall rule.2
eventually 5 must_say "to-r1 $R1:[0-9]+ > $R3:10 udp 128 bytes ttl 64 class 32" vlsp app logs r2 printer
must_not_say ' > [0-9.]+:9 ' vlsp app logs r2 printer
equal 0 "$(wc -l <"$WORK/out.$((jobs - 2))")" "datagrams that the firewall denies"
eventually 5 says 5 grep -c "[[]dropped: function]" "$seen"
equal 5 "$(vlsp link show r1:r2 --json | jq '[.counts[].drops.function] | add')" "drops that the daemon counts"

step "rules are changed while it runs"
must vlsp app set r2 firewall "insert=1 allow udp dport 9 src $R1"
must py r1 send "$R3" 9 1 50
eventually 5 must_say "^$R1 " cat "$WORK/out.$((jobs - 2))"
must vlsp app set r2 firewall "delete=1"
must vlsp app set r2 firewall "default=deny"
eventually 5 must_fail 1 '' py r1 ask "$R3" 7 x 0 1 1
must vlsp app set r2 firewall "append=allow udp"
eventually 10 must py r1 ask "$R3" 7 x 0 1 0.5
stop firewall mark printer

step "an open function that is killed is not missed, a closed one is"
must start open pass --match icmp
must start closed pass --match "udp dport 7" --closed
kill_program open KILL
eventually 5 says 0 shown open '.functions | length'
must on r1 ping -q -c 3 -i 0.01 -W 1 "$R3"
must py r1 ask "$R3" 7 x
kill_program closed KILL
eventually 5 says true fn closed dead
must_fail 1 '' py r1 ask "$R3" 7 x 0 3 1
equal 3 "$(fn closed dropped)" "what a closed function's end has dropped"
must on r1 ping -q -c 3 -i 0.01 -W 1 "$R3" # others go on
stop closed
must py r1 ask "$R3" 7 x
must vlsp app start --name again --restart always r2 pass --match "udp dport 7" --closed
kill_program again KILL
eventually 10 must py r1 ask "$R3" 7 x 0 1 0.5 # it has been started again, in its place
eventually 10 says false fn again dead
stop again

step "one that hangs: its queue is bounded, the policy applies and is counted, others are not concerned"
must start hangs pass --match "udp dport 10" --queue 64K
must start shuts pass --match "udp dport 11" --queue 64K --closed
kill_program hangs STOP
kill_program shuts STOP
must py r1 send "$R3" 10 300 1000
must py r1 send "$R3" 11 300 1000
eventually 5 says 300 shown hangs '.functions[0] | .packets + .skipped' # they may still wait in the kernel
eventually 5 says 300 shown shuts '.functions[0] | .packets + .dropped'
[ "$(fn hangs packets)" -lt 60 ] || { echo "64 KiB hold no 60 datagrams of 1,544 bytes"; exit 1; }
must py r1 talk "$R3" 7 5
must py r1 ask "$R3" 7 x
kill_program hangs CONT
kill_program shuts CONT
stop hangs shuts

step "nat: what leaves has the router's address, answers find back"
must start nat nat "from to-r1 udp" --ports 50000-50010
background py r3 sink 12
eventually 5 must_say ':12 ' on r3 ss -uln
must py r1 send "$R3" 12 1 30 1111
eventually 5 must_say "^$R2 500[0-9]{2} 0 30 0 " cat "$WORK/out.$jobs"
must_say "^$R3 7 r3:hello" py r1 ask "$R3" 7 hello 2222
must_say "^$R4 7 r4:hello" py r1 ask "$R4" 7 hello 2222 # the same mapping
eventually 5 says 2 value nat mappings
eventually 5 says 2 value nat back
for i in $(seq 20); do py r1 send "$R3" 12 1 30 $((3000 + i)); done
eventually 5 says 11 value nat mappings
eventually 5 says 11 value nat full
stop nat

step "limit: each flow has its rate"
must start limit limit 8kbit --burst 3000 --match "udp dport 12"
: >"$WORK/out.$jobs"
must py r1 send "$R3" 12 30 972 1111
must py r1 send "$R3" 12 30 972 1112
eventually 5 says 60 shown limit '.values | (.within | tonumber) + (.beyond | tonumber)'
within=$(value limit within)
[ "$within" -ge 6 ] && [ "$within" -le 12 ] || { echo "two buckets of 3 datagrams let $within through"; exit 1; }
eventually 5 says 2 value limit flows
must vlsp app set r2 limit action=mark:8
must start flow mark --flow 0x8eb58817
eventually 5 says 2394261527 value flow flow
must vlsp app set r2 flow flow=0xFF
eventually 5 says 255 value flow flow
must vlsp app set r2 flow flow=0x1ffffffff
eventually 5 must_say "flow: '0x1ffffffff' is not a flow id" vlsp app logs r2 flow
stop flow
eventually 5 must_say '^set action=mark:8' vlsp app logs r2 limit
eventually 5 says mark:8 value limit action
must py r1 send "$R3" 12 30 972 1111
eventually 5 must_say "^$R1 1111 8 972 " cat "$WORK/out.$jobs"
stop limit

step "dpi: patterns are counted"
must start dpi dpi virus hex:00ff --match udp
must py r1 ask "$R3" 7 "a virus here"
eventually 5 must_say '^2 datagrams 27 bytes virus$' value dpi pattern.1 # out, and echoed with "r3:"
eventually 5 must_say '^0 datagrams 0 bytes hex:00ff$' value dpi pattern.2
stop dpi

step "trim: the least significant chunks go first"
must start trim trim 1kbit --burst 2050 --match "udp dport 12"
: >"$WORK/out.$jobs"
must py r1 chunks "$R3" 12 4 # the last one does not fit at all
eventually 5 says 2 value trim trimmed
left() { awk '{ print $4 }' "$WORK/out.$jobs" | xargs; }
eventually 5 says "1320 520 120" left # bytes of four payloads
eventually 5 says 3 value trim chunks-dropped
eventually 5 says 1 value trim dropped
stop trim
must start trim trim 1kbit --burst 2050 --match "udp dport 12"
must py r1 changed "$R3" 12 2 # the first one passes as it is; the other one is not made a good one
eventually 5 says 1 value trim dropped
equal 0 "$(value trim trimmed)" "trimmed ones"
stop trim

step "balance: sources are spread over backends, answers come from the virtual address"
must_fail 1 "'$R3:7' is not possible: it is a backend already" start balance balance "$R2:8" "$R3:7" "$R3:7"
must start balance balance "$R2:8" "$R3:7" "$R4:7"
for i in $(seq 40); do py r1 ask "$R2" 8 x $((4000 + i)); done >answers
equal 40 "$(grep -c "^$R2 8 " answers)" "answers from the virtual address"
for r in r3 r4; do [ "$(grep -c "$r:x" answers)" -ge 8 ] || { echo "$r got hardly any"; exit 1; }; done
py r1 ask "$R2" 8 x 4001 10 >again
equal 1 "$(sort -u again | wc -l)" "backends of one source"
must vlsp app set r2 balance "out=$R3:7"
eventually 5 must_say '^set out' vlsp app logs r2 balance
for i in $(seq 10); do py r1 ask "$R2" 8 x $((4000 + i)); done >answers
equal 10 "$(grep -c 'r4:x' answers)" "answers of the backend that is left"
stop balance
next=$((7 + ${R4##*.} - ${R3##*.})) # address and port of both have the same sum
background py r3 echo $next r3
eventually 5 must_say ":$next " on r3 ss -uln
must start balance balance "$R2:8" "$R3:$next" "$R4:7"
for i in $(seq 20); do py r1 ask "$R2" 8 x $((4000 + i)); done >answers
for r in r3 r4; do [ "$(grep -c "$r:x" answers)" -ge 2 ] || { echo "$r got hardly any"; exit 1; }; done
stop balance

step "cache: what was asked before is answered here"
background py r3 number 14
eventually 5 must_say ':14 ' on r3 ss -uln
must start cache cache 14 --id 2
must_say "^$R3 14 AA1:question" py r1 ask "$R3" 14 AAquestion
eventually 5 says 1 value cache stored
must_say "^$R3 14 BB1:question" py r1 ask "$R3" 14 BBquestion 5000
must_say "^$R3 14 CC1:question" py r5 ask "$R3" 14 CCquestion
eventually 5 says 2 value cache hits
must_say "^$R3 14 DD2:other" py r1 ask "$R3" 14 DDother
eventually 5 says 2 value cache misses
must vlsp app set r2 cache flush=all
eventually 5 must_say '^set flush' vlsp app logs r2 cache
must_say "^$R3 14 EE3:question" py r1 ask "$R3" 14 EEquestion
stop cache
background py r3 spoilt 15
eventually 5 must_say ':15 ' on r3 ss -uln
must start cache cache 15 --id 2
must_say "^$R3 15 AA1:question" py r1 ask "$R3" 15 AAquestion
eventually 5 says 1 value cache stored
must_say "^$R3 15 BB1:question" py r1 ask "$R3" 15 BBquestion # not what a link has made of an answer
eventually 5 says 1 value cache hits
stop cache

step "one of your own: the documentation's, compiled"
must gcc -Wall -Wextra "$ROOT/examples/my-function.c" "-I$ROOT/include" "-L$BUILD" -lvlsp "-Wl,-rpath,$BUILD" -o my-function
[ "$(wc -l <"$ROOT/examples/my-function.c")" -le 40 ] || { echo "it has grown"; exit 1; }
must start mine "$WORK/my-function"
must_say "^$R3 7 r3:HELLO" py r1 ask "$R3" 7 hello
eventually 5 says 1 value mine count
must_say 'r4:HELLO' py r5 ask "$R4" 7 hello
stop mine
must_say 'r3:hello' py r1 ask "$R3" 7 hello
must_fail 1 'not started by vlsp app start' on r2 ./my-function

step "an eBPF object: counts and drops in the kernel, and its maps can be read"
must sh -c "clang-14 -O2 -g -target bpf -I/usr/include/\$(uname -m)-linux-gnu -c '$ROOT/examples/count.bpf.c' -o count.bpf.o"
must vlsp app start --bpf --name counter --match "from to-r1" r2 "$WORK/count.bpf.o"
must on r1 ping -q -c 4 -i 0.01 -W 1 "$R3"
must py r1 send "$R3" 9 3 10
pins=/sys/fs/bpf/vlsp/default/app-$(shown counter .id)
dump() { bpftool -j map dump pinned "$pins/protocols" | jq "[.[] | .formatted] | .[$1].value"; }
equal 4 "$(dump 1)" "ICMP that the object has counted"
eventually 5 says 3 dump 17 # UDP that it has counted: it may still wait in the kernel
eventually 5 says 3 fn counter dropped
must_say "counter +ready .*count.bpf.o .eBPF." vlsp app list r2
must_fail 1 'has several programs, .*vlsp_in' vlsp app start --bpf r2 "$BUILD/bpf/vlsp.bpf.o"
must_fail 1 'No such file' vlsp app start --bpf r2 /nowhere.o
must_fail 1 'args: of bpf are at most one' vlsp app start --bpf r2 "$WORK/count.bpf.o" count more

step "the daemon is killed: functions go on, and the next one knows them"
must start stays pass --match "icmp from to-r1" --order 9
kill -9 "$(cat $RUNTIME/vlspd.pid)"
must on r1 ping -q -c 4 -i 0.01 -W 1 "$R3"
equal 8 "$(dump 1)" "ICMP that the object has counted"
must start_vlspd
eventually 10 says 4 fn stays packets
equal "from to-r1 icmp" "$(fn stays match)" "the match that is shown"
must on r1 ping -q -c 4 -i 0.01 -W 1 "$R3"
equal 12 "$(dump 1)" "ICMP that the object has counted"
equal 15 "$(fn counter packets)" "datagrams for the object"
equal 8 "$(fn stays packets)" "datagrams for the program"
stop stays
must vlsp app stop r2 counter
[ ! -e "$pins" ] || { echo "the object's pins are left"; exit 1; }

step "a router takes its functions along"
must vlsp app start --bpf --name counter r2 "$WORK/count.bpf.o"
must start last pass
must vlsp router delete r2
must vlsp router add r2
for l in r1 r3 r4 r5; do must vlsp link add r2 $l; done
R2=$(address r2)
eventually 10 must py r1 ask "$R3" 7 hello 0 1 0.5

step "clean-up after a crash takes the objects' pins along"
must vlsp app start --bpf --name counter r2 "$WORK/count.bpf.o"
must start last pass
bpf_ids >>"$WORK/bpf.ours"
kill -9 "$(cat $RUNTIME/vlspd.pid)"
eventually 5 must_fail 1 'not running' vlspd status --runtime-dir "$RUNTIME"
must vlspd clean --runtime-dir "$RUNTIME"
nothing_left
