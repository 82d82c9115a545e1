# SPDX-License-Identifier: GPL-2.0-or-later
"""One instance of vlspd as chaos runs it: started, killed, asked. All of it in the caller's namespaces."""
import os
import signal
import subprocess
import time

from rest import NotSent, Rest, Unanswered


def wait_for(what, seconds, test, pause=0.02):
    """test() returns "" when it holds, else why not."""
    end = time.monotonic() + seconds
    while True:
        why = test()
        if not why:
            return
        if time.monotonic() > end:
            raise AssertionError(f"{what}: not within {seconds} s: {why}")
        time.sleep(pause)


def alive(pid):
    """The first thread of a process that was killed may be gone before the others, which still hold its locks."""
    try:
        with open(f"/proc/{pid}/stat", encoding="ascii", errors="replace") as f:
            state = f.read().rpartition(")")[2].split()[0]
        return state not in "ZX" or len(os.listdir(f"/proc/{pid}/task")) > 1
    except (FileNotFoundError, ProcessLookupError):
        return False


def command_of(pid):
    try:
        with open(f"/proc/{pid}/cmdline", "rb") as f:
            return f.read().replace(b"\0", b" ").decode(errors="replace").strip()
    except (FileNotFoundError, ProcessLookupError):
        return ""


def parent_of(pid):
    try:
        with open(f"/proc/{pid}/stat", encoding="ascii", errors="replace") as f:
            return int(f.read().rpartition(")")[2].split()[1])
    except (FileNotFoundError, ProcessLookupError):
        return 0


def processes():
    return [int(p) for p in os.listdir("/proc") if p.isdigit()]


class World:
    def __init__(self, build, runtime, state, options=(), env=None):
        self.build = build
        self.runtime = runtime
        self.state = state
        self.options = list(options)
        self.env = dict(os.environ, **(env or {}))
        self.rest = Rest(runtime + "/vlspd.sock")
        self.says = ""  # of the last start
        self.kills = 0  # of the daemon

    def path(self, *parts):
        return os.path.join(self.runtime, *parts)

    def vlspd(self, command, *args, **kwargs):
        return subprocess.run([self.build + "/vlspd", command, "--runtime-dir", self.runtime, *args],
                              capture_output=True, text=True, check=False, timeout=180, **kwargs)

    def start(self, *options):
        done = self.vlspd("start", "--state-dir", self.state, "--listen", "none", *self.options, *options,
                          env=self.env)
        self.says = done.stdout + done.stderr
        return done.returncode == 0

    def must_start(self):
        if not self.start():
            raise AssertionError(f"vlspd start failed: {self.says}")

    def must_stop(self, *options):
        done = self.vlspd("stop", "--state-dir", self.state, *options)
        if done.returncode:
            raise AssertionError(f"vlspd stop failed: {done.stdout}{done.stderr}")

    def vlsp(self, *args, **kwargs):
        """(exit status, stdout, stderr) of vlsp."""
        done = subprocess.run([self.build + "/vlsp", "--runtime-dir", self.runtime, *args], capture_output=True,
                              text=True, check=False, timeout=180, **kwargs)
        return done.returncode, done.stdout, done.stderr

    def pid(self):
        """Of the daemon, or 0."""
        try:
            with open(self.path("vlspd.pid"), encoding="ascii") as f:
                pid = int(f.read().strip() or 0)
        except (FileNotFoundError, ValueError):
            return 0
        return pid if pid and alive(pid) and "vlspd" in command_of(pid) else 0

    def kill(self):
        """SIGKILL to the daemon; returns when it is gone."""
        pid = self.pid()
        if not pid:
            return False
        os.kill(pid, signal.SIGKILL)
        self.kills += 1
        wait_for("end of a killed vlspd", 10, lambda: "it is there" if alive(pid) else "", 0.002)
        return True

    def routers(self):
        """Records of all routers, by name."""
        return {r["name"]: r for r in self.rest.get("/router/", {"detail": "all"}).get("detail", [])}

    def links(self):
        return {l["name"]: l for l in self.rest.get("/link/", {"detail": "all"}).get("detail", [])}

    def settle(self, seconds=30):
        """Waits until nothing is under way, every router runs, and routes are those of the topology."""
        def busy():
            try:
                answer = self.rest("GET", "/health")
            except (NotSent, Unanswered) as e:
                return str(e)
            h = answer.json
            if answer.status != 200:
                return repr(answer)
            if h["operationsPending"] or h["routersRunning"] != h["routers"] or not h["converged"]:
                return repr(answer)
            return ""
        wait_for("a settled network", seconds, busy)
