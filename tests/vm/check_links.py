# SPDX-License-Identifier: GPL-2.0-or-later
"""What links emulate, on a kernel that has sch_netem. check_links.py BUILD [ROW...]; run by check_links.sh in its namespaces.

A line a check; the exit status is 1 if one failed. What is left to chance is measured again, once, where it misses: of
99 % intervals one in a hundred does."""
import json
import math
import re
import statistics
import subprocess
import sys
import tempfile
import time

BUILD, ROWS = sys.argv[1], sys.argv[2:]
WIRE = 14 + 20 + 8  # bytes of a frame around a UDP payload
RATE = 4000  # datagrams a second; emulated processors do about that
failed = []


def run(*words, check=True):
    out = subprocess.run(list(map(str, words)), capture_output=True, text=True)
    if check and out.returncode != 0:
        raise RuntimeError(f"{' '.join(map(str, words))}: exit {out.returncode}\n{out.stdout}{out.stderr}")
    return out


def vlsp(*words):
    return run(BUILD + "/vlsp", *words).stdout


def link_tool(*words):
    return json.loads(run(BUILD + "/tests/bench/link", *words).stdout)


def netns(name):
    return "/run/netns/" + name


ADDRESS = {r: json.loads(vlsp("router", "show", r, "--json"))["address"] for r in ("r1", "r2")}
ADDRESS.update(near="192.0.2.1", far="192.0.2.2")
PROPERTIES = ("rate delay jitter distribution loss burst burst-loss duplicate corrupt reorder limit seed overhead "
              "order backend").split()


def shape(by, **want):
    """The whole shape of both directions, what is not named taken away; and who does it."""
    words = []
    for p in PROPERTIES:
        words += ["--" + p, str(want.get(p.replace("-", "_"), "none"))]
    vlsp("link", "set", "r1:r2", "--quiet", *words)
    seen = json.loads(vlsp("link", "show", "r1:r2", "--json"))["backends"]
    if seen != {"a-to-b": by, "b-to-a": by}:
        report(f"{want}: by {by}", str(seen), False)


def plain(*netem):
    """The same for the plain pair, by tc(8)."""
    for name, device in (("near", "to-far"), ("far", "to-near")):
        run("ip", "netns", "exec", name, "tc", "qdisc", "replace", "dev", device, "root", "netem", "limit", "1000000", *netem)


def flow(count, rate, size, *options, sender="r1", to="r2"):
    return link_tool("flow", netns(sender), int(count), int(rate), size, *options, netns(to), ADDRESS[to])


def report(what, seen, ok):
    print(f"{'ok  ' if ok else 'FAIL'} {what:44} {seen}", flush=True)
    if not ok:
        failed.append(what)


def twice(what, measure):
    """measure() gives what was seen, and whether that is right."""
    seen, ok = measure()
    if not ok:
        before = seen
        seen, ok = measure()
        seen += f" (before: {before})"
    report(what, seen, ok)


def share(what, asked, count, hits, loosen=1.0):
    """hits(): how many of count. 99 % of a binomial share lie within; loosen: of the variance."""
    def measure():
        n = hits()
        half = 2.5758 * math.sqrt(asked * (1 - asked) / count * loosen)
        return f"{100 * n / count:.3f} % of {count}, {100 * (asked - half):.3f} to {100 * (asked + half):.3f} %", \
            abs(n / count - asked) <= half
    twice(what, measure)


# --- what is there ------------------------------------------------------------------------------------------------
def doctor():
    lines = run(BUILD + "/vlsp", "doctor", check=False).stdout.splitlines()
    for name in ("bpf", "sch_tbf", "sch_netem", "relay"):
        report("doctor: " + name, "", any(re.match(rf"\+\s+{name}\s", line) for line in lines))
    shape("tc", delay="1ms")
    text = vlsp("link", "show", "r1:r2")
    report("link show: by tc", "", len(re.findall(r"^\s+by tc$", text, re.M)) == 2)
    tc = run("nsenter", "--net=" + netns("r1"), "tc", "qdisc", "show", "dev", "to-r2").stdout
    report("tc qdisc show: netem", tc.strip().splitlines()[0], "netem" in tc and "delay 1ms" in tc)


# --- times --------------------------------------------------------------------------------------------------------
def delay():
    """No further off than plain netem in the same minute, by what netem itself wavers there."""
    for ms, count, gap in ((10, 200, 10000), (100, 100, 20000)):
        plain("delay", f"{ms}ms")
        shape("tc", delay=f"{ms}ms")

        def measure():
            near, ours = [], []
            for _ in range(2):  # in turns: what else the machine does meets both
                near.append(link_tool("rtt", netns("near"), ADDRESS["far"], count, gap))
                ours.append(link_tool("rtt", netns("r1"), ADDRESS["r2"], count, gap))
            base, mine = (min(r["p50"] for r in rs) / 1000 - 2 * ms for rs in (near, ours))
            spread = min(r["p90"] - r["min"] for r in near) / 1000  # of the calmer one
            lost = sum(r["sent"] - r["received"] for r in near + ours)
            early = min(r["min"] for r in ours) / 1000 - 2 * ms
            return f"RTT {2 * ms} {mine:+.3f} ms, plain netem {base:+.3f}, spread {spread:.3f}, {lost} lost", \
                lost == 0 and early >= -0.01 and mine <= base + spread
        twice(f"delay {ms} ms, by tc", measure)


