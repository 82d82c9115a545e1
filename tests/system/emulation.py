# SPDX-License-Identifier: GPL-2.0-or-later
"""What links do to traffic, for emulation.sh: emulation.py BUILD CHECK [ARGUMENT...]. With a seed the fate of each
datagram is known before, so nothing here is left to chance; times have a lower bound that holds always and an upper
one that a machine under load keeps."""
import collections
import statistics
import subprocess
import sys
import time

import links
from links import BIT, CORRUPT, DUPLICATE, LOSS, REORDER, WIRE, draw, flow_seen, hit, key_of, shape, share_drawn

SEED = 12345
SLACK_MS = 50  # a relay that has to wait for a processor


def expect(what, want, got):
    if want == got:
        return
    if isinstance(want, set):
        sys.exit(f"{what}: {len(want)} numbers were expected, {len(got)} seen; missing {sorted(want - got)[:20]}, "
                 f"too many {sorted(got - want)[:20]}")
    sys.exit(f"{what}: want {want}, got {got}")


def numbers(seen):
    return {n for n, _, whole in seen if whole}


def missing(count, seen):
    return set(range(count)) - numbers(seen)


# --- one property: what is asked, what must be seen -----------------------------------------------------------------
def check_loss(key, ends, name):
    fated = {n for n in range(4000) if hit(key, n, LOSS, 0.05)}
    out, seen = flow_seen(4000, 8000, 64, expected=4000 - len(fated), **ends)
    expect(name, fated, missing(4000, seen))
    expect(name + ", duplicates", 0, out["duplicates"])


def check_burst(key, ends, name):
    fated = links.lost_in_bursts(key, 4000, 0.05, 4)
    _, seen = flow_seen(4000, 8000, 64, expected=4000 - len(fated), **ends)
    expect(name, fated, missing(4000, seen))


def check_burst_loss(key, ends, name):
    fated = links.lost_in_bursts(key, 4000, 0.05, 4, 0.5)
    _, seen = flow_seen(4000, 8000, 64, expected=4000 - len(fated), **ends)
    expect(name, fated, missing(4000, seen))


def check_duplicate(key, ends, name):
    fated = {n for n in range(4000) if hit(key, n, DUPLICATE, 0.01)}
    _, seen = flow_seen(4000, 8000, 64, expected=4000 + len(fated), **ends)
    expect(name + ", lost", set(), missing(4000, seen))
    expect(name, fated, {n for n, times in collections.Counter(n for n, _, _ in seen).items() if times == 2})
    expect(name + ", in all", 4000 + len(fated), len(seen))


def check_corrupt(key, ends, name):
    fated = {n for n in range(2000) if hit(key, n, CORRUPT, 0.02)}
    out, seen = flow_seen(2000, 8000, 64, expected=2000 - len(fated), **ends)
    expect(name + ", changed that arrive", 0, out["changed"])
    expect(name + ", lost", fated, missing(2000, seen))


def check_unchecked(key, ends, name):
    """Without a checksum, what was changed arrives, or is for another port; of the source port nobody takes notice."""
    bits = (8 + 64) * 8
    fated = {n for n in range(2000) if hit(key, n, CORRUPT, 0.02) and (draw(key, n, BIT) & 0xffffffff) * bits >> 32 >= 16}
    out, seen = flow_seen(2000, 8000, 64, "-0", **ends)
    expect(name + ", not whole", fated, missing(2000, seen))
    if not out["changed"]:
        sys.exit(f"{name}: none arrived changed")


def check_delay(_, ends, name):
    out, seen = flow_seen(300, 1000, 64, expected=300, **ends)
    expect(name + ", lost", set(), missing(300, seen))
    expect(name + ", out of order", 0, out["early"])
    if out["min"] < 20000 or out["p50"] > 20000 + SLACK_MS * 1000:
        sys.exit(f"{name}: 20 ms were asked, {out['min']} to {out['p50']} us were seen")


def quantile(distribution, p):
    normal = statistics.NormalDist().inv_cdf(p)
    pareto = ((1 - p) ** (-1 / 3) - 1.5) / (1.5 * (1 / 3) ** 0.5)
    return {"uniform": 2 * p - 1, "normal": normal, "pareto": pareto, "paretonormal": normal / 4 + pareto * 3 / 4}[distribution]


