#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
# hello.py: answers whoever says hello. hello.py ROUTER: says it there, prints the answer.
import socket
import sys

s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
if len(sys.argv) > 1:
    s.settimeout(2)
    s.connect((sys.argv[1], 7007))
    s.send(b"hello")
    print(s.recv(100).decode())
else:
    s.bind(("", 7007))
    while True:
        text, peer = s.recvfrom(100)
        s.sendto(b"hello from Python", peer)
