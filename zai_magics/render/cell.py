"""Snapshots -> one display of a notebook cell, updated as they come."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any
from uuid import uuid4

from ..mutex import Mutex
from ..types import Draft, Note, Progress
from . import pieces
from . import reply as replies
from .bundle import Bundle, both, bundle
from .growing import Growing
from .hand import Errand, Hand
from .live import Publish, final, is_empty, is_on_its_way
from .parser import parser

# Nine paintings a second while the output is small. Each sends the whole output again, so as it
# grows they become rarer: first so that not more than STEADY bytes a second are sent, but no
# rarer than one in SLOW seconds until that would be MOST bytes a second, each painting a page
# that the browser has to lay out from its beginning.
INTERVAL, SLOW = 0.115, 1.0
STEADY, MOST = 70_000, 200_000
FIRST_SIGN, PATIENCE = 0.4, 5.0

# Two: one that paints may wait for a painter whose first display the other one has to send.
_sending, _painting = Hand("zai-sending"), Hand("zai-painting")


class CellPainter:
    """One display of a cell, updated about nine times a second and more rarely as it grows.

    A timer paints what came last when a stream stalls. `finish` always paints.
    """

    def __init__(
        self,
        publish: Publish,
        folder: Path,
        view: str = "markdown",
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._publish, self._folder, self._view, self._clock = publish, folder, view, clock
        self._id = f"zai-{uuid4().hex[:12]}"
        self._mutex = Mutex()
        self._timer: Errand | None = None
        self._growing = Growing()
        self._latest: Any = None
        self._painted: Any = None
        self._shown = False
        self._first: threading.Event | None = None  # set when the first display was sent
        self._due = clock() + FIRST_SIGN

    def paint(self, snapshot: Any) -> None:
        """Paint now if it is time or the first words have come, else leave it to the timer, as what
        may be refused at once.
        """
        if isinstance(snapshot, Draft) and not parser.cache_info().currsize:
            # Made while the service thinks, the first words need not wait for it.
            threading.Thread(target=parser, daemon=True).start()
        self._mutex.run(lambda: self._take(snapshot))

    def finish(self) -> None:
        """Paint the final form; the timer is at rest from now on."""
        self._mutex.run(self._end)

    def withdraw(self) -> None:
        """Empty the display, if there is one."""
        self._mutex.run(self._empty)

    def _take(self, snapshot: Any) -> None:
        self._latest = snapshot
        wait = self._due - self._clock()
        first_words = is_empty(self._painted) and not is_empty(snapshot)
        if wait <= 0 or (first_words and not is_on_its_way(snapshot)):
            self._paint()
        elif self._timer is None:
            self._wake()

    def _end(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
        # A draft without a word that nobody has seen needs no output at all.
        if self._latest is not None and (self._shown or not is_empty(self._latest)):
            self._send(final(self._latest, self._folder, self._view))
        self._latest = None

    def _empty(self) -> None:
        self._latest = Note("") if self._first else None

    def _wake(self) -> None:
        """Set the timer to the next painting."""
        self._timer = _painting.after(
            max(0.0, self._due - self._clock()), lambda: self._mutex.run(self._flush)
        )

    def _flush(self) -> None:
        self._timer = None
        if self._latest is None or self._latest is self._painted:
            return
        if self._clock() < self._due:  # painted meanwhile, and something came after it
            self._wake()
        else:
            self._paint()

    def _paint(self) -> None:
        started = self._clock()
        size = self._send(self._interim(self._latest))
        self._painted = self._latest
        # A painting that took long is followed by a pause at least three times as long.
        took = self._clock() - started
        self._due = self._clock() + max(interval(size), 3 * took)

    def _interim(self, value: Any) -> Bundle:
        if isinstance(value, Draft):
            return both(replies.draft_html(value, self._growing, self._view), "…")
        if isinstance(value, Progress):
            return both(pieces.progress(value, self._folder), pieces.progress_plain(value))
        return bundle(value, self._folder, self._view)

    def _send(self, data: Bundle) -> int:
        begins = self._first is None
        first = self._first or self._begin(data)
        first.wait(PATIENCE)
        if not (begins and self._shown):
            self._publish(data, self._id, self._shown)
            self._shown = True
        return len(data["text/html"].encode())

    def _begin(self, data: Bundle) -> threading.Event:
        """Send the first one from a thread: an interrupt reaches the main thread alone, and one
        between sending and noting it would make the next another display.
        """
        sent = self._first = threading.Event()

        def send() -> None:
            try:
                self._publish(data, self._id, False)
                self._shown = True
            finally:
                sent.set()

        _sending.do(send)
        return sent


def end() -> None:
    """End the threads that painters have begun; a next painter begins them anew."""
    _sending.end()
    _painting.end()


def interval(size: int) -> float:
    """Seconds from one painting of so many bytes to the next."""
    return max(INTERVAL, min(size / STEADY, SLOW), size / MOST)