def check_jitter(distribution):
    def check(key, ends, name):
        _, seen = flow_seen(300, 1000, 64, expected=300, **ends)
        expect(name + ", lost", set(), missing(300, seen))
        errors = [ms - max(0, 30 + 10 * quantile(distribution, share_drawn(key, n))) for n, ms, _ in seen]
        if min(errors) < -0.001 or statistics.median(errors) > SLACK_MS:
            sys.exit(f"{name}: off by {min(errors):.3f} to {max(errors):.3f} ms")

    return check


def check_order(_, ends, name):
    out, seen = flow_seen(500, 1000, 64, expected=500, **ends)
    expect(name + ", lost", set(), missing(500, seen))
    expect(name + ", out of order", 0, out["early"])
    if out["max"] - out["min"] < 1000:
        sys.exit(f"{name}: no jitter to be seen")


def check_reorder(key, ends, name):
    _, seen = flow_seen(1000, 1000, 64, expected=1000, **ends)
    early = {n for n, ms, _ in seen if ms < 200}  # nothing else is before its time, and these were not held
    expect(name, {n for n in range(1000) if hit(key, n, REORDER, 0.05)}, early)


def rate_check(extra, mbit=8):
    """extra: bytes that a frame counts for in addition. Who had to wait for a processor when the first one came sees the
    others come too fast, and who had to wait later sees them come too slowly: not three times."""

    def check(_, ends, name):
        all_seen = []
        for _ in range(3):
            out, _ = flow_seen(1500, 2000, 986 - WIRE, expected=1500, **ends)
            seen = (out["arrived"] - 1) * (986 + extra) * 8 / out["seconds"] / 1e6
            if 0.7 * mbit < seen < 1.02 * mbit:
                return
            all_seen.append(f"{seen:.3f}")
        sys.exit(f"{name}: {mbit} Mbit/s were asked, {', '.join(all_seen)} seen")

    return check


def check_limit(_, ends, name):
    """All at once: what does not find room is lost, and only that. (1 Mbit/s takes 8 ms for each.)"""
    out, seen = flow_seen(200, 20000, 986 - WIRE, **ends)
    if not 25 <= len(seen) <= 75:
        sys.exit(f"{name}: 30 may wait, {len(seen)} of 200 arrived")
    expect(name + ", out of order", 0, out["early"])


CHECKS = (
    # back ends, check, the shape that is asked
    ("bpf relay", check_loss, {"loss": "5%"}),
    ("bpf relay", check_burst, {"loss": "5%", "burst": 4}),
    ("bpf relay", check_burst_loss, {"loss": "5%", "burst": 4, "burst_loss": "50%"}),
    ("bpf relay", check_duplicate, {"duplicate": "1%"}),
    ("bpf relay", check_corrupt, {"corrupt": "2%"}),
    ("bpf relay", check_unchecked, {"corrupt": "2%"}),
    ("tc relay", rate_check(0), {"rate": "8mbit"}),
    ("tc relay", rate_check(14), {"rate": "8mbit", "overhead": 14}),
    ("tc relay", rate_check(-14), {"rate": "8mbit", "overhead": -14}),
    ("tc relay", check_limit, {"rate": "1mbit", "limit": "30p"}),
    ("relay", check_delay, {"delay": "20ms"}),
    ("relay", check_jitter("uniform"), {"delay": "30ms", "jitter": "10ms"}),
    ("relay", check_jitter("normal"), {"delay": "30ms", "jitter": "10ms", "distribution": "normal"}),
    ("relay", check_jitter("pareto"), {"delay": "30ms", "jitter": "10ms", "distribution": "pareto"}),
    ("relay", check_jitter("paretonormal"), {"delay": "30ms", "jitter": "10ms", "distribution": "paretonormal"}),
    ("relay", check_order, {"delay": "20ms", "jitter": "20ms", "order": "keep"}),
    ("relay", check_reorder, {"delay": "200ms", "reorder": "5%"}),
)


def untouched(start="r1"):
    sender, to = ("r1", "r2") if start == "r1" else ("r2", "r1")
    out, seen = flow_seen(300, 5000, 64, expected=300, sender=sender, to=to)
    expect(f"from {start}, lost", set(), missing(300, seen))
    expect(f"from {start}, duplicates, out of order, changed", (0, 0, 0), (out["duplicates"], out["early"], out["changed"]))
    if out["p50"] > 4000:  # no shape of these checks has less than 5 ms
        sys.exit(f"from {start}: {out['p50']} us, and no delay was asked for")


