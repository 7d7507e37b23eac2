"""The listening socket, a thread for each connection, and the ledger of what came in."""

from __future__ import annotations

import contextlib
import os
import selectors
import socket
import socketserver
import sys
import threading
from collections import deque
from collections.abc import Callable
from http.server import ThreadingHTTPServer
from typing import Any

from .answers import Body, Request
from .handler import Handler
from .service import Service

# A long-lived sandbox must not keep every picture that was ever sent to it.
_LEDGER_LINES, _LEDGER_BYTES = 5000, 256 * 1024 * 1024


class Listener(ThreadingHTTPServer):
    """The listening socket and a thread for each connection."""

    daemon_threads = True
    block_on_close = False
    # The default of 5 drops connections when many streams start at once.
    request_queue_size = 128
    # On Windows this option lets two servers share a port.
    allow_reuse_address = os.name != "nt"
    timeout = 0

    service: Service

    def __init__(self, host: str, port: int, pause: Callable[[float], object] | None) -> None:
        self.address_family = socket.AF_INET6 if ":" in host else socket.AF_INET
        self.stopping = threading.Event()
        self.wait = pause or self.stopping.wait
        self.lines: deque[tuple[int, Body]] = deque(maxlen=_LEDGER_LINES)
        self.lock = threading.Lock()
        self._size = 0
        self._open: set[socket.socket] = set()
        super().__init__((host, port), Handler)

    def server_bind(self) -> None:
        """Bind without looking up the host's name, which can take seconds."""
        socketserver.TCPServer.server_bind(self)
        self.server_name, self.server_port = self.server_address[:2]  # type: ignore[assignment]

    def record(self, request: Request, body: Body | None) -> None:
        """Write a request into the ledger."""
        line: Body = {"method": request.method, "path": request.path, "body": body}
        line |= {"headers": dict(request.headers), "when": self.service.clock()}
        with self.lock:
            if len(self.lines) == _LEDGER_LINES:
                self._size -= self.lines.popleft()[0]
            self.lines.append((len(request.raw), line))
            self._size += len(request.raw)
            while self._size > _LEDGER_BYTES and len(self.lines) > 1:
                self._size -= self.lines.popleft()[0]

    def process_request(self, request: Any, client_address: Any) -> None:
        """Remember the connection, so that `stop` can end it."""
        with self.lock:
            self._open.add(request)
        super().process_request(request, client_address)

    def shutdown_request(self, request: Any) -> None:
        """Forget the connection when its thread is done with it."""
        with self.lock:
            self._open.discard(request)
        super().shutdown_request(request)

    def hang_up(self) -> None:
        """End all connections; their threads notice at once."""
        with self.lock:
            connections = list(self._open)
        for connection in connections:
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A caller who goes away is no error; everything else is shown."""
        if not isinstance(sys.exception(), OSError):
            super().handle_error(request, client_address)


def accept(listener: Listener, woken: socket.socket) -> None:
    """Take connections until the other end of `woken` is closed.

    serve_forever would look twice a second whether to end; this neither polls nor waits.
    """
    with woken, selectors.DefaultSelector() as selector:
        selector.register(listener, selectors.EVENT_READ)
        selector.register(woken, selectors.EVENT_READ)
        while not listener.stopping.is_set():
            if any(key.fileobj is listener for key, _ in selector.select()):
                listener.handle_request()
    listener.server_close()