def late(sender, to, raw_count, rate):
    with tempfile.NamedTemporaryFile() as raw:
        flow(raw_count, rate, 64, "-r", raw.name, sender=sender, to=to)
        with open(raw.name, encoding="ascii") as file:
            return [int(line.split()[2]) / 1e6 for line in file]


def jitter():
    """Mean and deviation against what was asked, no further off than plain netem's own."""
    plain("delay", "40ms", "6ms", "distribution", "normal")
    shape("tc", delay="40ms", jitter="6ms", distribution="normal")

    def measure():
        base, mine = late("near", "far", 2500, 1000), late("r1", "r2", 2500, 1000)
        off = [abs(statistics.fmean(x) - 40) for x in (base, mine)]
        wide = [abs(statistics.pstdev(x) - 6) for x in (base, mine)]
        chance = 2.5758 * 6 / math.sqrt(2500) * math.sqrt(2)
        return f"mean {statistics.fmean(mine):.3f} sd {statistics.pstdev(mine):.3f}, plain netem {statistics.fmean(base):.3f} " \
            f"{statistics.pstdev(base):.3f}", off[1] <= off[0] + chance and wide[1] <= wide[0] + chance
    twice("jitter, normal, by tc", measure)
    vlsp("link", "set", "r1:r2", "--distribution", "uniform", "--quiet")
    x = late("r1", "r2", 1500, 1000)
    inside = sum(33.9 < t < 47 for t in x) / len(x)  # of a normal one 24 % are not
    report("jitter, made uniform, by tc", f"sd {statistics.pstdev(x):.3f}, {100 * inside:.1f} % within", inside > 0.95)


# --- shares -------------------------------------------------------------------------------------------------------
def loss():
    for by, more in (("bpf", {}), ("tc", {"backend": "tc"})):
        for percent in (1, 10):
            shape(by, loss=percent, **more)
            share(f"loss, by {by}", percent / 100, 15000, lambda: flow(15000, RATE, 64)["lost"])


def burst():
    """The variance of a share in bursts of mean length b is (2 b - 1) that of single losses, nearly."""
    for by, more in (("bpf", {}), ("tc", {"backend": "tc"})):
        shape(by, loss=5, burst=4, **more)
        seen = {}

        def hits():
            seen.update(flow(20000, RATE, 64))
            return seen["lost"]
        share(f"bursts, by {by}", 0.05, 20000, hits, 7)
        mean = seen["lost"] / max(1, seen["bursts"])
        bar = 2.5758 * math.sqrt(4 * 3 / max(1, seen["bursts"]))
        report(f"bursts, by {by}: mean length 4", f"{mean:.3f} +- {bar:.3f}", abs(mean - 4) <= bar)


def shares():
    for by, more in (("bpf", {}), ("tc", {"backend": "tc"})):
        shape(by, duplicate=2, **more)
        share(f"duplicate, by {by}", 0.02, 10000, lambda: flow(10000, RATE, 64)["duplicates"])
        shape(by, corrupt=5, **more)
        seen = {}

        def hits():
            seen.update(flow(10000, RATE, 256))
            return seen["lost"]
        if by == "bpf":
            share(f"corrupt, by {by}", 0.05, 10000, hits)
        else:  # a bit of all the frame, of which 12 bytes of MAC addresses and a TTL do no harm
            share(f"corrupt, by {by}", 0.05 * (256 + WIRE - 13.5) / (256 + WIRE), 10000, hits)
        report(f"corrupt, by {by}: changed that arrive", str(seen["changed"]), seen["changed"] == 0)
    shape("tc", delay="20ms", reorder=5)
    share("reorder, by tc", 0.05, 5000, lambda: flow(5000, 1000, 64)["early"])


# --- rates --------------------------------------------------------------------------------------------------------
def udp(mbit, sender, to):
    """What a link of that rate lets through of half as much more. A long queue keeps it busy where the sender is late."""
    packets = mbit * 1e6 / 8 / (1400 + WIRE)
    r = flow(packets * 1.5 * 4, packets * 1.5, 1400, sender=sender, to=to)
    return (r["arrived"] - 1) * (1400 + WIRE) * 8 / r["seconds"] / 1e6


