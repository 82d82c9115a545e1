#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# A few rounds of chaos with a fixed seed; make chaos does more of them, and tells what they are.
exec env SEED="${SEED:-7}" ROUNDS="${ROUNDS:-4}" bash "$(dirname "$0")/../chaos/chaos.sh"
