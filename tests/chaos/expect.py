# SPDX-License-Identifier: GPL-2.0-or-later
"""What a topology is after operations: a small model of its own, which knows nothing of the daemon's.

An operation is a dictionary: "kind" and what it is about. Those that were acknowledged are applied in the order
of their numbers. Of those without an answer any may have been done, in any order, or none.
"""
import copy
import itertools
import json

import apps

# Of a link, in both directions; what is not named is taken away.
SHAPES = ({}, {"delay": "1ms"}, {"delay": "3ms", "jitter": "1ms", "seed": "7"}, {"rate": "100mbit"},
          {"rate": "50mbit", "delay": "2ms"}, {"duplicate": "1%"})
SHAPE_KEYS = sorted({k for s in SHAPES for k in s})
UNANSWERED_MAX = 3  # operations that were done and whose answer was lost, in one crash


class Network:
    def __init__(self):
        self.routers = {}  # name: address, None if it is not known
        self.links = {}  # name: (a, b, weight, admin, shape)
        self.apps = {}  # (router, name): token (apps.py)

    def copy(self):
        return copy.deepcopy(self)

    def do(self, op, answer=None):
        """Applies op and returns the statuses that it may be answered with; a refused one changes nothing.
        answer: the JSON that came back, which tells the address that was given."""
        kind = op["kind"]
        return getattr(self, "do_" + kind.replace("-", "_"))(op, answer or {})

    def do_router_add(self, op, answer):
        if op["name"] in self.routers:
            return {409}
        self.routers[op["name"]] = answer.get("address")
        return {201}

    def do_router_delete(self, op, _answer):
        if op["name"] not in self.routers:
            return {404}
        del self.routers[op["name"]]
        self.links = {k: v for k, v in self.links.items() if op["name"] not in v[:2]}
        self.apps = {k: v for k, v in self.apps.items() if k[0] != op["name"]}
        return {200}

    def do_link_add(self, op, _answer):
        may = set()
        if op["a"] not in self.routers or op["b"] not in self.routers:
            may.add(404)
        if op["name"] in self.links:
            may.add(409)
        if not may:
            self.links[op["name"]] = (op["a"], op["b"], op["weight"], "up", {})
            may.add(201)
        return may

    def do_link_set(self, op, _answer):
        if op["name"] not in self.links:
            return {404}
        a, b, weight, admin, shape = self.links[op["name"]]
        self.links[op["name"]] = (a, b, op.get("weight", weight), op.get("state", admin), op.get("shape", shape))
        return {200}

    def do_link_delete(self, op, _answer):
        if self.links.pop(op["name"], None) is None:
            return {404}
        return {200}

    def do_app_start(self, op, _answer):
        if op["router"] not in self.routers:
            return {404}
        key = (op["router"], op["name"])
        may = {201, 409} if key in self.apps else {201}  # it takes the place of one that has ended
        self.apps[key] = op["token"]
        return may

    def do_app_stop(self, op, _answer):
        if self.apps.pop((op["router"], op["name"]), None) is None:
            return {404, 200} if op["router"] in self.routers else {404}  # one that is on its way out is still found
        return {200}

    def do_app_restart(self, op, _answer):
        return {200} if (op["router"], op["name"]) in self.apps else {404}

    def do_apply(self, op, _answer):
        old = self.links
        new = {(r, n): token for r, n, token in op.get("apps", [])}
        new.update({k: v for k, v in self.apps.items()
                    if k not in new and not apps.by_document(v) and k[0] in self.routers and k[0] in op["routers"]})
        self.apps = new
        self.routers = {r: self.routers.get(r) for r in op["routers"]}
        self.links = {}
        for name, a, b, weight in op["links"]:
            kept = old.get(name)
            if kept and {kept[0], kept[1]} == {a, b}:
                self.links[name] = (kept[0], kept[1], weight, kept[3], {})
            else:
                self.links[name] = (a, b, weight, "up", {})
        return {200}

    def do_clear(self, _op, _answer):
        self.routers, self.links, self.apps = {}, {}, {}
        return {200}

    def differs(self, other):
        """What is not the same in other, as lines for people; an address that is not known is any."""
        out = []
        for what, mine, theirs in (("router", self.routers, other.routers), ("link", self.links, other.links),
                                   ("application", self.apps, other.apps)):
            for name in sorted(mine.keys() | theirs.keys()):
                if name not in theirs:
                    out.append(f"{what} {name} is missing (expected {mine[name]})")
                elif name not in mine:
                    out.append(f"{what} {name} is not expected ({theirs[name]})")
                elif mine[name] is not None and theirs[name] is not None and mine[name] != theirs[name]:
                    out.append(f"{what} {name}: expected {mine[name]}, got {theirs[name]}")
        return out


