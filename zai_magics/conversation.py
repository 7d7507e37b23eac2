"""A conversation as a value: turns, the cells that made them, and what a next request carries.

A turn belongs to a cell. Running the cell again replaces its turn, with the turns before it as
context; nothing piles up. Pure: every change is a new Conversation.
"""

from __future__ import annotations

from collections.abc import Container, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from typing import Any, NamedTuple

from .errors import CommandError
from .types import Json
from .wire import chat


class Place(NamedTuple):
    """Whose turn: the cell's id, and the how-manieth of that cell's execution (from 0)."""

    cell: str
    ordinal: int = 0


@dataclass(frozen=True, slots=True)
class Turn:
    """One question and its answer.

    `run` counts the turns asked in this conversation, so a turn is older than its context when
    one before it has a greater `run`. `state` is complete, incomplete or interrupted. `params` are
    the request's, beside model and messages; `at` is when it was asked (seconds since 1970, UTC);
    `call` is its number in the journal, 0 when it is not there. `tokens` is what the service
    counted for the whole request and this answer, 0 when it did not say.
    """

    user: str | tuple[Json, ...]
    reply: str
    model: str = ""
    place: Place | None = None
    thinking: str = ""
    state: str = "complete"
    run: int = 0
    params: Json = field(default_factory=dict)
    at: float = 0.0
    call: int = 0
    tokens: int = 0
    _messages: list[Json] = field(default_factory=list, repr=False, compare=False)

    @property
    def prompt(self) -> str:
        """The user's words, attachments aside."""
        if isinstance(self.user, str):
            return self.user
        return "\n".join(part["text"] for part in self.user if part.get("type") == "text")

    @property
    def attachments(self) -> int:
        """How many attachments went with the words."""
        if isinstance(self.user, str):
            return 0
        return sum(part.get("type") != "text" for part in self.user)

    def messages(self) -> list[Json]:
        """What a later request carries of this turn. An answer without words is left out,
        since the service refuses empty messages; thinking is sent back in tool rounds only.

        Always the same objects: every later reply holds them, and the journal knows them again.
        """
        if not self._messages:
            content = self.user if isinstance(self.user, str) else list(self.user)
            self._messages.append({"role": "user", "content": content})
            if self.reply:
                self._messages.append(chat.assistant(self.reply))
        return self._messages

    def to_dict(self) -> Json:
        """Everything, as JSON can carry it."""
        return {
            "user": self.user if isinstance(self.user, str) else list(self.user),
            "reply": str(self.reply),
            "model": self.model,
            "place": list(self.place) if self.place else None,
            "thinking": self.thinking,
            "state": self.state,
            "run": self.run,
            "params": self.params,
            "at": self.at,
            "call": self.call,
            "tokens": self.tokens,
        }

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Turn:
        """What `to_dict` gave."""
        user, place = data["user"], data.get("place")
        return cls(
            user if isinstance(user, str) else tuple(user),
            data["reply"],
            data.get("model", ""),
            Place(*place) if place else None,
            data.get("thinking", ""),
            data.get("state", "complete"),
            data.get("run", 0),
            data.get("params") or {},
            data.get("at", 0.0),
            data.get("call", 0),
            data.get("tokens", 0),
        )


@dataclass(frozen=True, slots=True)
class Conversation:
    """Turns in the order of their cells' first run, and the system prompt before them.

    `conversation.request("Hi", place)` gives the messages to send, `conversation.with_turn(turn)`
    the conversation after it. `number` is its own in the journal, 0 when it is not there.
    """

    name: str = "main"
    system: str = ""
    turns: tuple[Turn, ...] = ()
    number: int = 0

    def index(self, place: Place | None) -> int:
        """Where a cell's turn stands, or would: the end for a new cell or without a place."""
        if place is not None:
            with suppress(ValueError):
                return [turn.place for turn in self.turns].index(place)
        return len(self.turns)

    def request(
        self,
        user: str | tuple[Json, ...],
        place: Place | None = None,
        system: str | None = None,
        skip: int = 0,
    ) -> list[Json]:
        """The messages of a request: system, the turns before this place, the user's words.

        The first `skip` turns are left out.
        """
        said = self.system if system is None else system
        messages: list[Json] = [{"role": "system", "content": said}] if said else []
        for turn in self.turns[skip : self.index(place)]:
            messages += turn.messages()
        return [*messages, *Turn(user, "").messages()]

    def beyond(self, limit: int, place: Place | None = None) -> int:
        """How many of the first turns to leave out so that the others fit into `limit` tokens.

        Down to half of it at once: a window that slid with every turn would share no beginning
        with the request before it, which the service caches and bills at a fifth.
        """
        turns = self.turns[: self.index(place)]
        scale = _scale(turns)
        sizes = [int(scale * estimate(turn.messages())) for turn in turns]
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

    def with_turn(self, turn: Turn) -> Conversation:
        """With this turn in its cell's place, as the one run last."""
        at = self.index(turn.place)
        run = max([t.run for t in self.turns], default=0) + 1
        turns = (*self.turns[:at], replace(turn, run=run), *self.turns[at + 1 :])
        return replace(self, turns=turns)

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


def estimate(messages: Sequence[Json]) -> int:
    """Tokens that messages have, roughly: four bytes of UTF-8 make one, an image about 1,000."""
    total = 0
    for message in messages:
        content = message.get("content") or ""
        if isinstance(content, str):
            total += _bytes(content) // 4 + 4
            continue
        for part in content:
            text = part.get("text")
            total += 1000 if text is None else _bytes(text) // 4 + 4
    return total


def _bytes(text: str) -> int:
    return len(text) if text.isascii() else len(text.encode("utf-8", "replace"))


def _scale(turns: Sequence[Turn]) -> float:
    """How much more than estimated the service counted, where it last said: figures and code have
    more tokens than prose.
    """
    for i in range(len(turns) - 1, -1, -1):
        if turns[i].tokens:
            guess = sum(estimate(t.messages()) for t in turns[: i + 1])
            return min(4.0, max(1.0, turns[i].tokens / max(1, guess)))
    return 1.0
