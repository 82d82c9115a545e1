# SPDX-License-Identifier: GPL-2.0-or-later
"""Shaping links and seeing what they do, for stories and benchmarks; and fates, written anew from
Documentation/link-emulation.md, so that a test does not ask the code what it should have done."""
import json
import subprocess
import sys
import tempfile

BUILD = sys.argv[1]
WIRE = 14 + 20 + 8  # bytes of a frame around a UDP payload
PROPERTIES = ("rate delay jitter distribution loss burst burst-loss duplicate corrupt reorder limit seed overhead "
              "order backend").split()


def run(*words):
    out = subprocess.run(words, capture_output=True, text=True, check=False)
    if out.returncode != 0:
        sys.exit(f"{' '.join(words)}: exit {out.returncode}\n{out.stdout}{out.stderr}")
    return out.stdout


def vlsp(*words):
    return run(BUILD + "/vlsp", *words)


def netns(router):
    return "/run/netns/" + router


def on(router, *words):
    return run("nsenter", "--net=" + netns(router), *words)


def address(router):
    return json.loads(vlsp("router", "show", router, "--json"))["address"]


def shape(link="r1:r2", start=None, **want):
    """The whole shape; what is not named is taken away. start: only the direction that starts there."""
    words = ["--from", start] if start else []
    for name in PROPERTIES:
        words += ["--" + name, str(want.get(name.replace("-", "_"), "none"))]
    vlsp("link", "set", link, "--quiet", *words)


def backend(link="r1:r2", direction="a-to-b"):
    return json.loads(vlsp("link", "show", link, "--json"))["backends"][direction]


def flow_words(count, rate, size, *options, sender="r1", to="r2"):
    return [BUILD + "/tests/bench/link", "flow", netns(sender), str(int(count)), str(int(rate)), str(size), *options,
            netns(to), address(to)]


def flow(count, rate, size, *options, sender="r1", to="r2"):
    return json.loads(run(*flow_words(count, rate, size, *options, sender=sender, to=to)))


def arrivals(path):
    """Of a file that flow -r wrote: (number, delay in ms, whole), in the order of arrival."""
    with open(path, encoding="ascii") as file:
        return [(int(w[1]), int(w[2]) / 1e6, len(w) == 3) for w in map(str.split, file)]


def flow_seen(count, rate, size, *options, expected=None, **ends):
    """As flow(), with the arrivals. expected: how many there will be, so that it ends when they are there."""
    if expected is not None:
        options += ("-e", str(expected))
    with tempfile.NamedTemporaryFile() as raw:
        out = flow(count, rate, size, "-r", raw.name, *options, **ends)
        return out, arrivals(raw.name)


# --- fates --------------------------------------------------------------------------------------------------------
MASK = (1 << 64) - 1
GOLDEN = 0x9E3779B97F4A7C15
LOSS, BURST, DUPLICATE, CORRUPT, BIT, REORDER, JITTER, JITTER_COPY = range(1, 9)


def mix(x):
    x = ((x ^ (x >> 30)) * 0xBF58476D1CE4E5B9) & MASK
    x = ((x ^ (x >> 27)) * 0x94D049BB133111EB) & MASK
    return x ^ (x >> 31)


def key_of(seed, link, direction):
    key = mix((seed + GOLDEN) & MASK)
    for c in link.encode():
        key = mix(key ^ c)
    return mix(key ^ (direction + 0x100))


def draw(key, n, what):
    base = mix((key + (n + 1) * GOLDEN) & MASK)
    return mix((base + what * GOLDEN) & MASK)


def hit(key, n, what, share):
    return draw(key, n, what) >> 32 < round(share * (1 << 32))


def lost_in_bursts(key, count, loss, length, within=1.0):
    """Gilbert and Elliott: which of the first count are lost."""
    share = loss / within
    leave = round(2**32 / length)
    enter = round(2**32 * share / (1 - share) / length)
    burst, lost = False, set()
    for n in range(count):
        if draw(key, n, BURST) >> 32 < (leave if burst else enter):
            burst = not burst
        if burst and (within == 1.0 or draw(key, n, LOSS) >> 32 < round(within * 2**32)):
            lost.add(n)
    return lost


def share_drawn(key, n, copy=False):
    """Of (0, 1): where in the distribution of jitter it falls."""
    return ((draw(key, n, JITTER_COPY if copy else JITTER) >> 12) + 0.5) * 2.0**-52
