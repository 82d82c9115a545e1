#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# vlspd in simulation mode, by anybody, without privileges: start and stop, Table I of the paper by curl, the token,
# malformed requests, two instances, what a kill leaves. Needs curl and jq.
set -euo pipefail

ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
BUILD=${BUILD:-$ROOT/build}
for tool in curl jq; do
	command -v $tool >/dev/null || { echo "skip: needs $tool"; exit 77; }
done
if [ "$(id -u)" = 0 ]; then # as nobody: root could do what an ordinary user can't
	[ "${1:-}" = mounts ] || exec unshare --mount --propagation private bash "$ROOT/tests/system/api_fake.sh" mounts
	# By a way that nobody may go: the checkout may be in a directory that only root may enter.
	mount -t tmpfs -o mode=755 tmpfs /run
	mkdir -p /run/tree/tests /run/build
	mount --bind "$ROOT/tests" /run/tree/tests
	mount --bind "$BUILD" /run/build
	cd /
	exec setpriv --reuid 65534 --regid 65534 --clear-groups --no-new-privs \
		env -u TMPDIR BUILD=/run/build bash /run/tree/tests/system/api_fake.sh
fi

WORK=$(mktemp -d)
RUN=$WORK/run
OPTIONS=(--runtime-dir "$RUN" --state-dir "$WORK/state")
STEP=
finish() {
	local rc=$?
	trap - EXIT
	if [ $rc -ne 0 ]; then
		echo "FAILED in: $STEP"
		[ ! -f "$RUN/vlspd.log" ] || tail -n 20 "$RUN/vlspd.log"
	fi
	"$BUILD/vlspd" stop "${OPTIONS[@]}" 2>/dev/null || true
	rm -rf "$WORK"
	exit $rc
}
trap finish EXIT
step() { STEP=$*; echo "- $*"; }
die() { echo "$*"; exit 1; }
vlspd() { "$BUILD/vlspd" "$@"; }
start() { vlspd start --host fake "${OPTIONS[@]}" "$@"; }
fails() { # fails CODE PATTERN COMMAND...
	local code=$1 pattern=$2 out rc=0
	shift 2
	out=$("$@" 2>&1) || rc=$?
	[ $rc = "$code" ] && grep -qE -- "$pattern" <<<"$out" || die "$*: exit $rc, not $code: $out"
}
http() { curl --noproxy '*' -sS --max-time 20 "$@"; }
api() { # api STATUS JQ-CONDITION CURL-ARGS... PATH
	local status=$1 condition=$2 out path=${*: -1}
	shift 2
	out=$(http --unix-socket "$RUN/vlspd.sock" -w '\n%{http_code}' "${@:1:$#-1}" "http://vlspd$path")
	[ "$(tail -n 1 <<<"$out")" = "$status" ] || die "$path: not $status: $out"
	head -n -1 <<<"$out" | jq -e "$condition" >/dev/null || die "$path: not $condition: $out"
}

