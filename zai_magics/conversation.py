"""A conversation as a value: turns, the cells that made them, and what a next request carries.

A turn belongs to a cell. Running the cell again replaces its turn, with the turns before it as
context; nothing piles up. Pure: every change is a new Conversation.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
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
    one before it has a greater `run`. `state` is complete, incomplete or interrupted.
    """

    user: str | tuple[Json, ...]
    reply: str
    model: str = ""
    place: Place | None = None
    thinking: str = ""
    state: str = "complete"
    run: int = 0

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
        """
        content = self.user if isinstance(self.user, str) else list(self.user)
        asked: Json = {"role": "user", "content": content}
        return [asked, chat.assistant(self.reply)] if self.reply else [asked]

    def to_dict(self) -> Json:
        """Everything, as JSON can carry it."""
        return {
            "user": self.user if isinstance(self.user, str) else list(self.user),
            "reply": self.reply,
            "model": self.model,
            "place": list(self.place) if self.place else None,
            "thinking": self.thinking,
            "state": self.state,
            "run": self.run,
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
        )


@dataclass(frozen=True, slots=True)
class Conversation:
    """Turns in the order of their cells' first run, and the system prompt before them.

    `conversation.request("Hi", place)` gives the messages to send, `conversation.with_turn(turn)`
    the conversation after it.
    """

    name: str = "main"
    system: str = ""
    turns: tuple[Turn, ...] = ()

    def index(self, place: Place | None) -> int:
        """Where a cell's turn stands, or would: the end for a new cell or without a place."""
        for i, turn in enumerate(self.turns):
            if place is not None and turn.place == place:
                return i
        return len(self.turns)

    def request(
        self, user: str | tuple[Json, ...], place: Place | None = None, system: str | None = None
    ) -> list[Json]:
        """The messages of a request: system, the turns before this place, the user's words."""
        said = self.system if system is None else system
        messages: list[Json] = [{"role": "system", "content": said}] if said else []
        for turn in self.turns[: self.index(place)]:
            messages += turn.messages()
        return [*messages, *Turn(user, "").messages()]

    def with_turn(self, turn: Turn) -> Conversation:
        """With this turn in its cell's place, as the one run last."""
        at = self.index(turn.place)
        run = max((t.run for t in self.turns), default=0) + 1
        turns = (*self.turns[:at], replace(turn, run=run), *self.turns[at + 1 :])
        return replace(self, turns=turns)

    def without_rest(self, cell: str, made: int) -> Conversation:
        """Without the turns that a cell made earlier but not in its newest execution."""
        kept = tuple(
            t
            for t in self.turns
            if not (t.place and t.place.cell == cell and t.place.ordinal >= made)
        )
        return self if len(kept) == len(self.turns) else replace(self, turns=kept)

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
