# SPDX-License-Identifier: GPL-2.0-or-later
"""The error table of link emulation. emulation.py BUILD SECONDS [ROW...]; run by emulation.sh inside its namespaces.

A row is what was asked, what was seen, the error and the bar it is held against. The bars are those of
Documentation/link-emulation.md; nothing fails by them here, the last line counts. Seeds are
fixed, so shares are the same in each run."""
import json
import math
import os
import statistics
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "system"))
from links import BUILD, LOSS, WIRE, address, backend, flow, flow_words, hit, key_of, netns, run, shape, vlsp

SECONDS, ROWS = float(sys.argv[2]), sys.argv[3:]
MBITS = [int(x) for x in os.environ.get("MBITS", "1 10 100 1000").split()]
counts = {"ok": 0, "NO": 0}


def link_tool(*words):
    return json.loads(run(BUILD + "/tests/bench/link", *map(str, words)))


def row(what, asked, seen, error, bar, ok):
    verdict = "ok" if ok else "NO"
    counts[verdict] += 1
    print(f"{what:34} {asked:>22} {seen:>26} {error:>24} {bar:>26}  {verdict}", flush=True)


# --- 1 ------------------------------------------------------------------------------------------------------------
def delay():
    for ms in (1, 10, 100):
        shape(delay=f"{ms}ms")
        r = link_tool("rtt", netns("r1"), address("r2"), int(1000 * SECONDS), 1000)
        p50, p99 = (r["p50"] - 2000 * ms) / 1000, (r["p99"] - 2000 * ms) / 1000
        row("delay, 1,000/s, by " + backend(), f"RTT {2 * ms} ms", f"p50 {r['p50'] / 1000:.3f} p99 {r['p99'] / 1000:.3f} ms",
            f"p50 {p50:+.3f} p99 {p99:+.3f} ms", "0.2 and 1.5 ms", p50 < 0.2 and p99 < 1.5 and r["received"] == r["sent"])


def normal_cdf(x):
    return 0.5 * (1 + math.erf(x / math.sqrt(2)))


def pareto_cdf(x):
    raw = x * (1.5 * math.sqrt(1 / 3)) + 1.5
    return 1 - raw ** -3 if raw > 1 else 0.0


def mixed_cdf(x):
    """Of normal/4 + pareto*3/4, both at the same quantile: by bisection."""
    low, high = 1e-12, 1 - 1e-12
    quantile = statistics.NormalDist().inv_cdf
    for _ in range(60):
        p = (low + high) / 2
        value = quantile(p) / 4 + ((1 - p) ** (-1 / 3) - 1.5) / (1.5 * math.sqrt(1 / 3)) * 3 / 4
        low, high = (p, high) if value < x else (low, p)
    return low


def jitter():
    cdf = {"uniform": lambda x: min(1.0, max(0.0, (x + 1) / 2)), "normal": normal_cdf, "pareto": pareto_cdf,
           "paretonormal": mixed_cdf}
    for name, f in cdf.items():
        shape(delay="20ms", jitter="3ms", distribution=name, seed=1)
        with tempfile.NamedTemporaryFile() as raw:
            flow(1000 * SECONDS, 1000, 64, "-r", raw.name)
            with open(raw.name, encoding="ascii") as file:
                late = sorted((int(line.split()[2]) / 1e6 - 20) / 3 for line in file)
        n = len(late)
        d = max(max((i + 1) / n - f(x), f(x) - i / n) for i, x in enumerate(late))
        bar = 1.6276 / math.sqrt(n)
        row(f"jitter {name}, by {backend()}", "20 ms, 3 ms", f"mean {20 + 3 * statistics.fmean(late):.3f} sd "
            f"{3 * statistics.pstdev(late):.3f}", f"KS {d:.4f}", f"{bar:.4f} (1 %)", d < bar)


# --- 2 ------------------------------------------------------------------------------------------------------------
def tcp(seconds, *options):
    server = subprocess.Popen(["nsenter", "--net=" + netns("r2"), "iperf3", "-s", "-1"], stdout=subprocess.DEVNULL)
    time.sleep(0.3)
    # Reno from the beginning: one that begins as BBR paces for ever, and what a clock of its own decides is not the
    # link's doing.
    for router in ("r1", "r2"):
        run("nsenter", "--net=" + netns(router), "sh", "-c", "echo reno >/proc/sys/net/ipv4/tcp_congestion_control")
    out = run("nsenter", "--net=" + netns("r1"), "iperf3", "-c", address("r2"), "-t", str(int(seconds)), "-J", *options)
    server.wait()
    return json.loads(out)["end"]["sum_received"]["bits_per_second"]


