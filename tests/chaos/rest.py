# SPDX-License-Identifier: GPL-2.0-or-later
"""The REST API of a daemon over its unix socket, for tests that must know what came back.

A request ends in one of three ways: an Answer, NotSent (nobody listened: the daemon has not seen it), or
Unanswered (it was sent, and the connection ended without a whole answer: it may have been done, or not).
"""
import json
import socket
import urllib.parse


class NotSent(Exception):
    pass


class Unanswered(Exception):
    pass


class Answer:
    def __init__(self, status, text):
        self.status = status
        self.text = text
        try:
            self.json = json.loads(text)
        except ValueError:
            self.json = None

    @property
    def error(self):
        return self.json.get("error", "") if isinstance(self.json, dict) else self.text[:200]

    @property
    def operation(self):
        """The id of the operation, or None: it was refused before it became one."""
        return self.json.get("operation") if isinstance(self.json, dict) else None

    def __repr__(self):
        return f"{self.status} {self.text.strip()[:300]}"


def parse(data):
    """The Answer in data, or None if it is not whole."""
    head, sep, body = data.partition(b"\r\n\r\n")
    if not sep:
        return None
    lines = head.decode("latin-1").split("\r\n")
    length = None
    for line in lines[1:]:
        name, _, value = line.partition(":")
        if name.strip().lower() == "content-length":
            length = int(value)
    if length is not None and len(body) < length:
        return None
    return Answer(int(lines[0].split()[1]), body.decode())


class Rest:
    def __init__(self, path, timeout=120):
        self.path = path
        self.timeout = timeout

    def __call__(self, method, path, params=None, body=None):
        """params: of a GET in the query, otherwise as a JSON body. body: sent as it is (bytes)."""
        if params and (method in ("GET", "DELETE") or body is not None):
            path += "?" + urllib.parse.urlencode(params)
        elif params:
            body = json.dumps(params).encode()
        head = f"{method} {path} HTTP/1.1\r\nHost: localhost\r\n"
        if body is not None:
            head += f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n"
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as sock:
            sock.settimeout(self.timeout)
            try:
                sock.connect(self.path)
            except OSError as e:
                raise NotSent(str(e)) from e
            data = b""
            try:
                sock.sendall((head + "\r\n").encode() + (body or b""))
                while True:
                    more = sock.recv(65536)
                    if not more:
                        break
                    data += more
            except TimeoutError as e:
                raise Unanswered(f"no answer within {self.timeout} s") from e
            except OSError as e:
                answer = parse(data)
                if answer:
                    return answer
                raise Unanswered(str(e)) from e
        answer = parse(data)
        if not answer:
            raise Unanswered(f"the connection ended after {len(data)} bytes")
        return answer

    def get(self, path, params=None):
        answer = self("GET", path, params)
        if answer.status != 200:
            raise AssertionError(f"GET {path}: {answer}")
        return answer.json
