"""A journal that is in nobody's way: what it cannot do is told, and everything else goes on."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from typing import TYPE_CHECKING, TypeVar

from ..errors import JournalError

if TYPE_CHECKING:
    from . import Journal

T = TypeVar("T")


class Forgiving:
    """`forgiving.write(lambda db: …)` gives what the function gives, None when it cannot be done.

    `warn` is told why, in a line that ends with the next step.
    """

    def __init__(self, journal: Journal, warn: Callable[[str], None]) -> None:
        self._journal, self._warn = journal, warn

    def write(self, act: Callable[[sqlite3.Connection], T]) -> T | None:
        """Something done in one transaction."""
        try:
            with self._journal.write() as db:
                return act(db)
        except JournalError as error:
            self._warn(str(error))
        return None

    def read(self, ask: Callable[[sqlite3.Connection], T], otherwise: T) -> T:
        """Something looked up."""
        try:
            with self._journal.read() as db:
                return ask(db)
        except JournalError as error:
            self._warn(str(error))
        return otherwise
