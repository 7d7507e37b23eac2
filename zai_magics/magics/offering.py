"""Cells that are offered: each code once to each cell, also in a new kernel."""

from __future__ import annotations

from typing import Any

from .. import notebook
from ..journal import Forgiving, Record
from ..session import Session
from ..types import Call, Reply
from .cells import cell_id, usable

_NEWEST = 50  # answers of one cell that are looked at


class Offers:
    """`had = offers.had()` before an answer is asked for, then `offers.offer(code, had)`."""

    def __init__(self, shell: Any, session: Session) -> None:
        self._shell, self._session = shell, session
        self._read = Forgiving(session.journal, session.warn).read
        self._made: dict[str, set[str]] = {}

    def had(self) -> set[str]:
        """The code that this cell was given before: the cell with it is below."""
        cell = cell_id(self._shell)
        return self._made.get(cell, set()) | self._answered(usable(cell)) if cell else set()

    def offer(self, code: str, had: set[str]) -> None:
        """Put it into a new cell below, unless it was there before or stands in another cell."""
        code, cell = code.strip("\n"), cell_id(self._shell)
        bare = code.strip()
        if not bare or bare in had or bare in self._written(cell):
            return
        if cell:
            self._made.setdefault(cell, set()).add(bare)
        self._shell.set_next_input(code)

    def _answered(self, cell: str) -> set[str]:
        """The code in the answers that this notebook's journal has of a cell."""
        if not cell:
            return set()
        journal, scope = self._session.journal, self._session.scope()
        where = "c.notebook = ? and c.cell = ? and c.kind in ('chat', 'replay', 'restored')"

        def newest(db: Any) -> list[Record]:
            return journal.calls.newest(db, _NEWEST, where, (scope, cell))

        found: list[Record] = self._read(newest, [])
        replies = [Reply(r.reply, Call(r.model)) for r in found]
        return {c.strip() for r in replies for c in (str(r), r.code, *r.blocks)}

    def _written(self, cell: str) -> set[str]:
        """The code in the other cells of the notebook as it was saved."""
        book = notebook.opened(self._session.file())
        return {source.strip() for source in book.sources(cell)} if book else set()
