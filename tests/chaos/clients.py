#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Many clients at once, and whether what they were told is what one client after the other could have been told.

Every mutation's answer has the number of its operation. In the order of these numbers they are done again on a model
of our own (expect.py): each status must follow, and at the end the daemon must show the same network. A refusal without
a number, and what a GET showed, must fit some moment between its request and its answer.
"""
import argparse
import random
import sys
import threading
import time

from expect import Network, Random, request, shown
from rest import NotSent, Rest, Unanswered

BUSY = {429, 503}  # too much at once: refused, nothing done


class Record:
    def __init__(self, op, after):
        self.op, self.after = op, after  # after: the highest number that had been answered when it was sent
        self.answer = None
        self.before = None  # the highest number that was answered when the answer came


class Clients:
    def __init__(self, path, count, seconds, seed):
        self.path, self.count, self.seconds, self.seed = path, count, seconds, seed
        self.records, self.reads, self.errors = [], [], []
        self.lock = threading.Lock()
        self.highest = 0
        self.over = False
        self.belief = Network()

    def read(self, rest, rng):
        """A GET: one router or link exists or not, at some moment."""
        what = rng.choice(["router", "link"])
        name = rng.choice([f"r{i}" for i in range(40)] if what == "router" else [f"l{i}" for i in range(80)])
        with self.lock:
            after = self.highest
        answer = rest("GET", f"/{what}/{name}")
        record = Record({"kind": "read", "what": what, "name": name}, after)
        record.answer = answer
        return record

    def client(self, number):
        rng = random.Random(f"{self.seed}/{number}")
        names, rest = Random(rng, applies=1), Rest(self.path)
        while not self.over:
            try:
                if rng.random() < 0.3:
                    record = self.read(rest, rng)
                else:
                    with self.lock:
                        record = Record(names.operation(self.belief), self.highest)
                    record.answer = request(rest, record.op)
                if record.answer.status in BUSY:
                    time.sleep(0.1)
            except (NotSent, Unanswered) as e:
                self.errors.append(f"client {number}: no answer: {e}")
                return
            with self.lock:
                done = record.answer
                if done.operation:
                    self.highest = max(self.highest, done.operation)
                    if done.status < 300:
                        self.belief.do(record.op)
                record.before = self.highest
                (self.reads if record.op["kind"] == "read" else self.records).append(record)

    def run(self):
        threads = [threading.Thread(target=self.client, args=(i,)) for i in range(self.count)]
        for t in threads:
            t.start()
        time.sleep(self.seconds)
        self.over = True
        for t in threads:
            t.join()

    def check(self, base):
        """Lines for people: what does not fit one order."""
        wrong = list(self.errors)
        numbered = [r for r in self.records if r.answer.operation]
        loose = [r for r in self.records + self.reads if not r.answer.operation and r.answer.status not in BUSY]
        numbers = [r.answer.operation for r in numbered]
        if len(set(numbers)) != len(numbers):
            wrong.append("two answers have the same operation")
        gone = set(range(min(numbers), max(numbers))) - set(numbers) if numbers else {0}
        if gone:
            wrong.append(f"operations {sorted(gone)[:10]} were answered to nobody")
        numbered.sort(key=lambda r: r.answer.operation)
        loose.sort(key=lambda r: r.after)
        net, waiting = base.copy(), []
        unexplained = set(loose)

        def look(number):
            """The state after operation number: which loose answers does it explain?"""
            while loose and loose[0].after <= number:
                waiting.append(loose.pop(0))
            for r in list(waiting):
                if r not in unexplained:
                    waiting.remove(r)
                elif self.explains(net, r):
                    unexplained.discard(r)
                    waiting.remove(r)
                elif number > r.before + self.count:
                    waiting.remove(r)
        look(0)
        for r in numbered:
            may = net.do(r.op, r.answer.json if r.answer.status < 300 else {})
            if r.answer.status not in may:
                wrong.append(f"operation {r.answer.operation}: {r.op} was answered {r.answer}, not {may}")
                return wrong
            look(r.answer.operation)
        for r in unexplained:
            wrong.append(f"at no moment between its request and its answer: {r.op} {r.answer}")
        last = shown(Rest(self.path))
        return wrong + ["at the end: " + d for d in net.differs(last)]

    @staticmethod
    def explains(net, record):
        op, status = record.op, record.answer.status
        if op["kind"] == "read":
            there = op["name"] in (net.routers if op["what"] == "router" else net.links)
            return there == (status == 200)
        return status in net.copy().do(op) and status >= 400


def main():
    p = argparse.ArgumentParser(description=__doc__)
    p.add_argument("--socket", required=True)
    p.add_argument("--clients", type=int, default=64)
    p.add_argument("--seconds", type=float, default=5)
    p.add_argument("--seed", type=int, default=1)
    args = p.parse_args()
    clients = Clients(args.socket, args.clients, args.seconds, args.seed)
    base = shown(Rest(args.socket))
    clients.run()
    wrong = clients.check(base)
    counts = {}
    for r in clients.records:
        key = (r.op["kind"], r.answer.status)
        counts[key] = counts.get(key, 0) + 1
    print(f"{args.clients} clients, {args.seconds:g} s: {len(clients.records)} mutations, {len(clients.reads)} reads")
    print("  " + ", ".join(f"{k} {s}: {n}" for (k, s), n in sorted(counts.items())))
    for line in wrong[:20]:
        print("WRONG", line)
    done = sum(1 for r in clients.records if r.answer.status < 300)
    if done < args.clients:
        print("WRONG", f"only {done} mutations were done")
    return 1 if wrong or done < args.clients else 0


if __name__ == "__main__":
    sys.exit(main())
