"""Messages and the threads that they form, kept once however often they are sent.

A thread is a path of messages from the first one down. A request is a thread; the next request of
the same conversation has its path in common with it, and adds what is new.
"""

from __future__ import annotations

import base64
import json
import sqlite3
from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

from ..types import Json
from . import facts
from .blobs import Blobs
from .content import KEPT_URL, MARK, blobs_in, digest, is_message, mapped, named, row
from .rows import as_text

_AT_ONCE = 500  # parameters of a query, of which older SQLites take 999


class Node(NamedTuple):
    """A thread's last row: its number, the digest of the whole path, and its message's number.
    `rich`: somewhere on the path a file is embedded.
    """

    id: int
    digest: bytes
    message: int
    rich: bool = False


ROOT = Node(0, b"", 0)


class Texts:
    """Writes and reads them: `nodes = texts.put(db, messages)`, `texts.messages(db, node.id)`."""

    def __init__(self, blobs: Blobs) -> None:
        self._blobs = blobs
        self._of: tuple[sqlite3.Connection | None, int] = (None, 0)
        self._last: list[Json] = []
        self._nodes: list[Node] = []

    def put(self, db: sqlite3.Connection, messages: Sequence[Json]) -> Sequence[Node]:
        """The thread of these messages, a node for each; only those that the last one did not have
        are looked at.

        The same objects are taken for the same messages: a conversation gives them again and
        again, and comparing them is what a long one would spend its time with.
        """
        forgotten = facts.number(db, "forgotten")
        if (db, forgotten) != self._of:  # another file, or messages that are no longer there
            self.forget_memo()
            self._of = (db, forgotten)
        known = _common(self._last, messages)
        nodes = self._nodes[:known]
        for message in messages[known:]:
            nodes.append(self._node(db, nodes[-1] if nodes else ROOT, message))
        self._last, self._nodes = list(messages), nodes
        return nodes

    def _path(self, db: sqlite3.Connection, thread: int, columns: str) -> Iterable[Any]:
        return db.execute(
            f"""with recursive path(id, parent, message, depth) as (
                 select id, parent, message, 0 from threads where id = ?
                 union all
                 select t.id, t.parent, t.message, depth + 1
                 from threads t join path p on t.id = p.parent and t.id < p.id)
               select {columns} from path p join messages m on m.id = p.message
               order by p.depth desc""",
            (thread,),
        )

    def _put_message(self, db: sqlite3.Connection, message: Json) -> tuple[int, bytes, bool]:
        """One message's number and digest, and whether a file is embedded in it."""
        role, text, more = row(message, self._without_blob)
        key = digest(role, text, more or "")
        rich = more is not None and (MARK in more or ";base64," in more)
        sql = (
            "insert into messages (digest, role, text, more) values (?, ?, ?, ?)"
            " on conflict do nothing"
        )
        made = db.execute(sql, (key, role, text, more))
        if made.rowcount:
            return int(made.lastrowid or 0), key, rich
        (old,) = db.execute("select id from messages where digest = ?", (key,)).fetchone()
        return old, key, rich

    def forget_memo(self) -> None:
        """After a transaction that came to nothing, or rows that are gone."""
        self._last, self._nodes = [], []

    def messages(self, db: sqlite3.Connection, thread: int) -> list[Json]:
        """The messages of a thread, first to last."""
        rows = self._path(db, thread, "m.role, m.text, m.more")
        return [self.message(*row) for row in rows]

    def path(self, db: sqlite3.Connection, thread: int) -> list[int]:
        """The numbers of a thread's messages, first to last."""
        return [row[0] for row in self._path(db, thread, "m.id")]

    def used(self, db: sqlite3.Connection) -> set[int]:
        """The numbers of the messages that any call was asked with or answered by."""
        sql = """with recursive live(id) as (
                 select asked from calls
                 union select t.parent from threads t join live l on t.id = l.id)
               select t.message from threads t join live l on t.id = l.id
               union select prompt from calls union select reply from calls"""
        return {number for (number,) in db.execute(sql)}

    def words(self, db: sqlite3.Connection, messages: Iterable[object]) -> dict[int, str]:
        """The words of the messages that are there, by their numbers."""
        numbers, found = [m for m in messages if type(m) is int], {}
        for start in range(0, len(numbers), _AT_ONCE):
            some = numbers[start : start + _AT_ONCE]
            sql = f"select id, text from messages where id in ({','.join('?' * len(some))})"
            found.update({number: as_text(text) for number, text in db.execute(sql, some)})
        return found

    def forget(self, db: sqlite3.Connection, message: int) -> set[str]:
        """Take the words out of a message, wherever it stands; gives the blobs that it named.

        The same words said again are a new message.
        """
        row = db.execute("select more from messages where id = ?", (message,)).fetchone()
        sql = "update messages set digest = randomblob(16), text = ?, more = null where id = ?"
        db.execute(sql, ("(forgotten)", message))
        facts.set_number(db, "forgotten", facts.number(db, "forgotten") + 1)
        return blobs_in(row[0]) if row else set()

    def blobs(self, db: sqlite3.Connection) -> set[str]:
        """The names of all blobs that messages name."""
        rows = db.execute("select more from messages where more is not null")
        return {name for (more,) in rows for name in blobs_in(more)}

    def message(self, role: Any, text: Any, more: Any) -> Json:
        """A message from its row; of a damaged one what is there."""
        plain = {"role": as_text(role) or "user", "content": as_text(text)}
        if more is None:
            return plain
        try:
            message = mapped(json.loads(more), self._with_blob)
        except (ValueError, TypeError, RecursionError):
            return plain
        return message if is_message(message) else plain

    def without_files(self, message: Json) -> Json:
        """A message in which a large embedded file is the name of its blob."""
        return dict(mapped(message, self._without_blob))

    def with_files(self, message: Json) -> Json:
        """What `without_files` was made of; a file that is not there stays a name."""
        return dict(mapped(message, self._with_blob))

    def _node(self, db: sqlite3.Connection, parent: Node, message: Json) -> Node:
        number, of_message, rich = self._put_message(db, message)
        key, rich = digest(parent.digest, of_message), rich or parent.rich
        sql = "insert into threads (parent, message) values (?, ?) on conflict do nothing"
        made = db.execute(sql, (parent.id, number))
        if made.rowcount:
            return Node(int(made.lastrowid or 0), key, number, rich)
        sql = "select id from threads where parent = ? and message = ?"
        (old,) = db.execute(sql, (parent.id, number)).fetchone()
        return Node(old, key, number, rich)

    def _without_blob(self, text: str) -> str:
        return named(text, self._blobs.put)

    def _with_blob(self, text: str) -> str:
        if text.startswith(MARK + MARK):
            return text[len(MARK) :]
        found = KEPT_URL.fullmatch(text)
        content = self._blobs.get(found.group(1)) if found else None
        if found is None or content is None:
            return text
        return f"data:{found.group(2)};base64,{base64.b64encode(content).decode()}"


def _common(old: list[Json], new: Sequence[Json]) -> int:
    """How many messages both begin with."""
    if old == new[: len(old)]:
        return len(old)
    return next((i for i, (a, b) in enumerate(zip(old, new, strict=False)) if a != b), len(new))