step "without privileges only simulation is possible"
fails 1 'root' vlspd start "${OPTIONS[@]}"
fails 1 'root' vlspd run "${OPTIONS[@]}"
fails 2 'TLS' vlspd run --listen 0.0.0.0:1
fails 1 'not running' vlspd status "${OPTIONS[@]}"
fails 1 'must be root' vlspd start --runtime-dir /run/vlsp-test --state-dir "$WORK/state"
fails 2 "'me' is not a command" vlspd help me
[ "$(vlspd --version)" = "$(vlspd version)" ]
[ "$(vlspd help stop | sed -n '1p;/^  st/p')" = "usage: vlspd stop [OPTIONS]
$(vlspd help | grep '^  stop')" ]

step "start returns when the API answers"
start --listen 127.0.0.1:0
api 200 '.status == "ok"' /health
grep -q "process $(cat "$RUN/vlspd.pid")" <<<"$(vlspd status "${OPTIONS[@]}")" || die "status doesn't name the process"
fails 1 'already running' start
[ "$(stat -c %a "$RUN/vlspd.sock" "$RUN/token" | tr '\n' ' ')" = "660 640 " ] || die "file modes"

step "Table I of the paper"
api 201 '.routerID == 1 and .success' -X POST /router/
api 201 '.routerID == 2 and .name == "two"' -X POST '/router/?name=two'
api 200 '.list == [1,2]' /router/
api 200 '.name == "Router-1" and .address == "10.0.0.1"' /router/1
api 201 '.linkID == 1 and .weight == 1' -X POST '/link/?router1=1&router2=2'
api 200 '.list == [1]' /link/
api 200 '.nodes == [1,2]' /link/1
api 200 '.success' -X DELETE /link/1
api 200 '.router == 1' -X DELETE /router/1
api 404 '.error' /router/1

step "a topology"
printf 'name: t\nrouters: [a, b, c]\nlinks: ["a:b", "b:c", {a: a, b: c, weight: 9}]\n' >"$WORK/t.yaml"
api 200 '.changed and .converged and .routersAdded == 3' -X PUT --data-binary "@$WORK/t.yaml" /topology/
api 200 '.changed == false and .msg == "nothing to do"' -X PUT --data-binary "@$WORK/t.yaml" /topology/
api 200 '[.routes[] | select(.name == "c")][0] | .nexthopName == "b" and .metric == 2' /router/a/route/
http --unix-socket "$RUN/vlspd.sock" -T - 'http://vlspd/topology/' <"$WORK/t.yaml" | jq -e '.changed == false' >/dev/null
api 422 '.error | test("^t.yaml:1: ")' -X PUT --data-binary 'colour: red' '/topology/?source=t.yaml'

step "events go on after an id"
event_after() { # the first of the stream, which goes on without an end
	local line
	exec {stream}< <(exec timeout 20 curl --noproxy '*' -sSN --unix-socket "$RUN/vlspd.sock" -H "Last-Event-ID: $1" http://vlspd/events)
	while read -r line <&$stream && [[ $line != id:* ]]; do :; done
	kill $!
	exec {stream}<&-
	echo "$line"
}
[ "$(event_after 0)" = "id: 1" ] || die "no first event"
[ "$(event_after 5)" = "id: 6" ] || die "the stream doesn't go on after 5"

step "TCP needs the token"
port=$(sed -n 's/.*127\.0\.0\.1:\([0-9]*\)$/\1/p' "$RUN/vlspd.log")
tcp() { http -o /dev/null -w '%{http_code}' "$@" "http://127.0.0.1:$port/router/"; }
[ "$(tcp)" = 401 ] || die "no token"
[ "$(tcp -H "Authorization: Bearer x$(cat "$RUN/token")")" = 401 ] || die "a wrong token"
[ "$(tcp -H "Authorization: Bearer $(cat "$RUN/token")")" = 200 ] || die "the right token"
[ "$(tcp -H "Authorization: Bearer $(cat "$RUN/token")" -H 'Host: evil.example')" = 403 ] || die "another Host"
[ "$(tcp -H "Authorization: Bearer $(cat "$RUN/token")" -H 'Origin: http://evil.example')" = 403 ] || die "another Origin"

step "100 MB of brackets"
head -c 100000000 /dev/zero | tr '\0' '[' >"$WORK/deep"
api 413 '.error' -X PUT --data-binary "@$WORK/deep" /topology/
api 413 '.error' -X PUT -H 'Expect:' --data-binary "@$WORK/deep" /topology/
rm "$WORK/deep"
api 200 '.status == "ok" and .routers == 3' /health

step "stop leaves nothing"
vlspd stop "${OPTIONS[@]}"
[ ! -e "$RUN" ] || die "left: $(ls "$RUN")"
grep -q 'not running' <<<"$(vlspd stop "${OPTIONS[@]}" 2>&1)" || die "a second stop"

step "what a kill leaves does not hinder"
start --listen none
kill -KILL "$(cat "$RUN/vlspd.pid")"
until ! vlspd status "${OPTIONS[@]}" >/dev/null; do sleep 0.05; done
start --listen none
api 200 '.routers == 0' /health
vlspd restart --host fake --listen none "${OPTIONS[@]}"
api 200 '.status == "ok"' /health
vlspd stop "${OPTIONS[@]}"
[ ! -e "$RUN" ] || die "left: $(ls "$RUN")"

step "in the foreground, told to end by SIGINT"
"$BUILD/vlspd" run --host fake --listen none --log-level debug "${OPTIONS[@]}" 2>"$WORK/log" &
pid=$!
until [ -S "$RUN/vlspd.sock" ]; do sleep 0.05; done
api 200 '.status == "ok"' /health
api 200 '.success' -X PUT --data-binary 'routers: [{name: a, latitude: 48.2, longitude: 16.3}]' /topology/
grep -q '"latitude":48.2,"longitude":16.3' <<<"$(http --unix-socket "$RUN/vlspd.sock" http://vlspd/router/a)" || die "degrees"
kill -INT $pid
wait $pid || die "its status: $?"
grep -q debug "$WORK/log" || die "no debug log"
! grep -E 'TCP_|Failed to push' "$WORK/log" || die "log: unix sockets have no TCP options"
[ ! -e "$RUN" ] || die "left: $(ls "$RUN")"
