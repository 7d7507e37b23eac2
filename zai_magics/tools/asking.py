"""A call in words, for the user's yes or no: whole, in one reading, with nothing hidden."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Mapping
from datetime import date, time
from enum import Enum
from pathlib import PurePath
from typing import Any

from .tool import Tool

LIMIT = 2000
_LEAST = 100
_WIDTH = 88
# Letters and marks by Unicode's classes that show nothing: fillers, joiners, variation selectors.
_BLANK = re.compile(
    "[\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u2800\u3164\ufe00-\ufe0f\uffa0\U000e0100-\U000e01ef]"
)
_ESCAPES = {"\\": "\\\\", '"': '\\"', "\n": "\\n", "\r": "\\r", "\t": "\\t"}


def ask_text(tool: Tool, given: Mapping[str, Any]) -> str:
    """The call as one would write it: `ask_text(t, {"city": "Oslo"})` is `weather(city="Oslo")`.

    Control, bidi and invisible characters show as <U+202E>. Values are written out from what they
    are made of, not by their own repr, which may leave something out. Beyond 2,000 characters
    each argument gets its share, so that a long one pushes none out of sight, and it is said how
    many characters follow.
    """
    pairs = [f"{_visible(name)}={_written(value)}" for name, value in given.items()]
    if sum(map(len, pairs)) > LIMIT:
        share = max(_LEAST, LIMIT // len(pairs))
        pairs = [_shortened(pair, share) for pair in pairs]
    line = f"{tool.name}({', '.join(pairs)})"
    if len(line) <= _WIDTH or len(pairs) < 2:
        return line
    return f"{tool.name}(\n" + "".join(f"    {pair},\n" for pair in pairs) + ")"


def _shortened(pair: str, share: int) -> str:
    more = len(pair) - share
    return pair if more <= 0 else f"{pair[:share]}… ({more:,} more characters)"


def _written(value: Any) -> str:
    """A value as Python or JSON would write it; strings in double quotes."""
    if isinstance(value, Enum):
        return f"{type(value).__name__}.{_visible(value.name)}"
    if isinstance(value, (str, PurePath)):
        return _quoted(str(value))
    if isinstance(value, (date, time)):
        return value.isoformat()
    if isinstance(value, Mapping):
        pairs = (f"{_written(name)}: {_written(one)}" for name, one in value.items())
        return "{" + ", ".join(pairs) + "}"
    if (parts := _parts(value)) is not None:
        inner = ", ".join(f"{_visible(name)}={_written(one)}" for name, one in parts.items())
        return f"{_visible(type(value).__name__)}({inner})"
    for kinds, marks in (((list,), "[]"), ((tuple,), "()"), ((set, frozenset), "{}")):
        if isinstance(value, kinds):
            comma = "," if isinstance(value, tuple) and len(value) == 1 else ""
            return marks[0] + ", ".join(map(_written, value)) + comma + marks[1]
    return _visible(repr(value))


def _parts(value: Any) -> dict[str, Any] | None:
    """The fields of a dataclass, NamedTuple or pydantic model, whatever its repr shows."""
    if dataclasses.is_dataclass(value):
        return {one.name: getattr(value, one.name, None) for one in dataclasses.fields(value)}
    if isinstance(value, tuple) and hasattr(value, "_asdict"):
        return dict(value._asdict())
    if hasattr(type(value), "model_fields"):
        return {**vars(value), **(getattr(value, "model_extra", None) or {})}
    return None


def _quoted(text: str) -> str:
    return '"' + "".join(_ESCAPES.get(char) or _visible(char) for char in text) + '"'


def _visible(text: str) -> str:
    """The text with what is not printable, or prints nothing, by its number."""
    if text.isascii() and text.isprintable():
        return text
    return "".join(
        char if char.isprintable() and not _BLANK.match(char) else f"<U+{ord(char):04X}>"
        for char in text
    )
