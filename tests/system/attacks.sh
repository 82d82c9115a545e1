#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# A malicious application on router a, started by vlsp router exec --app, tries what it must not be able to do;
# each attempt is refused. Most are also made without confinement, by root's exec on the same router or on the
# machine itself, and succeed there: an attempt that cannot succeed proves nothing. Last, everything still runs.
. "$(dirname "$0")/lib.sh"
HERE=$ROOT/tests/system
command -v python3 >/dev/null || skip "needs python3"

on_app() { vlsp router exec --app a -- python3 - "$@" <"$HERE/attacker.py"; }
on_root() { vlsp router exec a -- python3 - "$@" <"$HERE/attacker.py"; }
on_host() { python3 - "$@" <"$HERE/attacker.py"; }

refused=0
is_refused() { # is_refused ATTACK...: the application's attempt fails, and says so
	local out rc=0
	out=$(on_app "$@" 2>&1) || rc=$?
	[ $rc -eq 10 ] || { printf 'attack %s: exit %s: %s\n' "$*" $rc "$out"; return 1; }
	refused=$((refused + 1))
}
would_do() { # would_do root|host ATTACK...: without confinement it succeeds
	local out who=$1
	shift
	out=$("on_$who" "$@" 2>&1) || { printf 'attack %s by %s: must succeed: %s\n' "$*" "$who" "$out"; return 1; }
}
both() { would_do root "$@" && is_refused "$@"; }

step "a network, an application on b, a device and sockets of the machine"
ip link add machine0 type veth peer name machine1
mkdir -p /mnt/tools && mount -t tmpfs -o mode=755 tmpfs /mnt
install -m 4755 /usr/bin/id /mnt/id
python3 -c 'import socket,time
s = socket.socket(socket.AF_UNIX); s.bind("\0machine"); s.listen(); time.sleep(1000)' &
vlspd start --runtime-dir "$RUNTIME" --state-dir "$STATE" --listen 127.0.0.1:8889
cat >net.yaml <<'YAML'
routers:
  - {name: a, limits: {memory: 64M, cpu: 30%, pids: 24}}
  - b
links: [a:b]
YAML
must vlsp topology apply net.yaml
vlsp router exec --app b -- sleep 1000 &
daemon=$(cat "$RUNTIME/vlspd.pid")
router_a=$(vlsp router show a --json | jq .pid)
router_b=$(vlsp router show b --json | jq .pid)
eventually 10 pgrep -u 1448300002 sleep
neighbour=$(pgrep -u 1448300002 sleep)
pins=$(find /sys/fs/bpf/vlsp -name 'vlsp_*' ! -name 'vlsp_in' ! -name 'vlsp_out' | sort | head -1)
must_say "^uid=1448300001 gid=1448300001" vlsp router exec --app a -- id
must vlsp router exec --app a -- ping -c 1 -W 5 b

step "forwarding tables of others"
both fib-pin "$pins"
both fib-id
for pid in "$router_a" "$router_b" "$daemon"; do
	both memory-of "$pid"
	both trace "$pid"
done
is_refused memory-of 1
is_refused trace 1

step "the API, and what it is reached by"
both connect-unix "$RUNTIME/vlspd.sock"
would_do host connect-packet "$RUNTIME/router.sock"
is_refused connect-packet "$RUNTIME/router.sock"
would_do host connect-tcp 8889
is_refused connect-tcp 8889
would_do host connect-abstract machine
is_refused connect-abstract machine
is_refused vsock
for file in token journal vlspd.pid; do both read "$RUNTIME/$file"; done
both listing "$RUNTIME"
both listing "$STATE"
both listing /run/netns

step "the machine's network"
would_do host command ip link show machine0
is_refused command ip link show machine0
is_refused device-sysfs machine0
both device-proc machine0
is_refused device-sysfs ../../../../class/net/machine0
both enter /proc/1/ns/net
both enter "/proc/$daemon/ns/net"
is_refused enter /proc/self/ns/net
both enter /run/netns/b
# in a chroot (unshare(2), EPERM), or where it is switched off, nobody makes one
if unshare --user true 2>/dev/null; then both user-namespace; else is_refused user-namespace; fi
both network-namespace