def tcp(_, sender, to):
    server = subprocess.Popen(["nsenter", "--net=" + netns(to), "iperf3", "-s", "-1"], stdout=subprocess.DEVNULL)
    time.sleep(1)
    out = run("nsenter", "--net=" + netns(sender), "iperf3", "-c", ADDRESS[to], "-C", "reno", "-t", 5, "-O", 2, "-J").stdout
    server.wait()
    return json.loads(out)["end"]["sum_received"]["bits_per_second"] / 1e6 * 1514 / 1448


def plain_rate(mbit, packets, delay=None):
    """The same queues, by tc(8)."""
    tc = ["ip", "netns", "exec", "near", "tc", "qdisc"]
    run(*tc, "del", "dev", "to-far", "root", check=False)
    parent = ["root"]
    if delay:
        run(*tc, "add", "dev", "to-far", "root", "handle", "1:", "netem", "delay", delay, "limit", 1000000)
        parent = ["parent", "1:1"]
    burst = max(5028, mbit * 1e6 / 8 / 1000)
    run(*tc, "add", "dev", "to-far", *parent, "handle", "2:", "tbf", "rate", f"{mbit}mbit", "burst", int(burst), "limit", packets * 1514)
    run(*tc, "add", "dev", "to-far", "parent", "2:1", "pfifo", "limit", packets)


def one_rate(what, measure, mbit, packets, by, **want):
    """Within 5 % of what was asked; or, where timers are so late that tbf loses tokens, of what plain tbf then gives."""
    shape(by, rate=f"{mbit}mbit", limit=f"{packets}p", **want)
    tried, ok, base = [], False, None
    for _ in range(2):
        tried.append(measure(mbit, "r1", "r2"))
        ok = abs(tried[-1] / mbit - 1) < 0.05
        if ok:
            break
        plain_rate(mbit, packets, want.get("delay"))
        base = measure(mbit, "near", "far")
        ok = 0.95 < tried[-1] / base and tried[-1] / mbit < 1.05
        if ok:
            break
    report(f"{what} {mbit} Mbit/s, by {by}", " ".join(f"{x:.3f}" for x in tried) + " Mbit/s" +
           (f", plain tbf {base:.3f}" if base else ""), ok)


def rate():
    for name, want in (("rate", {}), ("delay 5 ms, rate", {"delay": "5ms"})):
        for mbit, few in ((1, 20), (10, 100)):
            one_rate(name + ", UDP,", udp, mbit, 100 * mbit, "tc", **want)
            one_rate(name + ", TCP,", tcp, mbit, few, "tc", **want)
    tc = run("nsenter", "--net=" + netns("r1"), "tc", "qdisc", "show", "dev", "to-r2").stdout
    seen = re.findall(r"qdisc (\w+) (\w+): (?:root|parent (\S+))", tc)
    report("tc qdisc show", " ".join(":".join(q) for q in seen), {("netem", "5602", ""), ("tbf", "5604", "5602:1"),
                                                                 ("pfifo", "5605", "5604:1")} <= set(seen))
    r = link_tool("rtt", netns("r1"), ADDRESS["r2"], 100, 20000)
    report("delay 5 ms of the last, RTT", f"{r['p50'] / 1000:.3f} ms", r["received"] == 100 and 10 <= r["p50"] / 1000 < 16)


def limit():
    """A hundred at once, 10 wait, tbf lets three or four of this size through at once, the rest is lost."""
    for want in ({}, {"delay": "5ms"}):
        shape("tc", rate="500kbit", limit="10p", **want)
        r = flow(100, 5000, 1400)
        report(f"limit 10p, by tc, {want or 'rate alone'}", f"{r['arrived']} of 100 arrive", 10 <= r["arrived"] <= 25)


# --- at run time --------------------------------------------------------------------------------------------------
MASK = (1 << 64) - 1
GOLDEN = 0x9E3779B97F4A7C15


def mix(x):
    x = ((x ^ (x >> 30)) * 0xBF58476D1CE4E5B9) & MASK
    x = ((x ^ (x >> 27)) * 0x94D049BB133111EB) & MASK
    return x ^ (x >> 31)


def lost_by_fate(seed, link, direction, n, probability):
    key = mix((seed + GOLDEN) & MASK)
    for c in link.encode():
        key = mix(key ^ c)
    key = mix(key ^ (direction + 0x100))
    return mix((mix((key + (n + 1) * GOLDEN) & MASK) + GOLDEN) & MASK) >> 32 < round(probability * (1 << 32))


def while_flowing(change, count=5000, rate=1000):
    """Numbers that did not arrive, and the flow's own count, of a flow during which change() is called."""
    with tempfile.NamedTemporaryFile() as raw:
        sender = subprocess.Popen([BUILD + "/tests/bench/link", "flow", netns("r1"), str(count), str(rate), "64", "-r", raw.name,
                                   netns("r2"), ADDRESS["r2"]], stdout=subprocess.PIPE)
        time.sleep(count / rate / 2)
        change()
        out = json.loads(sender.communicate()[0])
        with open(raw.name, encoding="ascii") as file:
            return sorted(set(range(count)) - {int(line.split()[1]) for line in file}), out


