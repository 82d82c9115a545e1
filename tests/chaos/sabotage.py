# SPDX-License-Identifier: GPL-2.0-or-later
"""What chaos does to a daemon behind its back. A Sabotage plans its acts for one round from the round's generator,
does them at their times in a thread of its own, and takes everything back at the end."""
import errno
import mmap
import os
import resource
import signal
import struct
import subprocess
import threading
import time

from apps import by_token
from compare import inside, libc, output
from rest import NotSent, Unanswered
from world import command_of, processes

MNT_DETACH = 2


class Faults:
    """The file that tests/chaos/faults.c reads; see struct control there."""
    GROUPS = ["send", "recv", "mount", "namespace", "sync", "open"]
    LAYOUT = struct.Struct("=6I6iq6QQ")
    ERRORS = {"send": [errno.ENOBUFS, errno.ENOMEM, errno.EINTR], "recv": [errno.ENOBUFS, errno.ENOMEM],
              "mount": [errno.ENOMEM, errno.ENOSPC], "namespace": [errno.EPERM, errno.ENOSPC, errno.EUSERS],
              "sync": [errno.EIO, errno.ENOSPC], "open": [errno.EMFILE, errno.ENFILE, errno.ENOMEM]}

    def __init__(self, path, seed):
        with open(path, "w+b") as f:
            f.truncate(self.LAYOUT.size)
            self.map = mmap.mmap(f.fileno(), self.LAYOUT.size)
        self.path = path
        self.permille, self.error = [0] * 6, [0] * 6
        self.shift = 0
        struct.pack_into("=Q", self.map, self.LAYOUT.size - 8, seed & (2 ** 64 - 1))
        self.write()

    def write(self):
        struct.pack_into("=6I6iq", self.map, 0, *self.permille, *self.error, self.shift)

    def set(self, group, permille, error=0):
        i = self.GROUPS.index(group)
        self.permille[i], self.error[i] = permille, error
        self.write()

    def clock(self, shift):
        self.shift = shift
        self.write()

    def off(self):
        self.permille = [0] * 6
        self.write()

    def failed(self):
        return dict(zip(self.GROUPS, self.LAYOUT.unpack_from(self.map, 0)[13:19]))


def ignore_gone(fn, *args):
    """What is to be hurt may be gone already."""
    try:
        fn(*args)
    except (FileNotFoundError, ProcessLookupError, OSError):
        return False
    return True


