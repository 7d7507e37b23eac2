"""Calls: what was asked and what came of it. A chat is written once, when it has ended; what is
paid for is written before it is ordered, and its row follows it to the end.
"""

from __future__ import annotations

import os
import sqlite3
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

from ..reply import Call, Reply, ToolCall
from ..steps import Source, rounds_in, steps_of
from ..types import Json
from . import facts
from .asked import Asked, encoded, request_key
from .content import storable
from .rows import COLUMNS, Record, as_text, record
from .texts import Texts

_ORDERS = "c.kind in ('image', 'video')"
# A call's number has at most so many digits, whatever numbers a damaged file has.
_NUMBERS = 10**12
# Of what came beside the words these are written also where they are nothing.
_ALWAYS = {"thinking", "tools", "usage", "finish_reason", "elapsed", "note", "sandbox"}


class Calls:
    """`calls.chat(db, asked, reply, state)`; `calls.order(db, asked, price)` and what follows."""

    def __init__(self, texts: Texts) -> None:
        self._texts = texts
        # How often the running cell has asked for the same: which of them a replay is to give.
        self.repeats: Counter[bytes] = Counter()

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
            "sources": [list(s) for s in reply.sources],
            "answered": reply.model if reply.model != asked.model else "",
            "replayed": reply.call.replayed,
            "saved": reply.call.saved,
        }
        facts = {name: fact for name, fact in facts.items() if fact or name in _ALWAYS}
        return self._insert(db, asked, state, facts, reply.cost, reply.message())

    def recorded(
        self,
        db: sqlite3.Connection,
        asked: Asked,
        answer: Json,
        result: Json,
        cost: float | None,
    ) -> int:
        """A chat of a pack; `result` is read as that of a damaged row is."""
        self.repeats.clear()  # the pack says which of several it is
        return self._insert(db, asked, "complete", result, cost, answer)

    def shown(self, db: sqlite3.Connection, asked: Asked, order: int, saved: float | None) -> int:
        """Pictures or a clip of an order that were shown again, instead of being bought. `order`
        is its number, 0 for one of a pack.
        """
        again = replace(asked, kind="stored", uid=os.urandom(16))
        return self._insert(db, again, "complete", {"saved": saved, "of": order}, 0.0)

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
            (state, encoded(result), job, number, state),
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
        where = f"c.key = ? and {_ORDERS} and c.state != 'failed'"
        return list(self._select(db, where, (key,)))

    def of_job(self, db: sqlite3.Connection, job: str) -> Record | None:
        """The call that ordered this job of the service."""
        return next(self._select(db, "c.job = ? and c.kind = 'video'", (job,)), None)

    def under_way(self, db: sqlite3.Connection) -> list[Record]:
        """Every order of this machine whose end is not known, newest first."""
        where = f"{_ORDERS} and c.state not in ('done', 'failed')"
        return list(self._select(db, where, ()))

    def ended(self, db: sqlite3.Connection, notebook: str, limit: int) -> list[Record]:
        """This notebook's newest orders that have ended."""
        where = f"c.notebook = ? and {_ORDERS} and c.state in ('done', 'failed')"
        return list(self._select(db, where, (notebook,), limit))

    def blobs(self, db: sqlite3.Connection) -> set[str]:
        """The names of all files that calls brought."""
        return {n for r in self._select(db, _ORDERS, ()) for n in r.blobs()}

    def reply(self, db: sqlite3.Connection, record: Record) -> Reply:
        """A chat's value, as it was."""
        facts = record.result
        call = Call(
            facts.get("answered") or record.model,
            record.usage(),
            record.cost,
            facts.get("finish_reason", ""),
            facts.get("elapsed", 0.0),
            facts.get("thought_for", 0.0),
            facts.get("request_id", ""),
            facts.get("note", ""),
            facts.get("sandbox", False),
            record.conversation,
            facts.get("replayed", ""),
            facts.get("saved"),
        )
        asked = self._texts.messages(db, record.asked)
        tools = [ToolCall(*t) for t in facts.get("tools", ())]
        reply = Reply(record.reply, call, facts.get("thinking", ""), tools, asked)
        reply.steps = steps_of(self.rounds(db, record))
        reply.sources = tuple(Source(*s) for s in facts.get("sources", ()))
        return reply

    def pace(self, db: sqlite3.Connection, number: int) -> str:
        """When which part of a chat's answer came."""
        row = db.execute("select pace from calls where id = ?", (number,)).fetchone()
        return as_text(row[0]) if row else ""

    def rounds(self, db: sqlite3.Connection, record: Record) -> tuple[Json, ...]:
        """The messages of tool calls and results between a turn's question and its answer."""
        count = record.result.get("after", 0)
        return rounds_in(self._texts.messages(db, record.asked)[-count:]) if count else ()

    def remove(self, db: sqlite3.Connection, number: int) -> list[int]:
        """Take a call out; gives those of its own messages that are no other call's own, and those
        before them that nothing else carries, such as a system prompt.
        """
        record = self.get(db, number)
        if record is None:
            return []
        own, carried = self.own(db, record), self._texts.path(db, record.asked)
        shown = self._select(db, "c.kind = 'stored' and instr(c.result, ?)", (f'"of":{number}',))
        gone = [number, *(r.id for r in shown if r.result.get("of") == number)]
        db.executemany("delete from calls where id = ?", ((one,) for one in gone))
        facts.set_number(db, "last", max(facts.number(db, "last"), number))
        with_rounds = self._select(db, "instr(c.result, '\"after\"')", ())
        others = {m for r in with_rounds for m in self.own(db, r)}
        asked = "select 1 from calls where prompt = ?1 or reply = ?1"
        others |= {m for m in own if db.execute(asked, (m,)).fetchone()}
        return [*(own - others), *(set(carried) - own - self._texts.used(db))]

    def own(self, db: sqlite3.Connection, record: Record) -> set[int]:
        """The messages that a call brought: the user's words, what followed them, the answer."""
        sql = "select prompt, reply from calls where id = ?"
        said = {m for m in db.execute(sql, (record.id,)).fetchone() if m}
        after = record.result.get("after", 0)
        return said | set(self._texts.path(db, record.asked)[-after:] if after else ())

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
        key = asked.key or request_key("chat", asked.model, asked.params, thread.digest)
        like = asked.likeness if asked.key or thread.rich else None
        if asked.after:
            result = {**result, "after": asked.after}
        if asked.batch:
            result = {**result, "batch": asked.batch}
        if not asked.key:
            if nth := self.repeats[key]:
                result = {**result, "nth": nth}
            self.repeats[key] += 1
        prompt = nodes[len(asked.messages) - 1 - asked.after]
        said = nodes[-1].message if answer else None
        made = db.execute(
            "insert into calls (id, uid, at, kind, state, key, notebook, conversation, cell,"
            " endpoint, model, asked, prompt, reply, params, result, cost, job, likeness, pace)"
            " values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, '', ?, ?)",
            (
                self._number(db),
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
                prompt.message,
                said,
                encoded(asked.params),
                encoded(result),
                cost,
                like,
                asked.pace,
            ),
        )
        return int(made.lastrowid or 0)

    def _number(self, db: sqlite3.Connection) -> int | None:
        """The next call's. None is given twice, not even that of a call that was forgotten. Where
        they have run out, which takes a damaged file, SQLite finds one (None).
        """
        sql = "select id from calls where id < ? order by id desc limit 1"
        (newest,) = db.execute(sql, (_NUMBERS,)).fetchone() or (0,)
        number = max(0, newest, facts.number(db, "last")) + 1
        return number if number < _NUMBERS else None

    def _select(
        self, db: sqlite3.Connection, where: str, given: Sequence[Any], limit: int = -1
    ) -> Iterator[Record]:
        sql = f"select {COLUMNS} from calls c where {where} order by c.id desc limit ?"
        rows = db.execute(sql, (*given, limit)).fetchall()
        # A text is read once, however many calls it stands in. Without the words that an order was
        # made with it is an order all the same.
        words = self._texts.words(db, {message for row in rows for message in row[-2:]})
        return (record(row, words) for row in rows)
