"""`.json`: the messages as a request would carry them, for any client of the API."""

from __future__ import annotations

from pathlib import Path

from .. import notebook
from ..conversation import Conversation
from ..types import Json
from .common import to_json

_NEEDED = {"role", "content"}
_KNOWN = _NEEDED | {"tool_calls", "tool_call_id", "reasoning_content"}


def text(conversation: Conversation) -> str:
    """A list of `{"role": …, "content": …}`, the system prompt first."""
    said: list[Json] = []
    if conversation.system:
        said.append({"role": "system", "content": conversation.system})
    for turn in conversation.turns:
        said += turn.messages()
    return to_json(said, indent=2)


def is_ours(path: Path) -> bool:
    """Whether a file is such a list. It has no room for a mark of its own."""
    said = notebook.read_json(path)
    if not isinstance(said, list) or not said:
        return False
    return all(isinstance(m, dict) and _NEEDED <= set(m) <= _KNOWN for m in said)
