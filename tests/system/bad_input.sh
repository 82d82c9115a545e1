#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Whatever is wrong with a file or a request: a message with file, line and field, and what runs is unchanged.
. "$(dirname "$0")/lib.sh"

must start_vlspd
printf 'routers: [r1, r2]\nlinks: ["r1:r2"]\n' >good.yaml
must vlsp topology apply good.yaml
state() { { vlsp topology export; vlsp router list; } | sha256sum; }
before=$(state)
unchanged() { equal "$before" "$(state)" "what runs"; }

refused() { # refused PATTERN <<< FILE: apply says PATTERN, exits 1, changes nothing
	cat >bad.yaml
	must_fail 1 "$1" vlsp topology apply bad.yaml
	must_fail 1 "$1" vlsp topology validate bad.yaml
	unchanged
}

step "wrong files"
refused 'bad\.yaml:2: .*colour' <<<$'routers: [r1]\ncolour: red'
refused 'bad\.yaml:2: links\[0\]\.weight' <<<$'routers: [r1, r2]\nlinks: [{a: r1, b: r2, weight: heavy}]'
refused 'bad\.yaml:3: routers\[1\].*r1' <<<$'routers:\n  - name: r1\n  - name: r1'
refused 'bad\.yaml:2: links\[0\].*r9' <<<$'routers: [r1]\nlinks: ["r1:r9"]'
refused 'bad\.yaml:1: routers\[0\]\.address' <<<'routers: [{name: r1, address: 192.168.1.1}]'
refused 'bad\.yaml:3: routers\[1\]\.address' <<<$'routers:\n  - {name: r1, address: 10.0.0.1}\n  - {name: r2, address: 10.0.0.1}'
refused 'bad\.yaml:1: routers\[0\]\.name' <<<'routers: [{name: "a/b"}]'
refused 'bad\.yaml:1: routers\[0\]\.name' <<<'routers: [{name: "a\nb"}]'
refused 'bad\.yaml:1: routers\[0\]\.name' <<<"routers: [{name: $(printf 'x%.0s' {1..64})}]"
refused "bad\.yaml:1: routers\[0\]\.apps\[1\]\.run: there is no shipped application 'ehco' \(did you mean 'echo'" \
	<<<'routers: [{name: r1, apps: [echo, {run: ehco}]}]'
refused "bad\.yaml:1: routers\[0\]\.apps\[0\]\.match: at 5: 'dprt' is none of" \
	<<<'routers: [{name: r1, apps: [{bpf: /x.o, match: udp dprt 53}]}]'
refused 'bad\.yaml' <<<''
refused 'bad\.yaml:[0-9]+' <<<$'a: &a [x,x,x,x,x,x,x,x,x]\nb: &b [*a,*a,*a,*a,*a,*a,*a,*a,*a]\nc: &c [*b,*b,*b,*b,*b,*b,*b,*b,*b]\nd: &d [*c,*c,*c,*c,*c,*c,*c,*c,*c]\ne: &e [*d,*d,*d,*d,*d,*d,*d,*d,*d]\nf: &f [*e,*e,*e,*e,*e,*e,*e,*e,*e]\nrouters: [*f]'
refused 'bad\.yaml:[12]' <<<'{"routers": ['

step "an abyss of brackets, a directory, a file that isn't there"
head -c 100000000 /dev/zero | tr '\0' '[' >deep.json
must_fail 1 'deep\.json' vlsp topology apply deep.json
head -c 1000000 deep.json >less.json
must_fail 1 'less\.json:1' vlsp topology apply less.json
must_fail 1 'directory' vlsp topology apply /tmp
must_fail 1 'No such file' vlsp topology apply nowhere.yaml
unchanged

step "a GraphML that ends in the middle"
cat >half.graphml <<'X'
<?xml version="1.0"?><graphml xmlns="http://graphml.graphdrawing.org/xmlns">
<key attr.name="label" attr.type="string" for="node" id="d0"/>
<graph edgedefault="undirected"><node id="0"><data key="d0">A</da
X
must_fail 1 'half\.graphml:3' vlsp topology apply half.graphml
unchanged

step "wrong requests"
api() { curl -sS --max-time 10 --unix-socket "$RUNTIME/vlspd.sock" -w '\n%{http_code}' "$@"; }
says() { # says STATUS PATTERN CURL-ARGS...
	local status=$1 pattern=$2 out
	shift 2
	out=$(api "$@")
	equal "$status" "$(tail -n 1 <<<"$out")" "status of $*: $out"
	grep -qE -- "$pattern" <<<"$out" || { echo "$* says $out, not $pattern"; return 1; }
	jq -e .error >/dev/null <<<"$(head -n -1 <<<"$out")" || { echo "$*: no error body: $out"; return 1; }
}
says 404 'r7' http://x/router/r7
says 404 '' http://x/nothing
says 405 '' -X PATCH http://x/router/
says 409 'name' -X POST 'http://x/router/?name=r1'
says 400 'name' -X POST 'http://x/router/?name=a%2Fb'
says 400 'address' -X POST 'http://x/router/?address=10.0.0.999'
says 409 'address' -X POST "http://x/router/?address=$(address r1)"
says 400 'colour' -X POST 'http://x/router/?colour=red'
says 404 'router2' -X POST 'http://x/link/?router1=r1&router2=r9'
says 400 'weight' -X POST 'http://x/link/?router1=r1&router2=r2&weight=0'
says 400 'router2' -X POST 'http://x/link/?router1=r1&router2=r1'
says 400 '' -X POST -H 'Content-Type: application/json' -d '{"name":' http://x/router/
says 400 'name' -X POST -H 'Content-Type: application/json' -d '{"name": 7}' http://x/router/
says 422 'x:1' -X PUT --data-binary '{"routers": [{}]}' 'http://x/topology/?source=x'
unchanged

step "wrong usage of the command line"
must_fail 2 'topology' vlsp topology frobnicate
must_fail 2 'weight' vlsp link add r1 r2 --weight many
must_fail 2 '' vlsp nonsense
must_fail 1 'r9' vlsp ping r1 r9 -c 1

must stop_vlspd
nothing_left
