"""Kernels that spend what a journal allows, each with a journal of its own over one file."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from zai_magics.journal import Journal, budgets
from zai_magics.journal.budgets import Limit

ONE, OTHER = "/home/someone/one.ipynb", "/home/someone/other.ipynb"


class Kernel:
    """`kernel.put(2.0)`: each in a transaction of its own, of the notebook `scope`."""

    def __init__(self, folder: Path, scope: str = ONE) -> None:
        self.journal, self.scope = Journal(folder), scope

    def put(self, usd: float, scope: str = "", now: float = 1000.0) -> int:
        with self.journal.write() as db:
            return budgets.put(db, scope or self.scope, usd, now)

    def end(self, scope: str = "") -> bool:
        with self.journal.write() as db:
            return budgets.end(db, scope or self.scope)

    def reserve(self, most: float, least: float | None = None) -> bytes:
        """Gives the reservation's id."""
        uid = os.urandom(16)
        self.set_aside(uid, most, most if least is None else least)
        return uid

    def set_aside(self, uid: bytes, most: float, least: float) -> tuple[float, Limit]:
        with self.journal.write() as db:
            return budgets.reserve(db, uid, self.scope, most, least, 2000.0)

    def settle(self, uid: bytes, cost: float | None) -> None:
        with self.journal.write() as db:
            budgets.settle(db, uid, cost)

    def release(self, uid: bytes) -> None:
        with self.journal.write() as db:
            budgets.release(db, uid)

    def limits(self) -> dict[str, Limit]:
        """By their scopes."""
        with self.journal.read() as db:
            return {limit.scope: limit for limit in budgets.limits(db, self.scope)}

    def known(self, scope: str = "") -> tuple[float, float]:
        """Spent and reserved, in cents of a cent, so that sums may be compared."""
        limit = self.limits()[scope or self.scope]
        return round(limit.spent, 4), round(limit.reserved, 4)

    def damage(self, sql: str) -> None:
        with self.journal.write() as db:
            db.execute(sql)


@contextmanager
def two(folder: Path) -> Iterator[tuple[Kernel, Kernel]]:
    """Two of one notebook."""
    both = Kernel(folder), Kernel(folder)
    yield both
    for kernel in both:
        kernel.journal.close()