def rate():
    for by in ("auto", "relay"):
        for mbit in MBITS:
            shape(rate=f"{mbit}mbit", backend=by, **({"limit": "100p"} if mbit == 1 else {}))
            size, name = 1400, f"rate {mbit} Mbit/s, by {backend()}"
            packets = mbit * 1e6 / 8 / (size + WIRE)
            r = flow(packets * 1.15 * SECONDS, packets * 1.15, size)
            seen = (r["arrived"] - 1) * (size + WIRE) * 8 / r["seconds"] / 1e6
            row(name + ", UDP", f"{mbit} Mbit/s", f"{seen:.3f} Mbit/s", f"{(seen / mbit - 1) * 100:+.2f} %", "1 %",
                abs(seen / mbit - 1) < 0.01)
            seen = tcp(SECONDS, "-O", "2") / 1e6 * 1514 / 1448
            row(name + ", TCP", f"{mbit} Mbit/s", f"{seen:.3f} Mbit/s", f"{(seen / mbit - 1) * 100:+.2f} %", "1 %",
                abs(seen / mbit - 1) < 0.01)
    shape(rate="10mbit", delay="20ms")
    seen = tcp(SECONDS) / 1e6
    row("TCP over 10 Mbit/s, 20 ms", "at least 9 Mbit/s", f"{seen:.2f} Mbit/s", "", "9 Mbit/s", seen >= 9)


# --- 4 ------------------------------------------------------------------------------------------------------------
def tcp_row():
    pairs = []
    for _ in range(3):
        shape(backend="relay")
        zero = tcp(max(2, SECONDS / 3))
        shape(backend="relay", delay="1ms")
        pairs.append((zero, tcp(max(2, SECONDS / 3))))
    ratio = statistics.median(one / zero for zero, one in pairs)
    zero, one = (statistics.median(x) / 1e9 for x in zip(*pairs))
    row("TCP with 1 ms, by relay", f"0 ms: {zero:.2f} Gbit/s", f"1 ms: {one:.2f} Gbit/s", f"ratio {ratio:.2f}", "0.9", ratio >= 0.9)


# --- 3 and 5 ------------------------------------------------------------------------------------------------------
def interval(n, p):
    """99 % of a binomial share lie within."""
    half = 2.5758 * math.sqrt(p * (1 - p) / n)
    return p - half, p + half


def share_row(what, asked, hits, n):
    low, high = interval(n, asked)
    seen = hits / n
    row(what, f"{asked * 100:g} %", f"{seen * 100:.4f} % of {n}", f"{(seen - asked) * 100:+.4f} %",
        f"{low * 100:.4f} .. {high * 100:.4f} %", low <= seen <= high)


def loss():
    for by in ("auto", "relay"):
        for percent in (0.1, 1, 10):
            shape(loss=percent, backend=by, seed=1)
            r = flow(20000 * SECONDS, 20000, 64)
            share_row("loss, by " + backend(), percent / 100, r["lost"], r["sent"])
    digests = []
    for seed in (7, 8, 7):
        shape(loss=1, seed=seed, delay="1ms")
        digests.append(flow(50000, 25000, 64)["lostDigest"])
    row("loss, seeds 7, 8, 7", "same, other, same", f"{digests[0][:6]} {digests[1][:6]} {digests[2][:6]}", "", "the same lost numbers",
        digests[0] == digests[2] != digests[1])


def burst():
    for length in (2, 5, 10):
        shape(loss=5, burst=length, seed=1)
        r = flow(40000 * SECONDS * max(1, length / 5), 40000, 64)
        mean = r["lost"] / max(1, r["bursts"])
        row("bursts, by " + backend(), f"mean {length}", f"mean {mean:.3f} of {r['bursts']}", f"{(mean / length - 1) * 100:+.2f} %",
            "5 %", abs(mean / length - 1) < 0.05)


def share():
    for by, more in (("auto", {}), ("relay", {"delay": "5ms"})):
        shape(duplicate=1, backend=by, seed=1, **more)
        r = flow(5000 * SECONDS, 5000, 64)
        share_row("duplicate, by " + backend(), 0.01, r["duplicates"], r["sent"])
        shape(corrupt=1, backend=by, seed=1, **more)
        r = flow(5000 * SECONDS, 5000, 64, "-0")
        share_row("corrupt, checksum 0, by " + backend(), 0.01, r["lost"], r["sent"])
        r = flow(5000 * SECONDS, 5000, 64)
        share_row("corrupt, by " + backend(), 0.01, r["lost"], r["sent"])
        row("corrupt: changed that arrive", "0", str(r["changed"]), "", "0", r["changed"] == 0)
    shape(delay="5ms", reorder=1, seed=1)
    r = flow(5000 * SECONDS, 5000, 64)
    share_row("reorder, by " + backend(), 0.01, r["early"], r["sent"])


