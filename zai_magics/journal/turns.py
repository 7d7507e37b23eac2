"""Conversations as they are now: their names and system prompts, and which calls are their turns.

Kernels write single turns, never a whole conversation, so that two on one notebook lose nothing.
"""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterable
from dataclasses import replace
from typing import NamedTuple

from ..conversation import Conversation, Place, Setting, Turn
from ..reply import Call, Reply
from .calls import Asked, Calls, Record
from .texts import Texts, storable

# Later than any other, also when the clock was set back.
_LATER = "max(?, (select coalesce(max(used), 0) + 0.001 from conversations))"


class Known(NamedTuple):
    """A conversation that the journal knows, without its turns."""

    id: int
    name: str
    system: str
    turns: int
    used: float


class Turns:
    """`turns.begin(db, notebook, "main", "", now)`, `turns.put(db, number, turn)`."""

    def __init__(self, texts: Texts, calls: Calls) -> None:
        self._texts, self._calls = texts, calls

    def begin(
        self, db: sqlite3.Connection, notebook: str, name: str, system: str, used: float
    ) -> int:
        """A new one; an older one of this name is behind it from now on. `used` is 0 for one that
        is not current.
        """
        later = _LATER if used else "?"
        sql = f"insert into conversations (notebook, name, system, used) values (?, ?, ?, {later})"
        return int(db.execute(sql, (notebook, name, storable(system), used)).lastrowid or 0)

    def use(self, db: sqlite3.Connection, number: int, now: float) -> None:
        """It is the notebook's current one."""
        db.execute(f"update conversations set used = {_LATER} where id = ?", (now, number))

    def set_system(self, db: sqlite3.Connection, number: int, one: Conversation) -> None:
        """Its system prompt as it is now, and where it was set."""
        sql = "update conversations set system = ? where id = ?"
        db.execute(sql, (storable(one.system), number))
        db.executemany(
            "insert or replace into settings (conversation, cell, ordinal, name)"
            " values (?, ?, ?, ?)",
            [(number, *setting.place, setting.name) for setting in one.settings],
        )

    def put(
        self, db: sqlite3.Connection, number: int, turn: Turn, position: int | None = None
    ) -> None:
        """A turn in its cell's place, or at the end (`position` in a copied conversation)."""
        cell, ordinal = turn.place or ("", turn.call)
        db.execute(
            "insert into turns (conversation, cell, ordinal, position, call)"
            " values (?, ?, ?, ?, ?)"
            " on conflict (conversation, cell, ordinal) do update set call = excluded.call",
            (number, cell, ordinal, turn.call if position is None else position, turn.call),
        )

    def remove(self, db: sqlite3.Connection, number: int, turns: Iterable[Turn]) -> None:
        """These turns no longer belong to it."""
        for turn in turns:
            sql = "delete from turns where conversation = ? and call = ?"
            db.execute(sql, (number, turn.call))

    def known(self, db: sqlite3.Connection, notebook: str) -> list[Known]:
        """The newest of every name, the one used last first."""
        rows = db.execute(
            "select id, name, system, (select count(*) from turns where conversation = id), used"
            " from conversations where notebook = ? order by used desc, id desc",
            (notebook,),
        )
        newest: dict[str, Known] = {}
        for row in rows:
            newest.setdefault(row[1], Known(*row))
        return list(newest.values())

    def named(self, db: sqlite3.Connection, notebook: str, name: str) -> Known | None:
        """The newest of a name."""
        return next((k for k in self.known(db, notebook) if k.name == name), None)

    def row(
        self, db: sqlite3.Connection, notebook: str, one: Conversation, used: float, since: float
    ) -> int:
        """The row of one that has not been written down: that of another kernel on the notebook,
        unless it was used last before `since`, or a new one. Sessions in a folder have their own.
        """
        known = self.named(db, notebook, one.name) if notebook.endswith(".ipynb") else None
        if known and known.used >= since:
            return known.id
        number = self.begin(db, notebook, one.name, one.system, used)
        self.set_system(db, number, one)
        return number

    def write(
        self, db: sqlite3.Connection, notebook: str, one: Conversation, now: float
    ) -> Conversation:
        """A new row for a conversation with all its turns. Those that came from a file are written
        down as what this machine knows from now on.
        """
        number = self.begin(db, notebook, one.name, one.system, now)
        self.set_system(db, number, one)
        turns = []
        for position, turn in enumerate(one.turns, -len(one.turns)):  # before all that follow
            if not turn.call:
                turn = self._restored(db, notebook, turn, one.name, now)
            self.put(db, number, turn, position)
            turns.append(turn)
        return replace(one, turns=tuple(turns), number=number)

    def _restored(
        self, db: sqlite3.Connection, notebook: str, turn: Turn, name: str, now: float
    ) -> Turn:
        asked = Asked(
            os.urandom(16),
            now,
            "restored",
            "",
            notebook,
            turn.model,
            turn.messages()[:1],
            conversation=name,
            cell=turn.place.cell if turn.place else "",
        )
        reply = Reply(turn.reply, Call(turn.model, cost=0.0))
        return replace(turn, call=self._calls.chat(db, asked, reply, turn.state), asked_in=name)

    def load(self, db: sqlite3.Connection, known: Known) -> Conversation:
        """The conversation with its turns, in the order of their first run."""
        places = {
            call: (position, Place(cell, ordinal) if cell else None)
            for call, position, cell, ordinal in db.execute(
                "select call, position, cell, ordinal from turns where conversation = ?",
                (known.id,),
            )
        }
        inside = "c.id in (select call from turns where conversation = ?)"
        records = self._calls.newest(db, -1, inside, (known.id,))
        records.sort(key=lambda r: places[r.id][0])
        turns = tuple(self._turn(db, r, places[r.id][1]) for r in records)
        sql = "select cell, ordinal, name from settings where conversation = ?"
        settings = tuple(Setting(Place(c, n), name) for c, n, name in db.execute(sql, (known.id,)))
        return Conversation(known.name, known.system, turns, known.id, settings)

    def _turn(self, db: sqlite3.Connection, record: Record, place: Place | None) -> Turn:
        user: str | tuple[dict[str, object], ...] = record.prompt
        sql = "select m.role, m.text, m.more from calls c join messages m on m.id = c.prompt"
        row = db.execute(f"{sql} where c.id = ? and m.more is not null", (record.id,)).fetchone()
        if row:
            content = self._texts.message(*row).get("content")
            user = tuple(content) if isinstance(content, list) else record.prompt
        usage = record.usage()
        return Turn(
            user,
            record.reply,
            record.model,
            place,
            record.result.get("thinking", ""),
            "complete" if record.kind == "restored" else record.state,
            record.id,
            record.params,
            record.at,
            record.id,
            sum(usage[:2]) - usage.thinking if usage else 0,
            record.conversation,
        )
