"""A request as the journal keeps it, and the keys by which it is known again."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from ..types import Json
from .content import digest, likeness, path_digest, words

WHO = ("user_id", "request_id")  # parameters that name who asks; no answer depends on them
_ENCODER = json.JSONEncoder(sort_keys=True, separators=(",", ":"), default=str)


@dataclass(frozen=True, slots=True)
class Asked:
    """A request as the journal keeps it: who asked, whom, what; never the key.

    `key` is by what the same request is known again; without one it is made of the whole request,
    whoever it is sent to.
    `again` says that it may be written already, because an interrupt came as it was: its `uid`
    tells. `after` is how many messages follow the user's words; `pace` is an answer's (`gather`).
    `batch` names the run of many questions that this is one of.
    """

    uid: bytes
    at: float
    kind: str
    endpoint: str
    notebook: str
    model: str
    messages: Sequence[Json]
    params: Json = field(default_factory=dict)
    conversation: str = ""
    cell: str = ""
    key: bytes = b""
    again: bool = False
    after: int = 0
    pace: str = ""
    batch: str = ""

    @property
    def prompt(self) -> str:
        """The user's words."""
        return words(self.messages[-1 - self.after].get("content"))

    @property
    def known_by(self) -> bytes:
        """The key, whether it is given or made of the whole request."""
        path = path_digest(self.messages)
        return self.key or request_key("chat", self.model, self.params, path)

    def has_files(self) -> bool:
        """Whether there is more in its messages than words."""
        return any(not isinstance(m.get("content"), str) for m in self.messages)

    @property
    def likeness(self) -> bytes:
        """The key in which an embedded file counts by its form alone, whoever is asked."""
        kind = self.kind if self.key else "chat"
        return request_key(kind, self.model, self.params, likeness(self.messages))


def key_of(endpoint: str, kind: str, body: Mapping[str, Any]) -> bytes:
    """By what an order is known again: `key_of("https://api.z.ai", "image", {…})`."""
    return digest(endpoint, kind, encoded(_same(body)))


def request_key(kind: str, model: str, params: Mapping[str, Any], thread: bytes) -> bytes:
    """By what a request is known again whoever it is sent to and whoever asks, streamed or not;
    `thread` is the digest of its messages.
    """
    said = {name: value for name, value in params.items() if name not in ("stream", *WHO)}
    return digest(kind, model, encoded(_same(said)), thread)


def encoded(value: Mapping[str, Any]) -> str:
    """JSON that is the same for the same content."""
    return _ENCODER.encode(value)


def _same(value: Any) -> Any:
    """A JSON value in which numbers that are equal are written the same: Python's caller says 0
    where the command line's option makes 0.0 of it.
    """
    if isinstance(value, float) and value.is_integer():
        return int(value)
    if isinstance(value, Mapping):
        return {name: _same(inner) for name, inner in value.items()}
    return [_same(inner) for inner in value] if isinstance(value, (list, tuple)) else value
