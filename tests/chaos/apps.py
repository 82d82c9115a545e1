# SPDX-License-Identifier: GPL-2.0-or-later
"""Applications of chaos: which there are, what should have become of each, and what the kernel has of them.

Every application that is ever asked for has a token of its own in its environment, which whatever it starts inherits,
also what leaves its session and its parents. So /proc tells which processes are whose.
"""
import glob
import json
import os

from compare import output
from rest import NotSent, Unanswered
from world import processes, wait_for

NAMES = ["a0", "a1", "a2"]  # on each router
TOKEN = "VLSP_CHAOS"
LOST = {"supervisor-kill", "app-kill"}  # faults that end applications

# Each leaves processes that are not its children any more; one of them does not heed SIGTERM.
DAEMON = "(setsid sleep 1000 &); (setsid sh -c 'trap \"\" TERM; while :; do sleep 0.5; done' &); exec sleep 1000"

# What a kind of application is; {port} is that of its name.
KINDS = {
    "sleep": {"run": "/bin/sleep", "args": ["1000"]},
    "daemon": {"run": "/bin/sh", "args": ["-c", DAEMON], "restart": "on-failure", "grace": "300ms"},
    "job": {"run": "/bin/sh", "args": ["-c", "sleep 1.5; exit 3"]},  # not before anybody has seen that it is well
    "echo": {"run": "echo", "args": ["{port}"], "restart": "always"},
    "recv": {"run": "recv", "args": ["{port}"]},
    "pass": {"run": "pass", "args": ["--match", "udp"], "restart": "always"}}
STATUS = 3  # of a job


def kind_of(token):
    return token.split("-")[1]


def by_document(token):
    return token.startswith("t-")


def wanted(name, token):
    """In the words of a topology file."""
    app = {k: v for k, v in KINDS[kind_of(token)].items() if k != "args"}
    args = [a.replace("{port}", str(5000 + NAMES.index(name))) for a in KINDS[kind_of(token)]["args"]]
    return dict(app, name=name, args=args, env={TOKEN: token})


def records(rest):
    """{(router, name): record} of all, with what is wanted."""
    out = {}
    for app in rest.get("/app/", {"detail": "all"})["detail"]:
        answer = rest("GET", f"/router/{app['router']}/app/{app['name']}")
        if answer.status == 200:  # else it is gone by now
            out[app["router"], app["name"]] = answer.json
    return out


def token_of(record):
    return record["wanted"]["env"][TOKEN]


def shown(rest):
    return {key: token_of(r) for key, r in records(rest).items() if r["state"] != "stopping"}


def by_token():
    """{token: [pid]} of all processes that have one."""
    out = {}
    for pid in processes():
        try:
            with open(f"/proc/{pid}/environ", "rb") as f:
                words = f.read().split(b"\0")
        except OSError:
            continue
        for word in words:
            if word.startswith(TOKEN.encode() + b"="):
                out.setdefault(word.decode().partition("=")[2], []).append(pid)
    return out


def group_processes(ident):
    """Of the control group of that application, by its id."""
    out = []
    for path in glob.glob(f"/sys/fs/cgroup/**/vlsp/default/*/app-{ident}/cgroup.procs", recursive=True):
        try:
            with open(path, encoding="ascii") as f:
                out += f.read().split()
        except OSError:  # it goes just now
            pass
    return out


def settle(world, seconds=30):
    """Waits until nothing more comes of any: the longest pause before a restart is 5 s."""
    def busy():
        try:
            apps = world.rest.get("/app/", {"detail": "all"})["detail"]
        except (NotSent, Unanswered) as e:
            return str(e)
        moving = [a for a in apps if a["state"] not in ("running", "ended", "failed") or
                  (a["state"] == "running" and (not a["ready"] or a["classname"] == "/bin/sh" and "exit" in a["args"]))]
        return ", ".join(f"{a['router']}/{a['name']} {a['classname']} is {a['state']}" for a in moving[:5])
    wait_for("settled applications", seconds, busy)


