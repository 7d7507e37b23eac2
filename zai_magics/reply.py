"""A model's answer as a value: a `str` that knows its tokens, price, thinking and tool calls."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from copy import deepcopy
from dataclasses import dataclass
from typing import Any, NamedTuple

from .errors import NotJSON
from .steps import Source, Step

Json = dict[str, Any]

_FENCE = re.compile(r"^(`{3,}|~{3,})([^\n]*)\n(.*?)^\1[`~]*\s*$", re.M | re.S)
_LANGUAGE = re.compile(r"[\w+#-]+")
_PYTHON = ("", "python", "python3", "py", "py3", "ipython", "ipython3")


def joined(blocks: Iterable[str]) -> str:
    """Blocks of code as one text, an empty line between them."""
    return "\n".join(f"{block}\n" for block in blocks).rstrip("\n")


def _language(info: str) -> str:
    """What stands behind a fence: "python" of "{.Python title=x}"."""
    found = _LANGUAGE.search(info)
    return found[0].lower() if found else ""


class Usage(NamedTuple):
    """Tokens of one call: `Usage(prompt=1200, completion=380, cached=900, thinking=210)`.

    `cached` is a part of `prompt`, `thinking` a part of `completion`.
    """

    prompt: int = 0
    completion: int = 0
    cached: int = 0
    thinking: int = 0

    def __add__(self, other: object) -> Usage:
        if not isinstance(other, Usage):
            return NotImplemented
        return Usage(*(a + b for a, b in zip(self, other, strict=True)))

    def to_dict(self) -> Json:
        """The four counts by name."""
        return self._asdict()

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Usage:
        """What `to_dict` gave; unknown names are ignored."""
        return cls(**{k: int(data[k]) for k in cls._fields if k in data})


class ToolCall(NamedTuple):
    """A function that the model wants called; `arguments` is the JSON text as it came."""

    id: str
    name: str
    arguments: str

    def to_message(self) -> Json:
        """As it stands in an assistant's message."""
        function = {"name": self.name, "arguments": self.arguments}
        return {"id": self.id, "type": "function", "function": function}


@dataclass(frozen=True, slots=True)
class Call:
    """The facts of one chat call beside its words.

    `finish_reason` is the service's word, or "" when the stream ended without one.
    `note` says in plain words what is not as it should be ("" when all is well).
    `cost` is in US dollars, None when the price is unknown. `elapsed` is in seconds.
    `conversation` names the one that this is a turn of, "" for none. `replayed` says when an
    answer was recorded that is given again; `saved` is what it would have cost.
    """

    model: str
    usage: Usage | None = None
    cost: float | None = None
    finish_reason: str = ""
    elapsed: float = 0.0
    thought_for: float = 0.0
    request_id: str = ""
    note: str = ""
    sandbox: bool = False
    conversation: str = ""
    replayed: str = ""
    saved: float | None = None


