#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""What nobody sends who means well, for hostile.sh; in a router's namespace, most of it as root.

  hostile.py vdp DEVICE FROM TO FLAGS PROTOCOL HEX         a virtual datagram with those bytes behind its network part
  hostile.py udp DEVICE FROM FROM_PORT TO PORT TEXT        one of UDP, of any source
  hostile.py answer PORT                          answers of "answer to REQUEST", of two requests at a time, those first that came first
  hostile.py both HOST PORT TEXT TEXT             two requests from one port, the second without waiting for an answer to the first
  hostile.py resume FROM FROM_PORT TO PORT        as an application: gets an intercept, and gives back to all routers what is of none
  hostile.py flows HOST PORT COUNT                the first of two datagrams of so many flows
  hostile.py ask HOST PORT TEXT                   with the option of VLSP_META, as programs have it
"""
import contextlib
import os
import socket
import struct
import sys

ETHERTYPE = 0x88B5
META = struct.pack(">BBBBIII", 68, 16, 17, 3, 0x564C5350, 0, 0)


def vdp(device, source, to, flags, protocol, rest):
    s = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, ETHERTYPE)
    s.bind((device, ETHERTYPE))
    head = struct.pack(">BBBB4s4sII", 0x10 | int(flags), 64, int(protocol), 0, socket.inet_aton(source),
                       socket.inet_aton(to), 1, 0)
    s.send(bytes(12) + struct.pack(">H", ETHERTYPE) + head + bytes.fromhex(rest))


def udp(device, source, sport, to, port, text):
    head = struct.pack(">HHHH", int(sport), int(port), 8 + len(text), 0)
    vdp(device, source, to, 0, 17, (head + text.encode()).hex())


def resume(source, sport, to, port):
    link = socket.socket(fileno=3)
    link.send(b"INTERCEPT=1\nopen\nmatch=\norder=0\nqueue=0\npolicy=open")
    fds = []
    while not fds:
        _, fds, _, _ = socket.recv_fds(link, 4096, 2)
    s = socket.socket(fileno=fds[1])
    datagram = struct.pack(">BBBB4s4sII", 0x10, 64, 17, 0, socket.inet_aton(source), socket.inet_aton(to), 1, 0)
    datagram += struct.pack(">HHHH", int(sport), int(port), 8, 0)
    for slot in range(8):
        for edge in range(1, 40):
            for at in (0, 255):  # before all functions, and behind them
                head = bytes(10) + struct.pack(">HBBIIH", 0x564C, at, 0, edge, slot, ETHERTYPE)
                with contextlib.suppress(OSError):  # dropped
                    s.sendto(head + datagram, ("lo", ETHERTYPE))


def flows(host, port, count):
    s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    for flow in range(int(count)):
        s.sendto(struct.pack("=IIQQQ", 0x666C6F77, os.getpid(), flow, 0, 2), (host, int(port)))


def ask(host, port, text):
    s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    s.setsockopt(socket.IPPROTO_IP, socket.IP_OPTIONS, META)
    s.settimeout(10)
    s.sendto(text.encode(), (host, int(port)))
    print(s.recv(65536).decode())


def answer(port):
    s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    s.bind(("", int(port)))
    while True:
        waiting = [s.recvfrom(65536)]
        if waiting[0][0].startswith(b"two"):
            waiting.append(s.recvfrom(65536))
        for text, peer in waiting:
            s.sendto(b"answer to " + text, peer)


def both(host, port, *texts):
    s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    s.settimeout(10)
    for text in texts:
        s.sendto(text.encode(), (host, int(port)))
    for _ in texts:
        print(s.recv(65536).decode())


commands = {"udp": udp, "vdp": vdp, "answer": answer, "both": both, "resume": resume, "flows": flows,
            "ask": ask}
sys.exit(commands[sys.argv[1]](*sys.argv[2:]))
