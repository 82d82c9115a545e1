#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# After a crash, vlspd clean and vlsp-clean remove everything of the instance: also with a damaged state, without
# a journal, and without a program that can be run.
. "$(dirname "$0")/lib.sh"

vlsp topology generate grid 3 3 >net.yaml
crash() {
	bpf_ids >>"$WORK/bpf.ours"
	kill -9 "$(cat $RUNTIME/vlspd.pid)"
	eventually 5 must_fail 1 'not running' vlspd status --runtime-dir "$RUNTIME"
}
network_that_crashed() {
	must start_vlspd
	must vlsp topology apply net.yaml
	must vlsp link set r1:r2 --delay 1ms # so that there is a relay
	on "$(ls /run/netns | head -n 1)" sleep 10000 &
	eventually 5 pgrep -f '^sleep 10000' # before, it is in no router's namespace
	crash
}
clean() { vlspd clean --instance "$RUNTIME"; }
script() { "$ROOT/packaging/vlsp-clean.sh" "$RUNTIME"; }
gone() {
	wait
	rm -f $RUNTIME/vlspd.log
	rmdir $RUNTIME 2>/dev/null || true
	[ ! -e $RUNTIME ] || { echo "left in $RUNTIME:"; ls -lA $RUNTIME; return 1; }
	nothing_left
}

step "a daemon that runs is not cleaned up"
must start_vlspd
must vlsp topology apply net.yaml
must_fail 1 'it runs' clean
must_fail 1 'runs' script
must vlsp topology show
must stop_vlspd
nothing_left

step "by vlspd clean"
network_that_crashed
must clean
gone
must clean # where there is nothing

step "by vlspd clean, with a state database that makes no sense"
network_that_crashed
head -c 8192 /dev/urandom >"$STATE/vlsp.db"
rm -f "$STATE/vlsp.db-wal"
must_fail 1 . start_vlspd
must clean
gone

step "by vlspd clean, the journal lost"
network_that_crashed
rm $RUNTIME/journal
must clean
rmdir /run/netns 2>/dev/null || true # whose it was stood in the journal
gone

step "by vlspd clean, the journal damaged"
network_that_crashed
printf 'rubbish\n\0\377' | dd of=$RUNTIME/journal bs=1 seek=40 conv=notrunc status=none
must clean
rmdir /run/netns 2>/dev/null || true
gone

step "by vlspd clean, after names and pins were taken away by hand"
network_that_crashed
umount "$RUNTIME/netns/$(ls /run/netns | sed -n 2p)"
rm /sys/fs/bpf/vlsp/default/vlsp_port
must clean
gone

step "by vlsp-clean, without any program of ours"
network_that_crashed
must script
rm -rf "$STATE"
gone
must script

step "and everything works afterwards"
must start_vlspd
must vlsp topology apply net.yaml
must stop_vlspd
nothing_left
