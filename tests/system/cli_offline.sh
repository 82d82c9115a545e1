#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# What vlsp does without a daemon and without root: help, usage, generate, validate, exit codes, completion.
# (It does not source lib.sh: nothing here needs namespaces.)
set -euo pipefail
cd "$(dirname "$0")/../.."
BUILD=$(realpath "${BUILD:-build}")
MAN=$PWD/Documentation/man/vlsp.1.scd
WORK=$(mktemp -d)
trap 'rm -rf "$WORK"' EXIT
cd "$WORK"
export VLSP_RUNTIME_DIR=$WORK/run
unset VLSP_URL
mkdir run

vlsp() { "$BUILD/vlsp" "$@"; }
step() { echo "- $*"; }
check() { # check CODE STDOUT-PATTERN STDERR-PATTERN COMMAND...
	local code=$1 out=$2 err=$3 rc=0
	shift 3
	"$@" >out 2>err </dev/null || rc=$?
	if [ $rc -ne "$code" ] || ! grep -qE -- "$out" <(cat out; echo) || ! grep -qE -- "$err" <(cat err; echo); then
		printf 'want %s, "%s", "%s", got %s: %s\n' "$code" "$out" "$err" $rc "$*"
		cat out err
		exit 1
	fi
}

step "every noun and verb has help, and its place in the manual"
verbs=0
documented() { # documented NOUN [VERB]
	check 0 "Usage: vlsp $*" '^$' vlsp "$@" --help
	verbs=$((verbs + 1))
	grep -qE "^\*vlsp $*\*" "$MAN" || { echo "vlsp.1 has no entry of: $*"; exit 1; }
	[ "$*" = "topology generate" ] && return 0 # options of its kinds are in its --help
	for option in $(vlsp __complete "$@" --); do
		grep -qF -- "*$option*" "$MAN" || { echo "vlsp.1 has no $option of: $*"; exit 1; }
	done
}
for noun in $(vlsp __complete ''); do
	case $noun in
	status | doctor | ping | trace | capture | version | completion) documented "$noun" ;;
	*)
		check 0 "Usage: vlsp $noun VERB" '^$' vlsp "$noun" --help
		synopsis="*vlsp $noun* $(vlsp __complete "$noun" '' | paste -sd'|' | sed 's/|/ | /g')++"
		grep -qxF -- "$synopsis" "$MAN" || { echo "vlsp.1 has no line in its synopsis: $synopsis"; exit 1; }
		for verb in $(vlsp __complete "$noun" ''); do documented "$noun" "$verb"; done
		;;
	esac
done
[ $verbs -ge 25 ] || { echo "only $verbs verbs"; exit 1; }

step "wrong usage: exit 2, the reason on stderr, nothing on stdout"
check 2 '^$' 'Usage: vlsp NOUN VERB' vlsp
check 2 '^$' "unknown command 'nonsense'" vlsp nonsense
check 2 '^$' "did you mean 'topology'" vlsp topologyy show
check 2 '^$' "did you mean 'apply'" vlsp topology applyy net.yaml
check 2 '^$' "did you mean '--weight'" vlsp link set 1 --wieght 3
check 2 '^$' "weight.*'many'" vlsp link add r1 r2 --weight many
check 2 '^$' 'needs FILE' vlsp topology apply

step "generate, and what was generated is valid in every format"
for kind in 'line 3' 'ring 4' 'star 5' 'full 4' 'grid 10 10' 'torus 3 3' 'tree 4 4' 'fat-tree 4' 'leaf-spine 3 2' \
	'erdos-renyi 20 0.3 --seed 5' 'barabasi-albert 20 2' 'waxman 20'; do
	for format in yaml json graphml; do
		# shellcheck disable=SC2086
		check 0 '' '' vlsp topology generate $kind --format $format -o "net.$format"
		check 0 ': valid, [0-9]+ routers, [0-9]+ links' '' vlsp topology validate "net.$format"
	done
done
grep -q '^stdin: valid, 100 routers, 180 links$' <<<"$(vlsp topology generate grid 10 10 | vlsp topology validate -)"
grep -q '"routers": *85,"links": *84' <<<"$(vlsp topology generate tree 4 4 | vlsp topology validate - --json)"
[ "$(vlsp topology generate waxman 30 --seed 7)" = "$(vlsp topology generate waxman 30 --seed 7)" ]
[ "$(vlsp topology generate waxman 30 --seed 7)" != "$(vlsp topology generate waxman 30 --seed 8)" ]
check 2 '^$' "did you mean 'grid'" vlsp topology generate gridd 2 2
check 2 '^$' 'grid' vlsp topology generate grid
check 2 '^$' 'seed' vlsp topology generate ring 4 --seed

step "kinds, commands and formats are listed where one is missing or unknown"
check 2 '^$' 'needs KIND: one of line, ring, star, .*waxman$' vlsp topology generate
check 2 '^$' 'foo: is not a kind of topology; kinds are line, .*waxman$' vlsp topology generate foo
check 2 '^$' "'r' may be several commands \(router, route\)" vlsp r
check 2 '^$' 'like 5s, 30s, 2m\)$' vlsp topology apply --timeout 0 a.yaml
check 2 '^$' '^vlsp: x\.png: .*no known format \(json, yaml, yml, graphml, dot\)' vlsp topology generate ring 3 -o x.png
[ ! -e x.png ] # nothing was made
check 0 '' '^$' vlsp topology generate ring 3 -o plain
grep -q '^routers:$' plain
check 0 '' '^$' vlsp topology generate ring 3 --format dot -o x.png

