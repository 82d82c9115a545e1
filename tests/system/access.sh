#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Who may do what. A user outside of the groups: every file, path and method of the instance is refused, one line an
# attempt. Members of the two groups, the tokens' roles, forged Host and Origin, TLS with and without certificates.
. "$(dirname "$0")/lib.sh"
for tool in python3 curl openssl setpriv; do command -v $tool >/dev/null || skip "needs $tool"; done

# groups of this story only
sed '/^vlsp/d' /etc/group >"$WORK/group"
printf 'vlsp:x:64001:\nvlsp-read:x:64002:\n' >>"$WORK/group"
chmod 644 "$WORK/group"
mount --bind "$WORK/group" /etc/group
mounts >"$WORK/mounts.before"
chmod 755 "$WORK"

as() { # as UID GROUP COMMAND...
	local uid=$1 group=$2
	shift 2
	setpriv --reuid "$uid" --regid "$uid" --groups "$group" --no-new-privs -- "$@"
}
nobody() { setpriv --reuid 65534 --regid 65534 --clear-groups --no-new-privs -- "$@"; }
http() { curl --noproxy '*' -sS -m 10 "$@"; }
status() { http -o /dev/null -w '%{http_code}' "$@"; } # status CURL-ARGS...
refused() { # refused STATUS WHAT CURL-ARGS...: prints the attempt
	local want=$1 what=$2
	shift 2
	equal "$want" "$(nobody curl --noproxy '*' -sS -m 10 -o /dev/null -w '%{http_code}' "$@" 2>/dev/null || true)" "$what"
	echo "  $what: $want"
}
state() { { vlsp topology export; vlsp router list; vlsp link list; } | sha256sum; }
cp "$ROOT/tests/system/access.py" "$BUILD/vlsp" "$BUILD/vlspd" "$WORK" # where everybody can read them
attempts() { nobody env PATH=/usr/bin:/bin python3 "$WORK/access.py" "$@"; }

must start_vlspd --listen 127.0.0.1:8888
# hello: a machine under load does not take the link for lost, which its list would show
printf 'hello: 2s\nrouters: [r1, r2]\nlinks: ["r1:r2"]\n' >net.yaml
must vlsp topology apply net.yaml
http --unix-socket $RUNTIME/vlspd.sock http://x/openapi.json >openapi.json
before=$(state)

step "modes and owners"
modes() { stat -c '%n %a %U %G' "$@" | sed "s|.*/||"; }
equal "vlsp 751 root root" "$(modes $RUNTIME)" "the runtime directory"
equal "state 750 root root" "$(modes $STATE)" "the state directory"
equal "token 640 root vlsp
token.readonly 640 root vlsp-read
vlspd-ro.sock 660 root vlsp-read
vlspd.log 640 root vlsp
vlspd.pid 640 root vlsp
vlspd.sock 660 root vlsp" "$(cd $RUNTIME && modes token token.readonly vlspd-ro.sock vlspd.log vlspd.pid vlspd.sock)" "files"

