"""A turn: one question and its answer, the cell that made it, and what it was asked after.

Pure, like the conversation that it is a turn of.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from .types import Json, Reply


class Place(NamedTuple):
    """Whose turn: the cell's id, and the how-manieth of that cell's execution (from 0)."""

    cell: str
    ordinal: int = 0


class Setting(NamedTuple):
    """Where a system prompt was set: the place of the command, counted apart from the turns, and
    the conversation, which is another than the one that knows it in a fork's copy.
    """

    place: Place
    name: str


@dataclass(frozen=True, slots=True)
class Turn:
    """One question and its answer.

    `run` counts the turns asked in this conversation, so a turn is older than its context when
    one before it has a greater `run`. `state` is complete, incomplete or interrupted. `params` are
    the request's, beside model and messages; `at` is when it was asked (seconds since 1970, UTC);
    `call` is its number in the journal, 0 when it is not there. `tokens` is what the service
    counted for the whole request and this answer, 0 when it did not say. `asked_in` is
    the conversation that it was asked in, another than the one of which it is a turn in a fork's
    copies; `named` says that it was asked for by name, and not the current one. `past` are the
    turns that it was asked after; `rounds` the messages of tool calls and their results between
    the question and the answer.
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
    asked_in: str = ""
    named: bool = False
    past: Past | None = field(default=None, repr=False, compare=False)
    rounds: tuple[Json, ...] = ()
    _weight: int = field(default=0, repr=False, compare=False)

    @property
    def prompt(self) -> str:
        """The user's words, attachments aside."""
        if isinstance(self.user, str):
            return self.user
        return "\n".join(part["text"] for part in self.user if part.get("type") == "text")

    @property
    def answer(self) -> Reply:
        """The reply with its code; from the journal it is the words alone."""
        return self.reply if isinstance(self.reply, Reply) else Reply(self.reply)

    @property
    def attachments(self) -> int:
        """How many attachments went with the words."""
        if isinstance(self.user, str):
            return 0
        return sum(part.get("type") != "text" for part in self.user)

    def messages(self) -> list[Json]:
        """What a later request carries of this turn: also its rounds after which no answer came.
        An answer without words is left out, since the service refuses empty messages; thinking is
        sent back in tool rounds only.

        Made anew each time, as most turns of a long conversation are sent no more; the words in
        them are always the same objects, by which the encoder and the journal know them at once.
        """
        content = self.user if isinstance(self.user, str) else list(self.user)
        said: list[Json] = [{"role": "user", "content": content}, *self.rounds]
        if self.reply:
            # The reply itself, not a copy of its words: a long conversation has them once.
            said.append({"role": "assistant", "content": self.reply})
        return said

    def contents(self) -> list[Any]:
        """What its messages say: texts, or lists of parts where there are images."""
        return [self.user, *(message.get("content") for message in self.rounds)]

    @property
    def weight(self) -> int:
        """The tokens of its messages, roughly."""
        if not self._weight:
            object.__setattr__(self, "_weight", estimate(self.messages()))
        return self._weight

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


class Past(NamedTuple):
    """The turns that a request carries, the last one first in reach: each request adds one link to
    that of the turn before, so that a thousand replies that know theirs hold no list each.
    """

    before: Past | None
    turn: Turn

    def turns(self) -> list[Turn]:
        """The turns, the first one first."""
        found = []
        link: Past | None = self
        while link is not None:
            found.append(link.turn)
            link = link.before
        return found[::-1]


def estimate(messages: Sequence[Json]) -> int:
    """Tokens that messages have, roughly: four bytes of UTF-8 make one, an image about 1,000."""
    total = 0
    for message in messages:
        content = message.get("content") or ""
        total += sum(_bytes(str(call)) // 4 for call in message.get("tool_calls") or ())
        if isinstance(content, str):
            total += _bytes(content) // 4 + 4
            continue
        for part in content:
            text = part.get("text")
            total += 1000 if text is None else _bytes(text) // 4 + 4
    return total


def _bytes(text: str) -> int:
    return len(text) if text.isascii() else len(text.encode("utf-8", "replace"))
