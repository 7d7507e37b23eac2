"""Calls: what was asked and what came of it. A chat is written once, when it has ended; what is
paid for is written before it is ordered, and its row follows it to the end.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from ..reply import Call, Reply, ToolCall, Usage
from ..types import Json
from .texts import Texts, digest, storable

# What is kept of a file: where it is, its copy in `blobs`, what it is.
_FILE = {
    **dict.fromkeys(("path", "blob", "mime", "url", "revised", "poster"), str),
    "elapsed": float,
    "sandbox": bool,
}
_COLUMNS = """c.id, c.at, c.kind, c.state, c.notebook, c.conversation, c.cell, c.endpoint,
 c.model, c.params, c.result, c.cost, c.job, c.key, p.text, r.text, c.asked"""
_FROM = """calls c join messages p on p.id = c.prompt left join messages r on r.id = c.reply"""


@dataclass(frozen=True, slots=True)
class Asked:
    """A request as the journal keeps it: who asked, whom, what; never the key.

    `key` is by what the same request is known again; without one it is made of the whole request.
    `again` says that it may be written already, because an interrupt came as it was: its `uid`
    tells.
    """

    uid: bytes
    at: float
    kind: str
    endpoint: str
    notebook: str
    model: str
    messages: Sequence[Json]
    params: Mapping[str, Any] = field(default_factory=dict)
    conversation: str = ""
    cell: str = ""
    key: bytes = b""
    again: bool = False


@dataclass(frozen=True, slots=True)
class Record:
    """A call as it was read back. `result` is JSON of what came beside the words."""

    id: int
    at: float
    kind: str
    state: str
    notebook: str
    conversation: str
    cell: str
    endpoint: str
    model: str
    params: Json
    result: Json
    cost: float | None
    job: str
    key: bytes
    prompt: str
    reply: str
    asked: int

    def blobs(self) -> set[str]:
        """The names of the files that it brought."""
        return {name for f in self.files() for name in (f["blob"], f["poster"]) if name}

    def usage(self) -> Usage | None:
        """The tokens of a chat, where they are known."""
        found = self.result.get("usage")
        right = isinstance(found, list) and len(found) == 4 and {type(n) for n in found} == {int}
        return Usage(*found) if right and found is not None else None

    def files(self) -> list[Json]:
        """What is known of the files that it brought; nothing of what a damaged row says."""
        found = self.result.get("files")
        return [f for f in found if _is_file(f)] if isinstance(found, list) else []


def key_of(endpoint: str, kind: str, body: Mapping[str, Any]) -> bytes:
    """By what a whole request is known again: `key_of("https://api.z.ai", "image", {…})`."""
    return digest(endpoint, kind, _json(body))


class Calls:
    """`calls.chat(db, asked, reply, state)`; `calls.order(db, asked, price)` and what follows."""

    def __init__(self, texts: Texts) -> None:
        self._texts = texts

    def chat(self, db: sqlite3.Connection, asked: Asked, reply: Reply, state: str) -> int:
        """A chat that has ended; gives its number."""
        facts = {
            "thinking": reply.thinking,
            "tools": [list(t) for t in reply.tool_calls],
            "usage": list(reply.usage) if reply.usage else None,
            "finish_reason": reply.finish_reason,
            "elapsed": round(reply.elapsed, 3),
            "thought_for": round(reply.call.thought_for, 3),
            "request_id": reply.call.request_id,
            "note": reply.note,
            "sandbox": reply.sandbox,
        }
        return self._insert(db, asked, state, facts, reply.cost, reply.message())

    def order(self, db: sqlite3.Connection, asked: Asked, price: float | None) -> int:
        """Something paid for that is about to be ordered."""
        return self._insert(db, asked, "submitting", {}, price)

    def change(
        self, db: sqlite3.Connection, number: int, state: str, result: Json, job: str = ""
    ) -> bool:
        """What has become of an order; False when it is not here. A job's id stays once it is
        known, and what is done stays done, whatever a slower kernel has to say.
        """
        changed = db.execute(
            "update calls set state = ?, result = ?, job = coalesce(nullif(?, ''), job)"
            " where id = ? and (state != 'done' or ? = 'done')",
            (state, _json(result), job, number, state),
        )
        return bool(changed.rowcount) or self.get(db, number) is not None

    def cancel(self, db: sqlite3.Connection, number: int) -> None:
        """An order that never was: nothing reached the service, or it refused."""
        db.execute("delete from calls where id = ?", (number,))

    def get(self, db: sqlite3.Connection, number: int) -> Record | None:
        """One call."""
        return next(self._select(db, "c.id = ?", (number,)), None)

    def ordered(self, db: sqlite3.Connection, key: bytes) -> list[Record]:
        """The orders for this very request that did not fail, newest first."""
        where = "c.key = ? and c.kind in ('image', 'video') and c.state != 'failed'"
        return list(self._select(db, where, (key,)))

    def of_job(self, db: sqlite3.Connection, job: str) -> Record | None:
        """The call that ordered this job of the service."""
        return next(self._select(db, "c.job = ? and c.kind = 'video'", (job,)), None)

    def under_way(self, db: sqlite3.Connection) -> list[Record]:
        """Every order of this machine whose end is not known, newest first."""
        where = "c.state in ('submitting', 'submitted', 'unknown')"
        return list(self._select(db, where, ()))

    def ended(self, db: sqlite3.Connection, notebook: str, limit: int) -> list[Record]:
        """This notebook's newest orders that have ended."""
        where = "c.notebook = ? and c.kind in ('image', 'video') and c.state in ('done', 'failed')"
        return list(self._select(db, where, (notebook,), limit))

    def blobs(self, db: sqlite3.Connection) -> set[str]:
        """The names of all files that calls brought."""
        return {n for r in self._select(db, "c.kind in ('image', 'video')", ()) for n in r.blobs()}

    def reply(self, db: sqlite3.Connection, record: Record) -> Reply:
        """A chat's value, as it was."""
        facts = record.result
        call = Call(
            record.model,
            record.usage(),
            record.cost,
            facts.get("finish_reason", ""),
            facts.get("elapsed", 0.0),
            facts.get("thought_for", 0.0),
            facts.get("request_id", ""),
            facts.get("note", ""),
            facts.get("sandbox", False),
            record.conversation,
        )
        asked = self._texts.messages(db, record.asked)
        tools = [ToolCall(*t) for t in facts.get("tools", ())]
        return Reply(record.reply, call, facts.get("thinking", ""), tools, asked)

    def newest(
        self, db: sqlite3.Connection, limit: int, where: str = "1", given: Sequence[Any] = ()
    ) -> list[Record]:
        """The newest calls that a condition on `c` (calls) holds for."""
        return list(self._select(db, where, given, limit))

    def _insert(
        self,
        db: sqlite3.Connection,
        asked: Asked,
        state: str,
        result: Json,
        cost: float | None,
        answer: Json | None = None,
    ) -> int:
        """The row; of an asked that is there already, its number."""
        if asked.again:
            sql = "select id from calls where uid = ?"
            had = db.execute(sql, (asked.uid,)).fetchone()
            if had:
                return int(had[0])
        nodes = self._texts.put(db, [*asked.messages, answer] if answer else asked.messages)
        thread = nodes[len(asked.messages) - 1]
        said = nodes[-1].message if answer else None
        params = _json(asked.params)
        key = asked.key or digest(asked.endpoint, asked.kind, asked.model, params, thread.digest)
        made = db.execute(
            "insert into calls (id, uid, at, kind, state, key, notebook, conversation, cell,"
            " endpoint, model, asked, prompt, reply, params, result, cost, job)"
            # A number is never given twice, not even that of a call that was forgotten.
            " select max(value, (select coalesce(max(id), 0) from calls)) + 1,"
            " ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, '' from facts where name = 'last'",
            (
                asked.uid,
                asked.at,
                asked.kind,
                state,
                key,
                storable(asked.notebook),
                storable(asked.conversation),
                storable(asked.cell),
                storable(asked.endpoint),
                storable(asked.model),
                thread.id,
                thread.message,
                said,
                params,
                _json(result),
                cost,
            ),
        )
        return int(made.lastrowid or 0)

    def _select(
        self, db: sqlite3.Connection, where: str, given: Sequence[Any], limit: int = -1
    ) -> Any:
        sql = f"select {_COLUMNS} from {_FROM} where {where} order by c.id desc limit ?"
        for row in db.execute(sql, (*given, limit)):
            yield _record(row)


def _record(row: Sequence[Any]) -> Record:
    values = list(row)
    values[9], values[10] = _object(values[9]), _object(values[10])
    for at in (2, 3, 4, 5, 6, 7, 8, 12, 14, 15):
        values[at] = values[at] if isinstance(values[at], str) else ""
    values[1] = _number(values[1]) or 0.0
    values[11] = _number(values[11])
    return Record(*values)


def _number(value: Any) -> float | None:
    """A time or a price, None for what a damaged row has there."""
    return float(value) if isinstance(value, (int, float)) and 0 <= value < 1e11 else None


def _is_file(found: Any) -> bool:
    return isinstance(found, dict) and all(type(found.get(k)) is t for k, t in _FILE.items())


def _object(text: str) -> Json:
    """What JSON says; of a damaged row nothing."""
    try:
        value = json.loads(text)
    except (ValueError, TypeError, RecursionError):
        return {}
    return value if isinstance(value, dict) else {}


def _json(value: Mapping[str, Any]) -> str:
    return _ENCODER.encode(value)


_ENCODER = json.JSONEncoder(sort_keys=True, separators=(",", ":"), default=str)
