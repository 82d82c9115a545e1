#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Applications are a part of the topology: a file starts, changes and stops them, in order; what was wanted
# outlives the daemon, its supervisor and the routers, and each process goes when nobody wants it.
#
#      r1 --- r2 --- r3
#      web    db
. "$(dirname "$0")/lib.sh"

crash() { # the daemon ends without doing anything
	bpf_ids >>"$WORK/bpf.ours"
	kill -9 "$(cat $RUNTIME/vlspd.pid)"
	eventually 5 must_fail 1 'not running' vlspd status --runtime-dir "$RUNTIME"
}
apps() { vlsp app list --json | jq -r '.detail[] | "\(.routerName // .router)/\(.name) \(.state)\(if .ready and .state == "running" then " ready" else "" end)"' | sort; }
apps_are() { diff <(printf '%s\n' "$@" | sort) <(apps); }
pid_of() { vlsp app show "$1" "$2" --json | jq -r .pid; }
processes() { pgrep -f '^/usr/bin/sleep [0-9]{4}$' | sort -n | tr '\n' ' '; } # of applications
none_runs() { [ -z "$(processes)" ]; }

cat >net.yaml <<'EOT'
routers:
  - name: r1
    apps:
      - {name: web, run: /usr/bin/sleep, args: ["1001"], after: [r2/db, r2/init]}
  - name: r2
    apps:
      - {name: init, run: /bin/sh, args: [-c, "echo made; exit 0"], ready: exit}
      - {name: db, run: /usr/bin/sleep, args: ["1002"], restart: always}
  - r3
links: [r1:r2, r2:r3]
EOT
step "apply starts them in order, and is done when they are ready"
must start_vlspd
must_say '\+3 applications' vlsp topology apply net.yaml
apps_are "r1/web running ready" "r2/init ended" "r2/db running ready"
web=$(pid_of r1 web) db=$(pid_of r2 db)
must_say 'nothing to do' vlsp topology apply net.yaml
vlsp topology export >export.yaml
must_say 'nothing to do' vlsp topology apply export.yaml
equal "$web $db" "$(pid_of r1 web) $(pid_of r2 db)" "the same processes"

step "what differs is started anew, what is not in the file is stopped, what was started by hand stays"
must vlsp app start r3 --name hand /usr/bin/sleep 1003
sed 's/"1001"/"1004"/; /name: init/d; s/, r2.init//' net.yaml >other.yaml
must_say '\+ *application|~1 application' vlsp topology apply other.yaml
apps_are "r1/web running ready" "r2/db running ready" "r3/hand running ready"
equal "$db" "$(pid_of r2 db)" "what is equal runs on"
must_say '1004' tr '\0' ' ' <"/proc/$(pid_of r1 web)/cmdline"
must_fail 1 'there is no application none' vlsp app stop r1 none

step "one that was to come after another fails when that is stopped before it was ready, or its router goes"
must vlsp app start --name never --ready exit --no-wait r3 /usr/bin/sleep 1007
must vlsp app start --name dep --no-wait --after never r3 /usr/bin/sleep 1008
must vlsp app stop r3 never
dep_failed() { grep -qE "^error +$1" <<<"$(vlsp app show r3 dep)"; }
eventually 5 dep_failed 'it starts after never, which was stopped before it was ready'
must vlsp router add r4
must vlsp app start --name never --ready exit --no-wait r4 /usr/bin/sleep 1007
must vlsp app start --name dep --no-wait --after r4/never r3 /usr/bin/sleep 1008
must vlsp router delete r4
eventually 5 dep_failed 'it starts after r4/never, which was stopped before it was ready'
must vlsp app stop r3 dep
# killed, the next daemon has it wait on; also when that is right behind the stop, of a job that ends well by it
must vlsp app start --name never --ready exit --no-wait r3 /usr/bin/sleep 1007
must vlsp app start --name dep --no-wait --after never r3 /usr/bin/sleep 1008
crash
must start_vlspd
eventually 5 must_say '^state +running' vlsp app show r3 never
must_say '^state +wanted' vlsp app show r3 dep
must vlsp app stop r3 dep
must vlsp app stop r3 never
must vlsp app start --name never --ready exit --no-wait r3 /bin/sh -c 'trap "exit 0" TERM; while :; do sleep 0.05; done'
must vlsp app start --name dep --restart always --no-wait --after never r3 /usr/bin/sleep 1008
must vlsp app stop --no-wait r3 never
crash
must start_vlspd
eventually 5 dep_failed 'it starts after never, which was stopped before it was ready'
must vlsp app stop r3 dep