def document(op):
    """The body of an apply."""
    have = {}
    for router, name, token in op.get("apps", []):
        have.setdefault(router, []).append(apps.wanted(name, token))
    return json.dumps({
        "name": op.get("name", "chaos"),
        "routers": [{"name": r, "apps": have[r]} if r in have else r for r in op["routers"]],
        "links": [{"name": n, "a": a, "b": b, "weight": w} for n, a, b, w in op["links"]]}).encode()


def request(rest, op):
    """Asks a daemon for op."""
    kind = op["kind"]
    if kind == "router-add":
        return rest("POST", "/router/", {"name": op["name"]})
    if kind == "router-delete":
        return rest("DELETE", "/router/" + op["name"])
    if kind == "link-add":
        return rest("POST", "/link/", {"router1": op["a"], "router2": op["b"], "weight": op["weight"],
                                       "linkName": op["name"]})
    if kind == "link-set":
        words = {k: op[k] for k in ("weight", "state") if k in op}
        if "shape" in op:
            words.update({k: op["shape"].get(k, "none") for k in SHAPE_KEYS})
        return rest("PUT", "/link/" + op["name"], words)
    if kind == "link-delete":
        return rest("DELETE", "/link/" + op["name"])
    if kind == "clear":
        return rest("DELETE", "/topology/")
    if kind == "app-start":  # not waited for: one that fails stays, as FAILED
        return rest("POST", f"/router/{op['router']}/app/?no_wait=true",
                    body=json.dumps(apps.wanted(op["name"], op["token"])).encode())
    if kind == "app-stop":
        return rest("DELETE", f"/router/{op['router']}/app/{op['name']}", {"no_wait": op["no_wait"]})
    if kind == "app-restart":
        return rest("POST", f"/router/{op['router']}/app/{op['name']}/restart?no_wait=true")
    return rest("PUT", "/topology/", {"no_wait": "true", "source": "chaos"}, document(op))


def shown(rest):
    """The topology that a daemon shows, as a Network."""
    net = Network()
    doc = rest("GET", "/topology/", {"format": "json"}).json
    records = {l["name"]: l for l in rest.get("/link/", {"detail": "all"})["detail"]}
    for r in doc.get("routers", []):
        net.routers[r["name"]] = r["address"]
    for l in doc.get("links", []):
        name = l.get("name", f"{l['a']}-{l['b']}")
        net.links[name] = (l["a"], l["b"], l.get("weight", 1), *(
            (records[name]["state"], records[name]["shape"]["a-to-b"]) if name in records else (None, None)))
    return net


def shown_with_apps(rest):
    net = shown(rest)
    net.apps = apps.shown(rest)
    return net