# --- 6 ------------------------------------------------------------------------------------------------------------
def change():
    shape(delay="10ms", seed=4711)
    count = int(10000 * SECONDS)
    with tempfile.NamedTemporaryFile() as raw:
        sender = subprocess.Popen(flow_words(count, 10000, 64, "-r", raw.name), stdout=subprocess.PIPE)
        time.sleep(SECONDS / 2)
        vlsp("link", "set", "r1:r2", "--loss", "5", "--quiet")
        out = json.loads(sender.communicate()[0])
        with open(raw.name, encoding="ascii") as file:
            lines = [line.split() for line in file]
    there = {int(line[1]) for line in lines}
    lost = sorted(set(range(count)) - there)
    first = lost[0] if lost else 0
    key = key_of(4711, "r1-r2", 0)
    fated = [n for n in range(count) if hit(key, n, LOSS, 0.05)]
    wrong = len(set(lost) ^ {n for n in fated if n >= first})
    skipped = sum(1 for n in fated if n < first and n > first - 200)
    row("link set --loss 5 at 10,000/s", "none lost by it", f"{len(lost)} lost, {wrong} not by fate", "", "0",
        wrong == 0 and len(lost) > 0 and skipped < 30)
    before = [int(line[2]) / 1e6 for line in lines if int(line[1]) < first]
    after = [int(line[2]) / 1e6 for line in lines if int(line[1]) >= first]
    a, b = statistics.median(before), statistics.median(after)
    row("  its delay before and after", "10 ms", f"{a:.3f} {b:.3f} ms", f"{(b - a) * 1000:+.0f} us", "100 us", abs(b - a) < 0.1)
    row("  order", "kept", f"{out['early']} early", "", "0", out["early"] == 0)


# --- 7 ------------------------------------------------------------------------------------------------------------
def relay():
    shape(delay="1ms", backend="relay")
    best = 0.0
    for _ in range(3):
        receiver = subprocess.Popen(["nsenter", "--net=" + netns("r2"), BUILD + "/tests/bench/pps", "udp-recv", "9", str(max(1, int(SECONDS / 2)))],
                                    stdout=subprocess.PIPE, text=True)
        time.sleep(0.3)
        run("nsenter", "--net=" + netns("r1"), BUILD + "/tests/bench/pps", "udp-send", address("r2"), "9", "64", str(max(1, int(SECONDS / 2)) + 1))
        best = max(best, float(receiver.communicate()[0].split()[-2]))
    row("relay, 64 bytes, one link", "200 kpps", f"{best / 1000:.0f} kpps", "", "200 kpps", best >= 200000)


def many():
    vlsp("topology", "apply", "star.yaml", "--quiet")
    leaves = [f"s{i}" for i in range(2, 102)]
    pairs = [w for leaf in leaves for w in (netns(leaf), address(leaf))]
    r = link_tool("flow", netns("s1"), int(1000 * SECONDS), 100000, 64, *pairs)
    p50, p99 = (r["p50"] - 10000) / 1000, (r["p99"] - 10000) / 1000
    row("100 links of 1,000/s, by " + backend("s1:s2"), "10 ms", f"p50 {r['p50'] / 1000:.3f} p99 {r['p99'] / 1000:.3f} ms",
        f"p50 {p50:+.3f} p99 {p99:+.3f} ms", "p50 0.3 ms", p50 < 0.3 and r["lost"] == 0)
    pace = json.loads(vlsp("status", "--json")).get("pace", {})
    print(f"pace: {json.dumps(pace)}")
    vlsp("topology", "apply", "two.yaml", "--quiet")


ALL = {"delay": delay, "jitter": jitter, "rate": rate, "tcp": tcp_row, "loss": loss, "burst": burst, "share": share,
       "change": change, "relay": relay, "many": many}
vlsp("topology", "apply", "two.yaml", "--quiet")
print(f"{'what':34} {'asked':>22} {'seen':>26} {'error':>24} {'bar':>26}")
for name in ROWS or ALL:
    ALL[name]()
print(f"{counts['ok']} within their bars, {counts['NO']} not")
