"""Snapshots -> a front-end, as they come. Three painters, because front-ends differ:

`CellPainter` updates one display of a notebook cell; `OncePainter` shows only the last snapshot
(nbclient, consoles); `TerminalPainter`, in a room of its own, writes the new words to stdout.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Generator
from pathlib import Path
from typing import Any, NoReturn, Protocol
from uuid import uuid4

from ..errors import Interrupted, MediaError, NotFound, ZaiError
from ..types import Draft, Note, Progress, Reply
from . import parts, pieces, safe
from . import reply as replies
from .bundle import Bundle, both, bundle
from .growing import Growing
from .parser import parser

# Nine paintings a second while the output is small. Each sends the whole output again, so as it
# grows they become rarer: first so that not more than STEADY bytes a second are sent, but no
# rarer than one in SLOW seconds until that would be MOST bytes a second, each painting a page
# that the browser has to lay out from its beginning.
INTERVAL, SLOW = 0.115, 1.0
STEADY, MOST = 70_000, 200_000
FIRST_SIGN, PATIENCE = 0.4, 5.0
_STOPPED = "stopped; what is shown is kept, run the cell again to do it anew"

Publish = Callable[[Bundle, str, bool], None]
"""Shows a bundle under a display id; the flag says that it updates an earlier one."""


class Painter(Protocol):
    """Takes snapshots; `finish` paints the last one as it is to be kept."""

    def paint(self, snapshot: Any) -> None:
        """Show a snapshot, or leave it out when a newer one will come soon enough."""

    def finish(self) -> None:
        """Show the newest snapshot in its final form."""

    def withdraw(self) -> None:
        """Show nothing of what was painted: nothing came of it."""


def show(snapshots: Generator[Any, None, None], painter: Painter) -> Any:
    """Paint every snapshot of a verb and give the last one, its value.

    An interrupt while painting is handed to the verb, which keeps what it has and says so.
    """
    last = None
    try:
        for last in snapshots:
            painter.paint(last)
    except Interrupted:
        raise
    except KeyboardInterrupt:
        _stop(snapshots, painter)
    except ZaiError as error:
        if came_to_nothing(last, error):
            painter.withdraw()
        raise
    finally:
        # A traceback keeps the generator alive, and with it the connection.
        snapshots.close()
        _finish(painter)
    return last


def came_to_nothing(last: Any, error: ZaiError) -> bool:
    """Whether an order was refused before there was anything to be told of but the error."""
    if not isinstance(last, Progress) or last.made or isinstance(error, MediaError):
        return False
    unknown_id = isinstance(error, NotFound)  # and not of an order of ours
    return unknown_id or (_is_on_its_way(last) and error.outcome in ("refused", "unsent"))


def _stop(snapshots: Generator[Any, None, None], painter: Painter) -> NoReturn:
    """Paint what the verb still has to say when it is interrupted; raises its Interrupted."""
    try:
        painter.paint(snapshots.throw(KeyboardInterrupt()))
        for snapshot in snapshots:
            painter.paint(snapshot)
    except Interrupted:
        raise
    except (KeyboardInterrupt, StopIteration):
        pass  # it had already said everything, or the button was pressed again
    raise Interrupted(_STOPPED) from None


def _finish(painter: Painter) -> None:
    """The final form is painted even when the interrupt comes in the middle of it."""
    try:
        painter.finish()
    except KeyboardInterrupt:
        painter.finish()
        raise Interrupted(_STOPPED) from None


class OncePainter:
    """Shows the last snapshot once it is known to be the last."""

    def __init__(self, publish: Publish, folder: Path, view: str = "markdown") -> None:
        self._publish, self._folder, self._view = publish, folder, view
        self._latest: Any = None

    def paint(self, snapshot: Any) -> None:
        """Remember it."""
        self._latest = snapshot

    def finish(self) -> None:
        """Show it, unless it is a draft without a word."""
        if self._latest is not None and not _is_empty(self._latest):
            self._publish(final(self._latest, self._folder, self._view), "", False)
        self._latest = None

    def withdraw(self) -> None:
        """Forget it."""
        self._latest = None


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
        self._lock = threading.Lock()
        self._timer: threading.Timer | None = None
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
        with self._lock:
            self._latest = snapshot
            wait = self._due - self._clock()
            first_words = _is_empty(self._painted) and not _is_empty(snapshot)
            if wait <= 0 or (first_words and not _is_on_its_way(snapshot)):
                self._paint()
            elif self._timer is None:
                self._wake()

    def finish(self) -> None:
        """Paint the final form; the timer is at rest from now on."""
        with self._lock:
            if self._timer is not None:
                self._timer.cancel()
            # A draft without a word that nobody has seen needs no output at all.
            if self._latest is not None and (self._shown or not _is_empty(self._latest)):
                self._send(final(self._latest, self._folder, self._view))
            self._latest = None

    def withdraw(self) -> None:
        """Empty the display, if there is one."""
        with self._lock:
            self._latest = Note("") if self._first else None

    def _wake(self) -> None:
        """Set the timer to the next painting."""
        self._timer = threading.Timer(max(0.0, self._due - self._clock()), self._flush)
        self._timer.daemon = True
        self._timer.start()

    def _flush(self) -> None:
        with self._lock:
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

        threading.Thread(target=send, daemon=True).start()
        return sent


def interval(size: int) -> float:
    """Seconds from one painting of so many bytes to the next."""
    return max(INTERVAL, min(size / STEADY, SLOW), size / MOST)


def final(value: Any, folder: Path, view: str) -> Bundle:
    """The bundle that is saved. A draft that never became a reply keeps its words; a reply carries
    the record of its turn, here alone, so that a file has every turn once.
    """
    if isinstance(value, Draft):
        if value.text:
            return both(
                safe.page(safe.markdown(value.text) + parts.warning("incomplete")),
                safe.plain(value.text),
            )
        words = f"{value.model} gave no answer"
        return both(safe.page(parts.quiet([words])), words)
    shown = bundle(value, folder, view)
    if isinstance(value, Reply):
        shown[replies.RECORD] = replies.record(value)
    return shown


def _is_on_its_way(value: Any) -> bool:
    """Whether an order may still be refused, with nothing to show for it."""
    return isinstance(value, Progress) and not (value.job_id or value.made)


def _is_empty(value: Any) -> bool:
    return value is None or (isinstance(value, Draft) and not (value.n or value.n_thoughts))
