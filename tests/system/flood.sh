#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Slow, broken and endless requests: the API goes on answering others, and the daemon's memory stays bounded.
. "$(dirname "$0")/lib.sh"
command -v python3 >/dev/null || skip "needs python3"

must start_vlspd --host fake --listen 127.0.0.1:8888
must vlsp router add a
must vlsp router add b

OTHER=$WORK/other
must vlspd start --host fake --listen 127.0.0.1:8889 --runtime-dir "$OTHER" --state-dir "$OTHER.state"

step "1,000 slow connections, 10,000 malformed requests, 1 GB of body"
python3 "$ROOT/tests/system/flood.py" "$RUNTIME/vlspd.sock" 8888 "$(cat "$RUNTIME/token")" "$(cat "$RUNTIME/vlspd.pid")" \
	8889 "$(cat "$OTHER/token")"
must vlspd stop --runtime-dir "$OTHER"

step "afterwards all is as before"
must_say '^routers +2: 2 running' vlsp status
eventually 15 bash -c '[ "$(ls /proc/'"$(cat "$RUNTIME/vlspd.pid")"'/fd | wc -l)" -lt 40 ]'
must stop_vlspd
equal "" "$(leftovers)" "what is left"
