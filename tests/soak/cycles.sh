#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# CYCLES (default 10000) times routers and links, made and deleted; see cycles.py.
. "$(dirname "$0")/../system/lib.sh"

python3 "$ROOT/tests/soak/cycles.py" --build "$BUILD" --runtime "$RUNTIME" --state "$STATE" \
	${CYCLES:+--cycles "$CYCLES"}
echo "map id 0" >>"$WORK/bpf.ours" # the daemon is stopped: there is nothing to be seen any more
nothing_left