class Reply(str):
    """The model's answer: a `str` that knows more.

    ``reply.upper()``, ``json.loads(reply)``, ``f"{reply}"`` work as for any text.
    `.thinking`, `.model`, `.usage`, `.cost` (US dollars or None), `.finish_reason`, `.elapsed`
    (seconds), `.note`, `.sandbox`, `.tool_calls`, and `.messages`: what was sent and this answer.
    `.steps` are the rounds of tool calls before it, `.sources` what a web search found.
    """

    __slots__ = ("asked", "call", "sources", "steps", "thinking", "tool_calls", "typed")

    call: Call
    thinking: str
    tool_calls: tuple[ToolCall, ...]
    asked: Iterable[Json]
    steps: tuple[Step, ...]
    sources: tuple[Source, ...]
    typed: Any  # what --schema made of it

    def __new__(
        cls,
        text: str,
        call: Call | None = None,
        thinking: str = "",
        tool_calls: Iterable[ToolCall] = (),
        asked: Iterable[Json] = (),
    ) -> Reply:
        """A reply from its words and facts, and the messages that it answers; only `text` is
        needed.
        """
        self = super().__new__(cls, text)
        self.call = call or Call(model="")
        self.thinking = thinking
        self.tool_calls = tuple(tool_calls)
        self.asked = tuple(asked)  # the conversation's own, not to be changed
        self.steps, self.sources, self.typed = (), (), None
        return self

    def __reduce__(self) -> tuple[Any, ...]:
        args = (str(self), self.call, self.thinking, self.tool_calls, tuple(self.asked))
        beside = {"steps": self.steps, "sources": self.sources, "typed": self.typed}
        return Reply, args, (None, beside)

    @property
    def messages(self) -> tuple[Json, ...]:
        """What was sent, and this answer, as message objects; copies, free to be changed."""
        return (*deepcopy(list(self.asked)), self.message())

    def message(self) -> Json:
        """This answer as the message that a later request carries."""
        said: Json = {"role": "assistant", "content": str(self)}
        if self.tool_calls:
            said["tool_calls"] = [call.to_message() for call in self.tool_calls]
        return said

    @property
    def model(self) -> str:
        """The model that answered."""
        return self.call.model

    @property
    def usage(self) -> Usage | None:
        """Tokens, None when the service did not say."""
        return self.call.usage

    @property
    def cost(self) -> float | None:
        """US dollars, None when the price is unknown."""
        return self.call.cost

    @property
    def finish_reason(self) -> str:
        """Why the answer ended: stop, length, tool_calls, sensitive, …"""
        return self.call.finish_reason

    @property
    def elapsed(self) -> float:
        """Seconds from the request to the end."""
        return self.call.elapsed

    @property
    def note(self) -> str:
        """What is not as it should be, in plain words; "" when all is well."""
        return self.call.note

    @property
    def sandbox(self) -> bool:
        """Whether the sandbox wrote this instead of a model."""
        return self.call.sandbox

    @property
    def code(self) -> str:
        """The fenced code blocks of the answer, one after the other; "" without one."""
        return joined(self.blocks)

    @property
    def blocks(self) -> list[str]:
        """The fenced code blocks, each for itself."""
        return [m.group(3).rstrip("\n") for m in _FENCE.finditer(self)]

    @property
    def python(self) -> list[str]:
        """The blocks that can be Python: without those of another language, an output say, unless
        there are no others.
        """
        found = [(_language(m.group(2)), m.group(3).rstrip("\n")) for m in _FENCE.finditer(self)]
        return [b for name, b in found if name in _PYTHON and b.strip()] or [b for _, b in found]

    @property
    def prose(self) -> str:
        """The answer without its code blocks."""
        return "\n\n".join(filter(None, map(str.strip, _FENCE.split(str(self))[::4])))

    @property
    def data(self) -> Any:
        """The typed value that --schema asked for, else the answer's JSON: the whole text, or its
        first fenced block.

        Raises NotJSON, a ValueError, without.
        """
        if self.typed is not None:
            return self.typed
        for text in (self, self.code):
            try:
                return json.loads(text)
            except ValueError:
                continue
        raise NotJSON(
            'this reply is not JSON; ask for data with --schema "name, age int" (%zai help chat)'
        )

    def to_frame(self) -> Any:
        """`.data` as a pandas DataFrame, one row an object. Needs pandas."""
        from .schema import to_frame

        return to_frame(self.data)

    def to_dict(self) -> Json:
        """Everything, as JSON can carry it."""
        call = {name: getattr(self.call, name) for name in Call.__dataclass_fields__}
        call["usage"] = self.usage.to_dict() if self.usage else None
        return {
            "text": str(self),
            "thinking": self.thinking,
            "tool_calls": [t._asdict() for t in self.tool_calls],
            "messages": [*self.asked, self.message()],
            "call": call,
        }

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Reply:
        """What `to_dict` gave."""
        call = dict(data["call"])
        call["usage"] = Usage.from_dict(call["usage"]) if call.get("usage") else None
        tools = [ToolCall(**t) for t in data.get("tool_calls", ())]
        asked = data.get("messages", ())[:-1]
        return cls(data["text"], Call(**call), data["thinking"], tools, asked)
