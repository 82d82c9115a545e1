#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# make soak: hours by hand. Every part runs, also after another one failed. PARTS= names some of them.
# The programs of BUILD, and for the stories under ASan and UBSan those of build/asan.
set -u
cd "$(dirname "$0")/../.." || exit 1
failed=()

part() { # part NAME COMMAND...
	local name=$1
	shift
	case " ${PARTS:-cycles valgrind asan clients pings chaos} " in *" $name "*) ;; *) return ;; esac
	printf '== %s\n' "$name"
	"$@"
	case $? in
	0) printf '== %s: passed\n' "$name" ;;
	77) printf '== %s: skipped\n' "$name" ;;
	*) printf '== %s: FAILED\n' "$name"; failed+=("$name") ;;
	esac
}
asan() {
	make --no-print-directory MODE=asan all &&
		BUILD=$PWD/build/asan ASAN_OPTIONS=detect_leaks=1 tests/system/run first_steps.sh topology_apply.sh crash.sh
}

part cycles tests/soak/cycles.sh
part valgrind tests/soak/valgrind.sh
part asan asan
part clients env CLIENTS_SECONDS=60 bash tests/system/clients.sh
part pings bash tests/system/pings.sh
part chaos env ROUNDS="${ROUNDS:-200}" tests/chaos/chaos.sh
[ ${#failed[@]} -eq 0 ] || printf 'failed: %s\n' "${failed[*]}"
[ ${#failed[@]} -eq 0 ]