step "as a user outside of the groups: every file"
mapfile -t all < <(find $RUNTIME "$STATE" /sys/fs/bpf/vlsp)
[ ${#all[@]} -gt 12 ] || { echo "there are only ${#all[@]} files"; exit 1; }
attempts files "${all[@]}"

step "the socket's mode is not all: who gets through it is still asked for its credentials"
chmod 666 $RUNTIME/vlspd.sock $RUNTIME/vlspd-ro.sock
attempts routes 403 "$WORK/openapi.json" http://x --unix-socket $RUNTIME/vlspd.sock | tail -n 1
attempts routes 403 "$WORK/openapi.json" http://x --unix-socket $RUNTIME/vlspd-ro.sock | tail -n 1
chmod 660 $RUNTIME/vlspd.sock $RUNTIME/vlspd-ro.sock

step "over TCP without a token, and with a wrong one"
attempts routes 401 "$WORK/openapi.json" http://127.0.0.1:8888
attempts routes 401 "$WORK/openapi.json" http://127.0.0.1:8888 -H "Authorization: Bearer $(tr 0-9a-f 1-9a-f0 <$RUNTIME/token)" | tail -n 1

step "with the read-only token: whatever changes something"
reader=$(cat $RUNTIME/token.readonly) admin=$(cat $RUNTIME/token)
attempts routes reader "$WORK/openapi.json" http://127.0.0.1:8888 -H "Authorization: Bearer $reader"

step "pages of other sites"
tcp=http://127.0.0.1:8888/router/
for header in 'Host: evil.example' 'Host: evil.example:8888' 'Host: 127.0.0.1.evil.example' 'Host: 127.0.0.1:8888@evil' 'Host: 192.0.2.1' 'Host;' \
	'Origin: http://evil.example' 'Origin: null' 'Origin: http://127.0.0.1:3000' 'Origin: https://127.0.0.1:8888' 'Origin: http://localhost:8888' \
	'Sec-Fetch-Site: cross-site' 'Sec-Fetch-Site: same-site'; do
	refused 403 "$header, GET" -H "Authorization: Bearer $admin" -H "$header" $tcp
	refused 403 "$header, a form" -H "Authorization: Bearer $admin" -H "$header" -d name=x $tcp
done
refused 401 "a form without token" -H 'Origin: http://127.0.0.1:8888' -d name=x $tcp
refused 400 "a form as text/plain" -H "Authorization: Bearer $admin" -H 'Content-Type: text/plain' -d name=x $tcp
equal "$before" "$(state)" "what runs"

step "members of the groups"
equal 201 "$(as 64010 64001 curl --noproxy '*' -sS -o /dev/null -w '%{http_code}' -X POST --unix-socket $RUNTIME/vlspd.sock 'http://x/router/?name=made')" "vlsp makes a router"
must_say 'r1' as 64011 64002 "$WORK/vlsp" router list
must_fail 1 'role: read-only' as 64011 64002 "$WORK/vlsp" router delete made
must_fail 1 'ermission' as 64011 64002 "$WORK/vlsp" --url unix://$RUNTIME/vlspd.sock router list
must_fail 1 'no permission for .*capture.sock: be root, or a member' as 64011 64002 "$WORK/vlsp" capture r1 -c 1
for verb in status start stop; do
	must_fail 1 'no permission for .*vlspd.pid: be root, or a member' as 64011 64002 "$WORK/vlspd" $verb --runtime-dir $RUNTIME
done
must_say "^$admin\$" as 64010 64001 cat $RUNTIME/token
must_fail 1 'denied' as 64011 64002 cat $RUNTIME/token
must_say 'made' env VLSP_URL=http://127.0.0.1:8888 "$WORK/vlsp" router list
must_fail 1 'in clear' env VLSP_URL=http://192.0.2.1:8888 VLSP_TOKEN=x "$WORK/vlsp" router list
must vlsp router delete made
equal "$before" "$(state)" "what runs"

step "the audit"
audit() { grep -qE -- "audit: $1" $RUNTIME/vlspd.log || { echo "no line: $1"; tail -n 5 $RUNTIME/vlspd.log; return 1; }; }
audit 'who=- uid=64010 gid=64010 pid=[0-9]+ role=admin, POST /router/\?name=made -> 201 \([0-9]+ ms\) op [0-9]+$'
audit 'who=- uid=64011 .* role=read-only, DELETE /router/made -> 403'
audit 'who=nobody uid=65534 .* role=none, POST /router/ -> 403'
audit 'who=127\.0\.0\.1:[0-9]+ role=read-only, DELETE /router/r1 -> 403'
audit 'who=root uid=0 .* role=admin, DELETE /router/made -> 200'
must_fail 1 '' grep -F -e "$admin" -e "$reader" $RUNTIME/vlspd.log
must stop_vlspd
nothing_left

step "TLS: certificates"
openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout ca.key -out ca.pem -subj /CN=ca -days 2 2>/dev/null
cp ca.pem ca2.pem
signed() { # signed NAME SUBJECT [EXTENSION]
	openssl req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout "$1.key" -out "$1.csr" -subj "$2" 2>/dev/null
	openssl x509 -req -in "$1.csr" -CA ca.pem -CAkey ca.key -CAcreateserial -days 2 -out "$1.pem" -extfile <(echo "${3:-}") 2>/dev/null
}
signed server /CN=vlsp 'subjectAltName=DNS:vlsp.example,DNS:localhost,IP:127.0.0.1'
signed alice /OU=vlsp-admin/CN=alice
signed bob /OU=vlsp-read-only/CN=bob
signed eve /CN=eve
openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout mallory.key -out mallory.pem -subj /OU=vlsp-admin/CN=mallory -days 2 2>/dev/null
chmod 644 ./*.key # so that nobody has them here; the daemon must not like that of its own
fake=(--host fake --tls-cert server.pem --tls-key server.key)
must_fail 1 'tls-key: .*everybody.*0644.*chmod' start_vlspd --listen 127.0.0.1:8889 "${fake[@]}"
chmod 600 server.key
must_fail 2 'TLS' vlspd run --listen 0.0.0.0:8889
must_fail 2 'tls-key' vlspd run --listen 0.0.0.0:8889 --tls-cert server.pem
must_fail 2 'auth: none' vlspd run --listen 0.0.0.0:8889 --tls-cert server.pem --tls-key server.key --auth none
must_fail 1 'tls-cert: .*No such file' start_vlspd --listen 127.0.0.1:8889 --host fake --tls-cert none.pem --tls-key server.key
must_fail 1 'tls-key' start_vlspd --listen 127.0.0.1:8889 --host fake --tls-cert ca.pem --tls-key server.key

step "TLS: tokens"
must start_vlspd --listen 127.0.0.1:8889 "${fake[@]}"
tls=https://127.0.0.1:8889
trust=(--cacert "$WORK/ca.pem")
chmod 644 ./*.pem openapi.json
refused 000 "plain HTTP" http://127.0.0.1:8889/health
refused 000 "an unknown authority" $tls/health
refused 000 "TLS 1.1" "${trust[@]}" --tls-max 1.1 $tls/health
attempts routes 401 "$WORK/openapi.json" $tls "${trust[@]}" | tail -n 1
token() { echo "Authorization: Bearer $(cat $RUNTIME/"$1")"; }
equal 200 "$(status "${trust[@]}" -H "$(token token.readonly)" $tls/router/)" "the read-only token"
equal 403 "$(status "${trust[@]}" -H "$(token token.readonly)" -X POST $tls/router/)" "to change something"
equal 201 "$(status "${trust[@]}" -H "$(token token)" -X POST $tls/router/)" "the token"
equal 200 "$(status "${trust[@]}" -H "$(token token)" --resolve vlsp.example:8889:127.0.0.1 https://vlsp.example:8889/router/)" "a name of the certificate"
refused 403 "another Host" "${trust[@]}" -H "$(token token)" -H 'Host: evil.example' $tls/router/
refused 403 "another Origin" "${trust[@]}" -H "$(token token)" -H 'Origin: https://evil.example' $tls/router/
equal 200 "$(status "${trust[@]}" -H "$(token token)" -H 'Origin: https://127.0.0.1:8889' $tls/router/)" "a page of its own"
equal 400 "$(status "${trust[@]}" -H 'Content-Length: x' -X POST $tls/router/)" "a malformed request"
must_say '^vlspd +running' env VLSP_URL=$tls VLSP_CACERT=ca.pem "$BUILD/vlsp" status
must_fail 1 'VLSP_CACERT' env VLSP_URL=$tls "$BUILD/vlsp" status
must_fail 1 'VLSP_TOKEN_FILE: /nowhere: No such' env VLSP_URL=$tls VLSP_CACERT=ca.pem VLSP_TOKEN_FILE=/nowhere "$BUILD/vlsp" status
must_fail 1 'Authorization' env VLSP_URL=$tls VLSP_CACERT=ca.pem VLSP_TOKEN=wrong "$BUILD/vlsp" status
stop_vlspd

step "TLS: certificates of clients"
must start_vlspd --listen 127.0.0.1:8889 "${fake[@]}" --tls-client-ca ca2.pem
who() { echo --cert "$WORK/$1.pem" --key "$WORK/$1.key"; }
refused 000 "no certificate" "${trust[@]}" $tls/health
refused 000 "no certificate, but the token" "${trust[@]}" -H "$(token token)" $tls/health
# shellcheck disable=SC2046
{
	refused 000 "a certificate of another authority" "${trust[@]}" $(who mallory) $tls/health
	attempts routes 403 "$WORK/openapi.json" $tls "${trust[@]}" $(who eve) | tail -n 1
	attempts routes reader "$WORK/openapi.json" $tls "${trust[@]}" $(who bob) | tail -n 1
	equal 201 "$(status "${trust[@]}" $(who alice) -X POST "$tls/router/?name=r1")" "the certificate of an admin"
}
audit 'who=alice certificate from=127\.0\.0\.1:[0-9]+ role=admin, POST /router/\?name=r1 -> 201'
audit 'who=eve certificate .* role=none, DELETE /router/r1 -> 403'
must_fail 1 'VLSP_CERT' env VLSP_URL=$tls VLSP_CACERT=ca.pem "$BUILD/vlsp" status
must_say 'r1' env VLSP_URL=$tls VLSP_CACERT=ca.pem VLSP_CERT=bob.pem VLSP_KEY=bob.key "$BUILD/vlsp" router list
must_fail 1 'role: read-only' env VLSP_URL=$tls VLSP_CACERT=ca.pem VLSP_CERT=bob.pem VLSP_KEY=bob.key "$BUILD/vlsp" router delete r1
stop_vlspd

step "a directory of others, and groups that are not there"
mkdir -m 777 "$WORK/open"
must_fail 1 'others may write in it' vlspd start --host fake --runtime-dir "$WORK/open" --state-dir "$STATE" --listen none
must_fail 1 "group: there is no group 'nix'" start_vlspd --host fake --group nix
must_fail 1 "read-group: there is no group 'nix'" start_vlspd --host fake --read-group nix
equal "" "$(leftovers)" "what is left"
