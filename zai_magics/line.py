"""The connections of many clients at work: one after the other, and ended from another thread."""

from __future__ import annotations

import socket
import threading
from collections.abc import Mapping
from contextlib import suppress
from typing import Any

from .types import Json


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


# What httpcore tells, behind a word for who does it (a connection, a proxy, SOCKS): a step that
# waits for the other side begins, or has ended.
_CONNECTED = "connect_tcp.complete", "start_tls.complete"
_WAITS = {
    f"{step}.{state}": state == "started"
    for step in ("connect_tcp", "start_tls", "receive_response_headers", "receive_response_body")
    for state in ("started", "complete", "failed")
}


class Line:
    """The connection of one of many clients: `extensions=line.watched()` for each request, and
    `line.cut()` from any other thread.
    """

    def __init__(self) -> None:
        self._stream: Any = None  # httpcore's
        self._cut = False
        self.turn: Turn | None = None

    def watched(self) -> Json | None:
        """What makes httpcore tell of every step, which costs an eighth of a call: nothing for a
        client that has a thread to itself.
        """
        if self.turn is None:
            return None
        self.turn.take()
        return {"trace": self._told}

    def cut(self) -> None:
        """What is under way fails at once, as does everything after it."""
        self._cut = True
        stream, self._stream = self._stream, None
        sock = stream.get_extra_info("socket") if stream is not None else None
        if sock is not None:
            with suppress(OSError):  # closed by now
                # The TLS layer's own shutdown would forget what the other thread is reading with.
                socket.socket.shutdown(sock, socket.SHUT_RDWR)

    def _told(self, event: str, info: Mapping[str, Any]) -> None:
        step = event.partition(".")[2]
        begins = _WAITS.get(step)
        if begins is None or self.turn is None:
            return
        if begins:
            self.turn.give()
        else:
            self.turn.take()
        if step in _CONNECTED:
            self._stream = info.get("return_value")
            if self._cut:
                self.cut()