class Random:
    """Random networks and operations, all from one generator."""

    def __init__(self, rng, names=40, links=80, applies=8, tokens=None):
        self.rng, self.applies = rng, applies  # applies: of about 100 operations
        self.tokens, self.count = tokens, 0  # tokens: begin with that; None: no applications
        self.names = [f"r{i}" for i in range(names)]
        self.link_names = [f"l{i}" for i in range(links)]

    def token(self, origin):
        """Of a new application, of a random kind. origin: "t" of a topology file, "r" of a request."""
        self.count += 1
        return f"{origin}-{self.rng.choice(sorted(apps.KINDS))}-{self.tokens}-{self.count}"

    def some_apps(self, routers, keep):
        """For a document: some of those in keep, {(router, name): token}, and new ones."""
        out = []
        for r in routers if self.tokens else ():
            for n in apps.NAMES:
                token = keep.get((r, n))
                if token and apps.by_document(token) and self.rng.random() < 0.7:
                    out.append((r, n, token))
                elif self.rng.random() < 0.15:
                    out.append((r, n, self.token("t")))
        return out

    def network(self, low=3, high=40):
        """An apply of a connected random network."""
        count = self.rng.randint(low, min(high, len(self.names)))
        routers = self.rng.sample(self.names, count)
        names = iter(self.rng.sample(self.link_names, len(self.link_names)))
        links = [(next(names), routers[self.rng.randrange(i)], routers[i], self.rng.randint(1, 9))
                 for i in range(1, count)]
        for _ in range(self.rng.randint(0, count)):
            a, b = self.rng.sample(routers, 2)
            name = next(names, None)
            if name:
                links.append((name, a, b, self.rng.randint(1, 9)))
        return {"kind": "apply", "routers": routers, "links": links, "apps": self.some_apps(routers, {})}

    def changed(self, net):
        """An apply of a document that differs a little from net."""
        routers = list(net.routers)
        for r in self.rng.sample(routers, min(len(routers), self.rng.randint(0, 2))):
            routers.remove(r)
        routers += [r for r in self.rng.sample(self.names, self.rng.randint(0, 3)) if r not in routers]
        have = set(routers)
        links = [(n, l[0], l[1], l[2]) for n, l in net.links.items()
                 if l[0] in have and l[1] in have and self.rng.random() > 0.1]
        used = {l[0] for l in links}
        for name in self.rng.sample(self.link_names, 4):
            if name not in used and len(routers) > 1:
                links.append((name, *self.rng.sample(routers, 2), self.rng.randint(1, 9)))
        return {"kind": "apply", "routers": routers, "links": links, "apps": self.some_apps(routers, net.apps)}

    def operation(self, net):
        """net: what the client believes there is; it may be wrong, which is the point."""
        pick = self.rng.choices(
            ["router-add", "router-delete", "link-add", "link-set", "link-delete", "apply", "clear",
             "app-start", "app-stop", "app-restart"],
            [20, 8, 25, 30, 8, self.applies, self.applies / 30, *([20, 12, 5] if self.tokens else [0, 0, 0])])[0]
        op = {"kind": pick}
        if pick.startswith("app-"):
            self.app(op, net)
        if pick.startswith("router"):
            op["name"] = self.rng.choice(self.names)
        elif pick.startswith("link"):
            known = list(net.links)
            new = pick == "link-add" or not known or self.rng.random() < 0.1
            op["name"] = self.rng.choice(self.link_names if new else known)
        if pick == "link-add":
            pool = list(net.routers) if len(net.routers) > 1 else self.names
            op["a"], op["b"] = self.rng.sample(pool, 2)
            op["weight"] = self.rng.randint(1, 9)
        if pick == "link-set":
            what = self.rng.random()
            if what < 0.3:
                op["weight"] = self.rng.randint(1, 9)
            elif what < 0.6:
                op["shape"] = self.rng.choice(SHAPES)
            else:
                op["state"] = self.rng.choice(["up", "up", "down", "silent"])
        if pick == "apply":
            return self.changed(net) if self.rng.random() < 0.8 else self.network(3, 20)
        return op

    def app(self, op, net):
        """Of an operation: which application."""
        known = sorted(net.apps)
        if op["kind"] == "app-start" or not known or self.rng.random() < 0.1:
            op["router"] = self.rng.choice(list(net.routers) or self.names)
            op["name"] = self.rng.choice(apps.NAMES)
        else:
            op["router"], op["name"] = self.rng.choice(known)
        if op["kind"] == "app-start":
            op["token"] = self.token("r")
        if op["kind"] == "app-stop":
            op["no_wait"] = self.rng.choice(["true", "false"])


def possible(net, unanswered):
    """Every network that net may have become by some of the unanswered operations, likely ones first."""
    yield net, ()
    for n in range(1, min(len(unanswered), UNANSWERED_MAX) + 1):
        for ops in itertools.permutations(unanswered, n):
            after = net.copy()
            if all(after.do(op) & {200, 201} for op in ops):
                yield after, ops
