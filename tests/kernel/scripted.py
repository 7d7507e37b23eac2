"""A server on a raw socket, where the test decides each byte and its moment."""

from __future__ import annotations

import contextlib
import json
import socket
import threading
from collections.abc import Callable
from types import TracebackType
from typing import Any

HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nConnection: close\r\n\r\n"
DONE = b"data: [DONE]\n\n"
FAR_OFF = 600.0


def delta(text: str = "", thinking: str = "", finish: str | None = None) -> bytes:
    """One frame of a streamed answer."""
    said: dict[str, Any] = {"role": "assistant"}
    said |= {"content": text} if text else {}
    said |= {"reasoning_content": thinking} if thinking else {}
    choice = {"index": 0, "delta": said, "finish_reason": finish}
    event = {"id": "1", "model": "glm-4.7", "choices": [choice]}
    return b"data: " + json.dumps(event).encode() + b"\n\n"


def answer(body: Any, status: str = "200 OK", kind: str = "application/json") -> bytes:
    """A whole answer."""
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    head = f"HTTP/1.1 {status}\r\nContent-Type: {kind}\r\nContent-Length: {len(content)}\r\n\r\n"
    return head.encode() + content


class Peer:
    """The client's end of one connection, seen from the server."""

    def __init__(self, connection: socket.socket, request: bytes, go: threading.Event) -> None:
        self.connection, self.request, self.go = connection, request, go
        self.over = threading.Event()  # answered, or the client has hung up

    def send(self, data: bytes) -> None:
        """Send bytes."""
        self.connection.sendall(data)

    def until_closed(self, limit: float = FAR_OFF) -> None:
        """Say nothing more until the client hangs up."""
        self.connection.settimeout(limit)
        self.connection.recv(1)


class Server:
    """`with Server() as server: server.script = lambda peer: peer.send(HEAD + …)`."""

    def __init__(self) -> None:
        self.script: Callable[[Peer], None] = Peer.until_closed
        self.peers: list[Peer] = []
        self.go = threading.Event()
        self._news = threading.Condition()
        self._listening = socket.create_server(("127.0.0.1", 0), backlog=64)
        self.url = f"http://127.0.0.1:{self._listening.getsockname()[1]}"

    def __enter__(self) -> Server:
        threading.Thread(target=self._accept, daemon=True).start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        # shutdown wakes the accepting thread; close alone would not.
        with contextlib.suppress(OSError):
            self._listening.shutdown(socket.SHUT_RDWR)
        self._listening.close()

    def peer(self, number: int, limit: float = 20.0) -> Peer:
        """The connection of this number (0 is the first), once its request has come."""
        with self._news:
            assert self._news.wait_for(lambda: len(self.peers) > number, limit), "no request came"
        return self.peers[number]

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                connection, _ = self._listening.accept()
                connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection: socket.socket) -> None:
        with connection, contextlib.suppress(OSError):
            peer = Peer(connection, _request(connection), self.go)
            with self._news:
                self.peers.append(peer)
                self._news.notify_all()
            try:
                self.script(peer)
            finally:
                peer.over.set()


def _request(connection: socket.socket) -> bytes:
    data = b""
    while b"\r\n\r\n" not in data:
        data += connection.recv(65536)
    head, _, body = data.partition(b"\r\n\r\n")
    length = 0
    for line in head.lower().split(b"\r\n"):
        if line.startswith(b"content-length:"):
            length = int(line.partition(b":")[2])
    while len(body) < length:
        body += connection.recv(65536)
    return head + b"\r\n\r\n" + body
