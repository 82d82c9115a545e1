#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Things that look like ours and are not: interfaces, namespaces, pins, processes, files, sockets, control groups,
# mounts. They survive everything that we do.
. "$(dirname "$0")/lib.sh"

printf 'routers: [r1, r2, r3]\nlinks: ["r1:r2", "r2:r3"]\n' >net.yaml
crash() {
	bpf_ids >>"$WORK/bpf.ours"
	kill -9 "$(cat $RUNTIME/vlspd.pid)"
	eventually 5 must_fail 1 'not running' vlspd status --runtime-dir "$RUNTIME"
}
foreign_map() { bpftool map create "$1" type array key 4 value 4 entries 1 name vlsp_port; }

step "hostile neighbours move in"
mkdir -p $RUNTIME "$STATE" /run/netns
chmod 751 $RUNTIME
ip link add to-r2 type veth peer name to-r1
ip link set to-r2 alias vlsp:default:r1-r2
ip netns add r9
ip -n r9 link set lo alias vlsp:default/r9
ip netns add r1x
mkdir -p /sys/fs/bpf/vlsp/default /sys/fs/bpf/vlsp/other
foreign_map /sys/fs/bpf/vlsp_port
foreign_map /sys/fs/bpf/vlsp/vlsp_fib
foreign_map /sys/fs/bpf/vlsp/default/vlsp_mine
foreign_map /sys/fs/bpf/vlsp/other/vlsp_port
bash -c 'exec -a "vlsp-router: r1" sleep 20000' &
fake_router=$!
ip netns exec r9 bash -c 'exec -a "vlsp-router: r9" sleep 20000' &
fake_other=$!
bash -c 'exec -a vlspd sleep 20000' &
fake_daemon=$!
mkdir -p $WORK/elsewhere
for name in vlspd.pid vlspd.sock router.sock token journal; do echo mine >$WORK/elsewhere/$name; done
echo mine >$RUNTIME/notes
echo mine >$RUNTIME/router.sock.old
echo mine >"$STATE/thesis.txt"
group=
for where in /sys/fs/cgroup /sys/fs/cgroup/*; do
	[ -w "$where/cgroup.procs" ] || continue
	mkdir "$where/vlsp-mine" 2>/dev/null && group=$where/vlsp-mine && break
done

here() { # here WHEN: all of them are
	local what="after $1"
	ip link show to-r2 >/dev/null && ip link show to-r1 >/dev/null || { echo "$what: interfaces"; return 1; }
	ip netns exec r9 true && ip netns exec r1x true || { echo "$what: namespaces"; return 1; }
	for pin in vlsp_port vlsp/vlsp_fib vlsp/default/vlsp_mine vlsp/other/vlsp_port; do
		bpftool map show pinned /sys/fs/bpf/$pin >/dev/null || { echo "$what: pin $pin"; return 1; }
	done
	for pid in $fake_router $fake_other $fake_daemon; do
		kill -0 "$pid" || { echo "$what: process $pid"; return 1; }
	done
	for file in elsewhere/vlspd.pid elsewhere/vlspd.sock elsewhere/router.sock elsewhere/token elsewhere/journal; do
		equal mine "$(cat $WORK/$file)" "$what: $file"
	done
	equal mine "$(cat $RUNTIME/notes)" "$what: $RUNTIME/notes"
	equal mine "$(cat $RUNTIME/router.sock.old)" "$what: $RUNTIME/router.sock.old"
	equal mine "$(cat "$STATE/thesis.txt")" "$what: a file in the state directory"
	[ -z "$group" ] || [ -d "$group" ] || { echo "$what: control group $group"; return 1; }
	[ -z "${bound:-}" ] || nsenter --net=$RUNTIME/netns/mine true || { echo "$what: $RUNTIME/netns/mine"; return 1; }
}
here "moving in"

step "create, change and delete"
must start_vlspd
must vlsp topology apply net.yaml
here "apply"
touch $RUNTIME/netns/mine
mount --bind /run/netns/r1x $RUNTIME/netns/mine
bound=yes
ip -n r1 link add to-r7 type veth peer name to-r8
must vlsp topology reconcile
ip -n r1 link show to-r7 >/dev/null
must vlsp router delete r3
must vlsp topology apply net.yaml
here "changes"
must_fail 1 'r9' vlsp router add r9
must vlsp topology delete
here "delete"
must vlsp topology apply net.yaml

step "crash and recovery"
crash
must start_vlspd
here "recovery"
must vlsp ping r1 r3 -c 1
must vlspd stop --keep --runtime-dir "$RUNTIME"
must start_vlspd
here "stop --keep"
must stop_vlspd
here "stop"

step "crash and clean"
must start_vlspd
must vlsp topology apply net.yaml
crash
must vlspd clean --instance "$RUNTIME"
here "clean"
must start_vlspd
must vlsp topology apply net.yaml
crash
must "$ROOT/packaging/vlsp-clean.sh" "$RUNTIME"
here "vlsp-clean"
must start_vlspd
must vlsp topology apply net.yaml
crash
rm $RUNTIME/journal
must vlspd clean --instance "$RUNTIME"
here "clean without a journal"

step "install and uninstall"
prefix=$WORK/prefix
mkdir -p $prefix/bin $prefix/libexec/vlsp $prefix/share/vlsp
for file in bin/vlsp-mine libexec/vlsp/vlsp-mine share/vlsp/notes; do echo mine >$prefix/$file; done
must make -s -C "$ROOT" O="$BUILD" PREFIX="$prefix" uninstall
for file in bin/vlsp-mine libexec/vlsp/vlsp-mine share/vlsp/notes; do
	equal mine "$(cat $prefix/$file)" "uninstall: $file"
done
here "uninstall"

step "nothing of ours is left among them"
equal "mine" "$(ls $RUNTIME/netns)" "names"
equal "r1x r9" "$(ls /run/netns | tr '\n' ' ' | sed 's/ $//')" "names for ip netns"
equal "vlsp_mine" "$(ls /sys/fs/bpf/vlsp/default)" "pins"
[ -z "$(pgrep -x vlsp-router || true)" ]
kill $fake_router $fake_other $fake_daemon
umount $RUNTIME/netns/mine
[ -z "$group" ] || rmdir "$group"
