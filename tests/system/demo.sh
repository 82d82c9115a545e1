#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# The tour of make demo works, in a runtime directory that was closed to others, and leaves nothing.
. "$(dirname "$0")/lib.sh"

step "the tour"
command -v iperf3 >/dev/null || skip "iperf3 is not here"
must env BUILD="$BUILD" "$ROOT/tests/demo"
[ -z "$(find /run -maxdepth 1 -name 'vlsp-demo.*')" ]
