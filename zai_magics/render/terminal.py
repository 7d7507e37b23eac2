"""Snapshots -> a terminal: the new words as they come, everything else as plain text."""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path
from typing import Any, TextIO

from ..plain import settled
from ..reply import Reply
from ..types import Code, Draft, Fix, Progress
from . import pieces, safe
from . import reply as replies
from . import steps as rounds
from .bundle import bundle


class TerminalPainter:
    """Writes the words to stdout as they come; everything else as plain text."""

    def __init__(self, folder: Path, out: TextIO | None = None) -> None:
        self._folder, self._out = folder, out
        self._taken = 0
        self._pending = ""
        self._steps = 0  # rounds of calls that were written
        self._said = ""
        self._latest: Any = None

    def paint(self, snapshot: Any) -> None:
        """Write what is new."""
        self._latest = snapshot
        if isinstance(snapshot, Draft):
            self._words(snapshot)
        elif isinstance(snapshot, Progress):
            # Without its running time, which a terminal would repeat line after line.
            self._line(pieces.progress_plain(replace(snapshot, elapsed=0.0)))

    def finish(self) -> None:
        """Write the rest and the closing line."""
        value, self._latest = self._latest, None
        if isinstance(value, Reply):
            rest = self._pending if self._taken else str(value)
            self._write(safe.plain(rest) + "\n" + replies.closing(value) + "\n")
        elif isinstance(value, (Code, Fix)):
            self._write("\n" + bundle(value, self._folder)["text/plain"] + "\n")
            self._write(replies.closing(value.reply) + "\n")
        elif isinstance(value, Draft):
            self._write(safe.plain(self._pending) + "\n" * bool(self._taken))
        elif value is not None and not isinstance(value, Progress):
            self._write(bundle(value, self._folder)["text/plain"] + "\n")

    def _rounds(self, draft: Draft) -> None:
        """Rounds of calls that have ended: what is said after them is another answer."""
        done = [s for s in draft.steps if all(c.result or c.error for c in s.calls)]
        for step in done[self._steps :]:
            self._write(safe.plain(self._pending) + "\n" * bool(self._taken))
            self._write(rounds.plain(step._replace(text="")) + "\n")
            self._taken, self._pending = 0, ""
        self._steps = len(done)

    def withdraw(self) -> None:
        """What is written stays."""
        self._latest = None

    def _words(self, draft: Draft) -> None:
        self._rounds(draft)
        if draft.notice:
            self._line(safe.plain(draft.notice))
        elif draft.n_thoughts and not draft.n:
            self._line("thinking …")
        self._pending = draft.clean(self._pending + "".join(draft.pieces[self._taken : draft.n]))
        self._taken = draft.n
        ready = settled(self._pending)
        self._write(safe.plain(self._pending[:ready]))
        self._pending = self._pending[ready:]

    def _line(self, text: str) -> None:
        """A line about the state, once."""
        if text != self._said:
            self._said = text
            self._write(text + "\n")

    def _write(self, text: str) -> None:
        if text:
            out = self._out or sys.stdout
            out.write(text)
            out.flush()
