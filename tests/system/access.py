#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Attempts of access.sh, one line each: what was tried, what came of it. Exits 1 if one that must be refused was
not, or the other way round.

    access.py files PATH...   every file: list, read, write, connect; all must be refused
    access.py routes WHO OPENAPI URL CURL-ARGS...   every path and method; WHO: what it must be refused by, or
                                                    "reader": who may GET and HEAD
"""
import errno, json, os, socket, ssl, stat, subprocess, sys

wrong = tried = 0

def say(what, result, ok):
    global wrong, tried
    tried += 1
    wrong += not ok
    print(f"  {'' if ok else 'NOT REFUSED: '}{what}: {result}")

def attempt(what, fn):
    try:
        result = fn()
    except OSError as e:
        say(what, e.strerror, e.errno in (errno.EACCES, errno.EPERM))
    else:
        say(what, result or "done", False)

def connect(path, kind):
    with socket.socket(socket.AF_UNIX, kind) as s:
        s.connect(path)

def files(paths):
    for path in paths:
        mode = os.lstat(path).st_mode if os.access(os.path.dirname(path), os.X_OK) and os.path.lexists(path) else 0
        attempt(f"read {path}", lambda: os.close(os.open(path, os.O_RDONLY)))
        if not stat.S_ISDIR(mode):
            attempt(f"write {path}", lambda: os.close(os.open(path, os.O_WRONLY | os.O_APPEND)))
        if stat.S_ISSOCK(mode) or path.endswith(".sock"):
            attempt(f"connect to {path}", lambda: connect(path, socket.SOCK_STREAM))
            attempt(f"connect to {path}, packets", lambda: connect(path, socket.SOCK_SEQPACKET))
        attempt(f"remove {path}", lambda: os.unlink(path))
        attempt(f"rename {path}", lambda: os.rename(path, path + "x"))
        attempt(f"change the mode of {path}", lambda: os.chmod(path, 0o777))
    for path in (p for p in paths if os.path.isdir(p)):
        attempt(f"list {path}", lambda: os.listdir(path))
        attempt(f"make a file in {path}", lambda: os.close(os.open(path + "/x", os.O_CREAT | os.O_WRONLY)))

MARK = "--- " + os.urandom(8).hex()

def curl(requests):
    """Of each of the requests, each over a connection of its own: its status, and the error's text."""
    words = ["curl"]
    if "https:" in " ".join(requests[0]): # of one address vlspd takes 100 TLS handshakes a second
        words += ["--rate", "90/s"]
    for args in requests:
        words += ["--noproxy", "*", "-sS", "-m", "10", "-H", "Connection: close", "-w", f"\n%{{http_code}} %{{errormsg}}\n{MARK}\n", *args, "--next"]
    out = subprocess.run(words[:-1], capture_output=True, text=True).stdout.split(f"\n{MARK}\n")[:-1]
    if len(out) != len(requests):
        sys.exit(f"{len(requests)} requests, {len(out)} answers")
    for answer in out:
        body, _, end = answer.rpartition("\n")
        status, _, problem = end.partition(" ")
        try:
            text = json.loads(body).get("error", "")
        except (ValueError, AttributeError):
            text = body[:60] or problem
        yield int(status), text

METHODS = ["GET", "HEAD", "POST", "PUT", "DELETE", "PATCH", "OPTIONS", "TRACE"]

def routes(who, openapi, url, curl_args):
    with open(openapi) as f:
        paths = list(json.load(f)["paths"]) + ["/", "/nothing"]
    values = {"{r}": "r1", "{l}": "1", "{id}": "1", "{dst}": "r2", "{command}": "STATUS"}
    tries = []
    for path in paths:
        for name, value in values.items():
            path = path.replace(name, value)
        tries += [(method, path) for method in METHODS]
    def request(method, path):
        how = ["-I"] if method == "HEAD" else ["-X", method]
        return curl_args + how + (["-m", "1"] if path == "/events" else []) + [url + path]
    for (method, path), (status, text) in zip(tries, curl([request(*t) for t in tries])):
        if who == "reader":
            ok = status in (200, 404) if method in ("GET", "HEAD") else status == 403 and "read-only" in text
            ok = ok or (method in ("GET", "HEAD") and status == 405)
            if method == "HEAD":
                text = ""
        else:
            ok = status == int(who)
        say(f"{method} {path}", f"{status} {text}"[:100].replace("\n", " "), ok)

if sys.argv[1] == "files":
    files(sys.argv[2:])
else:
    routes(sys.argv[2], sys.argv[3], sys.argv[4], sys.argv[5:])
print(f"  {tried} attempts, {wrong} of them wrong")
sys.exit(bool(wrong or not tried))