mkdir /mnt/proc /mnt/sys # as of a chroot directory
mount -t proc proc /mnt/proc
mount -t sysfs sysfs /mnt/sys
would_do host read /mnt/proc/1/net/dev
is_refused read /mnt/proc/1/net/dev
both read /mnt/sys/class/net/machine0/address
mkdir /proc.story # whose name only begins as that of our own
mount -t proc proc /proc.story
seen=0
would_do host read /proc.story/1/net/dev && is_refused read /proc.story/1/net/dev || seen=1
umount /proc.story
rmdir /proc.story
[ $seen = 0 ]
mkdir /mnt/mqueue
mount -t mqueue mqueue /mnt/mqueue
both make /mnt/mqueue/x
rm -f /mnt/mqueue/x
VLSP_TOKEN=secret must_say '^none$' vlsp router exec --app a -- sh -c 'echo "${VLSP_TOKEN:-none}"'

step "processes of others"
both kill "$daemon"
both kill "$router_a"
both kill "$router_b"
both kill "$neighbour"
is_refused everybody
rc=0
vlsp router exec --app a -- sh -c 'trap "" TERM; kill -TERM 0; kill -KILL 0' || rc=$?
[ $rc -ne 0 ] # and we are still here, who are in its process group

step "its own devices, raw sockets"
both command ip link set to-b mtu 1500
is_refused command ip link del to-b
is_refused command ip route add 10.9.9.9/32 dev lo
is_refused command tc qdisc del dev to-b clsact
is_refused command ip link add x type veth
both raw
both packet

step "mounts, nodes, modules, files"
both mount
is_refused unmount /run
is_refused unmount /sys
is_refused unmount /proc
both mknod
is_refused module
is_refused write /proc/sys/net/ipv4/ip_forward
is_refused write /proc/sysrq-trigger
is_refused write /proc/1/exe
is_refused listing /proc/1/root
is_refused listing /proc/1/fd
is_refused write /sys/class/net/to-b/mtu
is_refused make /run/x
is_refused make "$RUNTIME/x"
is_refused read /etc/shadow
is_refused descriptors
id=$(ipcmk -M 4096 | grep -oE '[0-9]+$')
key=$(ipcs -m | awk -v id="$id" '$2 == id { print $1 }')
would_do host shared-memory "$((key))"
is_refused shared-memory "$((key))"

step "becoming root"
must_say '^0$' setpriv --reuid 12345 --clear-groups /mnt/id -u # as anybody who is not confined
is_refused root-by /mnt/id -u
is_refused root-by su -c "id -u"
must_say 'NoNewPrivs:.*1' vlsp router exec --app a -- grep NoNewPrivs /proc/self/status
must_say 'CapBnd:.*0000000000000000' vlsp router exec --app a -- grep CapBnd /proc/self/status
is_refused raise-limits
is_refused priority

step "a fork bomb: $(on_app forks 24 || true)"
is_refused forks 24
must on b true
[ "$(vlsp router exec --app b -- echo lives)" = lives ]

step "a memory hog"
if [ -f /sys/fs/cgroup/memory/memory.limit_in_bytes ] || [ -f /sys/fs/cgroup/memory.stat ]; then
	rc=0
	on_app memory 200 >/dev/null 2>&1 || rc=$?
	[ $rc -eq 137 ] || [ $rc -eq 10 ] || { echo "200 MiB of 64: exit $rc"; false; }
	must on_app memory 10
	refused=$((refused + 1))
	would_do root memory 200
else
	echo "  skipped: this machine limits no memory by control groups"
