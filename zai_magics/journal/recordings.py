"""What a journal has recorded, by what was asked for: where replay looks.

The keys are held in memory and caught up with at every look: ten thousand of them are a moment's
work once, and no index has to be kept by those who never replay.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence

from .calls import Calls
from .rows import ORDERS, Record, as_text
from .texts import Texts

_RECORDED = "kind in ('chat', 'image', 'video')"


class Recordings:
    """`recordings.chats(db, key)`, `recordings.alike(db, key)`: the calls, oldest first."""

    def __init__(self, calls: Calls, texts: Texts) -> None:
        self._calls, self._texts = calls, texts
        self._last = 0
        self._by_key: dict[bytes, list[int]] = {}
        self._by_likeness: dict[bytes, list[int]] = {}

    def keys(self, db: sqlite3.Connection) -> set[bytes]:
        """Of all that is recorded."""
        self._catch_up(db)
        return set(self._by_key)

    def chats(self, db: sqlite3.Connection, key: bytes) -> list[Record]:
        """The whole answers to this very request, whoever gave them."""
        return [r for r in self._found(db, self._by_key, key) if r.key == key and _is_chat(r)]

    def alike(self, db: sqlite3.Connection, likeness: bytes) -> list[Record]:
        """Those to one whose files differ in nothing but their bytes; also done orders."""
        return [r for r in self._found(db, self._by_likeness, likeness) if _is_whole(r)]

    def asks_with(self, db: sqlite3.Connection, record: Record, messages: Sequence[object]) -> bool:
        """Whether a call was asked with these very messages, files included."""
        return self._texts.messages(db, record.asked) == list(messages)

    def prompts(self, db: sqlite3.Connection, kind: str) -> list[tuple[str, int]]:
        """What was asked in all calls of a kind that can be replayed, with their numbers."""
        sql = (
            "select m.text, c.id from calls c join messages m on m.id = c.prompt"
            " where c.kind = ? and c.state in ('complete', 'done') order by c.id desc"
        )
        return [(as_text(text), number) for text, number in db.execute(sql, (kind,))]

    def _found(
        self, db: sqlite3.Connection, where: dict[bytes, list[int]], key: bytes
    ) -> list[Record]:
        self._catch_up(db)
        known = (self._calls.get(db, number) for number in where.get(key, ()))
        return [record for record in known if record is not None]

    def _catch_up(self, db: sqlite3.Connection) -> None:
        """Take in what was written since; an order is in it before it is done."""
        newest = db.execute("select coalesce(max(id), 0) from calls").fetchone()[0]
        if newest < self._last:  # another file is in its place
            self._last, self._by_key, self._by_likeness = 0, {}, {}
        sql = f"select id, key, likeness from calls where id > ? and {_RECORDED} order by id"
        for number, key, likeness in db.execute(sql, (self._last,)):
            self._by_key.setdefault(key, []).append(number)
            if likeness is not None:
                self._by_likeness.setdefault(likeness, []).append(number)
        self._last = newest


def _is_chat(record: Record) -> bool:
    return record.kind == "chat" and record.state == "complete"


def _is_whole(record: Record) -> bool:
    return _is_chat(record) or (record.kind in ORDERS and record.state == "done")
