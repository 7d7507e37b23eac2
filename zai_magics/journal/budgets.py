"""What may be spent: limits and what is reserved against them, shared by all kernels.

A reservation counts as spent until it is settled or released; that of a kernel that was killed
stays, since nobody knows what became of its request. Every change is made in the transaction of
the caller, which holds the file's lock from its beginning.
"""

from __future__ import annotations

import secrets
import sqlite3
from typing import NamedTuple

from ..errors import BudgetError
from . import facts
from .rows import LATEST, as_number

EVERY = "*"  # the scope of all notebooks
_MOST = 1e9
_ROUNDING = 1e-9
_MARK = "budgets"


class Limit(NamedTuple):
    """US dollars: the limit, what was spent since a time, and what is reserved."""

    scope: str
    usd: float
    since: float
    spent: float
    reserved: float

    @property
    def left(self) -> float:
        """What may still be spent."""
        return self.usd - self.spent - self.reserved


def limits(db: sqlite3.Connection, scope: str) -> list[Limit]:
    """Those that hold for a notebook. Raises BudgetError for a damaged one."""
    rows = db.execute(
        "select scope, usd, since, spent from budgets where scope in (?, ?)", (scope, EVERY)
    ).fetchall()
    return [_limit(db, *row) for row in rows]


def reserve(
    db: sqlite3.Connection, uid: bytes, scope: str, most: float, least: float, now: float
) -> tuple[float, Limit]:
    """Set aside as much as is left, at most `most`; gives it, and the limit that is nearest.

    Raises BudgetError where less than `least` is left.
    """
    nearest = min(limits(db, scope), key=lambda limit: limit.left)
    if nearest.left + _ROUNDING < least:
        raise BudgetError(_too_little(nearest, least))
    usd = min(most, max(nearest.left, 0.0))
    sql = "insert into reservations (uid, scope, usd, at) values (?, ?, ?, ?)"
    db.execute(sql, (uid, scope, usd, now))
    return usd, nearest


def settle(db: sqlite3.Connection, uid: bytes, cost: float | None) -> None:
    """It was sent and cost this; None: nobody knows, so all that was set aside is spent. What was
    settled or released before stays as it is. It counts where it was set aside, whatever the
    notebook is called by now.
    """
    row = db.execute("select usd, scope from reservations where uid = ?", (uid,)).fetchone()
    if row is None:
        return
    usd = as_number(row[0], _MOST) if cost is None else cost
    if usd is None:  # a damaged one stays, and nothing passes until it is set anew
        return
    release(db, uid)
    for scope in {row[1], EVERY}:
        _spend(db, scope, usd)


def release(db: sqlite3.Connection, uid: bytes) -> None:
    """Nothing was sent, or nothing is charged."""
    db.execute("delete from reservations where uid = ?", (uid,))


def put(db: sqlite3.Connection, scope: str, usd: float, now: float) -> int:
    """Set a limit; what was spent under an earlier one stays spent. Gives the journal's mark."""
    if not mark(db):
        facts.set_number(db, _MARK, secrets.randbelow(10**12 - 1) + 1)
    db.execute(
        "insert into budgets (scope, usd, since, spent) values (?, ?, ?, 0)"
        " on conflict (scope) do update set usd = excluded.usd",
        (scope, usd, now),
    )
    return mark(db)


def there_are(db: sqlite3.Connection) -> bool:
    """Whether there is any, of whichever notebook."""
    return db.execute("select 1 from budgets").fetchone() is not None


def mark(db: sqlite3.Connection) -> int:
    """A number of this journal's, made with its first limit; 0 before. Another journal, begun
    where this one was, has another.
    """
    return facts.number(db, _MARK)


def end(db: sqlite3.Connection, scope: str) -> bool:
    """Take a limit away, with what was spent under it; whether there was one. What is set aside
    under another limit still counts there.
    """
    if not db.execute("delete from budgets where scope = ?", (scope,)).rowcount:
        return False
    if scope == EVERY:
        db.execute("delete from reservations where scope not in (select scope from budgets)")
    elif db.execute("select 1 from budgets where scope = ?", (EVERY,)).fetchone():
        # They would count against the notebook's next limit, so that of all takes them over.
        db.execute("update reservations set scope = ? where scope = ?", (EVERY, scope))
    else:
        db.execute("delete from reservations where scope = ?", (scope,))
    return True


def _spend(db: sqlite3.Connection, scope: object, usd: float) -> None:
    """Add to what was spent. Adding to something damaged would make a number of it."""
    sql = "update budgets set spent = spent + ? where scope = ? and typeof(spent) = 'real'"
    db.execute(sql, (usd, scope))


def _limit(db: sqlite3.Connection, scope: str, usd: object, since: object, spent: object) -> Limit:
    """A row, with what is reserved under it."""
    where, given = ("1", ()) if scope == EVERY else ("scope = ?", (scope,))
    rows = db.execute(f"select usd from reservations where {where}", given).fetchall()
    held = [as_number(row[0], _MOST) for row in rows]
    limit, known = as_number(usd, _MOST), as_number(spent, _MOST)
    if limit is None or known is None or None in held:
        raise BudgetError("the journal's record of the budget is damaged; set it anew: %zai budget "
                          "off, then %zai budget USD" + " --all" * (scope == EVERY))  # fmt: skip
    total = sum(usd for usd in held if usd is not None)
    return Limit(scope, limit, as_number(since, LATEST) or 0.0, known, total)


def _too_little(limit: Limit, least: float) -> str:
    where = " of all notebooks" if limit.scope == EVERY else ""
    every = " --all" if limit.scope == EVERY else ""
    held = f" and ${limit.reserved:.4f} reserved" if limit.reserved else ""
    return (
        f"this needs ${least:.4f}, and ${max(limit.left, 0):.4f} is left of the budget{where} of "
        f"${limit.usd:.2f} (${limit.spent:.4f} spent{held}); %zai budget{every} USD raises it"
    )
