"""Rows become values here. A file may be damaged, or somebody else's: what a column cannot hold is
left out, and an order whose state cannot be is one whose end is not known, never none at all.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ..reply import Usage
from ..text import whole
from ..types import Json
from ..wire import chat
from ..wire import media as wire

COLUMNS = """c.id, c.at, c.kind, c.state, c.notebook, c.conversation, c.cell, c.endpoint,
 c.model, c.params, c.result, c.cost, c.job, c.key, c.asked, c.prompt, c.reply"""
ORDERS = ("image", "video")
LATEST = 9.2e9  # seconds since 1970: the last year that pandas knows, 2261
_COST, _COUNT, _ROUNDS = 1e11, 10**12, 1000
_NAMES = 1000  # characters of what is one line
_STATES = {"submitting", "submitted", "done", "failed", "unknown"}
_CHAT_STATES = {"complete", "incomplete", "interrupted"}
# What is kept of a file: where it is, its copy in `blobs`, what it is.
_FILE = {
    **dict.fromkeys(("path", "blob", "mime", "url", "revised", "poster"), str),
    "elapsed": float,
    "sandbox": bool,
}


@dataclass(frozen=True, slots=True)
class Record:
    """A call as it was read back. `result` is JSON of what came beside the words."""

    id: int
    at: float
    kind: str
    state: str
    notebook: str
    conversation: str
    cell: str
    endpoint: str
    model: str
    params: Json
    result: Json
    cost: float | None
    job: str
    key: bytes
    prompt: str
    reply: str
    asked: int

    def blobs(self) -> set[str]:
        """The names of the files that it brought."""
        return {name for f in self.files() for name in (f["blob"], f["poster"]) if name}

    @property
    def answered(self) -> str:
        """The model that answered, which may be another than the one that was asked."""
        return self.result.get("answered") or self.model

    def usage(self) -> Usage | None:
        """The tokens of a chat, where they are known."""
        return as_usage(self.result.get("usage"))

    def files(self) -> list[Json]:
        """What is known of the files that it brought; nothing of what a damaged row says."""
        return list(self.result.get("files", ()))


def record(row: Sequence[Any], words: Mapping[int, str]) -> Record:
    """A row of `COLUMNS`; `words` has those of its messages by their numbers."""
    number, at, kind, state, notebook, conversation, cell, endpoint, model = row[:9]
    params, result, cost, job, key, asked, prompt, reply = row[9:]
    params, result = as_object(params), _result(as_object(result))
    kind, job = as_text(kind), as_text(job)
    if kind in ORDERS and isinstance(result.get("links"), list):
        # One that asked for one picture and lists hundreds would fetch them all.
        result["links"] = result["links"][: wire.asked_for(params)]
    can_be_fetched = bool(job if kind == "video" else result.get("links"))
    return Record(
        number,
        as_number(at, LATEST) or 0.0,
        kind,
        # Of an order in no notebook nobody would know that it was made.
        _state(kind, state if isinstance(notebook, str) else "", can_be_fetched),
        as_text(notebook),
        as_text(conversation),
        as_text(cell),
        as_text(endpoint),
        as_text(model),
        params,
        result,
        as_number(cost, _COST),
        job,
        key if isinstance(key, bytes) else b"",
        words.get(prompt, ""),
        words.get(reply, ""),
        asked if type(asked) is int else 0,
    )


def as_text(value: Any) -> str:
    """A column's text, "" for anything else."""
    return value if isinstance(value, str) else ""


def as_number(value: Any, limit: float) -> float | None:
    """A time or a price that can be one, else None."""
    right = type(value) in (int, float) and 0 <= value < limit
    return float(value) if right else None


def as_object(text: Any) -> Json:
    """What JSON says; of anything else than an object nothing. NaN and infinity are null."""
    try:
        value = json.loads(text, parse_float=_finite, parse_constant=lambda _: None)
    except (ValueError, TypeError, RecursionError):
        return {}
    return value if isinstance(value, dict) else {}


def as_usage(value: Any) -> Usage | None:
    """The tokens of a chat's `result`, None for anything else."""
    right = _usage(value)
    return Usage(*right) if right else None


def _state(kind: str, state: Any, can_be_fetched: bool) -> str:
    if kind not in ORDERS:
        return state if isinstance(state, str) and state in _CHAT_STATES else "incomplete"
    known = isinstance(state, str) and state in _STATES
    return state if known and (state != "submitted" or can_be_fetched) else "unknown"


def _finite(digits: str) -> float | None:
    value = float(digits)
    return value if math.isfinite(value) else None


def _result(found: Json) -> Json:
    """Without what is not as this version, or one before it, writes it down."""
    kept = {n: _SHAPES[n](v) if n in _SHAPES else v for n, v in found.items()}
    return {name: value for name, value in kept.items() if value is not None}


def _words(value: Any) -> str | None:
    return whole(value) if isinstance(value, str) else None


def _line(value: Any) -> str | None:
    return whole(value)[:_NAMES] if isinstance(value, str) else None


def _calls(value: Any) -> list[Any] | None:
    """Ids and names no longer than those of the service can be: they go back to it."""
    found = _listed(_texts(3))(value)
    return found and [[own[: chat.NAME], name[: chat.NAME], given] for own, name, given in found]


def _number(value: Any) -> int | None:
    return value if type(value) is int and 0 < value < _COUNT else None


def _few(value: Any) -> int | None:
    return value if type(value) is int and 0 < value < _ROUNDS else None


def _seconds(value: Any) -> float | None:
    return as_number(value, _COST)


def _flag(value: Any) -> bool | None:
    return value if isinstance(value, bool) else None


def _route(value: Any) -> str | None:
    """It is a part of the address that the key is sent to."""
    return value if isinstance(value, str) and value in wire.ROUTES else None


def _usage(value: Any) -> list[int] | None:
    right = isinstance(value, list) and len(value) == 4
    right = right and all(type(n) is int and 0 <= n < _COUNT for n in value)
    return value if right else None


def _listed(right: Callable[[Any], bool]) -> Callable[[Any], list[Any] | None]:
    """A list's entries that are right."""
    return lambda value: [v for v in value if right(v)] if isinstance(value, list) else None


def _texts(count: int) -> Callable[[Any], bool]:
    def right(value: Any) -> bool:
        return isinstance(value, list) and [type(v) for v in value] == [str] * count

    return right


def _is_file(found: Any) -> bool:
    right = isinstance(found, dict) and all(type(found.get(k)) is t for k, t in _FILE.items())
    return right and 0 <= found["elapsed"] < _COST


_SHAPES: Mapping[str, Callable[[Any], Any]] = {
    "thinking": _words,
    **dict.fromkeys(("finish_reason", "request_id", "note", "error"), _line),
    **dict.fromkeys(("answered", "replayed", "batch"), _line),
    **dict.fromkeys(("elapsed", "thought_for", "saved"), _seconds),
    **dict.fromkeys(("sandbox", "uncharged"), _flag),
    "usage": _usage,
    "saved": _seconds,
    "tools": _calls,
    "sources": lambda value: (_listed(_texts(4))(value) or [])[: chat.SOURCES] or None,
    **dict.fromkeys(("after", "nth"), _few),
    "of": _number,
    "links": _listed(_texts(2)),
    "urls": _listed(lambda url: isinstance(url, str)),
    "route": _route,
    "cover_url": _words,
    "files": _listed(_is_file),
}
