#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# 64 clients at once for SECONDS (default 5): every request is answered, every acknowledged change is there, and
# the answers are those of one client after the other.
. "$(dirname "$0")/lib.sh"
seconds=${CLIENTS_SECONDS:-5}

clients() { python3 "$ROOT/tests/chaos/clients.py" --socket "$RUNTIME/vlspd.sock" --seconds "$seconds" "$@"; }

step "a simulation: many operations"
must start_vlspd --host fake
clients --seed 1
must vlspd stop --runtime-dir "$RUNTIME" --state-dir "$STATE"

step "this machine"
must start_vlspd
clients --seed 2
must_say 'nothing to do' sh -c "'$BUILD/vlsp' topology export | '$BUILD/vlsp' topology apply -"
must stop_vlspd
nothing_left
