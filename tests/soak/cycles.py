#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Routers and links made and deleted thousands of times, beside a network that stays: what the daemon and the kernel
hold at the end is what they held after the warm-up, within 5 %.

One cycle is one router and one link, made and deleted: half of them one by one, half by apply, 25 at once. The daemon
keeps a history of 10,000 deleted routers and of 1,000 operations; the warm-up fills both. The kernel frees late: each
sample waits until its figures stand still, the last one up to two minutes more until they are back. What is counted
for the whole machine moves when something else runs on it: such counts may differ by SLACK besides, which is little
against what as many cycles would leave.
"""
import argparse
import collections
import glob
import json
import os
import subprocess
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "chaos"))
from world import World, command_of, processes  # noqa: E402  pylint: disable=wrong-import-position

BATCH = 25
WITHIN = 0.05
SLACK = {"slab net_namespace": 100, "slab task_struct": 200, "slab sock_inode_cache": 500, "kernel KernelStack KiB": 2000,
         "kernel PageTables KiB": 5000, "bpf progs": 50, "bpf maps": 100}


def fields(path, names):
    out = {}
    with open(path, encoding="ascii") as f:
        for line in f:
            key, _, value = line.partition(":")
            if key in names:
                out[key] = int(value.split()[0])
    return out


def bpf_objects():
    """Those that our processes hold, and all of this machine, by kind."""
    held = {"prog": set(), "map": set()}
    for path in glob.glob("/proc/[0-9]*/fdinfo/*"):
        try:
            with open(path, encoding="ascii") as f:
                for line in f:
                    key, _, value = line.partition(":")
                    if key in ("prog_id", "map_id"):
                        held[key[:-3]].add(value.strip())
        except (OSError, ValueError):
            pass
    out = {f"bpf {kind}s that we hold": len(ids) for kind, ids in held.items()}
    for kind in ("prog", "map", "link"):
        done = subprocess.run(["bpftool", "-j", kind, "list"], capture_output=True, text=True, check=False)
        try:
            out["bpf " + kind + "s"] = len(json.loads(done.stdout or "[]"))
        except ValueError:
            pass
    return out


def slab_objects(names):
    out = {}
    try:
        with open("/proc/slabinfo", encoding="ascii") as f:
            for line in f:
                parts = line.split()
                if parts and parts[0] in names:
                    out["slab " + parts[0]] = int(parts[1])
    except OSError:
        pass
    return out


def look(world):
    pid = world.pid()
    s = collections.OrderedDict()
    roll = fields(f"/proc/{pid}/smaps_rollup", {"Rss", "Private_Dirty"})
    for key in ("Rss", "Private_Dirty"):  # not Pss: it grows when somebody else who maps the same libraries ends
        s[f"vlspd {key} KiB"] = roll[key]
    s["vlspd descriptors"] = len(os.listdir(f"/proc/{pid}/fd"))
    s["vlspd threads"] = len(os.listdir(f"/proc/{pid}/task"))
    ours = [p for p in processes() if "vlsp-router" in command_of(p).split(" ")[0]]
    s["router processes"] = len(ours)
    total = 0
    for p in ours:
        try:
            total += fields(f"/proc/{p}/smaps_rollup", {"Private_Dirty"}).get("Private_Dirty", 0)
        except OSError:
            pass
    s["router processes dirty KiB"] = total
    s["names of namespaces"] = len(os.listdir(world.path("netns")))
    with open("/proc/self/mounts", encoding="utf-8") as f:
        s["mounts"] = len(f.readlines())
    s["pins"] = len(glob.glob("/sys/fs/bpf/vlsp/**", recursive=True))
    s.update(bpf_objects())
    s["cgroups"] = len(glob.glob("/sys/fs/cgroup/**/vlsp/**/", recursive=True))
    with open("/proc/sys/vm/drop_caches", "w", encoding="ascii") as f:
        f.write("3")
    memory = fields("/proc/meminfo", {"Slab", "SUnreclaim", "Percpu", "KernelStack", "PageTables"})
    for key, value in memory.items():
        s[f"kernel {key} KiB"] = value
    s.update(slab_objects({"net_namespace", "sock_inode_cache", "task_struct"}))
    s["files in state"] = sum(len(f) for _, _, f in os.walk(world.state))
    return s


def near(a, b, within=WITHIN):
    return abs(a - b) <= within * max(a, b)


def sample(world):
    """Once it stands still: three looks in a row within 1 %, for at most 40 s."""
    last, still = look(world), 0
    end = time.monotonic() + 40
    while still < 3 and time.monotonic() < end:
        time.sleep(1)
        now = look(world)
        still = still + 1 if all(near(now[k], last[k], 0.01) for k in now) else 0
        last = now
    return last


class Cycles:
    def __init__(self, world):
        self.world, self.rest, self.number = world, world.rest, 0
        self.base = json.loads(self.ask(200, "GET", "/topology/", {"format": "json"}).text)
        self.names = [r["name"] for r in self.base["routers"]]

    def ask(self, status, *args):
        answer = self.rest(*args)
        if answer.status != status:
            raise AssertionError(f"{args[:3]}: {answer}")
        return answer

    def single(self):
        self.number += 1
        name, other = f"x{self.number % 7}", self.names[self.number % len(self.names)]
        self.ask(201, "POST", "/router/", {"name": name})
        link = self.ask(201, "POST", "/link/", {"router1": name, "router2": other}).json["linkName"]
        if self.number % 2:
            self.ask(200, "DELETE", "/link/" + link)
        self.ask(200, "DELETE", f"/router/{name}")

    def batch(self):
        names = [f"y{i}" for i in range(BATCH)]
        doc = dict(self.base)
        doc["routers"] = doc["routers"] + names
        doc["links"] = doc["links"] + [{"a": n, "b": self.names[i % len(self.names)]} for i, n in enumerate(names)]
        self.ask(200, "PUT", "/topology/", {"source": "more"}, json.dumps(doc).encode())
        self.ask(200, "PUT", "/topology/", {"source": "base"}, json.dumps(self.base).encode())

    def fill(self, count):
        """The history of deleted routers."""
        doc = dict(self.base)
        doc["routers"] = doc["routers"] + [f"z{i}" for i in range(500)]
        for _ in range(0, count, 500):
            self.ask(200, "PUT", "/topology/", {"source": "more", "no_wait": "true"}, json.dumps(doc).encode())
            self.ask(200, "PUT", "/topology/", {"source": "base"}, json.dumps(self.base).encode())

    def run(self, count):
        done, mark = 0, 0
        while done < count:
            self.batch()
            done += BATCH
            for _ in range(min(BATCH, count - done)):
                self.single()
                done += 1
            if done * 10 // count > mark:
                mark = done * 10 // count
                print(f"  {done} cycles", flush=True)
        return done


def main():
    p = argparse.ArgumentParser(description=__doc__)
    p.add_argument("--build", required=True)
    p.add_argument("--runtime", required=True)
    p.add_argument("--state", required=True)
    p.add_argument("--cycles", type=int, default=10000)
    p.add_argument("--warm-up", type=int, default=1000, help="cycles")
    p.add_argument("--history", type=int, default=10000, help="routers deleted before it begins")
    args = p.parse_args()
    world = World(args.build, args.runtime, args.state)
    world.must_start()
    status, grid, err = world.vlsp("topology", "generate", "grid", "4", "4")
    assert status == 0, err
    assert world.rest("PUT", "/topology/", {"source": "grid"}, grid.encode()).status == 200
    cycles = Cycles(world)
    cycles.fill(args.history)
    cycles.run(args.warm_up)
    world.settle()
    before = sample(world)
    begin = time.monotonic()
    done = cycles.run(args.cycles)
    took = time.monotonic() - begin
    world.settle()
    after = sample(world)
    end = time.monotonic() + 120
    while any(not near(before[k], after[k]) and after[k] > before[k] + SLACK.get(k, 0) for k in before) and time.monotonic() < end:
        time.sleep(5)
        after = sample(world)
    print(f"{done} cycles in {took:.0f} s")
    print(f"{'':32} {'before':>10} {'after':>10}")
    wrong = 0
    for key, was in before.items():
        now = after.get(key, 0)
        bad = not near(was, now) and now > was + SLACK.get(key, 0)
        wrong += bad
        print(f"{key:32} {was:10} {now:10} {100 * (now - was) / max(was, 1):+6.1f} %{'  MORE THAN 5 %' if bad else ''}")
    world.must_stop()
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
