#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""What flood.sh does to a vlspd: 1,000 slow connections, 10,000 malformed requests, 1 GB of body; meanwhile
/health is asked over the socket and over TCP, and another vlspd, which nobody floods, has two slow connections.
Prints figures; exits 1 if something was not answered.

    flood.py SOCKET PORT TOKEN PROCESS OTHER-PORT OTHER-TOKEN"""
import json, multiprocessing, os, random, resource, socket, sys, threading, time

SOCKET, PORT, TOKEN, PID = sys.argv[1], int(sys.argv[2]), sys.argv[3], int(sys.argv[4])
OTHER_PORT, OTHER_TOKEN = int(sys.argv[5]), sys.argv[6]
SLOW, MALFORMED, BODY = 1000, 10000, 1 << 30
HARD_LIMIT = 1.0  # seconds, without those in which the machine stood still; the aim is 0.1
GROWTH_LIMIT = 64 << 10  # KiB of the daemon's memory

def connect(tcp, timeout=15, port=PORT):
    s = socket.socket(socket.AF_INET if tcp else socket.AF_UNIX)
    s.settimeout(timeout)
    s.connect(("127.0.0.1", port) if tcp else SOCKET)
    return s

def read_all(s):
    data = b""
    try:
        while more := s.recv(65536):
            data += more
    except ConnectionResetError:
        pass
    return data

def head(method, path, more="", token=TOKEN):
    return f"{method} {path} HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {token}\r\n{more}\r\n".encode()

def ask_health(tcp):
    begin = time.monotonic()
    s = connect(tcp)
    s.sendall(head("GET", "/health"))
    answer = read_all(s)
    s.close()
    if not answer.startswith(b"HTTP/1.1 200 ") or b'"ok"' not in answer:
        raise RuntimeError(f"/health over {'TCP' if tcp else 'the socket'}: {answer[:300]!r}")
    return time.monotonic() - begin

def bystander(path):
    """A server that nobody floods: what asking it takes is what the machine is to blame for."""
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(path)
        listener.listen()
        while True:
            with listener.accept()[0] as s:
                s.recv(4096)
                s.sendall(b"ok")

def ask_bystander(path):
    begin = time.monotonic()
    with socket.socket(socket.AF_UNIX) as s:
        s.connect(path)
        s.sendall(b"GET")
        read_all(s)
    return time.monotonic() - begin

def too_slow(results):
    """Where nobody floods, with slots to spare: a head and a body that do not come along are given up."""
    conns = []
    for data in (b"GET /health HTTP/1.1\r\nX: ", head("PUT", "/topology/", "Content-Length: 900000\r\n", OTHER_TOKEN)):
        s = connect(True, 30, OTHER_PORT)
        s.sendall(data)
        conns.append(s)
    begin, got = time.monotonic(), {}
    while len(got) < 2 and time.monotonic() < begin + 30:
        for i, s in enumerate(conns):
            if i in got:
                continue
            try:
                s.sendall(b"x")
                s.settimeout(0.5)
                got[i] = s.recv(4096)[9:12].decode()
            except TimeoutError:
                pass
            except OSError as e:
                got[i] = str(e)
    results.put(("too slow", (list(got.values()), time.monotonic() - begin)))

def pulse(stalls):
    """Notes when the machine let nobody run, or not us: from when to when."""
    last = time.monotonic()
    while True:
        time.sleep(0.01)
        now = time.monotonic()
        if now - last > 0.1:
            stalls.append((last, now))
        last = now

def without_stalls(begin, took, stalls):
    return took - sum(max(0, min(begin + took, to) - max(begin, start)) for start, to in stalls)

def health(stop, phase, results):
    """Asks all the time; tells the worst of each phase."""
    worst, asked, failures, stalls = {}, 0, [], []
    threading.Thread(target=pulse, args=(stalls,), daemon=True).start()
    asks = [lambda: ask_health(False), lambda: ask_health(True), lambda: ask_bystander("bystander.sock")]
    while not stop.value:
        for way, ask in enumerate(asks):
            try:
                key = (phase.value, way)
                worst.setdefault(key, []).append((time.monotonic(), ask()))
            except Exception as e:
                failures.append(f"in phase {phase.value}: {e}")
            asked += 1
        time.sleep(0.01)
    time.sleep(0.1)  # the last stall is noted
    worst = {k: [without_stalls(*took, stalls) for took in v] for k, v in worst.items()}
    results.put(("health", ({k: (len(v), sorted(v)[len(v) // 2], max(v)) for k, v in worst.items()}, asked, failures)))

def loris(stop, results):
    """Keeps SLOW connections that send a byte now and then: half of them within a head, half within a body."""
    resource.setrlimit(resource.RLIMIT_NOFILE, (4096, resource.getrlimit(resource.RLIMIT_NOFILE)[1]))
    starts = [b"GET /health HTTP/1.1\r\nHost: localhost\r\nX-Slow: ", head("PUT", "/topology/", "Content-Length: 900000\r\n")]
    conns, opened, sent, most = [], 0, 0, 0
    while not stop.value:
        while len(conns) < SLOW:
            s = connect(True)
            s.setblocking(False)
            conns.append(s)
            opened += 1
            try:
                s.send(starts[opened % 2])
            except OSError:
                pass
        most = max(most, len(conns))
        for s in conns[:]:
            try:
                sent += s.send(b"x")
                if s.recv(4096) == b"":
                    raise ConnectionResetError
            except BlockingIOError:
                pass
            except OSError:
                s.close()
                conns.remove(s)
        time.sleep(0.2)
    results.put(("loris", (most, opened, sent)))

VALID = [head("GET", "/router/?detail=all"), head("GET", "/link/1"), head("DELETE", "/router/nothing"),
         head("POST", "/link/?router1=a&router2=b"), head("GET", "/events"), head("PUT", "/link/1?state=down"),
         head("POST", "/link/", "Content-Type: application/json\r\nContent-Length: 27\r\n") + b'{"router1":1,"router2":[2]}',
         head("PUT", "/topology/?dry_run=true", "Content-Length: 24\r\n") + b'routers: [a]\nlinks: []\n\n',
         head("POST", "/link/", "Transfer-Encoding: chunked\r\n") + b"5\r\na=b&c\r\n0\r\n\r\n"]

def mutate(rnd, data):
    data = bytearray(data)
    for _ in range(rnd.randint(1, 6)):
        at = rnd.randrange(len(data) + 1)
        what = rnd.randrange(6)
        if what == 0 and data:
            data[at % len(data)] = rnd.randrange(256)
        elif what == 1:
            data[at:at] = bytes(rnd.randrange(256) for _ in range(rnd.randint(1, 20)))
        elif what == 2:
            del data[at:at + rnd.randint(1, 30)]
        elif what == 3:
            data[at:at] = data[:rnd.randint(1, 200)]
        elif what == 4:
            data[at:at] = rnd.choice([b"\r\n", b"\0", b":", b"%", b"\xff", b" ", b"99999999999999999999", b"x" * 20000])
        else:
            del data[at:]
    return bytes(data)

def malformed(seed, count, results):
    """Each is answered or closed; what is refused is refused in JSON."""
    rnd, statuses, bad = random.Random(seed), {}, []
    for i in range(count):
        data = mutate(rnd, rnd.choice(VALID))
        try:
            s = connect(i % 2 == 0)
            try:
                s.sendall(data)
                s.shutdown(socket.SHUT_WR)
            except OSError:
                pass
            if b"GET /events" in data[:40] and b"\r\n\r\n" in data:  # may be a stream without an end
                answer = s.recv(65536)
            else:
                answer = read_all(s)
            s.close()
        except TimeoutError:
            bad.append(f"no answer: {data[:200]!r}")
            continue
        except ConnectionError:
            answer = b""
        status = answer[9:12].decode(errors="replace")
        statuses[status] = statuses.get(status, 0) + 1
        if status >= "400" and b"\r\n\r\n" in answer and b"application/json" in answer:
            try:
                json.loads(answer.split(b"\r\n\r\n", 1)[1])["error"]
            except (ValueError, KeyError):
                if not data.startswith(b"HEAD"):
                    bad.append(f"an error that is no JSON: {answer[:300]!r}")
    results.put(("malformed", (statuses, bad)))

def gigabyte(results):
    s = connect(True, 120)
    s.sendall(head("PUT", "/topology/", f"Content-Length: {BODY}\r\n"))
    block, sent = b" " * (1 << 20), 0
    try:
        while sent < BODY:
            sent += s.send(block[:BODY - sent])
    except OSError:
        pass
    results.put(("gigabyte", (sent, read_all(s)[9:12].decode())))

def memory(what):
    with open(f"/proc/{PID}/status") as f:
        return next(int(line.split()[1]) for line in f if line.startswith(what + ":"))

def main():
    resource.setrlimit(resource.RLIMIT_NOFILE, (4096, resource.getrlimit(resource.RLIMIT_NOFILE)[1]))
    phase, stop, stop_loris = (multiprocessing.Value("i", 0) for _ in range(3))
    results, got = multiprocessing.Queue(), {"malformed": []}
    run = lambda f, *args: (p := multiprocessing.Process(target=f, args=args)).start() or p
    def collect(n):
        for _ in range(n):
            name, value = results.get(timeout=150)
            got["malformed"].append(value) if name == "malformed" else got.update({name: value})
    ask_health(False)
    before = memory("VmRSS")
    with open(f"/proc/{PID}/clear_refs", "w") as f:
        f.write("5")  # VmHWM starts again
    still = run(bystander, "bystander.sock")
    while not os.path.exists("bystander.sock"):
        time.sleep(0.01)
    run(health, stop, phase, results)
    time.sleep(1)
    phase.value = 1
    run(loris, stop_loris, results)
    run(too_slow, results)
    collect(1)  # as long as a head may take
    time.sleep(1)
    phase.value = 2
    [run(malformed, seed, MALFORMED // 2, results) for seed in (1, 2)]
    collect(2)
    phase.value = 3
    run(gigabyte, results)
    collect(1)
    stop_loris.value = stop.value = 1
    collect(2)
    still.terminate()
    growth = memory("VmHWM") - before

    failures = []
    phases = ["alone", "with 1,000 slow connections", "and 10,000 malformed requests", "and 1 GB of body"]
    times, asked, missed = got["health"]
    ways = ["/health over the socket", "/health over TCP", "a server that is not flooded"]
    for (n, way), (count, median, worst) in sorted(times.items()):
        print(f"  {ways[way]:28} {phases[n]:32} {count:5} times, "
              f"median {median * 1000:6.1f} ms, worst {worst * 1000:6.1f} ms")
        if way < 2 and worst > HARD_LIMIT:
            failures.append(f"worst answer: {worst * 1000:.0f} ms {phases[n]}")
    failures += missed[:5]
    print(f"  slow connections: {got['loris'][0]} at once, {got['loris'][1]} opened, {got['loris'][2]} bytes dripped")
    statuses = {}
    for counts, bad in got["malformed"]:
        failures += bad[:5]
        for status, count in counts.items():
            statuses[status or "closed"] = statuses.get(status or "closed", 0) + count
    print("  malformed requests by status:", dict(sorted(statuses.items())))
    print(f"  1 GB: {got['gigabyte'][0]} bytes taken, answer {got['gigabyte'][1]}")
    if got["gigabyte"] != (BODY, "413"):
        failures.append("the big body was not read to its end and answered 413")
    if sum(statuses.values()) != MALFORMED:
        failures.append("not all malformed requests came to an end")
    if got["loris"][0] < SLOW:
        failures.append("there were not enough slow connections")
    print(f"  slow head and slow body where nobody floods: {got['too slow'][0]} after {got['too slow'][1]:.0f} s")
    if got["too slow"][0] != ["408", "408"]:
        failures.append("what is too slow was not answered 408")
    print(f"  memory of vlspd: {before} KiB, at most {growth} KiB more")
    if growth > GROWTH_LIMIT:
        failures.append(f"memory grew by {growth} KiB")
    for text in failures:
        print("FAILED:", text)
    sys.exit(bool(failures))

main()
