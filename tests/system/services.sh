#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Unmodified programs of Debian packages on routers, 3 routers between client and server: the commands of
# Documentation/services.md as they stand, section by section, and what must have come of each.
#
#      r1 --- r2 --- r3 --- r4 --- r5
#              \            /
#               r6 ------ r7
. "$(dirname "$0")/lib.sh"

step "the packages are there"
for package in iperf3 curl nginx-light openssh-server openssh-client memcached libmemcached-tools dnsmasq bind9-dnsutils babeld frr traceroute; do
	grep -q '^ii' <<<"$(dpkg-query -W -f '${db:Status-Abbrev}' $package 2>/dev/null)" ||
		{ echo "package $package is missing: sudo make deps"; exit 1; }
done

# Where applications may read; gone with the story.
[ -d /srv ] || skip "no /srv, where the documentation's files go"
mount -t tmpfs -o mode=755 tmpfs /srv
mkdir bin && ln -s "$BUILD/vlsp" bin/vlsp # no other program is found by the documentation's names
export PATH=$WORK/bin:$PATH

bytes() { # bytes ROUTER: of virtual datagrams that arrived by its links
	vlsp router stats "$1" --json | jq '[.links[].counts.rx_bytes] | add'
}

# The shell blocks of the documentation, in one script, as somebody types them into one shell: what each section prints
# goes to a file of its own, with the bytes that router r3 has forwarded for it.
export -f bytes
awk 'BEGIN { print "set -e" }
	/^## / { title = tolower($2); sub(/,$/, "", title); begun = 0 }
	/^```/ { if (inside) { inside = 0; print "bytes r3 >\"$WORK/" title ".after\"" } else if ($0 == "```sh") {
		inside = 1
		if (!begun++) print "exec >\"$WORK/" title ".out\"; echo \"  " title "\" >&3; bytes r3 >\"$WORK/" title ".before\" 2>/dev/null || true"
	} next }
	inside' "$ROOT/Documentation/services.md" >doc.sh

step "services.md, its commands in their order"
must start_vlspd
WORK=$WORK bash doc.sh 3>&1 2>doc.err || {
	echo "services.md: a command failed"
	tail -n 20 doc.err ./*.out
	exit 1
}
forwarded() { # forwarded SECTION BYTES: at least so many crossed r3 for it
	[ $(($(cat "$1.after") - $(cat "$1.before"))) -ge "$2" ] || { echo "$1: only $(cat "$1.before") to $(cat "$1.after") bytes crossed r3"; return 1; }
}

way() { # way SECTION N: the addresses of its Nth traceroute
	awk -v n="$2" '/^traceroute to/ { seen++; next } $1 !~ /^[0-9]+$/ { on = 0 } /^ *[0-9]+  / && seen == n { print $2 } /^trace from/ { exit }' "$1.out" | xargs
}

step "the network: r5 is 4 hops away, by r2, r3 and r4"
equal "r2 r3 r4 r5" "$(awk '/^trace from/ { on = 1 } on && $1 ~ /^[0-9]+$/ { print $2 }' the.out | xargs)" "vlsp trace"

step "iperf3"
must_say '^true$' jq '.end.sum_received.bytes > 1000000' /srv/lab/tcp.json
must_say '^true$' jq '.end.sum.packets > 1000 and .end.sum.lost_percent < 50' /srv/lab/udp.json # a server that waits for a processor loses some
forwarded iperf3 3000000

step "curl from nginx"
must grep -qE '^state +ready$' nginx.out # what curl got has been compared there
forwarded nginx 5000000

step "ssh and scp of 100 MB"
must grep -q '^hello from' ssh.out
must grep -q '10\.0\.0\.5/32' ssh.out # it was r5 that answered
equal "100000000" "$(stat -c %s /srv/lab/received)" "bytes received"
equal 2 "$(grep -cE '^[0-9a-f]{64}  (sent|received)$' ssh.out)" "checksums"
equal 1 "$(grep -oE '^[0-9a-f]{64}' ssh.out | sort -u | wc -l)" "different checksums"
forwarded ssh 100000000

step "memcached"
equal "$(cat /srv/lab/lab.yaml)" "$(grep -v '^app ' memcached.out)" "what memccp put there and memccat got" # which adds a line's end
forwarded memcached 500

step "dig to dnsmasq"
equal "192.0.2.80 10.0.0.3 r7." "$(grep -v '^app ' dnsmasq.out | xargs)" "answers"
forwarded dnsmasq 300

step "babeld: its routes over 3 routers, and another way when a link is down"
must grep -qE '^2001:db8::5 via fe80::.* dev to-r2 ' routing.out
must grep -qE '^192\.168\.0\.5 via inet6 fe80::.* dev to-r2 ' routing.out
equal "2001:db8::2 2001:db8::3 2001:db8::4 2001:db8::5" "$(way routing 1)" "the way of IPv6"
equal "2001:db8::2 2001:db8::6 2001:db8::7 2001:db8::4 2001:db8::5" "$(way routing 2)" "its way without r3:r4"
equal "r2 r6 r7 r4 r5" "$(awk '/^trace from/ { on = 1 } on && $1 ~ /^[0-9]+$/ { print $2 }' routing.out | xargs)" "the way of VLSP"
must_say 'nothing to do' vlsp topology reconcile --dry-run # addresses, routes and processes of others disturb nothing

step "FRR: its neighbours and routes by OSPF, the same two ways, and none of VLSP's addresses"
equal 3 "$(grep -cE '^198\.51\.100\.[136] .* Full/' frr.out)" "neighbours of r2"
must grep -qE '^198\.51\.100\.5 .*via 198\.51\.100\.2 dev to-r2 ' frr.out
equal 0 "$(grep -c '^10\.0\.0\.' frr.out)" "routes to VLSP's addresses"
hops() { printf '198.51.100.%s ' "$@" | xargs; }
equal "$(hops 2 3 4 5)" "$(way frr 1)" "the way of OSPF"
equal "$(hops 2 6 7 4 5)" "$(way frr 2)" "its way without r3:r4"

step "no program is left on any router when its section has ended"
programs() { # on any router, beside its own process
	local n pid
	for n in 1 2 3 4 5 6 7; do
		for pid in $(ip netns pids r$n); do ps -o args= -p "$pid" || true; done
	done | grep -v vlsp-router | grep .
}
eventually 5 must_fail 1 '' programs

umount /srv
must stop_vlspd
nothing_left
