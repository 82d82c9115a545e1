#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Datagrams for functions.sh, by plain sockets in a router's namespace.

  functions.py echo PORT TAG              answers "TAG:PAYLOAD", as long as it runs
  functions.py number PORT                answers "IDn:PAYLOAD": the request's first two bytes, the n-th answer, the rest
  functions.py spoilt PORT                as number, but before each answer is another, "ID?", whose checksum is wrong (root)
  functions.py sink PORT                  a line each: SOURCE PORT CLASS BYTES TEXT
  functions.py ask HOST PORT TEXT [FROM_PORT [COUNT [SECONDS]]]    prints the answers, each of which is waited for; exits 1 if none came
  functions.py send HOST PORT COUNT BYTES [FROM_PORT]      numbered ones
  functions.py chunks HOST PORT COUNT     payloads for trim: significance 9, 5, 1 of 100, 400, 800 bytes
  functions.py changed HOST PORT COUNT    the same, whose checksum is wrong (root)
  functions.py refused HOST PORT [FROM_PORT [BYTES]]       connected; prints the error that comes for what it sends
  functions.py peer PORT                  waits 20 s for a datagram, and answers until there is an error, which it prints
  functions.py later HOST COUNT           last fragments of UDP datagrams of which no other is sent (root)
  functions.py talk HOST PORT MEGABYTES   TCP: sends so much, and compares what an echo sends back
"""
import hashlib
import socket
import struct
import sys
import threading


def udp(port=0):
    s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    s.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4 << 20)
    s.bind(("", port))
    return s


def echo(port, tag):
    s = udp(int(port))
    tcp = socket.create_server(("", int(port)))

    def serve(c):
        while data := c.recv(65536):
            c.sendall(data)
        c.close()

    def accept():
        while True:
            threading.Thread(target=serve, args=(tcp.accept()[0],), daemon=True).start()

    threading.Thread(target=accept, daemon=True).start()
    while True:
        data, peer = s.recvfrom(65536)
        s.sendto(tag.encode() + b":" + data, peer)


def send_wrong(payload, from_port, to):
    """With a checksum that is wrong; IP's length, checksum and source are the kernel's."""
    s = socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_RAW)
    head = struct.pack(">BBHHHBBH4s4s", 0x45, 0, 0, 0, 0, 64, socket.IPPROTO_UDP, 0, bytes(4), socket.inet_aton(to[0]))
    s.sendto(head + struct.pack(">HHHH", from_port, to[1], 8 + len(payload), 0x1234) + payload, (to[0], 0))


def spoilt(port):
    number(port, True)


def number(port, wrong=False):
    s = udp(int(port))
    n = 0
    while True:
        data, peer = s.recvfrom(65536)
        n += 1
        if wrong:
            send_wrong(data[:2] + b"?", int(port), peer)
        s.sendto(data[:2] + f"{n}:".encode() + data[2:], peer)


def sink(port):
    s = udp(int(port))
    s.setsockopt(socket.IPPROTO_IP, socket.IP_RECVTOS, 1)
    while True:
        data, control, _, peer = s.recvmsg(65536, 64)
        tos = [c[2][0] for c in control if c[1] == socket.IP_TOS][0]
        print(peer[0], peer[1], tos, len(data), data[:40].decode(errors="replace"), flush=True)


def ask(host, port, text, from_port=0, count=1, seconds=5):
    s = udp(int(from_port))
    s.settimeout(float(seconds))
    answers = 0
    for _ in range(int(count)):
        s.sendto(text.encode(), (host, int(port)))
        try:
            data, peer = s.recvfrom(65536)
        except TimeoutError:
            continue
        print(peer[0], peer[1], data.decode(errors="replace"))
        answers += 1
    return 0 if answers else 1


def send(host, port, count, size, from_port=0):
    s = udp(int(from_port))
    for i in range(int(count)):
        s.sendto(f"{i} ".encode().ljust(int(size), b"."), (host, int(port)))


def vbp():
    sizes = ((9, 100), (5, 400), (1, 800))
    head = b"VBP\1" + bytes([len(sizes), 0, 0, 0])
    head += b"".join(struct.pack(">BBH", significance, 0, size) for significance, size in sizes)
    return head + b"a" * 100 + b"b" * 400 + b"c" * 800


def chunks(host, port, count):
    s = udp()
    for _ in range(int(count)):
        s.sendto(vbp(), (host, int(port)))


def changed(host, port, count):
    for _ in range(int(count)):
        send_wrong(vbp(), 999, (host, int(port)))


def error_of(s, payload):
    """What the network says about datagrams of a connected socket, of which one may be lost; they go on for 5 seconds."""
    s.settimeout(0.2)
    for _ in range(25):
        try:
            s.send(payload)
            s.recv(65536)
        except TimeoutError:
            continue
        except OSError as error:
            return error.strerror
    return "nothing"


def refused(host, port, from_port=0, size=4):
    s = udp(int(from_port))
    s.connect((host, int(port)))
    print(error_of(s, b"." * int(size)))


def peer(port):
    s = udp(int(port))
    s.settimeout(20)
    s.connect(s.recvfrom(65536)[1])
    print(error_of(s, b"answer"))


def later(host, count):
    s = socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_RAW)
    for n in range(int(count)):
        # offset 185 (1,480 bytes), the last; length, checksum and source are the kernel's
        s.sendto(struct.pack(">BBHHHBBH4s4s", 0x45, 0, 0, 1000 + n, 185, 64, socket.IPPROTO_UDP, 0,
                             bytes(4), socket.inet_aton(host)) + b"rest", (host, 0))


def talk(host, port, megabytes):
    data = bytes(range(251)) * (int(megabytes) * 1_000_000 // 251)
    c = socket.create_connection((host, int(port)), timeout=20)
    threading.Thread(target=lambda: (c.sendall(data), c.shutdown(socket.SHUT_WR)), daemon=True).start()
    got = hashlib.sha256()
    length = 0
    while part := c.recv(65536):
        got.update(part)
        length += len(part)
    same = got.digest() == hashlib.sha256(data).digest()
    print(f"{length} bytes, {'the same' if same else 'others'}")
    return 0 if same else 1


sys.exit({f.__name__: f for f in (echo, number, spoilt, sink, ask, send, chunks, changed, refused, peer, later,
                                        talk)}[sys.argv[1]](*sys.argv[2:]))
