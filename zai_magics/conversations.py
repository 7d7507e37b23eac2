"""The conversations of one notebook: which one is current, and how they outlive the kernel.

What happens to them happens in memory and in the journal; without a journal, in memory alone.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any, TypeVar

from . import notebook
from .conversation import Conversation, Place, Turn
from .errors import CommandError, JournalError, one_line
from .journal import Asked, Journal
from .retry import Timing
from .types import Call, Reply

T = TypeVar("T")
MAIN = "main"
NAME_LIMIT = 60


class Conversations:
    """`conversations.current`, `conversations.add(asked, reply, turn)`, `conversations.new("b")`.

    `file` gives the notebook's path or None, `scope` the name under which the journal knows it;
    `warn` is told when the journal cannot be used.
    """

    def __init__(
        self,
        journal: Journal,
        file: Callable[[], Path | None],
        scope: Callable[[], str],
        timing: Callable[[], Timing],
        warn: Callable[[str], None],
    ) -> None:
        self._journal, self._file, self._scope = journal, file, scope
        self._timing, self._warn = timing, warn
        self._all = {MAIN: Conversation()}
        self._name = MAIN
        self._made: dict[Place, str] = {}

    @property
    def current(self) -> Conversation:
        """The one that turns are added to."""
        return self._all[self._name]

    @current.setter
    def current(self, conversation: Conversation) -> None:
        self._name = conversation.name
        self._all[conversation.name] = conversation

    def named(self, name: str | None) -> Conversation:
        """Another one, from memory, from the journal, or new; None gives the current one."""
        if name is None or name == self._name:
            return self.current
        if name not in self._all:
            self._all[checked(name)] = self._loaded(name) or Conversation(name)
        return self._all[name]

    def names(self) -> list[str]:
        """All of this notebook, the current one first."""
        stored: list[str] = []
        with suppress(JournalError), self._journal.read() as db:
            stored = [k.name for k in self._journal.turns.known(db, self._scope())]
        return list(dict.fromkeys((self._name, *self._all, *stored)))

    def add(self, asked: Asked, reply: Reply, turn: Turn, alone: bool) -> None:
        """Write a call down, and its turn to the conversation that `asked` names, unless it was
        asked alone.
        """
        where = None if alone else self._all[asked.conversation]
        try:
            with self._journal.write() as db:
                turn = replace(turn, call=self._journal.calls.chat(db, asked, reply, turn.state))
                if where:
                    where = replace(where, number=where.number or self._begin(db, where))
                    self._journal.turns.put(db, where.number, turn)
        except JournalError as error:
            self._warn(str(error))
        if where:
            self._all[where.name] = where.with_turn(turn)
            if turn.place:
                self._made[turn.place] = where.name

    def begin_cell(self) -> None:
        """A cell is run: what it makes is counted from here."""
        self._made.clear()

    def end_cell(self, cell: str, made: int) -> None:
        """A cell has been run with `made` places: turns that it made earlier, but not now, go."""
        for name in {self._name, *self._made.values()}:
            here = {n for n in range(made) if self._made.get(Place(cell, n), name) == name}
            self._remove(self._all[name], self._all[name].rest(cell, here))

    def new(self, name: str) -> Conversation:
        """Begin one anew and make it current; gives the one left behind under this name."""
        behind = self.named(name)
        self._switch(Conversation(checked(name)))
        return behind

    def use(self, name: str) -> bool:
        """Make one current, as the journal has it; False when it is a new one."""
        had = self._all.get(checked(name))
        stored = self._loaded(name)
        if stored and (had is None or not had.turns or had.number == stored.number):
            unwritten = [t for t in had.turns if not t.call] if had else []
            self._all[name] = replace(stored, turns=(*stored.turns, *unwritten))
            self._name = name
            self._write(lambda db: self._journal.turns.use(db, stored.number, self._now()))
            return True
        self._switch(had or Conversation(name))
        return had is not None

    def fork(self, name: str) -> bool:
        """Go on in a copy of the current one; True when it replaces one of this name."""
        if checked(name) == self._name:
            raise CommandError(f"this conversation is {name!r} already; fork takes another name")
        there = name in self.names()
        self._switch(replace(self.current, name=name, number=0))
        return there

    def drop(self, number: int | None) -> Turn:
        """Take a turn back; gives it."""
        _, turn = self.current.drop(number)
        self._remove(self.current, (turn,))
        return turn

    def set_system(self, system: str) -> None:
        """Another system prompt for the current one."""
        now = replace(self.current, system=system)
        self.current = now
        if now.number:
            self._write(lambda db: self._journal.turns.set_system(db, now.number, system))

    def forget(self, call: int) -> None:
        """A call was forgotten: its turn is no longer in any of them."""
        for name, one in self._all.items():
            self._all[name] = one.without([t for t in one.turns if t.call == call])

    def bring_back(self) -> str:
        """In a new kernel: the current conversation of this notebook, as far as the saved file
        has its cells, in the file's order. Gives what to tell the user, "" for nothing.
        """
        path = self._file()
        ids = notebook.cell_ids(path) if path else None
        stored = self._loaded(None) if ids is not None else None
        if ids is None or stored is None:
            return ""
        order = {cell: i for i, cell in enumerate(ids)}
        turns = [t for t in stored.turns if t.place and t.place.cell in order]
        turns.sort(key=lambda t: (order[t.place.cell], t.place.ordinal) if t.place else (0, 0))
        self.current = replace(stored, turns=tuple(turns))
        if not turns and not stored.system:
            return ""
        return _came_back(stored, len(turns))

    def restore(self, turns: Sequence[Turn], name: str | None) -> int:
        """Take in turns that a file carries: those that the current one lacks, in the file's
        order; under a name they are a conversation of their own. Gives how many are new.
        """
        if name is not None:
            turns = [replace(t, place=None) for t in turns]
            self._switch(Conversation(checked(name), "", tuple(turns)))
            return len(turns)
        now = self.current
        places = {t.place for t in now.turns}
        missing = [replace(t, run=0) for t in turns if t.place not in places]
        if missing:
            order = {t.place: i for i, t in enumerate(turns)}
            merged = sorted((*now.turns, *missing), key=lambda t: order.get(t.place, len(order)))
            self._switch(replace(now, turns=tuple(merged), number=0))
        return len(missing)

    def gone(self) -> frozenset[int]:
        """Which turns of the current one have lost their cell: those (from 0) whose cell the
        notebook no longer has, although it was saved after they were asked.
        """
        path = self._file()
        ids = notebook.cell_ids(path) if path else None
        if path is None or ids is None:
            return frozenset()
        saved = os.stat(path).st_mtime
        return frozenset(
            i
            for i, t in enumerate(self.current.turns)
            if t.place and t.place.cell not in ids and t.at < saved
        )

    def _loaded(self, name: str | None) -> Conversation | None:
        """One from the journal, the one used last without a name; None if there is none."""
        try:
            with self._journal.read() as db:
                known = self._journal.turns.known(db, self._scope())
                found = next((k for k in known if name in (None, k.name)), None)
                return self._journal.turns.load(db, found) if found else None
        except JournalError as error:
            self._warn(str(error))
        return None

    def _switch(self, to: Conversation) -> None:
        """Make this one current, and give it a row of its own with its turns."""

        def write(db: Any) -> Conversation:
            number = self._begin(db, to)
            turns = tuple(t if t.call else self._restored(db, t, to.name) for t in to.turns)
            for position, turn in enumerate(turns):
                self._journal.turns.put(db, number, turn, position - len(turns))
            return replace(to, turns=turns, number=number)

        if to.number:
            self._write(lambda db: self._journal.turns.use(db, to.number, self._now()))
        else:
            to = self._write(write) or to
        self.current = to

    def _restored(self, db: Any, turn: Turn, name: str) -> Turn:
        """A turn from a file, written down as one that this machine knows from now on."""
        asked = Asked(
            os.urandom(16),
            self._now(),
            "restored",
            "",
            self._scope(),
            turn.model,
            turn.messages()[:1],
            conversation=name,
            cell=turn.place.cell if turn.place else "",
        )
        reply = Reply(turn.reply, Call(turn.model, cost=0.0))
        return replace(turn, call=self._journal.calls.chat(db, asked, reply, turn.state))

    def _remove(self, where: Conversation, turns: Sequence[Turn]) -> None:
        if not turns:
            return
        if where.number:
            self._write(lambda db: self._journal.turns.remove(db, where.number, turns))
        self._all[where.name] = where.without(turns)

    def _begin(self, db: Any, one: Conversation) -> int:
        return self._journal.turns.begin(db, self._scope(), one.name, one.system, self._now())

    def _write(self, act: Callable[[Any], T]) -> T | None:
        """Something done in a transaction; None, and a warning, when the journal is of no use."""
        try:
            with self._journal.write() as db:
                return act(db)
        except JournalError as error:
            self._warn(str(error))
        return None

    def _now(self) -> float:
        return self._timing().now()


def checked(name: str) -> str:
    """A conversation's name: one word or more, on one line. Raises CommandError."""
    if name != name.strip() or not 0 < len(name) <= NAME_LIMIT or not name.isprintable():
        raise CommandError(
            f"a conversation's name is one line of up to {NAME_LIMIT} characters, "
            f"not {one_line(name, 40)!r}"
        )
    return name


def _came_back(stored: Conversation, turns: int) -> str:
    """What to say about a conversation of which so many turns came back."""
    what = f"{turns} turn{'s' * (turns != 1)} of this notebook" if turns else ""
    what += (" and its system prompt" if what else "its system prompt") if stored.system else ""
    left = len(stored.turns) - turns
    more = f"; {left} more, whose cells the saved file does not have: %zai use {stored.name}"
    return (
        f"{what} came back ({stored.name}); %zai history shows the conversation, "
        f"%zai new begins another{more if left else ''}"
    )