step "shapes are taken, but for what makes no sense"
vlsp topology generate ring 3 --delay 2ms --loss 1 --burst 2.5 -o shaped.yaml
check 0 'valid, 3 routers' '^$' vlsp topology validate shaped.yaml
check 0 '"warnings":\[\]' '^$' vlsp topology validate shaped.yaml --json
check 0 'valid, 3 routers' '^$' vlsp topology validate plain
check 2 '^$' 'links\[0\]\.jitter: 3ms is more than the delay, 2ms$' \
	vlsp topology generate ring 3 --delay 2ms --jitter 3ms

step "convert keeps the network"
vlsp topology generate grid 3 3 -o a.yaml
vlsp topology convert a.yaml -o b.graphml
grep -q '9 routers, 12 links' <<<"$(vlsp topology convert b.graphml --format yaml | vlsp topology validate -)"

printf 'routers: [{name: r1, apps: [echo]}, r2]\nlinks: ["r1:r2"]\nevents: [{at: 1s, link-down: "r1:r2"}]\n' >more.yaml
check 0 '<graphml' 'warning: graphml has no applications: 1 left out' vlsp topology convert more.yaml --format graphml
check 0 '<graphml' 'warning: graphml has no events, traces and seed: left out' vlsp topology convert more.yaml --format graphml
check 0 'apps' '^$' vlsp topology convert more.yaml --format json

step "files that are wrong"
printf 'routers: [r1]\nlinks: ["r1:r9"]\n' >bad.yaml
mkdir dir
: >empty.yaml
truncate -s 33M huge.yaml
check 1 '^$' '^vlsp: bad\.yaml:2: links\[0\].*r9' vlsp topology validate bad.yaml
apps() { # apps FIELDS: of one application on r1
	printf 'routers:\n  - name: r1\n    apps:\n      - {%s}\n' "$1" >apps.yaml
}
apps 'run: ehco'
check 1 '^$' "^vlsp: apps\.yaml:4: routers\[0\]\.apps\[0\]\.run: there is no shipped application 'ehco' \(did you mean 'echo'\?\)" \
	vlsp topology validate apps.yaml
apps 'bpf: /x.o, match: udp dprt 53'
check 1 '^$' "^vlsp: apps\.yaml:4: routers\[0\]\.apps\[0\]\.match: at 5: 'dprt' is none of" vlsp topology validate apps.yaml
apps 'run: echo'
check 0 'valid, 1 router,' '^$' vlsp topology validate apps.yaml
check 1 '^$' '^vlsp: dir: is a directory' vlsp topology validate dir
check 1 '^$' '^vlsp: empty\.yaml: is empty' vlsp topology validate empty.yaml
check 1 '^$' '^vlsp: huge\.yaml: larger than 32 MB' vlsp topology validate huge.yaml
check 1 '^$' '^vlsp: none\.yaml: No such file' vlsp topology validate none.yaml
check 1 '^$' '^vlsp: stdin: is empty' vlsp topology validate -
check 1 '^$' 'No such file or directory' vlsp topology generate ring 3 -o no/such/dir.yaml
check 1 '^$' 'writing the output: Bad file descriptor' sh -c "'$BUILD/vlsp' topology generate ring 3 >&-"
check 1 '' 'No space left on device' sh -c "'$BUILD/vlsp' topology generate ring 3 >/dev/full"

step "without a daemon: said so, with the way to start it, exit 1"
for words in status 'router list' 'link list' 'topology show' 'topology delete' 'route show r1' 'ping a b' 'trace a b' \
	'link up 1' 'topology apply a.yaml' 'router add r1'; do
	# shellcheck disable=SC2086
	check 1 '^$' "^vlsp: vlspd is not running \(no $WORK/run/vlspd\.sock\): start it with: sudo vlspd start$" vlsp $words
done
check 1 '^$' "no $WORK/other/vlspd\.sock" vlsp --runtime-dir other status
check 1 '^$' "no /none/x\.sock" vlsp --url unix:///none/x.sock status
check 1 '^$' "no /none/x\.sock" vlsp --url unix:/none/x.sock status
check 1 '^$' "does not start with unix://" vlsp --url gopher://x status
VLSP_URL=unix:///none/y.sock check 1 '^$' "no /none/y\.sock" vlsp status
VLSP_URL=unix:///none/y.sock check 1 '^$' "no $WORK/run/" vlsp status --runtime-dir run

step "completion: the script works in bash and silence is kept"
vlsp completion bash >vlsp.bash
answer() { # answer WORD...: what bash would offer
	bash -c '. ./vlsp.bash; PATH=$1:$PATH; shift; COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _vlsp; echo "${COMPREPLY[*]}"' x "$BUILD" "$@"
}
[ "$(answer vlsp rout)" = "router route" ]
[ "$(answer vlsp topology ex)" = "export" ]
[ "$(answer vlsp topology export --format = y)" = "yaml" ]
[ "$(answer vlsp topology generate to)" = "torus" ]
check 0 '^$' '^$' vlsp __complete router show ''
echo ok
