"""Finding what was said: SQLite's full-text search, caught up with when somebody searches."""

from __future__ import annotations

import re
import sqlite3
from contextlib import suppress

from . import facts
from .calls import Calls
from .content import storable
from .database import WORDS
from .rows import Record

_WORD = re.compile(r"\w+")
# Latin, Greek and Cyrillic. Scripts without blanks between words are one long word to the
# full-text search, and of the newer letters it does not know that they are some.
_INDEXED = re.compile(r"(?=.*[^\W_])[0-9A-Za-z_\u00c0-\u052f]+")


class Search:
    """`search.find(db, "p value", 50)` gives the newest calls that say all of these words."""

    def __init__(self, calls: Calls) -> None:
        self._calls = calls

    def find(
        self,
        db: sqlite3.Connection,
        words: str,
        limit: int,
        notebook: str = "",
        *,
        indexed: bool = True,
    ) -> list[Record]:
        """The newest calls, of one notebook or of all; without words simply the newest.

        Without an index that is up to date every text is looked through.
        """
        where, given = "c.kind not in ('restored', 'stored')", []
        if notebook:
            where, given = f"{where} and c.notebook = ?", [notebook]
        for clause, value in _clauses(words, indexed and _has_index(db)):
            where += f" and (c.prompt in ({clause}) or c.reply in ({clause}))"
            given += [value, value]
        return self._calls.newest(db, limit, where, given)

    def index(self, db: sqlite3.Connection) -> bool:
        """Take in what was written since the last search; False where SQLite cannot search.

        Needs a transaction.
        """
        if not _has_index(db):
            try:
                db.execute(f"create virtual table {WORDS}")
            except sqlite3.OperationalError:  # an SQLite without FTS5
                return False
        done = facts.number(db, "indexed")
        last = db.execute("select coalesce(max(id), 0) from messages").fetchone()[0]
        db.execute(
            "insert into words (rowid, text)"
            " select id, text from messages where id > ? and id <= ?",
            (done, last),
        )
        facts.set_number(db, "indexed", last)
        return True

    def drop_index(self, db: sqlite3.Connection) -> None:
        """Before words are forgotten: deleting entries would leave them in it for a while.

        Needs a transaction; the next search makes it again.
        """
        if _has_index(db):
            db.execute("drop table words")
            db.execute("delete from facts where name = 'indexed'")


def _clauses(words: str, indexed: bool) -> list[tuple[str, str]]:
    """For each word the messages that have it. A word matches from its beginning."""
    words = storable(words)
    found = _WORD.findall(words)
    if not found and words.strip():  # signs only: they are looked for as they are
        found = words.split()
    clauses = []
    for word in found:
        if not (indexed and _INDEXED.fullmatch(word)):
            escaped = re.sub(r"([\\%_])", r"\\\1", word)
            like = "select id from messages where text like ? escape '\\'"
            clauses.append((like, f"%{escaped}%"))
        else:
            match = "select rowid from words where words match ?"
            clauses.append((match, f'"{word}"*'))
    return clauses


def _has_index(db: sqlite3.Connection) -> bool:
    with suppress(sqlite3.OperationalError):
        db.execute("select rowid from words limit 0")
        return True
    return False
