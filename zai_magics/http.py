"""What goes out to a server and what comes, whoever carries it, and how long one waits for it.

Neither shows what is in it: a header has the key, and a server may say it back.
"""

from __future__ import annotations

import socket
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass

from ._version import __version__
from .secret import Key

CONNECT_TIMEOUT = 10.0  # seconds for a connection
SILENCE = 300.0  # seconds between two pieces of an answer
LIMITS = {
    "timeout": {"connect": CONNECT_TIMEOUT, "read": SILENCE, "write": SILENCE, "pool": SILENCE}
}
"""The same, as httpx and httpcore take it with a request."""
PACKET = 64 * 1024  # bytes that are sent at once
HEADERS = {
    "Accept": "*/*",
    "Accept-Encoding": "identity",
    "Accept-Language": "en-US,en",
    "User-Agent": f"zai-magics/{__version__}",
}


@dataclass(slots=True, repr=False, eq=False)
class Request:
    """`Request("POST", url, key, [b"{}"])`: the body is JSON in pieces, None for none."""

    method: str
    url: str
    key: Key
    body: list[bytes] | None = None

    def headers(self) -> dict[str, str]:
        """With the key: for a frame that is over before anything can fail or be interrupted in it,
        since a verbose traceback prints what a frame holds.
        """
        made = {**HEADERS, "Authorization": f"Bearer {self.key.reveal()}"}
        if self.body is not None:
            made["Content-Type"] = "application/json"
            made["Content-Length"] = str(sum(map(len, self.body)))  # or it would go out chunked
        return made

    def content(self) -> bytes | Iterator[bytes] | None:
        """The body as it is sent."""
        if self.body is None or len(self.body) == 1:
            return self.body[0] if self.body else None
        return _packets(self.body)


@dataclass(slots=True, repr=False, eq=False)
class Response:
    """What a server sent: the names in `headers` are in lower case, `pieces` is the body as it
    comes, and `socket` is None where nobody can tell.
    """

    status_code: int
    headers: Mapping[str, str]
    pieces: Iterator[bytes]
    close: Callable[[], None]
    socket: socket.socket | None = None


def _packets(pieces: Iterable[bytes]) -> Iterator[bytes]:
    """The same bytes, each about as much as is sent at once, put together only then."""
    packet = bytearray()
    for piece in pieces:
        packet += piece
        if len(packet) >= PACKET:
            yield bytes(packet)
            packet.clear()
    yield bytes(packet)