step "apply waits until what it takes away has ended, by force if it must; what comes in its place finds the port free"
port() { # port NAME [GRACE]: has UDP port 5005, and does not heed SIGTERM
	echo "      - {name: $1, run: /bin/sh, grace: ${2:-2s}, args: [-c, \"trap '' TERM; exec python3 -c 'import socket as s, time; u = s.socket(2, 2); u.bind((str(), 5005)); time.sleep(1006)'\"]}"
}
port_held() { grep -q . <<<"$(on r2 ss -Hlun 'sport = :5005')"; }
sed "/name: db/a\\$(port one)" other.yaml >port.yaml
must vlsp topology apply port.yaml
eventually 5 port_held
one=$(pid_of r2 one)
sed "/name: db/a\\$(port two 60s)" other.yaml >port2.yaml
vlsp topology apply port2.yaml >applied 2>&1 &
eventually 5 must_say stopping vlsp app show r2 one
must vlsp link set r1-r2 --weight 2 # others are served meanwhile
wait $! || { cat applied; false; }
must_say '\+1 application, -1 application' cat applied
[ ! -d "/proc/$one" ] || { echo "process $one is still there"; false; }
eventually 5 port_held
apps_are "r1/web running ready" "r2/db running ready" "r2/two running ready" "r3/hand running ready"
two=$(pid_of r2 two)
sed "/name: db/a\\$(port three)" other.yaml >port3.yaml
must vlsp topology apply --no-wait port3.yaml
crash # right behind it: the next daemon waits for the end of the old one, too
must start_vlspd
eventually 5 apps_are "r1/web running ready" "r2/db running ready" "r2/three wanted" "r3/hand running ready"
kill -9 "$two"
eventually 10 apps_are "r1/web running ready" "r2/db running ready" "r2/three running ready" "r3/hand running ready"
[ ! -d "/proc/$two" ] || { echo "process $two is still there"; false; }
eventually 5 port_held
two=$(pid_of r2 three)
must vlsp topology apply other.yaml
[ ! -d "/proc/$two" ] || { echo "process $two is still there"; false; }
apps_are "r1/web running ready" "r2/db running ready" "r3/hand running ready"

step "one that fails fails the apply by name; network and all others stay, and the next apply tries again"
sed '/name: db/a\      - {name: odd, run: /bin/sh, args: [-c, "echo no disk >\&2; exit 3"], ready: exit}' other.yaml >odd.yaml
must_fail 1 'application odd on r2: .*no disk' vlsp topology apply odd.yaml
apps_are "r1/web running ready" "r2/db running ready" "r2/odd failed" "r3/hand running ready"
must_fail 1 'application odd on r2: .*no disk' vlsp topology apply odd.yaml
must vlsp topology apply other.yaml

step "the daemon is killed: they run on; what ended meanwhile is told; what it was at is done or not"
before=$(processes)
for delay in 0 0.02 0.05; do
	vlsp app start r3 --name more /usr/bin/sleep 1005 >/dev/null 2>&1 &
	sleep $delay
	crash
	wait $! || true
	must start_vlspd
	if vlsp app list --json | jq -e '.detail[] | select(.name == "more" and .state != "ended")' >/dev/null; then
		eventually 5 pgrep -f '^/usr/bin/sleep 1005$'
	else
		eventually 5 must_fail 1 '' pgrep -f '^/usr/bin/sleep 1005$'
	fi
	vlsp app stop r3 more >/dev/null 2>&1 || true
done
equal "$before" "$(processes)" "the processes of applications"
crash
kill "$(pgrep -f '^/usr/bin/sleep 1003$')"
must start_vlspd
eventually 5 apps_are "r1/web running ready" "r2/db running ready" "r3/hand ended"
must_say 'signal 15|SIGTERM' vlsp app show r3 hand
must vlsp app stop r3 hand

step "their supervisor is killed: all of their processes end; policy says what is started again"
kill -9 "$(pgrep -o -f '^vlsp-supervisor ')"
eventually 10 apps_are "r1/web ended" "r2/db running ready"
equal 1 "$(processes | wc -w)" "processes"
must vlsp app logs r1 web # what it has printed is still there, until it goes
must_say '~1 application' vlsp topology apply other.yaml
apps_are "r1/web running ready" "r2/db running ready"
output_of() { find "$RUNTIME/apps" -name '*.log*' | sed 's|.*/||; s/[.].*//' | sort -un | tr '\n' ' '; }
equal "$(vlsp app list --json | jq -r '.list | sort | map("\(.) ") | add')" "$(output_of)" "applications that have output"

step "a router that is made again has its applications again"
umount "$RUNTIME/netns/r1"
must vlsp topology reconcile
eventually 10 apps_are "r1/web running ready" "r2/db running ready"
equal "$(readlink /proc/"$(pgrep -f '^vlsp-router: r1$')"/ns/net)" "$(readlink /proc/"$(pid_of r1 web)"/ns/net)" "its network"
equal 2 "$(processes | wc -w)" "processes"

step "after a reboot all are started again that had not ended"
must vlsp app start r3 --name hand /usr/bin/sleep 1003
must vlsp app start r3 --name over /bin/true
sleep 0.5 # an end is written within 0.2 s
crash
cp -a "$STATE" kept # which is all that a reboot leaves
must vlspd stop --runtime-dir "$RUNTIME"
eventually 5 none_runs
mv kept "$STATE"
must start_vlspd
eventually 10 apps_are "r1/web running ready" "r2/db running ready" "r3/hand running ready" "r3/over ended"

step "they go with the topology"
must vlsp topology delete
eventually 5 none_runs

must stop_vlspd
must nothing_left
