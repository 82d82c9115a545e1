#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Files under 600 lines, functions under 80, headers under 120 lines that are not comments.

Function lengths come from universal-ctags. Prints one line per finding and exits 1 if there is any.
"""
import json
import os
import re
import subprocess
import sys

FILE_MAX, FUNCTION_MAX, HEADER_MAX = 600, 80, 120
TOPS = ("include/", "lib/", "bpf/", "daemon/", "cli/", "apps/", "tests/", "mk/", "Makefile")
COMMENT = re.compile(r"/\*.*?\*/|//[^\n]*", re.S)


def main():
    files = [f for f in subprocess.run(["git", "ls-files", "-co", "--exclude-standard"], check=True,
                                       capture_output=True, text=True).stdout.split("\n")
             if f.startswith(TOPS) and os.path.isfile(f) and "/corpus/" not in f]
    bad = 0
    for path in files:
        with open(path, encoding="utf-8", errors="replace") as f:
            text = f.read()
        lines = text.count("\n")
        if lines > FILE_MAX and path.endswith((".c", ".h", ".py", ".sh", ".mk")):
            print(f"{path}: {lines} lines (at most {FILE_MAX})")
            bad += 1
        if path.endswith(".h") and not path.startswith(("bpf/inc/", "tests/")):
            code = [x for x in COMMENT.sub("", text).split("\n") if x.strip()]
            if len(code) > HEADER_MAX:
                print(f"{path}: {len(code)} lines of code in a header (at most {HEADER_MAX})")
                bad += 1
    sources = [f for f in files if f.endswith((".c", ".h"))]
    tags = subprocess.run(["ctags", "--output-format=json", "--fields=+ne", "--kinds-C=f",
                           "--languages=C", "-f", "-", "-L", "-"], input="\n".join(sources),
                          check=True, capture_output=True, text=True).stdout
    functions = 0
    for line in tags.splitlines():
        tag = json.loads(line)
        if tag.get("kind") != "function" or "end" not in tag:
            continue
        functions += 1
        length = tag["end"] - tag["line"] + 1
        if length > FUNCTION_MAX:
            print(f"{tag['path']}:{tag['line']}: {tag['name']} has {length} lines "
                  f"(at most {FUNCTION_MAX})")
            bad += 1
    print(f"sizes: {len(files)} files, {functions} functions, {bad} findings")
    return 1 if bad or not functions else 0


sys.exit(main())
