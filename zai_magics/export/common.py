"""What the forms share: how a turn is told of, its parameters, JSON text, the mark of a file."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

from ..conversation import Conversation, Turn
from ..text import plural
from ..types import Json

VERSION = 1
_HALF = re.compile("[\ud800-\udfff]")
# What a request consists of or how it is carried, which is not a parameter of the answer.
_CARRIED = {"messages", "model", "stream"}


def params(turn: Turn) -> Json:
    """The parameters that the turn was asked with, but for functions of the notebook that it was
    asked in: nothing in an export could run them.
    """
    given = {
        name: value
        for name, value in turn.params.items()
        if value is not None and name not in _CARRIED
    }
    tools = given.pop("tools", None)
    rest = [t for t in tools if t.get("type") != "function"] if isinstance(tools, list) else []
    return {**given, "tools": rest} if rest else given


def marks(conversation: Conversation, at: int) -> list[str]:
    """What is said quietly of turn `at` (from 0): model, attachments, state."""
    turn = conversation.turns[at]
    images = plural(turn.attachments, "image")
    return [
        *([turn.model] if turn.model else []),
        *([images] if turn.attachments else []),
        *([turn.state] if turn.state != "complete" else []),
        *(["older than its context"] if conversation.stale(at) else []),
    ]


def to_json(value: Any, indent: int) -> str:
    """JSON that UTF-8 can carry: halves of characters, and nothing else, are escaped."""
    text = json.dumps(value, indent=indent, ensure_ascii=False) + "\n"
    return _HALF.sub(lambda half: f"\\u{ord(half[0]):04x}", text)


def begins_with(path: Path, mark: str) -> bool:
    """Whether a file's first bytes are these."""
    with open(path, "rb") as file:
        return file.read(len(mark.encode())) == mark.encode()
