#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# How true links are: what was asked, what traffic saw, and the error, in a table (emulation.py). Two routers and one
# link; a star of 100 links; all on this machine's own kernel, by each back end that it has.
#
#      r1 --- r2              hub --- s1 ... s100
#
# ROWS="delay jitter rate tcp loss burst change share relay many" says which rows, SECONDS_EACH how long each lasts (10).
. "$(dirname "$0")/../system/lib.sh"

must start_vlspd
cat >two.yaml <<'N'
hello: 2s
routers: [r1, r2]
links: ["r1:r2"]
N
{ echo 'hello: 2s'; vlsp topology generate star 101 --prefix s --delay 10ms; } >star.yaml
python3 "$ROOT/tests/bench/emulation.py" "$BUILD" "${SECONDS_EACH:-10}" ${ROWS:-}
must stop_vlspd
nothing_left
