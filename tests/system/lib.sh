# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# What every story uses. A story sources this first:
#
#   . "$(dirname "$0")/lib.sh"
#
# and then runs in mount, network, process and IPC namespaces of its own: private /run and bpffs, so it may use
# the default instance's names, runs beside a live instance, and takes everything along when it ends, however
# it ends. Verbs: start_vlspd stop_vlspd vlsp must must_fail eventually pings_begin pings_end step skip nothing_left.
set -euo pipefail

ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
BUILD=${BUILD:-$ROOT/build}
DATA=${VLSP_DATA:-$ROOT/../shared/data}
STORY=$(basename "$0" .sh)
# Emulated processors run scripts 40 times slower: what a story waits for may take longer.
[ "${VLSP_VM_ACCEL:-}" != tcg ] || export VLSP_SLOW=${VLSP_SLOW:-20}

skip() { # skip REASON: ends the story without failing it
	echo "skip: $*"
	exit 77
}

if [ "${VLSP_STORY_INSIDE:-}" != "$STORY" ]; then
	[ "$(id -u)" = 0 ] || skip "needs root"
	export VLSP_STORY_INSIDE=$STORY
	# Control groups: one of the story's own below that in which it was started, as its root.
	declare -A home=()
	for dir in /sys/fs/cgroup /sys/fs/cgroup/{memory,cpu,pids,unified}; do
		[ -f "$dir/cgroup.procs" ] && [ -w "$dir/cgroup.procs" ] || continue
		name=${dir##*/}
		group=$(awk -F: -v c="$name" '(c ~ /^(cgroup|unified)$/ && $2 == "") || $2 == c || index(","$2",", ","c",") { print $3; exit }' /proc/self/cgroup)
		group=${group%/}
		# Version 2: a group with processes has no controllers for others below it; one above it may.
		if grep -q memory "$dir/cgroup.controllers" 2>/dev/null; then
			until [ "$(grep -oxE 'cpu|memory|pids' <(tr ' ' '\n' <"$dir$group/cgroup.subtree_control") | wc -l)" = 3 ]; do
				[ -n "$group" ] || { echo '+cpu +memory +pids' >"$dir/cgroup.subtree_control" || true; break; }
				group=${group%/*}
			done
		fi
		home[$dir]=$dir$group
		mkdir "${home[$dir]}/vlsp-story.$$" 2>/dev/null || unset "home[$dir]"
		# So that the relay may have real-time priority where such groups have none by themselves.
		rt=${home[$dir]:-/none}/vlsp-story.$$/cpu.rt_runtime_us
		[ ! -w "$rt" ] || echo 900000 >"$rt" 2>/dev/null || true
	done
	export VLSP_STORY_GROUPS="${!home[*]}" # the hierarchies in which it has one
	trap : TERM INT HUP PIPE               # the story ends by them, then what follows is done
	(
		for dir in "${home[@]}"; do echo "$BASHPID" >"$dir/vlsp-story.$$/cgroup.procs"; done
		# Its root must be without processes, this one, which waits, among them: version 2 has it so.
		# shellcheck disable=SC2016 # for the inner shell
		exec unshare --cgroup bash -c '
			while [ "$1" != -- ]; do
				if [ -f "$1/cgroup.controllers" ] && mkdir "$1/init.scope"; then echo $$ >"$1/init.scope/cgroup.procs"; fi
				shift
			done
			shift
			exec unshare --mount --net --ipc --pid --fork --kill-child --mount-proc --propagation private bash "$@"' \
			bash "${home[@]/%//vlsp-story.$$}" -- "$0" "$@"
	) && rc=0 || rc=$?
	for dir in "${home[@]}"; do # groups that a failed story has left go with it
		for _ in 1 2 3 4 5 6 7 8 9 10; do
			find "$dir/vlsp-story.$$" -depth -type d -exec rmdir {} + 2>/dev/null && break
			sleep 0.1
		done
	done
	exit $rc
fi

# The hierarchies that are there, as seen from the story's own group.
setup_cgroups() {
	local hierarchies kind where options
	hierarchies=$(awk '$3 ~ /^cgroup2?$/ && $2 ~ /^\/sys\/fs\/cgroup/ { print $3, $2, $4 }' /proc/self/mounts)
	[ -n "$hierarchies" ] || return 0
	umount -R -l /sys/fs/cgroup
	grep -q '^cgroup2 /sys/fs/cgroup ' <<<"$hierarchies" || mount -t tmpfs -o mode=755 tmpfs /sys/fs/cgroup
	while read -r kind where options; do
		[[ " $VLSP_STORY_GROUPS " = *" $where "* ]] || continue
		[ -d "$where" ] || mkdir "$where"
		if [ "$kind" = cgroup2 ]; then
			mount -t cgroup2 cgroup2 "$where"
			continue
		fi
		options=$(tr , '\n' <<<"$options" | grep -xE 'memory|cpu|cpuacct|pids' | paste -sd, || true)
		[ -z "$options" ] || mount -t cgroup -o "$options" cgroup "$where"
	done <<<"$hierarchies"
}

WORK=
setup() {
	mount -t tmpfs -o mode=755 tmpfs /run
	mount -t bpf bpf /sys/fs/bpf
	setup_cgroups
	ip link set lo up
	WORK=/run/story # not below /tmp, which may hold the checkout itself
	mkdir $WORK
	export TMPDIR=$WORK
	export RUNTIME=/run/vlsp STATE=$WORK/state
	export VLSP_RUNTIME_DIR=$RUNTIME
	unset VLSP_URL
	cd "$WORK"
}

finish() {
	local rc=$?
	trap - EXIT
	if [ $rc -ne 0 ] && [ $rc -ne 77 ]; then
		echo "FAILED in: ${STEP:-setup}"
		[ -f "$RUNTIME/vlspd.log" ] && { echo "--- vlspd.log"; tail -n 30 "$RUNTIME/vlspd.log"; }
		[ -f "$WORK/vlspd.log" ] && { echo "--- vlspd.log"; tail -n 30 "$WORK/vlspd.log"; }
	fi
	"$BUILD/vlspd" stop --runtime-dir "$RUNTIME" >/dev/null 2>&1 || true
	exit $rc
}
trap finish EXIT

STEP=
step() { # step TEXT: what happens next, for the reader and for failures
	STEP=$*
	echo "- $*"
}

vlsp() { "$BUILD/vlsp" "$@"; }
vlspd() { "$BUILD/vlspd" "$@"; }

start_vlspd() { # start_vlspd [OPTIONS...]
	vlspd start --runtime-dir "$RUNTIME" --state-dir "$STATE" --listen none "$@"
}
stop_vlspd() {
	bpf_ids >>"$WORK/bpf.ours"
	vlspd stop --runtime-dir "$RUNTIME"
}

must() { # must COMMAND...: it succeeds
	local out
	if ! out=$("$@" 2>&1); then
		printf 'must succeed, but did not: %s\n%s\n' "$*" "$out"
		return 1
	fi
}

must_fail() { # must_fail CODE PATTERN COMMAND...: it exits with CODE and says PATTERN (extended regex)
	local code=$1 pattern=$2 out rc=0
	shift 2
	out=$("$@" 2>&1) || rc=$?
	if [ $rc -ne "$code" ] || ! grep -qE -- "$pattern" <<<"$out"; then
		printf 'must exit %s saying "%s", but exited %s: %s\n%s\n' "$code" "$pattern" $rc "$*" "$out"
		return 1
	fi
}

must_say() { # must_say PATTERN COMMAND...: it succeeds and prints PATTERN (extended regex)
	local pattern=$1 out
	shift
	if ! out=$("$@" 2>&1) || ! grep -qE -- "$pattern" <<<"$out"; then
		printf 'must print "%s": %s\n%s\n' "$pattern" "$*" "$out"
		return 1
	fi
}

must_not_say() { # must_not_say PATTERN COMMAND...: it succeeds and does not print PATTERN
	local pattern=$1 out
	shift
	if ! out=$("$@" 2>&1) || grep -qE -- "$pattern" <<<"$out"; then
		printf 'must not print "%s": %s\n%s\n' "$pattern" "$*" "$out"
		return 1
	fi
}

equal() { # equal WANT GOT WHAT
	[ "$1" = "$2" ] || { printf '%s: want "%s", got "%s"\n' "$3" "$1" "$2"; return 1; }
}

eventually() { # eventually SECONDS COMMAND...: it succeeds within that time, times VLSP_SLOW on slow machines
	local end=$((SECONDS + $1 * ${VLSP_SLOW:-1})) out
	shift
	until out=$("$@" 2>&1); do
		[ $SECONDS -le $end ] || { printf 'never came true: %s\n%s\n' "$*" "$out"; return 1; }
		sleep 0.05
	done
}

on() { # on ROUTER COMMAND...: in that router's namespace, without changing anything else
	local router=$1
	shift
	nsenter --net="/run/netns/$router" "$@"
}

# Pings, many a second, of which none may be lost. Those from which on nothing has come back may be under way when they end;
# so they end when the path answers.
pings_begin() { # pings_begin ROUTER ADDRESS
	: >"$WORK/pings"
	nsenter --net="/run/netns/$1" ping -n -i 0.01 -W 1 "$2" >"$WORK/pings" 2>&1 &
	PINGS=$!
	eventually 10 pings_seen 20
}
pings_last() { sed -n 's/.*icmp_seq=\([0-9]*\) ttl.*/\1/p' "$WORK/pings" | tail -n 1; } # that has come back
pings_seen() { [ "$(pings_last)" -ge "$1" ]; }
pings_end() { # pings_end [LEAST]: how many there must have been
	eventually 10 pings_seen $(($(pings_last) + 20))
	kill -INT "$PINGS"
	wait "$PINGS" || true
	python3 - "$WORK/pings" "${1:-20}" <<'P'
import re, sys
text = open(sys.argv[1]).read()
seen = {int(n) for n in re.findall(r"icmp_seq=(\d+) ttl", text)}
sent = int(re.search(r"(\d+) packets transmitted", text)[1])
lost = sorted(set(range(1, max(seen) + 1)) - seen)
errors = [line for line in text.splitlines() if "nreachable" in line or "exceeded" in line]
print(f"  {sent} sent, {len(seen)} came back, lost: {lost[:20] or 'none'}")
sys.exit("\n".join(errors[:5]) or "pings were lost, or too few sent" if lost or errors or sent < int(sys.argv[2]) else 0)
P
}

address() { vlsp router show "$1" --json | jq -r .address; }

# What an instance could leave behind, as one list, all of it inside the story's own namespaces.
leftovers() {
	find /run/netns /run/vlsp /sys/fs/bpf/vlsp "$STATE" -mindepth 1 2>/dev/null | grep -v -e '/vlspd\.log$' -e "^$STATE" || true
	ip -o link | awk -F': ' '$2 != "lo" { print "device " $2 }'
	find /sys/fs/cgroup -type d -name vlsp 2>/dev/null | sed 's/^/control group /'
	comm -13 "$WORK/mounts.before" <(mounts) | sed 's/^/mount /'
	# processes of this story's process namespace: only this shell and its children may be there
	for p in /proc/[0-9]*; do
		[ -r "$p/cmdline" ] && tr '\0' ' ' <"$p/cmdline" 2>/dev/null | grep -E '^(\S*/)?vlsp(d|-router|-relay|-supervisor|-app)' | sed "s|^|process ${p#/proc/} |" || true
	done
}
# The kernel numbers BPF objects for the whole machine: ours are those that a process of this story holds.
bpf_ids() {
	{ cat /proc/[0-9]*/fdinfo/* 2>/dev/null || true; } | awk '
		# a prog_array (3) that anybody opened while it went may be lost by the kernel: see no_bpf_left
		/^map_type:/ { type = $2 }
		/^prog_id:/ || (/^map_id:/ && type != 3) { sub("_id:", ""); print $1 " id " $2 }' | sort -u
}

mounts() { awk '{ print $2 }' /proc/self/mounts | sort; }

nothing_left() { # after stop_vlspd: no namespace, device, program, map, process, socket or file is left
	local out
	out=$(leftovers)
	[ -z "$out" ] || { printf 'left behind:\n%s\n' "$out"; return 1; }
	[ -s "$WORK/bpf.ours" ] || { echo "no BPF object was seen while it ran"; return 1; }
	eventually 20 no_bpf_left
}
# Not by bpftool, which opens what it shows: closing the last descriptor of a prog_array that is about to go anyway, while the
# kernel's work for that waits, makes Linux (to 6.18) forget it for ever.
no_bpf_left() {
	python3 - "$WORK/bpf.ours" <<'P'
import ctypes, platform, sys
libc, number = ctypes.CDLL(None, use_errno=True), {"x86_64": 321, "aarch64": 280}[platform.machine()]
def there(kind, ident):
    attr = (ctypes.c_uint32 * 32)(ident - 1)
    return libc.syscall(number, {"prog": 11, "map": 12}[kind], ctypes.byref(attr), 128) == 0 and attr[1] == ident
left = [f"{k} {i}" for k, _, i in (line.split() for line in open(sys.argv[1])) if there(k, int(i))]
sys.exit("BPF objects left behind: " + ", ".join(left) if left else 0)
P
}

setup
: >"$WORK/bpf.ours"
mounts >"$WORK/mounts.before"
