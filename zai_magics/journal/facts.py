"""The few numbers that the journal keeps about itself, by name."""

from __future__ import annotations

import sqlite3

_GREATEST = 10**12


def number(db: sqlite3.Connection, name: str) -> int:
    """`number(db, "last")`; 0 where there is none, or something that none of ours can be."""
    row = db.execute("select value from facts where name = ?", (name,)).fetchone()
    return row[0] if row and type(row[0]) is int and 0 <= row[0] < _GREATEST else 0


def set_number(db: sqlite3.Connection, name: str, value: int) -> None:
    """Needs a transaction."""
    db.execute("insert or replace into facts values (?, ?)", (name, value))