def change():
    shape("bpf", loss=1, seed=1)
    shape("tc", delay="100ms", seed=4711)
    lost, out = while_flowing(lambda: vlsp("link", "set", "r1:r2", "--loss", "5", "--quiet"))
    fated = [n for n in range(5000) if lost_by_fate(4711, "r1-r2", 0, n, 0.05)]
    first = lost[0] if lost else 0
    wrong = set(lost) ^ {n for n in fated if n >= first}
    skipped = sum(1 for n in fated if n < first)
    # A few may overtake where the sender changes its processor: a veth pair has a queue for each.
    report("link set --loss 5 loses what it is to", f"{len(lost)} lost from {first} on, {len(wrong)} not by fate, "
           f"{out['early']} early", not wrong and len(lost) > 50 and skipped > 50 and out["early"] < 10)
    for name, before, words in (("--delay 50ms", {"delay": "100ms"}, ("--delay", "50ms")),
                                ("--delay none", {"delay": "50ms"}, ("--delay", "none")),
                                ("--rate 10mbit", {"delay": "50ms"}, ("--rate", "10mbit")),
                                ("--rate none", {"delay": "50ms", "rate": "10mbit"}, ("--rate", "none")),
                                ("--delay 20ms, rate", {"rate": "1mbit"}, ("--delay", "20ms")),
                                ("--delay none, rate", {"rate": "1mbit", "delay": "50ms"}, ("--delay", "none")),
                                ("--rate 2mbit, alone", {"rate": "1mbit"}, ("--rate", "2mbit")),
                                ("--rate none, alone", {"rate": "1mbit"}, ("--rate", "none"))):
        shape("tc", **before)
        lost, out = while_flowing(lambda w=words: vlsp("link", "set", "r1:r2", *w, "--quiet"), 2000)
        report(f"link set {name} loses nothing", f"{len(lost)} lost from {lost[:1]}, {out['early']} early", not lost)
        look = vlsp("topology", "reconcile", "--dry-run")
        if look != "nothing to do\n":
            report("  and is found to be well", look, False)


def cannot():
    shape("tc", delay="5ms")
    before = json.loads(vlsp("link", "show", "r1:r2", "--json"))
    for words, says in ((("--backend", "tc", "--jitter", "1ms", "--order", "keep"), "keep the order"),
                        (("--backend", "bpf"), "loss, duplicate and corrupt only"),
                        (("--backend", "kmod"), "kernel module")):
        out = run(BUILD + "/vlsp", "link", "set", "r1:r2", *words, check=False)
        after = json.loads(vlsp("link", "show", "r1:r2", "--json"))
        report("refused: " + " ".join(words), out.stderr.strip(),
               out.returncode == 1 and says in out.stderr and all(before[k] == after[k] for k in ("shape", "backends")))
    r = link_tool("rtt", netns("r1"), ADDRESS["r2"], 50, 10000)
    report("the link is as it was", f"RTT {r['p50'] / 1000:.3f} ms", r["received"] == 50 and r["p50"] >= 9990)


def relay():
    shape("relay", backend="relay", delay="10ms")
    r = link_tool("rtt", netns("r1"), ADDRESS["r2"], 200, 10000)
    report("delay 10 ms, by relay", f"RTT {r['p50'] / 1000:.3f} ms, {r['received']} of 200",
           r["received"] == 200 and 19.9 <= r["p50"] / 1000 < 30)
    one_rate("rate, UDP,", udp, 10, 1000, "relay", backend="relay")
    shape("bpf, relay", backend="relay", delay="5ms", loss=5, seed=3)
    r = flow(3000, 1000, 64)
    fated = sum(lost_by_fate(3, "r1-r2", 0, n, 0.05) for n in range(3000))
    report("loss and delay, by relay", f"{r['lost']} lost of {fated} that were to be", r["lost"] == fated and r["early"] == 0)


ALL = {"doctor": doctor, "delay": delay, "jitter": jitter, "loss": loss, "burst": burst, "shares": shares, "rate": rate,
       "limit": limit, "change": change, "cannot": cannot, "relay": relay}
begin = time.time()
for name in ROWS or ALL:
    start = time.time()
    try:
        ALL[name]()
    except RuntimeError as error:
        report(name, str(error), False)
    print(f"     {name} took {time.time() - start:.0f} s", flush=True)
print(f"took {time.time() - begin:.0f} s, {len(failed)} failed{': ' if failed else ''}{'; '.join(failed)}")
sys.exit(bool(failed))