class Expected:
    """What faults of a round may have done to applications."""

    def __init__(self, before, sabotage, redone):
        self.before = before  # records, when the round began
        self.lost = bool(sabotage.kinds & LOST) or sabotage.mend
        # calls of the daemon that start them may have failed, or it did not find the namespace of their router
        self.unable = bool(sabotage.kinds & (sabotage.CALLS | {"name"}))
        self.kills = sabotage.kills
        self.redone = redone  # routers that were made again, perhaps

    def same(self, key, record):
        """It is the one that was there when the round began."""
        was = self.before.get(key)
        return was if was and was["id"] == record["id"] and key[0] not in self.redone else None

    def state(self, key, record):
        """"" or what is wrong with its state."""
        kind, state, was = kind_of(token_of(record)), record["state"], self.same(key, record)
        unknown = state == "ended" and "exit" not in record and "signal" not in record
        how = f"{kind} is {state}, exit {record.get('exit')}, signal {record.get('signal')} {record['error']}"
        if state == "failed" and self.unable:
            return ""
        if was and was["state"] in ("ended", "failed"):
            same = all(was.get(k) == record.get(k) for k in ("state", "exit", "signal"))
            return "" if same or self.lost else f"{how}; it was {was['state']}, exit {was.get('exit')}, signal {was.get('signal')}"
        if unknown and kind in ("sleep", "recv", "job") and (self.lost or self.kills and not was):
            return ""
        if kind == "job":
            return "" if state == "ended" and (record.get("exit") == STATUS or self.lost) else how
        if state == "ended" and kind in ("sleep", "recv") and self.lost:
            return ""
        if state != "running":
            return how
        if was and not self.lost and was["pid"] != record["pid"]:
            return f"{kind} was well and was started again: process {was['pid']}, now {record['pid']}"
        return ""


def kernel(world, expected):
    """Lines: what is not as it should be of applications, their processes, groups, files and functions."""
    apps, have, out = records(world.rest), by_token(), []
    runs = {}
    for key, record in sorted(apps.items()):
        name, wrong = "/".join(key), expected.state(key, record)
        if wrong:
            out.append(f"application {name} ({record['id']}): {wrong}")
        if record["state"] != "running":
            continue
        runs[token_of(record)] = record
        pids = have.get(token_of(record), [])
        if record["pid"] not in pids:
            out.append(f"application {name} ({record['id']}) runs, but process {record['pid']} is not its: {pids}")
        if kind_of(token_of(record)) == "pass" and [f["dead"] for f in record.get("functions", [])] != [False]:
            out.append(f"application {name} ({record['id']}) has the functions {record.get('functions')}")
    for token in sorted(have.keys() - runs.keys()):
        out.append(f"processes {have[token]} of {token}, which does not run")
    ids = {str(r["id"]) for r in apps.values()}
    for path in glob.glob("/sys/fs/cgroup/**/vlsp/default/*/app-*/", recursive=True):
        if path.rstrip("/").rpartition("-")[2] not in ids:
            out.append(f"cgroup {path} is no application's")
    for path in glob.glob(world.path("apps", "*")):
        if os.path.basename(path).partition(".")[0] not in ids:
            out.append(f"{path} is no application's")
    return out + maps([r for r in runs.values() if kind_of(token_of(r)) == "pass"])


def dump(name, instance="default"):
    return json.loads(output("bpftool", "-j", "map", "dump", "pinned", f"/sys/fs/bpf/vlsp/{instance}/{name}") or "[]")


def maps(functions):
    """There are as many functions as there should be, and no capture."""
    rings = [r for r in dump("vlsp_fn_ring") if "error" not in str(r.get("value", ""))]
    taps = [r for r in dump("vlsp_tap_ring") if "error" not in str(r.get("value", ""))]
    routers = {r["router"] for r in functions}
    out = []
    if len(dump("vlsp_chain")) != len(routers):
        out.append(f"{len(dump('vlsp_chain'))} routers have chains of functions, not {len(routers)}")
    if len(rings) != len(functions):
        out.append(f"there are {len(rings)} rings of functions, not {len(functions)}")
    if taps or dump("vlsp_tap"):
        out.append(f"{len(dump('vlsp_tap'))} ports are tapped, {len(taps)} rings of captures are left")
    return out
