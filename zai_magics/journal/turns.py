"""Conversations as they are now: their names and system prompts, and which calls are their turns.

Kernels write single turns, never a whole conversation, so that two on one notebook lose nothing.
"""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import NamedTuple

from ..conversation import Conversation, Place, Setting, Turn
from ..reply import Call, Json, Reply
from .asked import Asked
from .calls import Calls
from .content import storable
from .rows import LATEST, Record, as_number, as_text
from .texts import Texts

# Later than any other, also when the clock was set back.
_LATER = (
    "max(?, (select coalesce(max(used), 0) + 0.001 from conversations"
    f" where used < {LATEST - 1}))"  # a time that can be one
)


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
        """The newest of every name, the one used last first. One whose name can be none is left
        out.
        """
        rows = db.execute(
            "select id, name, system, (select count(*) from turns where conversation = id), used"
            " from conversations where notebook = ? order by id desc",
            (notebook,),
        )
        found = [
            Known(number, name, as_text(system), turns, as_number(used, LATEST) or 0.0)
            for number, name, system, turns, used in rows
            if isinstance(name, str) and name and name.isprintable()
        ]
        newest: dict[str, Known] = {}
        for one in sorted(found, key=lambda k: k.used, reverse=True):
            newest.setdefault(one.name, one)
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
        inside = "c.id in (select call from turns where conversation = ?)"
        inside += " and c.kind in ('chat', 'restored', 'replay')"
        records = self._calls.newest(db, -1, inside, (known.id,))
        places, parts = self._places(db, known.id), self._parts(db, known.id)
        records.sort(key=lambda r: places[r.id][0])
        turns = tuple(
            _turn(r, places[r.id][1], parts.get(r.id, r.prompt), self._calls.rounds(db, r))
            for r in records
        )
        settings = tuple(self._settings(db, known.id))
        return Conversation(known.name, known.system, turns, known.id, settings)

    def forget(self, db: sqlite3.Connection, call: int) -> None:
        """A call is no turn of any conversation any more."""
        db.execute("delete from turns where call = ?", (call,))

    def _settings(self, db: sqlite3.Connection, number: int) -> Iterator[Setting]:
        """Where its system prompt was set."""
        sql = "select cell, ordinal, name from settings where conversation = ?"
        for cell, ordinal, name in db.execute(sql, (number,)):
            if isinstance(cell, str) and type(ordinal) is int and isinstance(name, str):
                yield Setting(Place(cell, ordinal), name)

    def _places(self, db: sqlite3.Connection, number: int) -> dict[int, tuple[int, Place | None]]:
        """Of each call its position and its cell's place."""
        sql = "select call, position, cell, ordinal from turns where conversation = ?"
        found = {}
        for call, position, cell, ordinal in db.execute(sql, (number,)):
            known = isinstance(cell, str) and cell and type(ordinal) is int
            place = Place(cell, ordinal) if known else None
            found[call] = (position if type(position) is int else call, place)
        return found

    def _parts(
        self, db: sqlite3.Connection, number: int
    ) -> dict[int, str | tuple[dict[str, object], ...]]:
        """Of the calls whose prompts have more than words, the prompts."""
        rows = db.execute(
            "select c.id, m.role, m.text, m.more"
            " from turns t join calls c on c.id = t.call join messages m on m.id = c.prompt"
            " where t.conversation = ? and m.more is not null",
            (number,),
        )
        found = {call: self._texts.message(*row).get("content") for call, *row in rows}
        return {call: tuple(said) for call, said in found.items() if isinstance(said, list)}


def _turn(
    record: Record,
    place: Place | None,
    user: str | tuple[dict[str, object], ...],
    rounds: tuple[Json, ...],
) -> Turn:
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
        rounds=rounds,
    )
