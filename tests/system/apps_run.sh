#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Applications run whatever becomes of the daemon, and end with their router, their limits or their supervisor:
#
#   a --- b --- c      on a: a ticker, one that daemonizes, one that fails; on b: echo; on c: a fork bomb
. "$(dirname "$0")/lib.sh"

step "three routers, and applications on them"
start_vlspd
cat >net.yaml <<'YAML'
name: apps
routers: [{name: a}, {name: b}, {name: c}]
links: [{a: a, b: b}, {a: b, b: c}]
YAML
must vlsp topology apply net.yaml

field() { # field ROUTER APP NAME: of what vlsp app show says
	vlsp app show "$1" "$2" --json | jq -r ".$3"
}
pid_of() { field "$1" "$2" pid; }
ticks() { vlsp app logs "$1" "$2" | grep -c tick; }
more_ticks() { # more_ticks ROUTER APP COUNT
	[ "$(ticks "$1" "$2")" -gt "$3" ]
}
is_pid() { [ "$(pid_of "$1" "$2")" = "$3" ]; }
gone() { ! kill -0 "$1" 2>/dev/null; }
none_named() { # none_named WORDS: no process has them as its command line
	! grep -zqs -- "$1" /proc/[0-9]*/cmdline
}

must vlsp app start --name ticker a /bin/sh -c 'while :; do echo tick; sleep 0.05; done'
must vlsp app start b echo
must vlsp app start --name hider --grace 0.3s a /bin/sh -c \
	'(setsid sh -c "exec sleep 31415" &) ; trap "" TERM; while :; do sleep 0.1; done'
eventually 10 more_ticks a ticker 3

step "one that cannot run says why, and is not there afterwards"
must_fail 1 '/no/such: No such file' vlsp app start a /no/such
fails_at_once() { # or it has lived for 100 ms on a slow machine, and is ready by that
	vlsp app stop a bad >/dev/null 2>&1 || true
	must_fail 1 'status 4: oops' vlsp app start --name bad a /bin/sh -c 'echo oops >&2; exit 4'
}
eventually 20 fails_at_once
must_fail 1 'neither a shipped application nor a program' vlsp app start a nonsense
must_fail 1 'there is no application bad' vlsp app show a bad
mkdir -m 700 closed # of PATH, where an application may not look
printf '#!/bin/sh\n' >there && chmod +x there
must vlsp router exec a -- "$WORK/there"
must_fail 127 "$WORK/there: No such file or directory .*/run is the application's own here" vlsp router exec --app a -- "$WORK/there"
must_fail 127 '/opt/nothing: No such file or directory$' vlsp router exec --app a -- /opt/nothing
must_fail 127 'no-such-program: No such file' env PATH="$WORK/closed:$PATH" "$BUILD/vlsp" router exec --app a -- no-such-program

step "one that has ended well has no error; a program is called as it was, also where that is a link"
ln -s /bin/sh "$WORK/linked"
must vlsp app start --ready exit a "$WORK/linked" -c 'echo "I am $0"' # in a place that it does not see
equal "" "$(field a linked error)" "the error of one that ended well"
must_say "^I am $WORK/linked$" vlsp app logs a linked
must vlsp app start --ready exit a /bin/sh -c 'echo "I am $0"'
must_say '^I am /usr/bin/sh$|^I am /bin/sh$' vlsp app logs a sh
must vlsp app stop a linked
must vlsp app stop a sh

step "arguments of a program may be empty"
must vlsp app start --ready exit --name args a /bin/sh -c 'echo "$#: $1 $2"' '' '' two
must_say '^2:  two$' vlsp app logs a args
must vlsp app stop a args
must vlsp app start --ready exit --name empty a /bin/echo ''
must vlsp app stop a empty
must_fail 1 "'' is not a pattern: it is empty" vlsp app start a dpi ''

step "what it sends and receives is counted"
must vlsp app start --name pinger c ping "$(address b)"
sent() { # sent COUNT: packets at least
	[ "$(field c pinger usage.txPackets)" -ge "$1" ]
}
if grep -q ' cgroup2 ' /proc/mounts; then eventually 20 sent 2; else echo "  (no unified control groups here: left out)"; fi

