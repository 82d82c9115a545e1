# SPDX-License-Identifier: GPL-2.0-or-later
"""What the kernel has, looked at without the daemon's code (ip, tc, /proc, the file system), against what the
daemon shows and what its store holds. Each function returns lines for people: what is not as it should be."""
import contextlib
import ctypes
import glob
import json
import os
import sqlite3
import subprocess

from world import alive, command_of, parent_of, processes

CLONE_NEWNET = 0x40000000
libc = ctypes.CDLL(None, use_errno=True)


@contextlib.contextmanager
def inside(path):
    """This thread, and what it starts, in the network namespace that path names."""
    home = os.open("/proc/thread-self/ns/net", os.O_RDONLY | os.O_CLOEXEC)
    try:
        there = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
        try:
            if libc.setns(there, CLONE_NEWNET) < 0:
                raise OSError(ctypes.get_errno(), f"setns {path}")
        finally:
            os.close(there)
        yield
    finally:
        if libc.setns(home, CLONE_NEWNET) < 0:
            os.abort()
        os.close(home)


def output(*argv, text=None):
    return subprocess.run(argv, capture_output=True, text=True, check=False, input=text).stdout


def filters(devices):
    """{(device, hook): [program names]} in the namespace that the caller is in; one tc for all."""
    asked = [(d, hook) for d in devices for hook in ("ingress", "egress")]
    text = output("tc", "-j", "-batch", "-", text="".join(f"filter show dev {d} {h}\n" for d, h in asked))
    found, decoder, at = {}, json.JSONDecoder(), 0
    for key in asked:
        while at < len(text) and text[at].isspace():
            at += 1
        rows, at = decoder.raw_decode(text, at) if at < len(text) else ([], at)
        found[key] = [r["options"].get("bpf_name", "").partition(":")[0] for r in rows
                      if r.get("kind") == "bpf" and "options" in r]
    return found


def expected_devices(router, links, instance):
    """{name: (ifindex, alias, admin)} of a router's ends."""
    ends = {}
    for link in links.values():
        for side in (0, 1):
            if link["names"][side] == router["name"]:
                ends[link["devices"][side]] = (link["ports"][side], f"vlsp:{instance}:{link['name']}",
                                               link["state"])
    return ends


def namespace(router, links, instance):
    """One router's namespace."""
    out, name = [], router["name"]
    want = expected_devices(router, links, instance)
    with inside(router["netns"]):
        devices = {d["ifname"]: d for d in json.loads(output("ip", "-j", "-d", "link") or "[]")}
        programs = filters(sorted(devices))
    for dev in sorted(devices.keys() - want.keys() - {"lo"}):
        out.append(f"router {name}: device {dev} belongs to no link (alias {devices[dev].get('ifalias')})")
    for dev in sorted(want.keys() - devices.keys()):
        out.append(f"router {name}: device {dev} of {want[dev][1]} is missing")
    for dev, (port, alias, admin) in sorted(want.items()):
        d = devices.get(dev)
        if not d:
            continue
        kind = d.get("linkinfo", {}).get("info_kind")
        link = next(l for l in links.values() if alias.endswith(":" + l["name"]))
        by = link["backends"]["a-to-b" if link["names"][0] == name else "b-to-a"]
        none = ("noqueue", None, "noop") if admin == "down" else ("noqueue", None)  # noop: it was never up
        if (d.get("qdisc") not in none) != ("tc" in by.split(", ")):
            out.append(f"router {name}: {dev} has the queue {d.get('qdisc')}, its shape is by {by or 'nothing'}")
        if (d["ifindex"], d.get("ifalias"), kind) != (port, alias, "veth"):
            out.append(f"router {name}: {dev} is {d['ifindex']} {d.get('ifalias')} {kind}, not {port} {alias} veth")
        if ("LOWER_UP" in d["flags"]) != (admin != "down"):
            out.append(f"router {name}: {dev} has flags {d['flags']}, but its link is {admin}")
        if programs.get((dev, "ingress")) != ["vlsp_in"]:
            out.append(f"router {name}: {dev} has ingress programs {programs.get((dev, 'ingress'))}")
    if programs.get(("lo", "egress")) != ["vlsp_out"]:
        out.append(f"router {name}: lo has egress programs {programs.get(('lo', 'egress'))}")
    if router["address"] not in output_addresses(router["netns"]):
        out.append(f"router {name}: lo does not have the address {router['address']}")
    return out


def output_addresses(path):
    with inside(path):
        rows = json.loads(output("ip", "-j", "-4", "address", "show", "dev", "lo") or "[]")
    return [a["local"] for r in rows for a in r.get("addr_info", [])]


