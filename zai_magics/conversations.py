"""The conversations of one notebook: which one is current, and how they outlive the kernel.

What happens to them happens in memory and in the journal; without a journal, in memory alone.
"""

from __future__ import annotations

from collections.abc import Callable, Container, Sequence
from dataclasses import replace
from typing import Any

from . import defaults, homes
from .conversation import NAME_LIMIT, Conversation, Place, Turn, is_name
from .errors import CommandError, one_line
from .journal import Asked, Forgiving, Journal, Known
from .retry import Timing
from .types import Reply


class Conversations:
    """`conversations.current`, `conversations.add(asked, reply, turn)`, `conversations.new("b")`.

    `scope` gives the name under which the journal knows the notebook; `warn` is told when the
    journal cannot be used; `gone` says which turns' cells have been deleted.
    """

    def __init__(
        self,
        journal: Journal,
        scope: Callable[[], str],
        timing: Callable[[], Timing],
        warn: Callable[[str], None],
        gone: Callable[[Conversation], Container[int]] = lambda one: (),
    ) -> None:
        self._calls, self._turns = journal.calls, journal.turns
        self._scope, self._timing, self._gone = scope, timing, gone
        forgiving = Forgiving(journal, warn)
        self._write, self._read = forgiving.write, forgiving.read
        self._all = {defaults.CONVERSATION: Conversation()}
        self._name = defaults.CONVERSATION
        self._made: dict[Place, str] = {}
        self._ran: dict[str, int] = {}
        self._begun = False  # whether the current one was chosen in this kernel
        self._since = 0.0  # when this notebook began, where the journal knows an older one

    @property
    def current(self) -> Conversation:
        """The one that turns are added to."""
        return self._all[self._name]

    @current.setter
    def current(self, conversation: Conversation) -> None:
        self._name = conversation.name
        self._all[conversation.name] = conversation

    def named(self, name: str) -> Conversation:
        """One from memory, from the journal, or new."""
        if name not in self._all:
            self._all[checked(name)] = self._loaded(name) or Conversation(name)
        return self._all[name]

    def home(self, place: Place | None, name: str | None) -> Conversation:
        """The one that a cell's turn goes to: the one named, else where the cell's turn is, else
        the current one. So running all cells again ends in the same conversations, whichever of
        them is current when it begins.
        """
        if name is not None:
            return self.named(name)
        return homes.of_turn(self._all.values(), self.current, place, self._begun)

    def names(self) -> list[str]:
        """All of this notebook, the current one first. One without turns and system prompt is none:
        a name that was mistyped once would be there for ever.
        """
        here = (name for name, one in self._all.items() if one.turns or one.system)
        stored = (k.name for k in self._known() if k.turns or k.system)
        return list(dict.fromkeys((self._name, *here, *stored)))

    def add(self, asked: Asked, reply: Reply, state: str, turn: Turn | None = None) -> None:
        """Write a call down, and the turn that it ends to the conversation that `asked` names."""
        where = self._all[asked.conversation] if turn else None

        def write(db: Any) -> tuple[int, int]:
            call = self._calls.chat(db, asked, reply, state)
            number = 0
            if where and turn:
                number = where.number or self._row(db, where)
                self._turns.put(db, number, replace(turn, call=call))
            return call, number

        call, number = self._write(write) or (0, where.number if where else 0)
        if where and turn:
            # Not always a copy: one that is kept knows its places without looking for them.
            where = where if where.number == number else replace(where, number=number)
            self._all[where.name] = where.with_turn(turn, call)
            if turn.place:
                self._made[turn.place] = where.name
                self._move(turn, turn.place, where)

    def begin_cell(self, cell: str) -> None:
        """A cell is run: what it makes is counted from here."""
        self._made.clear()
        self._ran.setdefault(cell, len(self._ran))

    def end_cell(self, cell: str, made: int) -> None:
        """A cell has been run with `made` places: turns that it made earlier, but not now, go."""
        for name, one in list(self._all.items()):
            if name in (self._name, *self._made.values()):
                here = {n for n in range(made) if self._made.get(Place(cell, n), name) == name}
                self._remove(one, one.rest(cell, here))
            else:
                rest = one.rest(cell, range(made))
                self._remove(one, [t for t in rest if t.asked_in == name])

    def ran_after(self, cell: str) -> frozenset[str]:
        """The cells that were first run after this one."""
        since = self._ran.get(cell, len(self._ran)) if cell else len(self._ran)
        return frozenset(other for other, when in self._ran.items() if when > since)

    def _move(self, turn: Turn, place: Place, to: Conversation) -> None:
        """A cell that asks elsewhere now takes its turn along; the copies of a fork stay."""
        for one in list(self._all.values()):
            had = homes.turn_at(one, place)
            asked_here = had and had.asked_in == one.name and one.name != to.name
            if had and asked_here and (turn.named or had.named):
                self._remove(one, (had,))

    def new(self, name: str) -> Conversation:
        """Begin one anew and make it current; gives the one left behind under this name."""
        behind = self.named(name)
        self.switch(Conversation(name))
        return behind

    def use(self, name: str) -> bool:
        """Make one current, as the journal has it but for the turns of deleted cells that are not
        here; False when it is a new one.
        """
        had = self._all.get(checked(name))
        stored = self._loaded(name, had)
        if stored and (had is None or not had.turns or had.number == stored.number):
            self.switch(replace(stored, turns=_merged(had.turns if had else (), stored.turns)))
            return True
        self.switch(had or Conversation(name))
        return had is not None

    def fork(self, name: str, beside: Container[str]) -> bool:
        """Go on in a copy of the current one; True when it replaces one of this name.

        Made anew, it leaves out the turns of the cells `beside`, which stand below the fork's.
        """
        there = checked(name) in self.names()
        turns = self.current.turns
        # Also one that was empty: it was made by this cell before there was anything to copy.
        if there or name in self._all or any(k.name == name for k in self._known()):
            turns = tuple(t for t in turns if not (t.place and t.place.cell in beside))
        self.switch(replace(self.current, name=name, turns=turns, number=0))
        return there

    def drop(self, number: int | None) -> Turn:
        """Take a turn back; gives it."""
        _, turn = self.current.drop(number)
        self._remove(self.current, (turn,))
        return turn

    def set_system(self, system: str, place: Place | None = None) -> Conversation:
        """Another system prompt for the one that a cell has set it of, else for the current one.
        Gives that one.
        """
        home = homes.of_system(self._all.values(), self.current, place, self._begun)
        now = home.with_system(system, place)

        def write(db: Any) -> int:
            number = now.number or self._row(db, now)
            self._turns.set_system(db, number, now)
            return number

        now = replace(now, number=self._write(write) or now.number)
        self._all[now.name] = now
        return now

    def forget(self, call: int) -> None:
        """A call was forgotten: its turn is no longer in any of them."""
        for name, one in self._all.items():
            self._all[name] = one.without([t for t in one.turns if t.call == call])

    def come_back(self, kept: Callable[[Conversation], Conversation]) -> Conversation | None:
        """In a new kernel: this notebook's conversations from the journal, each as far as `kept`
        leaves it. Gives the whole of the one that is current now, None if there are none.

        Where nothing is left of all their turns, they are another notebook's that had this name.
        """

        def load(db: Any) -> list[Conversation]:
            return [self._turns.load(db, k) for k in self._turns.known(db, self._scope())]

        stored: list[Conversation] = self._read(load, [])
        back = {one.name: kept(one) for one in stored}
        if any(o.turns for o in stored) and not any(o.turns for o in back.values()):
            self._since = self._now()
            return None
        self._all.update(back)
        self._name = stored[0].name if stored else self._name
        return stored[0] if stored else None

    def switch(self, to: Conversation) -> None:
        """Make this one current. One without a number is written down as new, with its turns."""

        if to.number:
            self._write(lambda db: self._turns.use(db, to.number, self._now()))
        else:
            to = self._write(lambda db: self._turns.write(db, self._scope(), to, self._now())) or to
        self.current, self._begun = to, True

    def _known(self) -> list[Known]:
        return self._read(lambda db: self._turns.known(db, self._scope()), [])

    def _loaded(self, name: str, had: Conversation | None = None) -> Conversation | None:
        """One from the journal: the turns that it `had`, and those whose cells there are."""

        def load(db: Any) -> Conversation | None:
            found = self._turns.named(db, self._scope(), name)
            return self._turns.load(db, found) if found else None

        one = self._read(load, None)
        if one is None:
            return None
        gone, held = self._gone(one), {t.call for t in had.turns} if had else ()
        kept = (t for i, t in enumerate(one.turns) if i not in gone or t.call in held)
        return replace(one, turns=tuple(kept))

    def _remove(self, where: Conversation, turns: Sequence[Turn]) -> None:
        if not turns:
            return
        if where.number:
            self._write(lambda db: self._turns.remove(db, where.number, turns))
        self._all[where.name] = where.without(turns)

    def _row(self, db: Any, one: Conversation) -> int:
        used = self._now() if one.name == self._name else 0.0  # a -c makes none the current one
        return self._turns.row(db, self._scope(), one, used, self._since)

    def _now(self) -> float:
        return self._timing().now()


def _merged(held: Sequence[Turn], stored: Sequence[Turn]) -> tuple[Turn, ...]:
    """The turns as the journal has them. Where those that were here had an order of their own (the
    file's), it stays, and the others follow; what could not be written down stays too.
    """
    rest = {t.place or t.call: t for t in stored}
    kept = [rest.pop(t.place or t.call, None if t.call else t) for t in held]
    found = [t for t in kept if t]
    same = [t for t in stored if t in found] == [t for t in found if t.call]
    if same:
        return (*stored, *(t for t in found if not t.call))
    return (*found, *rest.values())


def checked(name: str) -> str:
    """A conversation's name. Raises CommandError for what is none."""
    if not is_name(name):
        raise CommandError(
            f"a conversation's name is one line of up to {NAME_LIMIT} characters, "
            f"not {one_line(name, 40)!r}"
        )
    return name