class Sabotage:
    # name: (weight, whether a reconcile may be needed afterwards to mend it, whether routers may be started again)
    KINDS = {
        "kill": (12, False, False), "pause": (3, False, False), "clock": (2, False, False),
        "router-pause": (3, False, True), "router-kill": (4, False, True),
        "relay-kill": (3, False, False),
        "supervisor-kill": (4, False, False), "supervisor-pause": (2, False, False), "app-kill": (4, False, False),
        "capture": (4, False, False),
        "device": (3, True, False), "name": (2, True, True), "filter": (3, True, False),
        "full": (3, False, False), "descriptors": (2, True, True), "send": (2, True, True),
        "recv": (1, True, True), "mount": (2, True, True), "namespace": (2, True, True),
        "sync": (2, True, True), "open": (1, True, True)}

    CALLS = {"descriptors", "send", "recv", "mount", "namespace", "sync", "open", "full"}  # calls of the daemon fail

    def __init__(self, world, rng, faults, seconds, kinds=None):
        self.world, self.rng, self.faults = world, rng, faults
        self.seconds = seconds
        self.kills = 0  # so far
        self.killing = False
        self.killed = threading.Event()  # the daemon is down and wants to be started
        self.log = []
        self.begin = time.monotonic()
        names = kinds or list(self.KINDS)
        count = rng.choice([1, 1, 2, 2, 3])
        self.kinds = set(rng.choices(names, [self.KINDS[n][0] for n in names], k=count))
        self.mend = any(self.KINDS[k][1] for k in self.kinds)
        self.restarts = any(self.KINDS[k][2] for k in self.kinds)
        self.acts = sorted((rng.uniform(0, seconds), rng.random(), k) for k in self.kinds
                           for _ in range(rng.choice([1, 1, 2, 3])))
        self.undo = []
        self.stopped = set()
        self.thread = threading.Thread(target=self.run, name="sabotage")
        self.filler = os.path.join(world.state, "filler")

    def note(self, text):
        self.log.append(f"{time.monotonic() - self.begin:.3f} {text}")

    def run(self):
        for at, _, kind in self.acts:
            time.sleep(max(0, self.begin + at - time.monotonic()))
            try:
                getattr(self, "do_" + kind.replace("-", "_"), lambda k=kind: self.fail_calls(k))()
            except (NotSent, Unanswered, subprocess.SubprocessError) as e:
                self.note(f"{kind}: {e}")

    def finish(self):
        """All acts are done; takes back what lasts."""
        self.thread.join()
        self.faults.off()
        for fn in reversed(self.undo):
            fn()

    def later(self, seconds, fn):
        """fn in a while, and in any case before the round ends."""
        timer = threading.Timer(seconds, fn)
        timer.start()

        def end():
            timer.cancel()
            timer.join()
            fn()
        self.undo.append(end)

    def some_routers(self, most):
        try:
            routers = list(self.world.routers().values())
        except (AssertionError, AttributeError):
            return []
        routers = [r for r in routers if r["pid"] > 0]
        return self.rng.sample(routers, min(len(routers), self.rng.randint(1, most)))

    def do_kill(self):
        self.killing = True
        if self.world.kill():
            self.kills += 1
            self.note("vlspd killed")
            self.killed.set()
        self.killing = False

    def do_pause(self):
        pid = self.world.pid()
        if pid and ignore_gone(os.kill, pid, signal.SIGSTOP):
            self.note("vlspd stopped")
            self.later(self.rng.uniform(0.05, 0.5), lambda: ignore_gone(os.kill, pid, signal.SIGCONT))

    def do_router_pause(self):
        for router in self.some_routers(3):
            pid = router["pid"]
            if ignore_gone(os.kill, pid, signal.SIGSTOP):
                self.note(f"router {router['name']} ({pid}) stopped")
                self.later(self.rng.uniform(0.05, 1.5), lambda p=pid: ignore_gone(os.kill, p, signal.SIGCONT))

    def do_router_kill(self):
        for router in self.some_routers(5):
            if ignore_gone(os.kill, router["pid"], signal.SIGKILL):
                self.note(f"router {router['name']} ({router['pid']}) killed")

    def do_relay_kill(self):
        for pid in processes():
            if command_of(pid).startswith("vlsp-relay " + self.world.path("relay.sock")):
                ignore_gone(os.kill, pid, signal.SIGKILL)
                self.note(f"relay ({pid}) killed")

    def supervisors(self):
        return [p for p in processes() if command_of(p).startswith("vlsp-supervisor " + self.world.path("supervisor.sock"))]

    def do_supervisor_kill(self):
        for pid in self.supervisors():
            ignore_gone(os.kill, pid, signal.SIGKILL)
            self.note(f"supervisor ({pid}) killed")

    def do_supervisor_pause(self):
        for pid in self.supervisors():
            ignore_gone(os.kill, pid, signal.SIGSTOP)
            self.note(f"supervisor ({pid}) stopped")
            self.later(self.rng.uniform(0.05, 1.5), lambda p=pid: ignore_gone(os.kill, p, signal.SIGCONT))

    def do_app_kill(self):
        """Any of their processes: also one that an application has started."""
        pids = sorted(p for own in by_token().values() for p in own)
        for pid in self.rng.sample(pids, min(len(pids), self.rng.randint(1, 5))):
            ignore_gone(os.kill, pid, signal.SIGKILL)
            self.note(f"process {pid} of an application killed")

    def do_capture(self):
        """One on a router, which ends by a signal; what it wrote is not looked at."""
        for router in self.some_routers(2):
            reader = subprocess.Popen([self.world.build + "/vlsp", "--runtime-dir", self.world.runtime, "capture",
                                       router["name"], "-w", "/dev/null"],
                                      stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            self.note(f"capture on router {router['name']}")
            self.later(self.rng.uniform(0.05, 1), lambda r=reader, s=self.rng.choice([signal.SIGINT, signal.SIGKILL]):
                       (ignore_gone(r.send_signal, s), r.wait()))

    def devices(self, router):
        return [d["device"] for d in router.get("linkDetail", [])]

    def do_device(self):
        for router in self.some_routers(2):
            devices = self.devices(router)
            if not devices:
                continue
            device = self.rng.choice(devices)
            ignore_gone(self.in_netns, router, "ip", "link", "delete", device)
            self.note(f"router {router['name']}: device {device} deleted")

    def do_filter(self):
        for router in self.some_routers(2):
            device = self.rng.choice(self.devices(router) + ["lo"])
            hook = "egress" if device == "lo" else "ingress"
            ignore_gone(self.in_netns, router, "tc", "filter", "del", "dev", device, hook)
            self.note(f"router {router['name']}: filters of {device} removed")

    def in_netns(self, router, *argv):
        with inside(router["netns"]):
            output(*argv)

    def do_name(self):
        for router in self.some_routers(1):
            path = self.world.path("netns", router["name"])
            libc.umount2(path.encode(), MNT_DETACH)
            if self.rng.random() < 0.7:
                ignore_gone(os.unlink, path)
            if self.rng.random() < 0.5:
                ignore_gone(os.unlink, "/run/netns/" + router["name"])
            self.note(f"router {router['name']}: the name of its namespace removed")

    def do_full(self):
        for size in (1 << 20, 4096):
            try:
                with open(self.filler, "ab", buffering=0) as f:
                    while f.write(bytes(size)) == size:
                        pass
            except OSError:
                pass
        self.note("state directory full")
        self.later(self.rng.uniform(0.1, 0.6), lambda: ignore_gone(os.unlink, self.filler))

    def do_descriptors(self):
        pid = self.world.pid()
        if not pid:
            return
        try:
            used = len(os.listdir(f"/proc/{pid}/fd"))
            before = resource.prlimit(pid, resource.RLIMIT_NOFILE)
            limit = used + self.rng.randint(0, 4)
            resource.prlimit(pid, resource.RLIMIT_NOFILE, (limit, before[1]))
        except (OSError, ValueError):
            return
        self.note(f"vlspd has {used} descriptors and may have {limit}")
        self.later(self.rng.uniform(0.1, 0.6),
                   lambda: ignore_gone(resource.prlimit, pid, resource.RLIMIT_NOFILE, before))

    def do_clock(self):
        shift = self.rng.choice([-86400 * 365, -3600, -1, 1, 3600, 86400 * 3650])
        self.faults.clock(self.faults.shift + shift if abs(self.faults.shift) < 1e9 else 0)
        self.note(f"the clock jumps by {shift} s")

    def fail_calls(self, group):
        error = self.rng.choice(Faults.ERRORS[group])
        permille = self.rng.choice([5, 20, 100, 500])
        self.faults.set(group, permille, error)
        self.note(f"{group} calls fail with {errno.errorcode[error]}, {permille} of 1000")
        self.later(self.rng.uniform(0.1, 0.6), lambda: self.faults.set(group, 0))

