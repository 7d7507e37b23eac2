"""A small forward proxy on loopback: CONNECT for https; plain http is noted and not carried.

`names` says where a host name really is, so that `https://api.test` can be reached.
"""

from __future__ import annotations

import contextlib
import select
import socket
import threading
from collections.abc import Mapping

from loopback import Asked, read_request


class Proxy:
    """The proxy: `with Proxy({"api.test": server.port}) as proxy: …`, then `proxy.asked`."""

    def __init__(self, names: Mapping[str, int], refusal: bytes = b"") -> None:
        self.asked: list[Asked] = []
        self._names = names
        self._refusal = refusal
        self._listener = socket.create_server(("127.0.0.1", 0))

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._listener.getsockname()[1]}"

    def __enter__(self) -> Proxy:
        threading.Thread(target=self._accept, daemon=True).start()
        return self

    def __exit__(self, *exc: object) -> None:
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()

    def _accept(self) -> None:
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection: socket.socket) -> None:
        with contextlib.suppress(OSError, ValueError), connection:
            # Unbuffered: behind CONNECT, the bytes of the tunnel belong to the other side.
            with connection.makefile("rb", buffering=0) as file:
                asked = read_request(file)
            if asked is None:
                return
            self.asked.append(asked)
            if self._refusal:
                connection.sendall(self._refusal)
            elif asked.method == "CONNECT":
                with self._reach(asked.path.rpartition(":")[0]) as other:
                    connection.sendall(b"HTTP/1.1 200 Connection established\r\n\r\n")
                    _tunnel(connection, other)

    def _reach(self, host: str) -> socket.socket:
        return socket.create_connection(("127.0.0.1", self._names[host]), timeout=10)


def _tunnel(one: socket.socket, two: socket.socket) -> None:
    """Carry bytes both ways until one side ends."""
    while True:
        ready, _, _ = select.select([one, two], [], [], 10)
        for here in ready:
            data = here.recv(65536)
            if not data:
                return
            (two if here is one else one).sendall(data)
        if not ready:
            return
