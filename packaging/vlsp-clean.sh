#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# vlsp-clean [DIR]: removes what a run of vlspd with the runtime directory DIR (default /run/vlsp) has left in the
# kernel, as "vlspd clean" does, with shell tools only: for when that program itself cannot be run. Removes what
# stands in DIR/journal and bears the instance's tag, and nothing else; where there is no journal, the tag has to do.
# The state of the network (its topology) stays. Needs: ip, nsenter, umount, awk; bpftool for pins.
set -u

dir=${1:-/run/vlsp}
case $dir in
-h | --help) sed -n '3,6s/^# //p' "$0"; exit 0 ;;
/*) ;;
*) echo "vlsp-clean: $dir: the runtime directory as an absolute path, please" >&2; exit 2 ;;
esac
dir=${dir%/}
rc=0
say() { echo "vlsp-clean: $*"; }
fail() { echo "vlsp-clean: $*" >&2; rc=1; }

[ "$(id -u)" = 0 ] || { fail "only root can do that"; exit 1; }
[ -d "$dir" ] || { say "$dir: nothing is there"; exit 0; }

if [ -r "$dir/vlspd.pid" ]; then
	pid=$(cat "$dir/vlspd.pid")
	case $pid in
	'' | *[!0-9]*) ;;
	*)
		# it has locked that file, whatever its program is called
		file=$(stat -c %i "$dir/vlspd.pid")
		if [ "$(cat "/proc/$pid/comm" 2>/dev/null)" = vlspd ] ||
			awk -v pid="$pid" -v file=":$file\$" '$2 == "POSIX" && $5 == pid && $6 ~ file { found = 1 }
				END { exit !found }' /proc/locks; then
			fail "an instance runs in $dir: process $pid. End it first."
			exit 1
		fi
		;;
	esac
fi

# --- the journal: what stands in it, and whose it is
journal=$dir/journal
lost=''
instance=''
if [ -f "$journal" ] && [ ! -L "$journal" ]; then
	instance=$(sed -n '1s/^vlsp-journal 1 //p' "$journal")
fi
if [ -z "$instance" ]; then
	lost=yes
	say "$journal: none that can be read; going by tags"
	case $dir in
	/run/vlsp | /var/run/vlsp) instance=default ;;
	*) # a tag says it, if there is one
		for name in "$dir"/netns/*; do
			[ -e "$name" ] || continue
			instance=$(nsenter --net="$name" ip -o link show dev lo 2>/dev/null |
				sed -n 's|.*alias vlsp:\([^/]*\)/.*|\1|p')
			[ -z "$instance" ] || break
		done
		;;
	esac
fi
standing() { # standing KIND: what stands in the journal of it, one a line
	[ -z "$lost" ] || return 0
	awk -v kind="$1" '
		$2 == kind && ($1 == "+" || $1 == "-") {
			what = substr($0, length($1) + length($2) + 3)
			if ($1 == "+") there[what] = 1; else delete there[what]
		}
		END { for (what in there) print what }' "$journal"
}
noted() { # noted KIND WHAT
	standing "$1" | grep -qxF -- "$2"
}

# --- relay and supervisor: in no namespace of ours, but they bear the paths of our sockets. Applications end with their
# supervisor; before their routers, or it would start them again
for path in /proc/[0-9]*; do
	{ read -r comm <"$path/comm"; } 2>/dev/null || continue
	case $comm in vlsp-relay) socket=relay.sock ;; vlsp-supervisor) socket=supervisor.sock ;; *) continue ;; esac
	[ "$(tr '\0' '\n' <"$path/cmdline" 2>/dev/null | sed -n '1s|.*/||;1,2p' | xargs)" = "$comm $dir/$socket" ] || continue
	[ "$(readlink "$path/ns/mnt")" = "$(readlink /proc/self/ns/mnt)" ] || continue
	say "ending $comm ${path#/proc/}"
	kill -KILL "${path#/proc/}" 2>/dev/null
done

