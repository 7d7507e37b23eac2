"""A real HTTP server on loopback that answers what a test tells it, and a clock that never waits.

`Loopback(answer, answer, …)`: each request gets the next answer, the last one for ever. An answer
is the bytes that go over the wire, or a function of the connection that sends them itself.
"""

from __future__ import annotations

import contextlib
import json
import select
import socket
import ssl
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from zai_magics.retry import Timing

KEY = "0123456789abcdef0123456789abcdef.ABCDEFGHIJKLMNOP"
Answer = bytes | Callable[[socket.socket], object]


class Asked(NamedTuple):
    """A request as it arrived. `connection` counts the connections from 1."""

    method: str
    path: str
    headers: Mapping[str, str]
    content: bytes
    connection: int

    @property
    def json(self) -> Any:
        """The body's JSON."""
        return json.loads(self.content)


@dataclass
class Clock:
    """Seconds that pass only when somebody sleeps; `slept` are the waits. Jitter is at its most."""

    now: float = 1000.0
    slept: list[float] = field(default_factory=list)

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.now += seconds

    @property
    def timing(self) -> Timing:
        """What a client takes."""
        return Timing(lambda: self.now, self.sleep, lambda low, high: high)


class Loopback:
    """The server: `with Loopback(reply("Hi")) as server: …`, then `server.asked`."""

    def __init__(self, *answers: Answer, tls: ssl.SSLContext | None = None) -> None:
        self.asked: list[Asked] = []
        self.connections = 0
        self.hung_up = threading.Event()
        self._answers = list(answers)
        self._tls = tls
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._open: list[socket.socket] = []
        self._lock = threading.Lock()

    @property
    def port(self) -> int:
        return int(self._listener.getsockname()[1])

    @property
    def origin(self) -> str:
        return f"{'https' if self._tls else 'http'}://127.0.0.1:{self.port}"

    @property
    def url(self) -> str:
        """The base URL for a client."""
        return f"{self.origin}/api/paas/v4"

    def __enter__(self) -> Loopback:
        threading.Thread(target=self._accept, daemon=True).start()
        return self

    def __exit__(self, *exc: object) -> None:
        with contextlib.suppress(OSError):  # wakes a blocked accept on Linux
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        for connection in self._open:
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)

    def _accept(self) -> None:
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            self._open.append(connection)
            threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection: socket.socket) -> None:
        self.connections += 1
        number = self.connections
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        with contextlib.suppress(OSError, ValueError):
            if self._tls:
                connection = self._tls.wrap_socket(connection, server_side=True)
            with connection, connection.makefile("rb") as file:
                while (asked := read_request(file, number)) is not None:
                    with self._lock:
                        self.asked.append(asked)
                        answer = self._answers[0]
                        if len(self._answers) > 1:
                            self._answers.pop(0)
                    if isinstance(answer, bytes):
                        connection.sendall(answer)
                    elif answer(connection) is not None:
                        return
        self.hung_up.set()


def read_request(file: Any, number: int = 0) -> Asked | None:
    """One request off a connection, None at its end."""
    first = file.readline()
    if not first:
        return None
    method, path, _ = first.decode().split(" ", 2)
    headers = {}
    while (line := file.readline().decode("latin-1").strip()) != "":
        name, _, value = line.partition(":")
        headers[name.lower()] = value.strip()
    return Asked(method, path, headers, file.read(int(headers.get("content-length", 0))), number)


def http(
    content: bytes | Mapping[str, Any],
    status: int = 200,
    kind: str = "application/json",
    **more: Any,
) -> bytes:
    """A whole HTTP answer; `more` are headers, with _ for -."""
    if not isinstance(content, bytes):
        content = json.dumps(content).encode()
    headers = {"Content-Type": kind, "Content-Length": len(content)}
    headers |= {name.replace("_", "-"): value for name, value in more.items()}
    lines = [f"HTTP/1.1 {status} X", *(f"{n}: {v}" for n, v in headers.items() if v is not None)]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + content


def error(code: str | int, status: int, message: str = "Said the service", **more: Any) -> bytes:
    """A refusal in the service's usual form."""
    return http({"error": {"code": code, "message": message}}, status, **more)


def reply(text: str = "Hello", **more: Any) -> bytes:
    """A whole completion."""
    message = {"role": "assistant", "content": text}
    usage = {"prompt_tokens": 10, "completion_tokens": 20, "total_tokens": 30}
    choice = {"index": 0, "message": message, "finish_reason": "stop"}
    return http({"id": "r-1", "model": "glm-4.7", "choices": [choice], "usage": usage, **more})


def delta(finish: str | None = None, **said: Any) -> bytes:
    """One event of a stream: `delta(content="Hi")`, `delta("stop")`."""
    choice: dict[str, Any] = {"index": 0, "delta": {"role": "assistant", **said}}
    if finish:
        choice["finish_reason"] = finish
    event = {"id": "s-1", "model": "glm-4.7", "choices": [choice]}
    return b"data: " + json.dumps(event).encode() + b"\n\n"


DONE = b"data: [DONE]\n\n"
STREAM_HEAD = (
    b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream;charset=UTF-8\r\n"
    b"Transfer-Encoding: chunked\r\n\r\n"
)


def chunk(data: bytes) -> bytes:
    """Bytes as one chunk of an HTTP body."""
    return b"%x\r\n%b\r\n" % (len(data), data)


def stream(*events: bytes, end: bytes = b"0\r\n\r\n") -> bytes:
    """A whole event stream; another `end` leaves the connection open, as if more were to come."""
    return STREAM_HEAD + b"".join(map(chunk, events)) + end


def then_close(data: bytes, reset: bool = False) -> Answer:
    """Send and end the connection, by a TCP reset if so wanted."""

    def send(connection: socket.socket) -> object:
        connection.sendall(data)
        if reset:
            time.sleep(0.02)  # a reset takes back what the other side has not read yet
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
            connection.close()
        else:
            connection.shutdown(socket.SHUT_RDWR)
        return True

    return send


def then_watch(
    data: bytes, gone: threading.Event, before: Callable[[], object] | None = None
) -> Answer:
    """Send, call `before`, and set `gone` when the other side has closed the connection."""

    def send(connection: socket.socket) -> object:
        connection.sendall(data)
        if before:
            before()
        ready, _, _ = select.select([connection], [], [], 10)
        with contextlib.suppress(ConnectionError):
            if not ready or connection.recv(1):
                return True
        gone.set()
        return True

    return send
