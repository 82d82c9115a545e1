#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# What the documentation tells people to type works as it stands: README's lab, the complete topology files of
# topology.md, and every topology in examples/.
. "$(dirname "$0")/lib.sh"

ln -s "$BUILD" build

step "README: the five-minute lab"
awk '/^## A five-minute lab/ { lab = 1 } lab && /^```/ { if (inside) exit; inside = 1; next } inside' "$ROOT/README.md" |
	sed -e 's/\bsudo //' -e '/vlsp capture/i sleep 6 # what was started goes on for who types' -e '/vlsp link [a-z]* /a sleep 1.5 # routes follow a link in milliseconds; who types does not notice' >lab.sh
[ "$(wc -l <lab.sh)" -gt 10 ] || { echo "the lab was not found in README.md"; exit 1; }
before=$(ls -d /var/lib/vlsp 2>/dev/null || true)
timeout 120 bash -e lab.sh >lab.out 2>&1 || { cat lab.out; exit 1; }
must_say '^ 1  london' cat lab.out
must_say '3 packets transmitted, 3 received' cat lab.out
must_say 'delay 20ms' cat lab.out
equal "$before" "$(ls -d /var/lib/vlsp 2>/dev/null || true)" "state directory"

step "the trace takes the other way when the link is down"
equal "1  berlin" "$(grep -A1 '^trace from' lab.out | tail -n 1 | awk '{ print $1 "  " $2 }')" "last trace"

step "topology.md: every complete file"
awk -v n=0 '/^```yaml/ { n++; f = "doc" n ".yaml"; next } /^```/ { f = "" } f { print > f }' "$ROOT/Documentation/topology.md"
must start_vlspd
complete=0
for file in doc*.yaml; do
	grep -q '^routers:' "$file" && grep -q '^links:' "$file" || continue
	complete=$((complete + 1))
	must vlsp topology apply "$file"
	must_say 'nothing to do' vlsp topology apply "$file"
done
[ $complete -ge 1 ] || { echo "no complete file in topology.md"; exit 1; }

step "link-emulation.md: the commands at its beginning"
printf 'routers: [a, b]\nlinks: ["a:b"]\n' >ab.yaml
must vlsp topology apply ab.yaml
awk '/^```/ { if (inside) exit; inside = 1; next } inside' "$ROOT/Documentation/link-emulation.md" | sed "s|^vlsp |$BUILD/vlsp |" >shapes.sh
[ "$(wc -l <shapes.sh)" -ge 5 ] || { echo "no commands in link-emulation.md"; exit 1; }
must bash -e shapes.sh
must_say 'a to b: .*rate 10mbit.*loss 1%.*burst 5' vlsp link show a:b

step "events.md: the worked example happens as told"
awk '/^```yaml/ { if (n++) exit; inside = 1; next } /^```/ { inside = 0 } inside' "$ROOT/Documentation/events.md" >storm.yaml
grep '^vlsp ' "$ROOT/Documentation/events.md" | sed "s|^vlsp |$BUILD/vlsp |" >storm.sh
[ "$(wc -l <storm.sh)" -ge 5 ] || { echo "no commands in events.md"; exit 1; }
bash -e storm.sh >storm.out 2>&1 || { cat storm.out; exit 1; }
must_say 'end of link-down direct: done' cat storm.out
must_say 'router-kill +berlin +done' cat storm.out
must_not_say 'failed' cat storm.out

step "libvlsp.md: its programs are those in examples/"
must python3 - "$ROOT" <<'P'
import pathlib, re, sys
root = pathlib.Path(sys.argv[1])
blocks = re.findall(r"^```\w+\n(.*?)^```", (root / "Documentation/libvlsp.md").read_text(), re.M | re.S)
names = ("hello-libvlsp.c", "hello-posix.c", "hello.py")
for name in names:
    text = (root / "examples" / name).read_text()
    code = [line for line in text.splitlines() if re.match(r"\s*[^\s/#]|#include", line)]
    if text not in blocks or not 10 < len(code) <= 20:
        sys.exit(f"{name}: not as in libvlsp.md, or has more than 20 lines of code ({len(code)})")
P

step "examples/"
for file in "$ROOT"/examples/*.yaml "$ROOT"/examples/*.json; do
	must vlsp topology apply "$file"
	must_say 'nothing to do' vlsp topology apply "$file"
done

must stop_vlspd
nothing_left
