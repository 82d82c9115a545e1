#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# A state directory that cannot be written, or holds what cannot be read: a clear refusal, an unchanged network,
# and work that goes on when the cause is gone.
. "$(dirname "$0")/lib.sh"

STATE=$WORK/small/state
mkdir "$WORK/small"
mount -t tmpfs -o size=32m,mode=755 tmpfs "$WORK/small"
mounts >"$WORK/mounts.before"
sock=$RUNTIME/vlspd.sock
status_of() { # status_of METHOD PATH [CURL OPTIONS]: the HTTP status; the body is in the file answer
	local method=$1 path=$2
	shift 2
	curl -s -o answer -w '%{http_code}' -X "$method" --unix-socket "$sock" "$@" "http://localhost$path"
}
network() { vlsp topology export --format json; curl -s --unix-socket "$sock" 'http://localhost/router/?detail=all' | jq -c '[.detail[] | [.name, .pid]]'; }
fill() { cat /dev/zero >"$WORK/small/filler" 2>/dev/null || true; }
same_network() { equal "$before" "$(network)" "the network"; }

vlsp topology generate grid 4 4 >net.yaml
vlsp topology generate grid 6 6 >bigger.yaml
must start_vlspd
must vlsp topology apply net.yaml
mapfile -t names < <(vlsp topology export --format json | jq -r '.routers[].name')
first=${names[0]} last=${names[15]}
far=$(address "$last")
before=$(network)

step "full before an apply: refused naming the directory; the network stays"
fill
equal 507 "$(status_of PUT /topology/ --data-binary @bigger.yaml)" "status of an apply"
must grep -q "$STATE" answer
must_fail 1 "$STATE" vlsp topology apply bigger.yaml
must_fail 1 "$STATE" vlsp router add another
same_network
must on "$first" ping -c 3 -i 0.01 -W 1 "$far"
must vlsp topology show
must_say "$STATE" curl -s --unix-socket "$sock" http://localhost/health

step "space is back: the same apply works"
rm "$WORK/small/filler"
must vlsp topology apply bigger.yaml
must vlsp topology apply net.yaml
must_say 'nothing to do' vlsp topology apply net.yaml
must_not_say "$STATE" sh -c "curl -s --unix-socket $sock http://localhost/health | jq -r .status"

step "full while applies run: each is done or refused, and what is shown is what was answered"
before=$(network)
for ((i = 0; i < 20; i++)); do
	rm -f "$WORK/small/filler"
	(sleep "0.0$((RANDOM % 10))"; fill) &
	filler=$!
	file=$([ $((i % 2)) = 0 ] && echo bigger.yaml || echo net.yaml)
	rc=0
	vlsp topology apply "$file" >out 2>&1 || rc=$?
	wait $filler || true
	rm -f "$WORK/small/filler"
	if [ $rc = 0 ]; then before=$(network); else must grep -q "$STATE" out; same_network; fi
	must_say 'nothing to do' vlsp topology reconcile --dry-run
done

step "what was acknowledged while the directory was nearly full is there after a crash"
fill
vlsp router delete "$(vlsp topology export --format json | jq -r '.routers[5].name')" >out 2>&1 || must grep -q "$STATE" out
before=$(network)
bpf_ids >>"$WORK/bpf.ours"
kill -9 "$(cat "$RUNTIME/vlspd.pid")"
eventually 5 must_fail 1 'not running' vlspd status --runtime-dir "$RUNTIME"
# full still: it starts, or says why not
if ! start_vlspd >out 2>&1; then must grep -q "$STATE" out; fi
rm "$WORK/small/filler"
vlspd status --runtime-dir "$RUNTIME" >/dev/null || must start_vlspd
same_network
must vlsp topology apply net.yaml

step "read-only: refused with a clear text; what runs is left alone, and taken over later"
before=$(network)
bpf_ids >>"$WORK/bpf.ours"
must vlspd stop --keep --runtime-dir "$RUNTIME" --state-dir "$STATE"
must mount -o remount,ro "$WORK/small"
must_fail 1 "$STATE" start_vlspd
must on "$first" ping -c 3 -i 0.01 -W 1 "$far"
must mount -o remount,rw "$WORK/small"
must start_vlspd
same_network

step "two daemons on one state directory"
must_fail 1 "$STATE" vlspd start --runtime-dir "$WORK/other" --state-dir "$STATE" --listen none
same_network

keep_down() { # the daemon is not there, the network is
	bpf_ids >>"$WORK/bpf.ours"
	must vlspd stop --keep --runtime-dir "$RUNTIME" --state-dir "$STATE"
	cp "$STATE/vlsp.db" "$WORK/good.db"
}
refuses() { # refuses PATTERN: start does not start, says it, and leaves alone what runs
	must_fail 1 "$1" start_vlspd
	must_fail 1 'not running' vlspd status --runtime-dir "$RUNTIME"
	must on "$first" ping -c 3 -i 0.01 -W 1 "$far"
	equal "$sum" "$(cksum <"$STATE/vlsp.db")" "the database, which is not ours to change"
}
damage() { # damage COMMAND...: the database is what that made of it
	rm -f "$STATE"/vlsp.db-*
	"$@"
	sum=$(cksum <"$STATE/vlsp.db")
}
mend() {
	rm -f "$STATE"/vlsp.db*
	cp "$WORK/good.db" "$STATE/vlsp.db"
	must start_vlspd
	same_network
}

step "a database that is damaged: refused, what runs is left alone, and taken over once it is mended"
before=$(network)
keep_down
damage dd if=/dev/urandom of="$STATE/vlsp.db" bs=512 seek=3 count=20 conv=notrunc status=none
refuses "$STATE/vlsp.db"
damage cp net.yaml "$STATE/vlsp.db"
refuses "$STATE/vlsp.db"
damage truncate -s 1000 "$STATE/vlsp.db"
refuses "$STATE/vlsp.db"
mend

step "rows that make no sense"
keep_down
damage sqlite3 "$STATE/vlsp.db" "UPDATE routers SET slot = 4000000000 WHERE id = (SELECT min(id) FROM routers)"
refuses 'router.*slot'
mend

step "made by a newer version"
keep_down
damage sqlite3 "$STATE/vlsp.db" "PRAGMA user_version = 1000000"
refuses 'newer'
mend

must stop_vlspd
umount "$WORK/small"
mounts >"$WORK/mounts.before"
nothing_left
