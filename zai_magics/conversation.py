"""A conversation as a value: turns, the cells that made them, and what a next request carries.

A turn belongs to a cell. Running the cell again replaces its turn, with the turns before it as
context; nothing piles up. Pure: every change is a new Conversation.
"""

from __future__ import annotations

import operator
from collections.abc import Container, Iterator, Sequence
from dataclasses import dataclass, field, replace

from . import defaults
from .errors import CommandError
from .turn import Past as Past
from .turn import Place as Place
from .turn import Setting as Setting
from .turn import Turn as Turn
from .turn import estimate as estimate
from .types import Json

NAME_LIMIT = 60


@dataclass(frozen=True, slots=True)
class Context:
    """A request's messages, as often as they are asked for: `list(context)`. `rounds` are those
    of tool calls and their results.
    """

    system: str
    past: Past | None
    user: str | tuple[Json, ...]
    rounds: tuple[Json, ...] = ()

    def __iter__(self) -> Iterator[Json]:
        if self.system:
            yield {"role": "system", "content": self.system}
        for turn in self.past.turns() if self.past else ():
            yield from turn.messages()
        yield Turn(self.user, "").messages()[0]
        yield from self.rounds


@dataclass(frozen=True, slots=True)
class Conversation:
    """Turns in the order of their cells' first run, and the system prompt before them.

    `conversation.request("Hi", place)` gives the messages to send, `conversation.with_turn(turn)`
    the conversation after it. `number` is its own in the journal, 0 when it is not there.
    `settings` are the places at which its system prompt was set, so that a command run again
    finds the conversation that it is about.
    """

    name: str = defaults.CONVERSATION
    system: str = ""
    turns: tuple[Turn, ...] = ()
    number: int = 0
    settings: tuple[Setting, ...] = ()
    # What would take as long as the conversation is to find out for every turn; a conversation
    # that grew by a turn takes it over.
    _places: dict[Place, int] = field(init=False, default_factory=dict, repr=False, compare=False)
    _runs: list[int] = field(init=False, default_factory=list, repr=False, compare=False)

    def index(self, place: Place | None) -> int:
        """Where a cell's turn stands, or would: the end for a new cell or without a place."""
        if place is None:
            return len(self.turns)
        if not self._places:
            self._places.update({t.place: i for i, t in enumerate(self.turns) if t.place})
        at = self._places.get(place, len(self.turns))
        # What another that grew from the same one has added is not in this one.
        there = at < len(self.turns) and self.turns[at].place == place
        return at if there else len(self.turns)

    def context(
        self,
        user: str | tuple[Json, ...],
        place: Place | None = None,
        system: str | None = None,
        skip: int = 0,
    ) -> Context:
        """What a request carries: system, the turns before this place, the user's words.

        The first `skip` turns are left out.
        """
        turns = self.turns[skip : self.index(place)]
        return Context(self.system if system is None else system, _past(turns), user)

    def request(
        self, user: str | tuple[Json, ...], place: Place | None = None, system: str | None = None
    ) -> list[Json]:
        """The same as a list of messages."""
        return list(self.context(user, place, system))

    def beyond(self, limit: int, place: Place | None = None) -> int:
        """How many of the first turns to leave out so that the others fit into `limit` tokens.

        Down to half of it at once: a window that slid with every turn would share no beginning
        with the request before it, which the service caches and bills at a fifth.
        """
        turns = self.turns[: self.index(place)]
        scale = _scale(turns)
        sizes = [int(scale * turn.weight) for turn in turns]
        start, total = 0, 0
        for i, size in enumerate(sizes):
            total += size
            if total > limit:
                while start < i and total > limit // 2:
                    total -= sizes[start]
                    start += 1
            if total > limit:  # this one alone is too long
                start, total = i + 1, 0
        return start

    def with_turn(self, turn: Turn, call: int = 0) -> Conversation:
        """With this turn in its cell's place, as the one run last; `call` is its number in the
        journal.
        """
        at = self.index(turn.place)
        run = 1 + (self._runs[0] if self._runs else max((t.run for t in self.turns), default=0))
        turns = (*self.turns[:at], replace(turn, run=run, call=call), *self.turns[at + 1 :])
        grown = replace(self, turns=turns)
        grown._runs.append(run)
        if turn.place:
            self._places[turn.place] = at
            object.__setattr__(grown, "_places", self._places)
        return grown

    def with_system(self, system: str, place: Place | None = None) -> Conversation:
        """With another system prompt, set at this place."""
        others = tuple(s for s in self.settings if s.place != place)
        settings = (*others, Setting(place, self.name)) if place else self.settings
        return replace(self, system=system, settings=settings)

    def rest(self, cell: str, made: Container[int]) -> tuple[Turn, ...]:
        """The turns that a cell made earlier, but not in its newest execution, which made those
        with these ordinals.
        """
        return tuple(
            t
            for t in self.turns
            if t.place and t.place.cell == cell and t.place.ordinal not in made
        )

    def without(self, turns: Container[Turn]) -> Conversation:
        """Without these turns."""
        return replace(self, turns=tuple(t for t in self.turns if t not in turns))

    def drop(self, number: int | None = None) -> tuple[Conversation, Turn]:
        """Without turn `number` (from 1), or without the one run last; and the dropped turn."""
        if not self.turns:
            raise CommandError("there is no turn to drop; %zai history shows the conversation")
        if number is None:
            at = max(range(len(self.turns)), key=lambda i: self.turns[i].run)
        elif 1 <= number <= len(self.turns):
            at = number - 1
        else:
            raise CommandError(
                f"there is no turn {number}: the conversation has {len(self.turns)} (%zai history)"
            )
        return replace(self, turns=self.turns[:at] + self.turns[at + 1 :]), self.turns[at]

    def stale(self, at: int) -> bool:
        """Whether turn `at` is older than its context: one before it was run again since."""
        return any(t.run > self.turns[at].run for t in self.turns[:at])


@dataclass(frozen=True, slots=True)
class Transcript:
    """A conversation to be read. `gone` are the turns (from 0) whose cell the notebook has lost;
    `note` stands below it.
    """

    conversation: Conversation
    gone: frozenset[int] = frozenset()
    note: str = ""


def is_name(text: str) -> bool:
    """Whether a conversation can have this name: one word or more, on one line."""
    return text == text.strip() and 0 < len(text) <= NAME_LIMIT and text.isprintable()


def _past(turns: Sequence[Turn]) -> Past | None:
    """The path of these turns, as a link to that of the last one where it is the same."""
    if not turns:
        return None
    *before, last = turns
    known = last.past.turns() if last.past else []
    if len(known) == len(before) and all(map(operator.is_, known, before)):
        return Past(last.past, last)
    path: Past | None = None
    for turn in turns:
        path = Past(path, turn)
    return path


def _scale(turns: Sequence[Turn]) -> float:
    """How much more than estimated the service counted, where it last said: figures and code have
    more tokens than prose.
    """
    for i in range(len(turns) - 1, -1, -1):
        if turns[i].tokens:
            guess = sum([t.weight for t in turns[: i + 1]])
            return min(4.0, max(1.0, turns[i].tokens / max(1, guess)))
    return 1.0
