"""Snapshots -> a front-end, as they come. Three painters, because front-ends differ:

`OncePainter` shows only the last snapshot (nbclient, consoles). In rooms of their own,
`CellPainter` updates one display of a notebook cell, `TerminalPainter` writes to stdout.
"""

from __future__ import annotations

from collections.abc import Callable, Generator
from pathlib import Path
from typing import Any, Protocol

from ..errors import Interrupted, MediaError, NotFound, ZaiError
from ..interrupts import last_words
from ..types import Code, Draft, Progress, Reply
from . import parts, safe
from . import reply as replies
from .bundle import Bundle, both, bundle

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
    return unknown_id or (is_on_its_way(last) and error.outcome in ("refused", "unsent"))


def _stop(snapshots: Generator[Any, None, None], painter: Painter) -> None:
    """Paint what the verb still has to say when it is interrupted; raises its Interrupted."""
    try:
        for snapshot in last_words(snapshots, _STOPPED):
            painter.paint(snapshot)
    except Interrupted:
        raise
    except KeyboardInterrupt:  # the button was pressed again
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
        if self._latest is not None and not is_empty(self._latest):
            self._publish(final(self._latest, self._folder, self._view), "", False)
        self._latest = None

    def withdraw(self) -> None:
        """Forget it."""
        self._latest = None


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
    turn = value.reply if isinstance(value, Code) else value
    if isinstance(turn, Reply):
        shown[replies.RECORD] = replies.record(turn)
    return shown


def is_on_its_way(value: Any) -> bool:
    """Whether an order may still be refused, with nothing to show for it."""
    return isinstance(value, Progress) and not (value.job_id or value.made)


def is_empty(value: Any) -> bool:
    """Whether a snapshot has nothing that a reader could see."""
    return value is None or (isinstance(value, Draft) and not (value.n or value.n_thoughts))
