"""Finding what was said: SQLite's full-text search, caught up with when somebody searches."""

from __future__ import annotations

import re
import sqlite3
from contextlib import suppress

from .calls import Calls, Record
from .database import WORDS
from .texts import Texts, storable

_WORD = re.compile(r"\w+")
# Latin, Greek and Cyrillic. Scripts without blanks between words are one long word to the
# full-text search, and of the newer letters it does not know that they are some.
_INDEXED = re.compile(r"(?=.*[^\W_])[0-9A-Za-z_\u00c0-\u052f]+")


class Search:
    """`search.find(db, "p value", 50)` gives the newest calls that say all of these words."""

    def __init__(self, texts: Texts, calls: Calls) -> None:
        self._texts, self._calls = texts, calls

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
        where, given = "c.kind != 'restored'", []
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
        done = (db.execute("select value from facts where name = 'indexed'").fetchone() or (0,))[0]
        last = db.execute("select coalesce(max(id), 0) from messages").fetchone()[0]
        db.execute(
            "insert into words (rowid, text)"
            " select id, text from messages where id > ? and id <= ?",
            (done, last),
        )
        db.execute("insert or replace into facts values ('indexed', ?)", (last,))
        return True

    def forget(self, db: sqlite3.Connection, number: int) -> tuple[Record, set[str]] | None:
        """Remove a call with its words, wherever they stand. Gives what was removed, and the blobs
        that nothing else needs.

        Needs a transaction. Where a later request carried the words, it has "(forgotten)" there.
        """
        record = self._calls.get(db, number)
        if record is None:
            return None
        sql = "select prompt, reply from calls where id = ?"
        messages = [m for m in db.execute(sql, (number,)).fetchone() if m]
        db.execute("delete from turns where call = ?", (number,))
        db.execute("delete from calls where id = ?", (number,))
        db.execute("update facts set value = max(value, ?) where name = 'last'", (number,))
        blobs = record.blobs()
        for message in messages:
            sql = "select 1 from calls where prompt = ?1 or reply = ?1"
            if not db.execute(sql, (message,)).fetchone():
                blobs |= self._texts.forget(db, message)
        if _has_index(db):  # deleting entries would leave the words in it for a while
            db.execute("drop table words")
            db.execute("delete from facts where name = 'indexed'")
        return record, blobs - self._calls.blobs(db) - self._texts.blobs(db)


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
