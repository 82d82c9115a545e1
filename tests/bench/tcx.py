#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
# Programs by tcx in the network namespace this runs in, by bpf(2): tc(8) does not know of these.
#   wait in|out DEVICE...     until there is one at each, for at most 20 s
#   first DEVICE ID           puts the program with that id before all others at the ingress
#   not DEVICE ID             takes it away
import ctypes
import socket
import struct
import sys
import time

IN, OUT = 46, 47
ATTACH, DETACH, FD_BY_ID, QUERY = 8, 9, 13, 16
BEFORE = 8
libc = ctypes.CDLL(None, use_errno=True)


def bpf(command, attr):
    buf = ctypes.create_string_buffer(attr, 64)
    r = libc.syscall(321, command, buf, 64)
    if r < 0:
        sys.exit(f"bpf({command}): errno {ctypes.get_errno()}")
    return r, buf.raw


def count(device, kind):
    index = socket.if_nametoindex(device)
    return struct.unpack_from("I", bpf(QUERY, struct.pack("IIIIQI", index, kind, 0, 0, 0, 0))[1], 24)[0]


what, *words = sys.argv[1:]
if what == "wait":
    kind, end = (IN if words[0] == "in" else OUT), time.monotonic() + 20
    for device in words[1:]:
        while count(device, kind) == 0:
            if time.monotonic() > end:
                sys.exit(f"{device}: nothing is there")
            time.sleep(0.02)
else:
    fd = bpf(FD_BY_ID, struct.pack("I", int(words[1])))[0]
    index = socket.if_nametoindex(words[0])
    bpf(ATTACH if what == "first" else DETACH, struct.pack("IIII", index, fd, IN, BEFORE if what == "first" else 0))
