#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Datagrams that are wrong are dropped, and the counter of the cause says so.
#
#      r1 --- r2 --- r3      frames are put onto r1's end by hand
. "$(dirname "$0")/lib.sh"

must start_vlspd
printf 'routers: [r1, r2, r3]\nlinks: ["r1:r2", "r2:r3"]\n' >net.yaml
must vlsp topology apply net.yaml
drops() { vlsp router stats "$1" --json | jq "[.links[].counts.drops.\"$2\", .edge.drops.\"$2\"] | add"; }

inject() { # inject KEY=VALUE...: one UDP datagram from r1 to r3, with fields changed
	on r1 python3 - "$(address r1)" "$(address r3)" "$@" <<'P'
import socket, struct, sys
src, dst = (socket.inet_aton(a) for a in sys.argv[1:3])
f = dict(version=1, ttl=64, length=None, checksum=None, cut=0)
f.update((k, int(v)) for k, v in (a.split("=") for a in sys.argv[3:]))
payload = b"hello"
length = 8 + len(payload)
def total(b):
    b += b"\0" * (len(b) % 2)
    s = sum(struct.unpack("!%dH" % (len(b) // 2), b))
    while s >> 16: s = (s & 0xffff) + (s >> 16)
    return s
udp = struct.pack("!HHHH", 1000, 2000, length, 0) + payload
good = ~total(src + dst + struct.pack("!HH", 17, length) + udp) & 0xffff or 0xffff
check = good if f["checksum"] is None else f["checksum"]
wire = struct.pack("!HHHH", 1000, 2000, length if f["length"] is None else f["length"], check) + payload
frame = bytes([f["version"] << 4, f["ttl"], 17, 0]) + src + dst + bytes(8) + wire
if f["cut"]: frame = frame[:f["cut"]]
s = socket.socket(socket.AF_PACKET, socket.SOCK_RAW)
s.bind(("to-r2", 0))
mac = b"\x02\0\0\0\0\1"
s.send(mac + mac + struct.pack("!H", 0x88B5) + frame)
P
}

counted() { # counted ROUTER CAUSE INJECT-ARGS...
	local router=$1 cause=$2 before
	shift 2
	before=$(drops "$router" "$cause")
	inject "$@"
	more() { [ "$(drops "$router" "$cause")" -gt "$before" ]; }
	eventually 10 more
}

step "a good one arrives"
on r3 timeout 30 python3 -c '
import socket
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM); s.bind(("", 2000)); print(s.recv(100).decode())' >got &
listener=$!
eventually 10 must_say 2000 on r3 ss -uln
inject ttl=64
wait $listener
equal hello "$(cat got)" "payload"

step "bad ones are counted by cause"
counted r2 version version=2
counted r2 length cut=10
counted r3 length length=4000
counted r3 checksum checksum=1
counted r2 ttl ttl=0
counted r2 ttl ttl=1

must stop_vlspd
nothing_left