# --- namespaces: programs inside are asked, then killed; then the names go
inode() { stat -L -c %i "$1" 2>/dev/null; }
is_ns() { [ "$(stat -L -f -c %t "$1" 2>/dev/null)" = 6e736673 ]; }
tagged() { # tagged NAME: its lo bears the alias of this instance
	nsenter --net="$dir/netns/$1" ip -o link show dev lo 2>/dev/null |
		grep -qE "alias vlsp:$instance/$1 *\$"
}
mounted() { # the tmpfs is ours: then a tag on it is enough, as the journal may have been cut short
	awk -v dir="$dir/netns" '$2 == dir && $3 == "tmpfs" && $1 == "vlsp" { found = 1 } END { exit !found }' /proc/mounts
}
ours=
cut=
for path in "$dir"/netns/*; do
	[ -e "$path" ] || continue
	name=${path##*/}
	case $name in *[!A-Za-z0-9._-]*) continue ;; esac
	if is_ns "$path" && mounted && tagged "$name"; then
		ours="$ours $name"
		noted netns "$name" || cut=yes
	elif ! is_ns "$path" && noted netns "$name"; then
		ours="$ours $name"
	else
		say "$path is not of this instance and stays"
	fi
done
[ ! -S "$dir/router.sock" ] || noted file "$dir/router.sock" || cut=yes
[ -z "$cut" ] || [ -n "$lost" ] || say "$journal: not all of it is there; going by tags, too"
inside() { # the processes in our namespaces
	for path in /proc/[0-9]*; do
		ns=$(readlink "$path/ns/net" 2>/dev/null) || continue
		case $inodes in *" $ns "*) echo "${path#/proc/}" ;; esac
	done
}
inodes=' '
for name in $ours; do
	is_ns "$dir/netns/$name" && inodes="${inodes}net:[$(inode "$dir/netns/$name")] "
done
case $inodes in *" $(readlink /proc/self/ns/net) "*)
	fail "this is the network of a router of that instance: run it outside"
	exit 1
	;;
esac
if [ "$inodes" != ' ' ]; then
	pids=$(inside)
	if [ -n "$pids" ]; then
		say "ending processes" $pids
		kill -TERM $pids 2>/dev/null
		tries=0
		while [ $tries -lt 10 ] && [ -n "$(inside)" ]; do
			sleep 0.1
			tries=$((tries + 1))
		done
		pids=$(inside)
		[ -z "$pids" ] || kill -KILL $pids 2>/dev/null
	fi
fi
# --- interfaces of the host: those that were moved go back first, as a namespace takes along what is in it
carrying() { # carrying TAG: devices of this namespace with that alias (a pattern); their names and aliases
	ip -o link show | sed -n "s/^[0-9]*: \([^:@ ]*\)[@:].* alias \($1\) *\$/\1 \2/p"
}
record() { # record ROUTER HOST: how that one was, as it stands in the journal: state, addresses, alias
	standing iface | awk -v router="$1" -v host="$2" '$1 == router && $3 == host {
		alias = $0
		for (i = 0; i < 6; i++) sub(/^[^ ]* /, "", alias)
		print $4, $6, alias
		exit
	}'
}
settle() { # settle DEVICE HOST ROUTER: it is here again: as it was
	record "$3" "$2" | {
		read -r state addresses alias || state=up
		ip link set dev "$1" "${state:-up}" || rc=1
		for address in $(echo "${addresses:--}" | tr -d - | tr , ' '); do
			case $address in
			*b) ip addr add "${address%b}" broadcast + dev "$1" 2>/dev/null ;;
			*:*) ip addr add "$address" dev "$1" nodad 2>/dev/null ;;
			*) ip addr add "$address" dev "$1" 2>/dev/null ;;
			esac
		done
		ip link set dev "$1" alias "${alias:-}"
	}
}
for name in $ours; do
	is_ns "$dir/netns/$name" || continue
	# shellcheck disable=SC2016
	nsenter --net="$dir/netns/$name" sh -c 'ip -o link show' |
		sed -n "s/^[0-9]*: \([^:@ ]*\)[@:].* alias vlsp:$instance=move:\([^ ]*\) *\$/\1 \2/p" |
		while read -r device host; do
			as=$host
			! ip link show dev "$host" >/dev/null 2>&1 || as=vlsp$$
			[ "$as" = "$host" ] || say "there is another $host by now: the one of router $name is called $as"
			nsenter --net="$dir/netns/$name" ip link set dev "$device" netns $$ name "$as" ||
				say "interface $device of router $name cannot be given back"
			settle "$as" "$host" "$name"
		done
	if nsenter --net="$dir/netns/$name" ip -o link show | grep -q "alias vlsp:$instance=move:"; then
		fail "router $name has interfaces of the host: it stays"
		ours=$(echo " $ours " | sed "s/ $name / /")
	fi
