"""What a turn is to send, and how it may end."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from ..conversation import Context, Conversation, Place
from ..errors import Interrupted, SchemaError, ZaiError
from ..types import Json, Reply

if TYPE_CHECKING:
    from ..schema import Schema

Trouble = ZaiError | Interrupted | None
"""What ended a turn too early."""


@dataclass(frozen=True, slots=True)
class Plan:
    """What a turn is to send: to whom, with which parameters, after which messages.

    `where` is the conversation that it becomes a turn of; `named` says that it was asked for by
    name, `alone` that it is a turn of none; `again` asks whatever is recorded. `params` gives a
    model's parameters. `note` is said under the answer.
    """

    where: Conversation
    place: Place | None
    carried: Context
    model: str
    params: Callable[[str], Json]
    note: str = ""
    named: bool = False
    alone: bool = False
    wanted: Schema | None = None
    again: bool = False


def without_calls(reply: Reply, trouble: Trouble) -> Reply:
    """An answer whose calls came to no end: its words. The calls are steps."""
    ended = Reply(str(reply), replace(reply.call, note=ending(trouble)), reply.thinking)
    ended.asked = reply.asked
    return ended


def ending(trouble: Trouble) -> str:
    """What an answer that ended so says of itself, "" for a whole one."""
    if trouble is None:
        return ""
    return "interrupted" if isinstance(trouble, Interrupted) else "incomplete: it broke off here"


def state_of(trouble: Trouble) -> str:
    """The state of a turn that ended so."""
    if trouble is None or isinstance(trouble, SchemaError):
        return "complete"
    return "interrupted" if isinstance(trouble, Interrupted) else "incomplete"
