"""The connections of many clients at work: one after the other, and ended from another thread."""

from __future__ import annotations

import socket
import threading
from collections.abc import Mapping
from contextlib import suppress
from typing import Any


class Turn:
    """One thread of many works, while the others wait for the network: `turn.take()`, and before
    whatever takes long `turn.give()`, which does no harm to one that is not held.

    Threads that all want Python's own lock take it from each other at every call of the system,
    and a request has twenty of them.
    """

    def __init__(self, lock: threading.Lock) -> None:
        self._lock, self._held = lock, False

    def take(self) -> None:
        """Wait for it."""
        if not self._held:
            self._lock.acquire()
            self._held = True

    def give(self) -> None:
        """Let another thread have it."""
        if self._held:
            self._held = False
            self._lock.release()


class Line:
    """The connection of one client: whoever sends says `line.works()` and `line.waits()`, and what
    is `connected`; `line.cut()` is for any other thread. Without a `turn` only the last two matter.
    """

    def __init__(self) -> None:
        self._socket: socket.socket | None = None
        self._cut = False
        self.turn: Turn | None = None

    def works(self) -> None:
        """Python's own work begins: wait for the turn."""
        if self.turn is not None:
            self.turn.take()

    def waits(self) -> None:
        """The other side is waited for: others may work."""
        if self.turn is not None:
            self.turn.give()

    def connected(self, to: socket.socket | None) -> None:
        """This is the connection from now on."""
        self._socket = to
        if self._cut:
            self.cut()

    def cut(self) -> None:
        """What is under way fails at once, as does everything after it."""
        self._cut = True
        found, self._socket = self._socket, None
        if found is not None:
            with suppress(OSError):  # closed by now
                # The TLS layer's own shutdown would forget what the other thread is reading with.
                socket.socket.shutdown(found, socket.SHUT_RDWR)


# What httpcore tells, behind a word for who does it (a connection, a proxy, SOCKS): a step that
# waits for the other side begins, or has ended.
_CONNECTED = "connect_tcp.complete", "start_tls.complete"
_WAITS = {
    f"{step}.{state}": state == "started"
    for step in ("connect_tcp", "start_tls", "receive_response_headers", "receive_response_body")
    for state in ("started", "complete", "failed")
}


def traced(line: Line, event: str, info: Mapping[str, Any]) -> None:
    """The same where httpx's client sends: `extensions={"trace": partial(traced, line)}`. It is
    told every step, which costs an eighth of a call.
    """
    step = event.partition(".")[2]
    begins = _WAITS.get(step)
    if begins is None:
        return
    if begins:
        line.waits()
    else:
        line.works()
    if step in _CONNECTED:
        stream = info.get("return_value")
        line.connected(stream.get_extra_info("socket") if stream is not None else None)