def properties():
    for direction, (start, to) in enumerate((("r1", "r2"), ("r2", "r1"))):
        for names, check, want in CHECKS:
            for name in names.split():
                words = " ".join(f"{k} {v}" for k, v in want.items())
                what = f"{words}, by {name}, from {start}"
                shape()
                shape(start=start, seed=SEED, backend=name, **want)
                used = links.backend(direction="b-to-a" if direction else "a-to-b")
                if name not in used.split(", "):
                    sys.exit(f"{what}: it is by {used or 'nothing'}")
                check(key_of(SEED, "r1-r2", direction), {"sender": start, "to": to}, what)
                print(f"  {what}", flush=True)
            if not direction:
                untouched(to)
    shape(delay="1ms")


def change():
    """--loss 5 on a delayed link: from some datagram on, exactly those are lost that are fated to."""
    count = 20000
    shape(delay="10ms", seed=4711)
    links.run("sync")
    with links.tempfile.NamedTemporaryFile() as raw:
        with subprocess.Popen(links.flow_words(count, 10000, 64, "-r", raw.name), stdout=subprocess.PIPE) as sender:
            time.sleep(1)
            links.vlsp("link", "set", "r1:r2", "--loss", "5", "--quiet")
            out = links.json.loads(sender.communicate()[0])
        seen = links.arrivals(raw.name)
    key = key_of(4711, "r1-r2", 0)
    lost = missing(count, seen)
    fated = {n for n in range(count) if hit(key, n, LOSS, 0.05)}
    first = min(lost, default=count)
    expect("lost after the change", {n for n in fated if n >= first}, lost)
    if not 0 < first < count - 1000:
        sys.exit("the change came before or after the traffic: nothing was tested")
    expect("out of order", 0, out["early"])
    if out["min"] < 10000 or out["p50"] > 10000 + SLACK_MS * 1000:
        sys.exit(f"the delay was 10 ms and is {out['min']} to {out['p50']} us")
    shape(delay="1ms")


def under_traffic(what, count, changes, first, **more):
    """Changes while 2,000 datagrams a second pass: none is lost. (loses: the kernel drops what is sent while it
    exchanges a device's root queue.)"""
    shape(**first)
    with links.tempfile.NamedTemporaryFile() as raw:
        with subprocess.Popen(links.flow_words(count, 2000, 64, "-e", str(count), "-r", raw.name), stdout=subprocess.PIPE) as sender:
            for words in changes:
                time.sleep(count / 2000 / (len(changes) + 1))
                links.vlsp("link", "set", "r1:r2", "--quiet", *words)
            out = links.json.loads(sender.communicate()[0])
        seen = links.arrivals(raw.name)
    if len(missing(count, seen)) > more.get("loses", 0):
        expect(what + ", lost", set(), missing(count, seen))
    if not more.get("overtakes"):
        expect(what + ", out of order", 0, out["early"])


def changes():
    under_traffic("a queue changes", 4000, (("--rate", "4mbit"), ("--rate", "8mbit"), ("--limit", "500")), {"rate": "6mbit"})
    under_traffic("a queue comes and goes", 4000, (("--rate", "8mbit"), ("--rate", "none")), {}, loses=20)
    under_traffic("so does a rate of the relay", 4000, (("--rate", "8mbit"), ("--rate", "4mbit"), ("--rate", "none")),
                  {"backend": "relay"})
    under_traffic("a delay grows", 4000, (("--delay", "20ms"), ("--delay", "30ms")), {"delay": "5ms"})
    under_traffic("and goes", 4000, (("--delay", "5ms"), ("--delay", "none")), {"delay": "30ms"}, overtakes=True)
    shape(delay="1ms")


def delayed(ms):
    out, seen = flow_seen(200, 1000, 64, expected=200)
    expect("lost", set(), missing(200, seen))
    if out["min"] < ms * 1000 or out["p50"] > (ms + SLACK_MS) * 1000:
        sys.exit(f"{ms} ms were asked, {out['min']} to {out['p50']} us were seen")


def delayed_anyhow():
    """Without a daemon nobody can be asked for addresses."""
    out = links.json.loads(links.run(links.BUILD + "/tests/bench/link", "rtt", links.netns("r1"), "10.0.0.2", "50", "2000"))
    expect("answers", 50, out["received"])
    if out["min"] < 10000:
        sys.exit(f"two ways of 5 ms were asked, {out['min']} us were seen")


CALLS = {"properties": properties, "change": change, "changes": changes, "untouched": untouched, "delayed_anyhow": delayed_anyhow,
         "delayed": lambda: delayed(float(sys.argv[3]))}
CALLS[sys.argv[2]]()