step "a daemon that is killed leaves them running; the next one knows them and their output"
ticker=$(pid_of a ticker) echo=$(pid_of b echo) before=$(ticks a ticker)
must vlsp app start --name again --restart always a /bin/sh -c 'echo run; sleep 1; exit 3' # ready before it ends
again=$(field a again id)
kill -KILL "$(cat "$RUNTIME/vlspd.pid")"
runs() { cat "$RUNTIME/apps/$again".log* | grep -c run || true; }
before_runs=$(runs)
runs_again() { [ "$(runs)" -gt $((before_runs + 1)) ]; }
eventually 20 runs_again # without a daemon
must kill -0 "$ticker"
start_vlspd
eventually 10 is_pid a ticker "$ticker"
equal "$echo" "$(pid_of b echo)" "the process of echo"
! grep -q ' cgroup2 ' /proc/mounts || eventually 10 sent 2 # and not from 0 on
[ "$(field a again restarts)" -ge 1 ] || { echo "nobody started it again meanwhile"; exit 1; }
eventually 10 more_ticks a ticker "$((before + 10))"
must vlsp app stop a again

step "so does one that is stopped with --keep"
vlspd stop --keep --runtime-dir "$RUNTIME"
must kill -0 "$ticker"
start_vlspd
eventually 10 is_pid a ticker "$ticker"
eventually 10 more_ticks a ticker "$((before + 20))"

step "names of routers that are made later are found by applications that run"
must vlsp app start --name finder a /bin/sh -c 'until grep -qw later /etc/hosts; do sleep 0.05; done; echo found'
must vlsp router add later
eventually 10 must_say found vlsp app logs a finder
must vlsp router delete later

step "stop ends what has left its session, too"
must_say sleep pgrep -f "sleep 31415" -l
must vlsp app stop a hider
must none_named 31415

step "more memory than its limit: ended by the kernel, with that reason"
if grep -qE ' (cgroup|cgroup2) .*(memory|cgroup2)' /proc/mounts; then
	must_fail 1 'signal 9 .*out of memory' vlsp app start --name eater --memory 16M --ready exit a \
		/bin/sh -c 'head -c 200000000 /dev/zero | tail | wc -c; kill -KILL $$'
else
	echo "  (no control groups here: left out)"
fi

step "more processes than the limit of its router: refused, with that limit; each has its supervisor's, too"
if grep -qE ' cgroup .*[ ,]pids|- cgroup2 | cgroup2 ' /proc/mounts; then
	must vlsp router add small --pids 8
	for i in 1 2 3 4; do must vlsp app start --name "s$i" small /bin/sleep 1000; done
	must_fail 1 'sleep: Resource temporarily unavailable \(limit of processes: 8\)' vlsp app start small /bin/sleep 1000
	must_fail 1 'Resource temporarily unavailable \(limit of processes: 8\)' vlsp router exec --app small -- true
	must vlsp router delete small
fi

step "a fork bomb on one router: others answer, and it ends when it is stopped"
must vlsp app start --name bomb c /bin/sh -c '(b() { while :; do b & done; }; b) 2>/dev/null & exec sleep 1000'
before=$(ticks a ticker)
eventually 20 more_ticks a ticker "$((before + 5))"
must vlsp app start --name fine b /bin/sh -c 'sleep 0.2; echo fine'
must vlsp app stop c bomb

step "the supervisor dies: all end with it, and others can be started"
supervisor=$(pgrep -f "^vlsp-supervisor $RUNTIME/supervisor.sock" | head -n 1)
ticker=$(pid_of a ticker)
kill -KILL "$supervisor"
eventually 10 gone "$ticker"
must vlsp app start --name after b /bin/sh -c 'sleep 1000'

step "a router takes its applications along"
must vlsp app start --name last --restart always c /bin/sh -c 'trap "" TERM; while :; do sleep 0.1; done'
last=$(pid_of c last)
must vlsp router delete c
must gone "$last"

step "nothing is left"
stop_vlspd
nothing_left

for how in "vlspd clean --runtime-dir $RUNTIME" "$ROOT/packaging/vlsp-clean.sh $RUNTIME"; do
	step "nor by ${how%% *}, after a daemon that was killed"
	start_vlspd --restore no
	must vlsp router add a
	must vlsp app start --name stays --restart always a /bin/sh -c 'exec sleep 27182'
	bpf_ids >>"$WORK/bpf.ours"
	kill -KILL "$(cat "$RUNTIME/vlspd.pid")"
	eventually 10 gone "$(cat "$RUNTIME/vlspd.pid")"
	must $how
	must none_named 27182
	nothing_left
done