done
carrying "vlsp:$instance=move:[^ ]*" | while read -r device alias; do # was on its way when somebody was killed
	host=${alias##*:}
	settle "$device" "$host" "$(standing iface | awk -v host="$host" '$3 == host { print $1; exit }')"
done
carrying "vlsp:$instance=tap:[^ ]*" | while read -r device _; do
	ip link del dev "$device"
done
for name in $ours; do
	path=$dir/netns/$name
	[ "$(readlink "/run/netns/$name" 2>/dev/null)" != "$path" ] || rm -f "/run/netns/$name"
	! is_ns "$path" || umount -l "$path" || rc=1
	rm -f "$path" || rc=1
done
# links to names that had gone before
standing link | while read -r path; do
	[ "$(readlink "$path" 2>/dev/null)" != "$dir/netns/${path##*/}" ] || [ -e "$path" ] || rm -f "$path"
done
if mounted; then
	if [ -z "$(ls -A "$dir/netns")" ]; then
		umount "$dir/netns" || rc=1
	fi
fi

# --- control groups, the deepest first
standing cgroup | sort -r | while read -r path; do
	[ -d "$path" ] || continue
	find "$path" -depth -type d | while read -r group; do # what is in a group of ours is ours
		pids=$(grep -vx 0 "$group/cgroup.procs" 2>/dev/null) # 0: of another process namespace; to kill(1), ourselves
		[ -z "$pids" ] || kill -KILL $pids 2>/dev/null
		tries=0
		until rmdir "$group" 2>/dev/null; do
			tries=$((tries + 1))
			[ $tries -lt 20 ] || { say "$group cannot be removed"; break; }
			sleep 0.1
		done
	done
done
for path in $(standing cgroup); do
	[ ! -d "$path" ] || rc=1
	case $path in */vlsp/*) rmdir "${path%/vlsp/*}/vlsp" 2>/dev/null ;; esac # of the last instance
done

# --- pins: those that are still what the journal says
pins=/sys/fs/bpf/vlsp/$instance
standing pin | while read -r path id; do
	[ -e "$path" ] || continue
	kind=map
	case $path in */vlsp_in | */vlsp_out | */vlsp_back | */prog) kind=prog ;; esac
	if ! command -v bpftool >/dev/null 2>&1; then
		say "$path stays: without bpftool nobody knows whether it is the one of the journal"
	elif bpftool "$kind" show pinned "$path" 2>/dev/null | grep -q "^$id:"; then
		rm -f "$path"
	else
		say "$path is not what this instance made and stays"
	fi
done
if [ -n "$lost$cut" ] && [ -n "$instance" ] && [ -n "$(ls -A "$pins" 2>/dev/null)" ]; then
	say "$pins: without the journal nobody knows what in it is ours; it stays"
fi
if [ -n "$instance" ]; then
	for path in "$pins"/app-*; do rmdir "$path" 2>/dev/null; done # of eBPF objects
	rmdir "$pins" 2>/dev/null
	rmdir /sys/fs/bpf/vlsp 2>/dev/null
fi
if noted mount /sys/fs/bpf; then
	left=$(find /sys/fs/bpf -mindepth 1 -maxdepth 1 ! -name maps.debug ! -name progs.debug)
	[ -n "$left" ] || umount /sys/fs/bpf
fi

# --- files
rm -f "$dir"/apps/[0-9]*.log "$dir"/apps/[0-9]*.log.1 "$dir/hosts"
standing file | sort -r | while read -r path; do
	if [ -d "$path" ] && [ ! -L "$path" ]; then
		rmdir "$path" 2>/dev/null
	elif [ -S "$path" ]; then
		rm -f "$path"
	fi
done
for name in vlspd.sock vlspd-ro.sock capture.sock router.sock relay.sock supervisor.sock; do
	[ ! -S "$dir/$name" ] || rm -f "$dir/$name"
done
for name in netns apps; do
	[ ! -d "$dir/$name" ] || rmdir "$dir/$name" 2>/dev/null
done
if [ -r "$dir/state-dir" ]; then
	say "the state of the network stays in $(cat "$dir/state-dir"): vlspd start would make it again"
fi
for name in token token.readonly vlspd.pid state-dir; do
	[ ! -f "$dir/$name" ] || rm -f "$dir/$name"
done
[ $rc -ne 0 ] || rm -f "$journal"
rmdir "$dir" 2>/dev/null
[ $rc -ne 0 ] || say "done"
exit $rc