def kernel(world, instance="default"):
    """Every router and link that the daemon shows, and that there is nothing else."""
    routers, links = world.routers(), world.links()
    out = []
    for name, router in sorted(routers.items()):
        if router["state"] != "running":
            out.append(f"router {name} is {router['state']}")
        if not alive(router["pid"]):
            out.append(f"router {name}: there is no process {router['pid']}")
            continue
        try:
            here = os.stat(router["netns"])
            if os.stat(f"/proc/{router['pid']}/ns/net").st_ino != here.st_ino:
                out.append(f"router {name}: process {router['pid']} is in another namespace than {router['netns']}")
            out += namespace(router, links, instance)
        except OSError as e:
            out.append(f"router {name}: {e}")
    return out + shapes(links, instance) + orphans(world, routers)


def shapes(links, instance):
    """The programs have a shape of each direction that bpf or the relay emulate, and of no other."""
    rows = json.loads(output("bpftool", "-j", "map", "dump", "pinned", f"/sys/fs/bpf/vlsp/{instance}/vlsp_shape") or "[]")
    have = {r["formatted"]["key"] for r in rows}
    want = {l["ports"][side] for l in links.values() for side, way in enumerate(("a-to-b", "b-to-a"))
            if {"bpf", "relay"} & set(l["backends"][way].split(", "))}
    return [f"port {p}: the programs have {'a' if p in have else 'no'} shape" for p in sorted(have ^ want)]


def orphans(world, routers):
    """Names, processes and devices that belong to nothing the daemon shows."""
    out = []
    for path in (world.path("netns"), "/run/netns"):
        if os.path.isdir(path):
            names = set(os.listdir(path))
            out += [f"{path}/{n} is no router's" for n in sorted(names - routers.keys())]
            out += [f"{path}/{n} is missing" for n in sorted(routers.keys() - names)]
    pids = {r["pid"] for r in routers.values()}
    daemon = world.pid()
    for pid in processes():
        command = command_of(pid)
        if "vlsp-router" in command.split(" ")[0] and pid not in pids and parent_of(pid) != daemon:
            out.append(f"process {pid} ({command}) is no router's")
        if "vlsp-relay" in command.split(" ")[0] and f" {world.path('relay.sock')} " not in command + " ":
            out.append(f"process {pid} ({command}) is nobody's relay")
    for line in output("ip", "-o", "link").splitlines():
        if line.split(": ")[1] != "lo":
            out.append(f"device in the first namespace: {line[:100]}")
    ids = {str(r["routerID"]) for r in routers.values()} | {"routers"}  # that one has the router processes
    for directory in glob.glob("/sys/fs/cgroup/**/vlsp/default/*/", recursive=True):
        if directory.rstrip("/").rpartition("/")[2] not in ids:
            out.append(f"cgroup {directory} is no router's")
    return out + journal(world)


def journal(world):
    """Every line that stands in the journal names something that is there."""
    standing = {}
    try:
        with open(world.path("journal"), encoding="utf-8") as f:
            lines = f.read().split("\n")[1:]
    except FileNotFoundError:
        return []
    for line in lines:
        parts = line.split(" ", 2)
        if len(parts) == 3:
            key = (parts[1], parts[2].split(" ")[0])
            standing[key] = parts[0] == "+"
    out = []
    for (kind, what), stands in sorted(standing.items()):
        path = world.path("netns", what) if kind == "netns" else what
        if stands and not os.path.lexists(path):
            out.append(f"the journal has {kind} {what}, which is not there")
    return out


def store(world, ends=True):
    """The tables of the state directory, read beside the daemon, against what it shows. ends: operations too."""
    path = os.path.join(world.state, "vlsp.db")
    if not os.path.exists(path):
        return [f"{path} is not there"]
    db = sqlite3.connect(f"file:{path}?mode=ro", uri=True, timeout=10)
    try:
        have = {("router", r[0]): r[1:] for r in db.execute("SELECT name, id, address FROM routers")}
        have.update({("link", r[0]): r[1:] for r in db.execute(
            "SELECT l.name, l.id, a.name, b.name, port_a, port_b, ifname_a, ifname_b, weight, admin FROM links l"
            " JOIN routers a ON a.id = router_a JOIN routers b ON b.id = router_b")})
        count = db.execute("SELECT count(*) FROM links").fetchone()[0]
        cut = db.execute("SELECT id, kind FROM operations WHERE NOT ended").fetchall()
    finally:
        db.close()
    want = {("router", n): (r["routerID"], r["address"]) for n, r in world.routers().items()}
    links = world.links()
    want.update({("link", n): (l["id"], *l["names"], *l["ports"], *l["devices"], l["weight"], l["state"])
                 for n, l in links.items()})
    out = [f"store: operation {i} ({kind}) has not ended" for i, kind in cut if ends]
    if count != len(links):
        out.append(f"store: {count} links, but {len(links)} are shown")
    for key in sorted(want.keys() | have.keys()):
        if want.get(key) != have.get(key):
            out.append(f"store: {' '.join(key)} is {have.get(key)}, shown is {want.get(key)}")
    return out
