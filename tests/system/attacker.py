#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""What a malicious application on a router tries. attacker.py ATTACK [ARGUMENT...]: exit 0: it got what it
wanted, 10: it was refused (and says how), anything else: the attack itself is wrong. Each is harmless where it
succeeds, so that attacks.sh can show that it would, without confinement. Read from standard input by the
application, which sees no directory of the tests."""
import ctypes
import errno
import os
import platform
import signal
import socket
import struct
import subprocess
import sys
import time

libc = ctypes.CDLL(None, use_errno=True)
X86 = platform.machine() == "x86_64"
NR_BPF, NR_PTRACE, NR_INIT_MODULE = (321, 101, 175) if X86 else (280, 117, 105)
CLONE_NEWUSER, CLONE_NEWNET = 0x10000000, 0x40000000


class Refused(Exception):
    pass


def call(name, result):
    """result of a C call: -1 is a refusal."""
    if result == -1:
        raise Refused(f"{name}: {os.strerror(ctypes.get_errno())}")
    return result


def bpf(command, attr):
    buf = ctypes.create_string_buffer(attr.ljust(128, b"\0"))
    return call("bpf", libc.syscall(NR_BPF, command, buf, 128))


def fib_pin(*pins):
    """Another router's forwarding table, by the pin of the map that has them all."""
    for pin in pins:
        path = ctypes.create_string_buffer(pin.encode())
        bpf(7, struct.pack("=QII", ctypes.addressof(path), 0, 0))  # BPF_OBJ_GET


def fib_id():
    """The same by walking all maps of the machine."""
    buf = ctypes.create_string_buffer(128)
    call("bpf", libc.syscall(NR_BPF, 12, buf, 128))  # BPF_MAP_GET_NEXT_ID
    bpf(14, struct.pack("=I", struct.unpack_from("=I", buf.raw, 4)[0]))  # BPF_MAP_GET_FD_BY_ID


def memory_of(pid):
    with open(f"/proc/{pid}/mem", "r+b"):
        pass


def trace(pid):
    call("ptrace", libc.syscall(NR_PTRACE, 0x4206, int(pid), 0, 0))  # PTRACE_SEIZE
    os._exit(0)  # which lets go of it


def kill(*pids):
    for pid in pids:
        os.kill(int(pid), 0)


def everybody():
    """Signals whoever may be signalled; it must survive to tell."""
    signal.signal(signal.SIGURG, signal.SIG_IGN)
    os.kill(-1, signal.SIGURG)
    raise Refused("none but its own")


def connect_unix(*paths):
    for path in paths:
        socket.socket(socket.AF_UNIX, socket.SOCK_STREAM).connect(path)


def connect_packet(path):
    socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET).connect(path)


def connect_abstract(name):
    connect_unix("\0" + name)


def connect_tcp(port):
    socket.create_connection(("127.0.0.1", int(port)), 1)


def vsock():
    """A socket to what the machine is a guest of, which knows no network namespaces."""
    socket.socket(40, socket.SOCK_STREAM)


def device_sysfs(name):
    os.stat(f"/sys/class/net/{name}")


def device_proc(name):
    with open("/proc/1/net/dev", encoding="ascii") as file:
        if name not in file.read():
            raise Refused("not in /proc/1/net/dev")


def enter(path):
    file = open(path, "rb")
    call("setns", libc.setns(file.fileno(), CLONE_NEWNET))


def read(*paths):
    for path in paths:
        with open(path, "rb") as file:
            file.read(1)


def listing(path):
    if not os.listdir(path):
        raise Refused("empty")


def write(path):
    with open(path, "ab"):
        pass


def make(path):
    with open(path, "xb"):
        pass
    os.unlink(path)


def mount():
    call("mount", libc.mount(b"x", b"/mnt", b"tmpfs", 0, None))


def unmount(path):
    call("umount", libc.umount2(path.encode(), 2))


def mknod():
    os.mknod("/tmp/attack", 0o20666, os.makedev(1, 1))
    os.unlink("/tmp/attack")


def module():
    libc.syscall(NR_INIT_MODULE, None, 0, b"")
    if ctypes.get_errno() in (errno.EPERM, errno.ENOSYS):
        raise Refused(os.strerror(ctypes.get_errno()))


def user_namespace():
    call("unshare", libc.unshare(CLONE_NEWUSER))


def network_namespace():
    call("unshare", libc.unshare(CLONE_NEWNET))


def raw():
    socket.socket(socket.AF_INET, socket.SOCK_RAW, 1)


def packet():
    socket.socket(socket.AF_PACKET, socket.SOCK_RAW, 0)


def shared_memory(key):
    """System V shared memory of a program of the machine."""
    call("shmget", libc.shmget(int(key), 4096, 0))


def command(*words):
    done = subprocess.run(words, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)
    if done.returncode:
        raise Refused(done.stderr.strip())


def root_by(*words):
    """A program that is setuid root, or wants to make somebody root."""
    done = subprocess.run(words, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)
    if done.stdout.strip() != "0":
        raise Refused(f"is {done.stdout.strip() or done.stderr.strip()}")


def descriptors():
    """What was left open by who started it."""
    left = [fd for fd in os.listdir("/proc/self/fd") if int(fd) > 2 and os.path.exists(f"/proc/self/fd/{fd}")]
    if not left:
        raise Refused("none")
    print(left)


def raise_limits():
    import resource
    resource.setrlimit(resource.RLIMIT_NPROC, (100000, 100000))


def priority():
    os.nice(-10)


def forks(limit):
    """As many processes as there may be; says how many there were."""
    made = 0
    try:
        while made < 5000:
            if os.fork() == 0:
                time.sleep(1000)
                os._exit(0)
            made += 1
    except OSError as e:
        if made < int(limit):
            raise Refused(f"{made} processes: {e.strerror}") from e


def memory(mebibytes):
    hold = []
    for _ in range(int(mebibytes)):
        hold.append(b"x" * (1 << 20))


def fill(path, mebibytes):
    with open(path, "wb") as file:
        for _ in range(int(mebibytes)):
            file.write(b"x" * (1 << 20))
            file.flush()


def processor(percent, count):
    """Several that compute for 3 s; refused when they did not get that much together."""
    start = time.monotonic()
    for _ in range(int(count)):
        if os.fork() == 0:
            while time.monotonic() - start < 3:
                sum(range(1000))
            os._exit(0)
    for _ in range(int(count)):
        os.wait()
    used = os.times()
    share = 100 * (used.children_user + used.children_system) / (time.monotonic() - start)
    if share < int(percent):
        raise Refused(f"{share:.0f}% of a processor")


def main():
    attack = globals()[sys.argv[1].replace("-", "_")]
    try:
        attack(*sys.argv[2:])
    except (OSError, Refused, MemoryError) as e:
        print(f"{type(e).__name__}: {e}")
        return 10
    except ValueError as e:  # prlimit: not allowed to raise maximum limit
        print(f"{e}")
        return 10
    return 0


sys.stdout.reconfigure(line_buffering=True)
os._exit(main())
