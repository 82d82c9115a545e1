#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# libvlsp as it is installed: the documentation's examples are compiled by pkg-config and talk to each other; then
# what virtual sockets do over real links, and what they say when they cannot.
#
#      r1 --- r2 --- r3 --- r4 --- r5      answer on r5, ask on r1; the link r4:r5 gets a delay
. "$(dirname "$0")/lib.sh"

step "install, and compile by pkg-config against what was installed"
PREFIX=$(cat "$BUILD/.prefix") # so that nothing is compiled again
must make -s -C "$ROOT" O="$BUILD" PREFIX="$PREFIX" DESTDIR="$WORK/dest" install
PREFIX=$WORK/dest$PREFIX
export PKG_CONFIG_PATH=$PREFIX/lib/pkgconfig PKG_CONFIG_SYSROOT_DIR=$WORK/dest
export PKG_CONFIG_ALLOW_SYSTEM_CFLAGS=1 PKG_CONFIG_ALLOW_SYSTEM_LIBS=1 LD_LIBRARY_PATH=$PREFIX/lib
read -ra flags < <(pkg-config --cflags --libs vlsp)
cc() { must gcc -Wall -Wextra -Werror "$1" -o "$2" "${flags[@]}" -lpthread; }
ln -s "$ROOT/examples" examples
grep '^gcc ' "$ROOT/Documentation/libvlsp.md" >compile.sh
equal 2 "$(wc -l <compile.sh)" "commands of libvlsp.md that compile"
must bash -e compile.sh
cc "$ROOT/tests/system/sockets.c" sockets
must gcc -Wall -Wextra -Werror -fsyntax-only examples/hello-*.c "-I$PREFIX/include"
cp "$ROOT/examples/hello.py" hello-python
must_say 'libvlsp\.so\.0 .*'"$PREFIX" ldd hello-libvlsp
must_say "libvlsp\.so\.0 .*$PREFIX/libexec" env -u LD_LIBRARY_PATH ldd "$PREFIX/libexec/vlsp/apps/echo"
must_say 'vlsp_sendto' mandoc "$PREFIX/share/man/man3/vlsp_recv.3"

step "the library exports what its header declares, and needs the C library only"
must python3 - "$PREFIX/include/vlsp/vlsp.h" "$PREFIX/lib/libvlsp.so" <<'P'
import re, subprocess, sys
header = re.sub(r"/\*.*?\*/", "", open(sys.argv[1]).read(), flags=re.S)
declared = set(re.findall(r"^\w[\w *]*?\b(vlsp_\w+)\(", header, re.M))
lines = subprocess.run(["nm", "-D", "--defined-only", sys.argv[2]], check=True, capture_output=True, text=True).stdout
exported = {line.split()[2] for line in lines.splitlines()} - {"VLSP_0.1"}
declared = {name + "@@VLSP_0.1" for name in declared}
sys.exit(f"only one of them: {sorted(declared ^ exported)}" if declared ^ exported or len(declared) < 41 else 0)
P
must clang++-14 -std=c++11 -fsyntax-only -x c++ "$PREFIX/include/vlsp/vlsp.h"
needed=$(readelf -d "$PREFIX/lib/libvlsp.so" | sed -n 's/.*NEEDED.*\[\(.*\)\]/\1/p' | grep -v '^ld-linux' | xargs)
equal "libc.so.6" "$needed" "libraries that it needs"

step "not on a router: a program says so"
must ./sockets outside
must_fail 1 'not on a virtual router' ./hello-libvlsp r1

must start_vlspd
step "REST: libcurl is loaded when it is asked for; without it, that is said"
must_say '^200 .*"list":\[\]' ./sockets rest /router/
must_say '^404 ' ./sockets rest /router/nobody
must_say '^-1 .*nowhere' env VLSP_URL=unix:///nowhere/sock ./sockets rest /router/
curl=$(ldconfig -p | awk '/libcurl-gnutls.so.4 / { print $NF; exit }')
must_fail 1 'libcurl-gnutls.so.4 cannot be loaded' unshare --mount sh -c "mount --bind /dev/null '$curl' && ./sockets rest /router/"

# hello: a machine under load does not take a link for lost
must vlsp topology apply - <<<'{"hello": "500ms", "routers": ["r1", "r2", "r3", "r4", "r5"], "links": ["r1:r2", "r2:r3", "r3:r4", "r4:r5"]}'

step "client by server: libvlsp, POSIX, Python"
for server in libvlsp posix python; do
	"$BUILD/vlsp" router exec r5 -- "./hello-$server" &
	pid=$!
	eventually 5 must_say ':7007' on r5 ss -uln
	for client in libvlsp posix python; do
		must_say "^hello from $server\$" sh -c "\"$BUILD/vlsp\" router exec r1 -- ./hello-$client r5 | tr A-Z a-z"
	done
	kill $pid
	wait $pid || true
done

step "where a program is, and what its router is called"
must vlsp router exec r3 -- ./sockets self r3 "$(address r3)"
must on r3 ./sockets self r3 "$(address r3)"

step "what datagrams carry across four links, without any privilege"
"$BUILD/vlsp" router exec r5 -- ./sockets echo 5000 &
pid=$!
eventually 5 must_say ':5000' on r5 ss -uln
anybody() { vlsp router exec "$1" -- setpriv --reuid 65534 --regid 65534 --clear-groups --bounding-set -all "${@:2}"; }
must anybody r1 ./sockets ask r5:5000 4
wait $pid

step "flow id, source timestamp, and an age that is not less than the delay"
must vlsp link set r4:r5 --delay 20ms
"$BUILD/vlsp" router exec r5 -- ./sockets echo 5002 &
pid=$!
eventually 5 must_say ':5002' on r5 ss -uln
must anybody r1 ./sockets flow r5:5002 20000
wait $pid

step "closing wakes who waits; timeouts"
must vlsp router exec r1 -- ./sockets close

step "errors: a port in use, too large, nobody there, no way, time to live"
must vlsp link down r4:r5
gone() { must_not_say "$(address r5)" vlsp route show r1; }
eventually 5 gone
must vlsp router exec r1 -- ./sockets errors r4:5001 r5:5001
must vlsp link up r4:r5

must stop_vlspd
nothing_left

step "uninstall: no file, no link, no directory of its own is left"
must make -s -C "$ROOT" O="$BUILD" PREFIX="${PREFIX#"$WORK/dest"}" DESTDIR="$WORK/dest" uninstall
equal "" "$(find "$WORK/dest" ! -type d -o -name vlsp)" "what is left"
