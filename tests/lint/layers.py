#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Holds the includes of the tree against Documentation/layers.txt.

A file includes only its own directory or a strictly lower rank; `deny FROM TO` forbids a pair whatever
the ranks say; *_priv.h is for its own directory; a .c file with a header of its name includes it first.
Prints one line per finding and exits 1 if there is any.
"""
import os
import re
import subprocess
import sys

RANKS, DENY = {}, set()
INCLUDE = re.compile(r'^\s*#\s*include\s+"([^"]+)"')
SUFFIXES = (".c", ".h")
TOPS = ("include/", "lib/", "bpf/", "daemon/", "cli/", "apps/")


def load(path):
    for number, line in enumerate(open(path, encoding="utf-8"), 1):
        words = line.split("#")[0].split()
        if not words:
            continue
        if words[0] == "rank" and len(words) == 3:
            RANKS[words[1]] = int(words[2])
        elif words[0] == "deny" and len(words) == 3:
            DENY.add((words[1], words[2]))
        else:
            sys.exit(f"{path}:{number}: not understood: {line.strip()}")


def room(path):
    """The longest directory of path that has a rank."""
    d = os.path.dirname(path)
    while d and d not in RANKS:
        d = os.path.dirname(d)
    return d


def within(d, top):
    return d == top or d.startswith(top + "/")


def check_file(path):
    mine = room(path)
    if not mine:
        if path.startswith("bpf/"):
            mine = "bpf"
        else:
            yield 1, "directory has no rank in Documentation/layers.txt"
            return
    first, own = None, os.path.splitext(path)[0] + ".h"
    for number, line in enumerate(open(path, encoding="utf-8"), 1):
        m = INCLUDE.match(line)
        if not m:
            continue
        target = m.group(1)
        first = first or target
        if target.endswith(".skel.h"):
            continue
        if not os.path.exists(target):
            yield number, f'"{target}" is not a path from the root of the tree'
            continue
        theirs = room(target) or ("bpf" if target.startswith("bpf/") else "")
        if target.endswith("_priv.h") and os.path.dirname(target) != os.path.dirname(path):
            yield number, f"{target} is private to its directory"
        if theirs == mine:
            continue
        if mine == "bpf":
            if theirs != "include/shared":
                yield number, f"BPF programs include include/shared only, not {target}"
            continue
        if theirs == "bpf":
            yield number, f"{target} is for BPF programs only"
            continue
        for a, b in DENY:
            if within(mine, a) and within(theirs, b):
                yield number, f"{mine} must never include {theirs} ({target})"
        if RANKS[theirs] >= RANKS[mine]:
            yield number, (f"{mine} (rank {RANKS[mine]}) includes {theirs} "
                           f"(rank {RANKS[theirs]}): only lower ranks")
    # A private header stands for the public one, which it includes.
    good = (own, own[:-2] + "_priv.h")
    if path.endswith(".c") and not path.endswith(".bpf.c") and os.path.exists(own) and first not in good:
        yield 1, f'first project include is "{first}", should be its own header "{own}"'


def main():
    load("Documentation/layers.txt")
    files = subprocess.run(["git", "ls-files", "-co", "--exclude-standard"], check=True,
                           capture_output=True, text=True).stdout.split("\n")
    bad = seen = 0
    for path in files:
        if path.startswith(TOPS) and path.endswith(SUFFIXES) and os.path.exists(path):
            seen += 1
            for number, text in check_file(path):
                print(f"{path}:{number}: {text}")
                bad += 1
    print(f"layers: {seen} files, {bad} findings")
    return 1 if bad or not seen else 0


sys.exit(main())
