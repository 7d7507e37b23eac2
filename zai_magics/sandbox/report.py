"""What the sandbox received, told in words: this is what makes a lesson about context possible."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from . import faults, pictures
from .answers import Body


def text_of(message: Body) -> str:
    """The text of a message, parts joined by line ends, markers still in it."""
    content = message.get("content")
    if isinstance(content, list):
        return "\n".join(part["text"] for part in content if part.get("type") == "text")
    return content if isinstance(content, str) else ""


def quote(text: str, longest: int = 160) -> str:
    """A text on one line, in quotation marks, cut to a bound."""
    line = " ".join(text.split())
    return f"“{line[:longest]}…”" if len(line) > longest else f"“{line}”"


@dataclass(frozen=True)
class Received:
    """A checked chat request, taken apart; the texts are without markers."""

    body: Body
    messages: list[Body]
    prompt: str

    @property
    def last_is_tool(self) -> bool:
        """Whether tool results wait for an answer."""
        return bool(self.messages[-1]["role"] == "tool")

    def texts(self, role: str) -> list[str]:
        """All texts of one role."""
        return [faults.cut(text_of(m))[1] for m in self.messages if m["role"] == role]

    def parts(self) -> Iterable[Body]:
        """All parts of all messages that are not text."""
        for message in self.messages:
            if isinstance(message.get("content"), list):
                yield from (part for part in message["content"] if part["type"] != "text")


def addressed(body: Body) -> str:
    """The text whose markers count: that of the last user or tool message."""
    spoken = [m for m in body["messages"] if m["role"] in ("user", "tool")]
    return text_of(spoken[-1])


def sentences(received: Received) -> str:
    """`I received 3 messages for glm-4.7. …`, and a list of the attachments."""
    body, count = received.body, len(received.messages)
    said = [f"I received {count} message{'s' * (count > 1)} for {body['model']}."]
    said += [f"The system prompt is {quote(text)}." for text in received.texts("system")[:2]]
    if body.get("temperature") is not None:
        said.append(f"The temperature is {body['temperature']}.")
    users = received.texts("user")
    if len(users) > 1:
        said.append(f"I have {count} messages of this conversation; you first said: ")
        said[-1] += f"{quote(users[0])}."
    said.append(f"Your last message is {quote(received.prompt)}")
    attached = [f"- {_part(part)}" for part in received.parts()]
    return "\n\n".join([" ".join(said), *(["\n".join(attached)] if attached else [])])


def _part(part: Body) -> str:
    kind = part["type"]
    if kind == "image_url":
        return f"image: {pictures.read(part['image_url']['url'])}"
    url = part[kind].get("url") or part[kind].get("file_url") or part[kind].get("filename") or ""
    return f"{kind.removesuffix('_url')}: {quote(str(url))} (not fetched)"


def tool_results(received: Received) -> str:
    """What the tool messages at the end of the conversation say."""
    names = _names(received.messages)
    lines = []
    for message in reversed(received.messages):
        if message["role"] != "tool":
            break
        name = names.get(message["tool_call_id"], "a tool")
        lines.append(f"- `{name}` answered {quote(faults.cut(text_of(message))[1], 400)}")
    return "The tools have answered:\n\n" + "\n".join(reversed(lines))


def _names(messages: list[Body]) -> dict[str, str]:
    """Tool call id -> the function's name."""
    found: dict[str, str] = {}
    for message in messages:
        for call in message.get("tool_calls") or []:
            identity: Any = call.get("id")
            if isinstance(identity, str):
                found[identity] = call["function"]["name"]
    return found
