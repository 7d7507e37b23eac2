"""Snapshots -> a terminal: the new words as they come, everything else as plain text."""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path
from typing import Any, TextIO

from ..plain import settled
from ..reply import Reply
from ..tally import Tally
from ..types import Code, Draft, Fix, Progress
from . import code, pieces, safe
from . import reply as replies
from . import steps as rounds
from . import tally as tallies
from .bundle import bundle


class TerminalPainter:
    """Writes the words to stdout as they come; everything else as plain text."""

    def __init__(self, folder: Path, out: TextIO | None = None) -> None:
        self._folder, self._out = folder, out
        self._taken = 0  # pieces of the answer under way that were written
        self._pending = ""
        self._steps = 0  # rounds of calls that were written
        self._said = ""
        self._tenth = 0  # of a map's rows
        self._open = False  # whether the last line was begun and not ended
        self._latest: Any = None

    def paint(self, snapshot: Any) -> None:
        """Write what is new."""
        self._latest = snapshot
        if isinstance(snapshot, Draft):
            self._words(snapshot)
        elif isinstance(snapshot, Progress):
            # Without its running time, which a terminal would repeat line after line.
            self._line(pieces.progress_plain(replace(snapshot, elapsed=0.0)))
        elif isinstance(snapshot, Tally) and snapshot.frame is None and snapshot.rows:
            tenth = snapshot.done * 10 // snapshot.rows
            if tenth > self._tenth:
                self._tenth = tenth
                self._line(tallies.plain(snapshot))

    def finish(self) -> None:
        """Write the rest and the closing line."""
        value, self._latest = self._latest, None
        streamed = bool(self._taken)
        self._end()
        if isinstance(value, (Reply, Code, Fix)):
            self._write(_left(value, self._folder, streamed))
            self._end()
            reply = value if isinstance(value, Reply) else value.reply
            self._write(replies.closing(reply) + "\n")
        elif value is not None and not isinstance(value, (Draft, Progress)):
            self._write(bundle(value, self._folder)["text/plain"] + "\n")

    def withdraw(self) -> None:
        """What is written stays."""
        self._latest = None

    def _words(self, draft: Draft) -> None:
        self._rounds(draft)
        if draft.n < self._taken and not draft.notice:  # another answer: the first was not right
            self._end()
        if draft.notice:
            self._line(rounds.notice(draft))
        elif draft.n_thoughts and not draft.n:
            self._line("thinking …")
        if draft.n > self._taken:
            new = "".join(draft.pieces[self._taken : draft.n])
            self._pending, self._taken = draft.clean(self._pending + new), draft.n
            ready = settled(self._pending)
            self._write(safe.plain(self._pending[:ready]))
            self._pending = self._pending[ready:]

    def _rounds(self, draft: Draft) -> None:
        """Rounds of calls that have ended: what is said after them is another answer."""
        done = [s for s in draft.steps if all(c.result or c.error for c in s.calls)]
        for step in done[self._steps :]:
            self._end()
            self._write(rounds.plain(step._replace(text="")) + "\n")
        self._steps = len(done)

    def _end(self) -> None:
        """The words and the line that were begun come to their end."""
        self._flush()
        self._taken = 0

    def _flush(self) -> None:
        rest, self._pending = self._pending, ""
        self._write(safe.plain(rest))
        if self._open:
            self._write("\n")

    def _line(self, text: str) -> None:
        """A line about the state, once, and a line of its own."""
        if text != self._said:
            self._said = text
            self._flush()
            self._write(text + "\n")

    def _write(self, text: str) -> None:
        if text:
            self._open = not text.endswith("\n")
            out = self._out or sys.stdout
            out.write(text)
            out.flush()


def _left(value: Reply | Code | Fix, folder: Path, streamed: bool) -> str:
    """What is still to be said of a value: all of it, or what its words, as they came, did not."""
    if not streamed:
        whole = str(value) if isinstance(value, Reply) else bundle(value, folder)["text/plain"]
        return safe.plain(whole)
    if isinstance(value, Fix):
        return f"\n{code.changes_plain(value)}"
    return code.NO_CODE if isinstance(value, Code) and not value.code else ""
