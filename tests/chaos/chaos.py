#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Rounds of chaos: a random network, clients that change it at once, faults meanwhile; then everything is compared.

Run by chaos.sh, inside namespaces of its own. Round i of seed S is round 0 of seed S + i: its network, its clients'
operations and the faults and their times come from that number alone. What threads and the kernel do in between
does not, so a replay is the same experiment, not the same schedule.
"""
import argparse
import os
import random
import sys
import tempfile
import threading
import time

import apps
import compare
from expect import Random, document, possible, request, shown_with_apps as shown
from rest import NotSent, Unanswered
from sabotage import Faults, Sabotage
from world import World, wait_for

TROUBLE = {429, 500, 503, 507}  # the machine, or the store, refused: a fault's doing


class Failure(Exception):
    pass


class Record:
    """One request: what was asked, and what came back."""

    def __init__(self, op, epoch):
        self.op, self.epoch, self.answer = op, epoch, None  # epoch: how often the daemon had been killed
        self.sent = time.monotonic()

    @property
    def half(self):
        """The daemon says itself that it could neither do it nor undo it."""
        return self.answer is not None and ("undoing" in self.answer.error or "everything else" in self.answer.error)

    def __str__(self):
        what = " ".join(f"{k}={v}" for k, v in self.op.items() if k not in ("routers", "links", "apps"))
        if "routers" in self.op:
            what += f" ({len(self.op['routers'])} routers, {len(self.op['links'])} links, {len(self.op['apps'])} applications)"
        end = "no answer" if self.answer is None else f"{self.answer.status} operation {self.answer.operation} {self.answer.error}"
        return f"{self.sent:.3f} [{self.epoch}] {what} -> {end}"


class Round:
    def __init__(self, world, seed, faults, kinds):
        self.world, self.seed, self.faults = world, seed, faults
        self.rng = random.Random(seed)
        self.names = Random(self.rng, tokens=seed)
        self.seconds = self.rng.uniform(0.4, 2)
        self.clients = self.rng.randint(2, 6)
        self.kinds = kinds
        self.records, self.lock = [], threading.Lock()
        self.belief = None
        self.over = threading.Event()
        self.errors = []

    # --- while it runs

    def client(self, number):
        names = Random(random.Random(f"{self.seed}/{number}"), tokens=f"{self.seed}.{number}")
        try:
            while not self.over.is_set():
                with self.lock:
                    op = names.operation(self.belief)
                    record = Record(op, self.sabotage.kills)
                try:
                    record.answer = request(self.world.rest, op)
                except NotSent:
                    time.sleep(0.005)
                    continue
                except Unanswered:
                    pass
                if op["kind"] == "app-stop" and op["no_wait"] == "false" and record.answer and record.answer.status == 200:
                    left = apps.group_processes(record.answer.json["appID"])
                    if left:
                        self.errors.append(f"{record}: the answer came, and processes {left} were there")
                with self.lock:
                    self.records.append(record)
                    if record.answer and record.answer.status < 300:
                        self.belief.do(op)
        except Exception as e:  # pylint: disable=broad-except
            self.errors.append(f"client {number}: {e!r}")

    def keeper(self):
        """Starts the daemon again when it was killed, sooner or later."""
        pauses = random.Random(f"{self.seed}/keeper")
        missing = 0
        while not self.over.is_set() or self.sabotage.killed.is_set():
            if self.sabotage.killed.wait(0.05):
                time.sleep(pauses.choice([0, 0, 0.05, 0.3]))
                self.sabotage.killed.clear()
                self.start()
            missing = 0 if self.sabotage.killing or self.world.pid() else missing + 1
            if missing == 3 and not self.sabotage.killed.is_set():
                self.errors.append("vlspd has ended, and nobody killed it")
                return

    def start(self):
        """While faults are on it may refuse; then it must once they are gone."""
        for _ in range(200):
            if self.world.start() or self.world.pid():
                return
            time.sleep(0.1)
        self.errors.append(f"vlspd does not start: {self.world.says}")

    def setup(self):
        op = self.names.network()
        answer = self.world.rest("PUT", "/topology/", {"source": "chaos"}, document(op))
        if answer.status != 200:
            raise Failure(f"the first apply: {answer}")
        self.world.settle()
        apps.settle(self.world)
        self.base = shown(self.world.rest)
        self.belief = self.base.copy()
        self.before = self.world.routers()
        self.before_apps = apps.records(self.world.rest)

    def run(self):
        self.setup()
        self.sabotage = Sabotage(self.world, self.rng, self.faults, self.seconds, self.kinds)
        threads = [threading.Thread(target=self.client, args=(i,)) for i in range(self.clients)]
        threads.append(threading.Thread(target=self.keeper))
        for t in threads + [self.sabotage.thread]:
            t.start()
        time.sleep(self.seconds)
        self.sabotage.finish()
        self.over.set()
        for t in threads:
            t.join()
        if not self.world.pid():
            self.start()
        if self.errors:
            raise Failure("\n".join(self.errors))

    # --- afterwards

    def acknowledged(self):
        """Every network that the answers allow, and what was wrong with the answers."""
        nets, wrong = [self.base.copy()], []
        for epoch in range(self.sabotage.kills + 1):
            records = [r for r in self.records if r.epoch == epoch]
            done = sorted((r for r in records if r.answer and r.answer.status < 300),
                          key=lambda r: r.answer.operation)
            for r in done:
                kept = []
                for net in nets:
                    if r.answer.status in net.do(r.op, r.answer.json):
                        kept.append(net)
                if not kept:
                    wrong.append(f"no order of operations explains: {r}")
                    break
                nets = kept
            lost = [r.op for r in records if r.answer is None]
            after = {}
            for net in nets:
                for maybe, _ops in possible(net.copy(), lost):
                    after.setdefault(repr((sorted(maybe.routers.items(), key=str), sorted(maybe.links.items()),
                                           sorted(maybe.apps.items()))), maybe)
            nets = list(after.values())
        return nets, wrong

    def check_answers(self):
        for r in self.records:
            if r.answer and r.answer.status >= 400 and r.answer.status not in {404, 409} | TROUBLE:
                raise Failure(f"an answer that nothing explains: {r}")
            if r.answer and r.answer.status < 300 and r.answer.operation is None:
                raise Failure(f"an answer without the number of its operation: {r}")

    def check_model(self):
        if any(r.half for r in self.records):
            return "half-done, as said: not compared with the answers"
        nets, wrong = self.acknowledged()
        now = shown(self.world.rest)
        if wrong:
            raise Failure("\n".join(wrong))
        best = min((net.differs(now) for net in nets), key=len)
        if best:
            raise Failure("not what was acknowledged:\n  " + "\n  ".join(best[:20]))
        return ""

    def reconcile(self):
        world = self.world
        if self.sabotage.mend:
            status, out, err = world.vlsp("topology", "reconcile")
            if status:
                raise Failure(f"reconcile exited {status}: {out}{err}")

        def nothing():
            status, out, err = world.vlsp("topology", "reconcile", "--dry-run")
            return "" if status == 0 and "nothing to do" in out + err else f"exit {status}: {out}{err}"
        wait_for("reconcile finds nothing to do", 10, nothing)

    def redone(self, now):
        """What was begun and not done is undone: a router that was deleted is made again."""
        redone = set()
        for r in self.records:
            if r.answer is None or r.answer.status >= 500:
                kind, keeps = r.op["kind"], r.op.get("routers", [])
                redone |= {r.op["name"]} if kind == "router-delete" else \
                    now.keys() - set(keeps) if kind in ("apply", "clear") else set()
        return redone

    def check_untouched(self):
        """Who was well goes on: the same process, unless the round did something to routers."""
        if self.sabotage.restarts or self.sabotage.mend:
            return
        now = self.world.routers()
        redone = self.redone(now)
        for name, router in now.items():
            was = self.before.get(name)
            if name not in redone and was and was["routerID"] == router["routerID"] and was["pid"] != router["pid"]:
                raise Failure(f"router {name} was well and was started again: process {was['pid']}, now {router['pid']}")

    def check_traffic(self):
        net, routers = shown(self.world.rest), self.world.routers()
        near = {r: set() for r in net.routers}
        for a, b, _, admin, _ in net.links.values():
            if admin == "up":
                near[a].add(b)
                near[b].add(a)
        pairs = [(a, b) for a in near for b in near[a] if a != b]
        for a, b in self.rng.sample(pairs, min(3, len(pairs))):
            for _ in range(self.rng.randint(0, 5)):  # further away
                b = self.rng.choice(sorted(near[b] - {a}) or [b])
            with compare.inside(routers[a]["netns"]):
                text = compare.output("ping", "-n", "-c", "1", "-W", "2", routers[b]["address"])
            if " 0% packet loss" not in text:
                raise Failure(f"ping from {a} to {b} ({routers[b]['address']}): {text}")

    def verify(self):
        self.check_answers()
        self.world.vlsp("status")
        note = ""
        if not self.sabotage.mend:
            note = self.check_model()
        self.reconcile()
        self.world.settle()
        apps.settle(self.world)
        note = self.check_model() or note
        self.check_untouched()
        expected = apps.Expected(self.before_apps, self.sabotage, self.redone(self.world.routers()))
        wait_for("applications as they should be", 10, lambda: "\n".join(apps.kernel(self.world, expected)[:30]), 0.5)
        ends = not self.sabotage.kinds & {"full", "sync", "open", "descriptors"}  # that they are written is not promised
        for what in (compare.kernel(self.world), compare.store(self.world, ends)):
            if what:
                raise Failure("\n".join(what[:30]))
        text = self.world.rest("GET", "/topology/", {"format": "json"}).text.encode()
        bad = any(a["state"] == "failed" or a["state"] == "ended" and a.get("exit") != 0
                  for a in apps.records(self.world.rest).values())  # it starts those anew
        again = self.world.rest("PUT", "/topology/", {"source": "export"}, text)
        if again.status != 200 or (again.json["changed"] and not bad):
            raise Failure(f"apply of its own export: {again}")
        self.check_traffic()
        return note

    def tell(self):
        kinds = ",".join(sorted(self.sabotage.kinds))
        counts = [0, 0, 0]
        for r in self.records:
            counts[2 if r.answer is None else 0 if r.answer.status < 300 else 1] += 1
        return f"{kinds}: {self.clients} clients, {counts[0]} done, {counts[1]} refused, {counts[2]} unanswered; " \
            f"{len(self.base.apps)} applications, then {len(apps.shown(self.world.rest))}"


def log_of(world):
    try:
        with open(world.path("vlspd.log"), encoding="utf-8", errors="replace") as f:
            looks = "/reconcile?dry=true"  # by wait_for, many a second
            return "".join([line for line in f if looks not in line][-100:])
    except OSError as e:
        return str(e)


def report(world, rnd, seed, error, where):
    print(f"FAILED round of seed {seed}: {error}")
    path = os.path.join(where, f"chaos-{seed}.log")
    with open(path, "w", encoding="utf-8") as f:
        f.write(f"seed {seed}\n{error}\n--- faults\n")
        f.write("\n".join(getattr(rnd, "sabotage", None).log if getattr(rnd, "sabotage", None) else []))
        f.write("\n--- operations\n" + "\n".join(str(r) for r in rnd.records))
        f.write("\n--- vlspd.log\n" + log_of(world))
    print(f"log: {path}\nreplay: make chaos SEED={seed} ROUNDS=1")


def main():
    p = argparse.ArgumentParser(description=__doc__)
    p.add_argument("--build", required=True)
    p.add_argument("--runtime", required=True)
    p.add_argument("--state", required=True, help="a small tmpfs")
    p.add_argument("--shim", default="", help="faults.so; without it no calls fail and the clock stands")
    p.add_argument("--seed", type=int, default=random.SystemRandom().randrange(10 ** 6))
    p.add_argument("--rounds", type=int, default=10)
    p.add_argument("--kinds", default="", help="only these faults, separated by commas")
    p.add_argument("--logs", default="/tmp", help="where the log of a round that failed goes")
    p.add_argument("--go-on", action="store_true", help="after a failure too, with a new daemon")
    args = p.parse_args()

    faults = Faults(os.path.join(tempfile.gettempdir(), "faults"), args.seed)
    env = {"LD_PRELOAD": args.shim, "VLSP_FAULTS": faults.path} if args.shim else {}
    kinds = [k for k in args.kinds.split(",") if k] or list(Sabotage.KINDS)
    if not args.shim:
        kinds = [k for k in kinds if k not in Faults.GROUPS + ["clock"]]
    world = World(args.build, args.runtime, args.state, env=env)
    begin, failed = time.monotonic(), 0
    world.must_start()
    for i in range(args.rounds):
        seed, start = args.seed + i, time.monotonic()
        rnd = Round(world, seed, faults, kinds)
        try:
            rnd.run()
            note = rnd.verify()
            print(f"round {i + 1} (seed {seed}): {rnd.tell()}, {time.monotonic() - start:.1f} s {note}", flush=True)
        except Exception as e:  # pylint: disable=broad-except
            failed += 1
            if not isinstance(e, (Failure, AssertionError)):
                e = f"{type(e).__name__} {e} at line {e.__traceback__.tb_lineno}"
            report(world, rnd, seed, e, args.logs)
            if not args.go_on:
                break
            world.kill()
            world.vlspd("clean", "--state-dir", args.state)
            for name in os.listdir(args.state) if os.path.isdir(args.state) else []:
                os.unlink(os.path.join(args.state, name))
            world.must_start()
    print(f"chaos: {i + 1} rounds, {failed} failed, {time.monotonic() - begin:.0f} s, calls that failed: {faults.failed()}")
    if not failed:
        world.must_stop()
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