fi
rc=0
on_app fill "/tmp/vlsp-story.$$" 200 >/dev/null 2>&1 || rc=$? # its own /tmp has 64 MiB, and counts as its memory
[ $rc -eq 137 ] || [ $rc -eq 10 ] || { echo "200 MiB in /tmp: exit $rc"; false; }
refused=$((refused + 1))
[ ! -e "/tmp/vlsp-story.$$" ]

step "a CPU hog: $(on_app processor 60 4 || true)"
if [ -f /sys/fs/cgroup/cpu/cpu.cfs_period_us ] || [ -f /sys/fs/cgroup/cpu.stat ]; then
	is_refused processor 60 4
	"$BUILD/vlsp" router exec --app a -- sh -c 'while :; do :; done' & # not by a function: a shell would be ended in its place
	hog=$!
	must vlsp router exec --app b -- ping -c 3 -i 0.2 -W 5 a
	must vlsp status
	kill $hog
else
	echo "  skipped: this machine limits no CPU by control groups"
fi

step "$refused attempts refused; all others live on"
equal "$daemon" "$(cat "$RUNTIME/vlspd.pid")" "vlspd"
equal "$router_a" "$(vlsp router show a --json | jq .pid)" "router a"
equal "$router_b" "$(vlsp router show b --json | jq .pid)" "router b"
equal 0 "$(vlsp router list --json | jq '[.detail[].restarts] | add')" "restarts"
equal "$neighbour" "$(pgrep -u 1448300002 sleep)" "the application on b"
must on a ping -c 1 -W 5 "$(address b)"

step "limits change in place, outlive the daemon; a router that goes takes its applications along"
vlsp router exec --app a -- sleep 1000 &
eventually 10 pgrep -u 1448300001 sleep
sed -i 's/pids: 24/pids: 48/' net.yaml
must_say '~ router a' vlsp topology diff net.yaml
must vlsp topology apply net.yaml
equal 48 "$(vlsp router show a --json | jq .limits.pids)" "limits.pids"
equal "$router_a" "$(vlsp router show a --json | jq .pid)" "router a"
if [ -d /sys/fs/cgroup/pids/vlsp ]; then equal 48 "$(cat /sys/fs/cgroup/pids/vlsp/default/1/pids.max)" "pids.max"; fi
sleeper=$(pgrep -u 1448300001 sleep)
must vlspd stop --keep --runtime-dir "$RUNTIME"
if [ -d /sys/fs/cgroup/pids/vlsp ]; then echo 99 >/sys/fs/cgroup/pids/vlsp/default/1/pids.max; fi
start_vlspd
equal "$sleeper" "$(pgrep -u 1448300001 sleep)" "the application on a, after the daemon was away"
if [ -d /sys/fs/cgroup/pids/vlsp ]; then
	equal 48 "$(cat /sys/fs/cgroup/pids/vlsp/default/1/pids.max)" "pids.max, set back"
	grep -q '/vlsp/default/1/exec$' "/proc/$sleeper/cgroup"
fi
must_say '^uid=1448300001 ' vlsp router exec --app a -- id
must vlsp router delete a
if pgrep -u 1448300001; then echo "left behind"; false; fi

step "somebody else's group in our place is refused, and stays"
stop_vlspd
if [ -d /sys/fs/cgroup/pids ]; then
	mkdir -p /sys/fs/cgroup/pids/vlsp/default
	must_fail 1 "pids/vlsp/default: it exists and is not ours" start_vlspd
	must vlspd stop --runtime-dir "$RUNTIME"
	[ -d /sys/fs/cgroup/pids/vlsp/default ]
	rmdir /sys/fs/cgroup/pids/vlsp/default /sys/fs/cgroup/pids/vlsp
fi

step "without users there are no applications"
start_vlspd --user-base none
must vlsp router add a
must_fail 1 "no user of their own" vlsp router exec --app a -- id
must vlsp router exec a -- true
stop_vlspd

ip link del machine0
umount /mnt/proc /mnt/sys /mnt/mqueue /mnt
nothing_left
