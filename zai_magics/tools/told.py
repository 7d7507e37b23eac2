"""What the model is told of a returned value: text, compact JSON, or a bounded repr.

Nothing is recognised by import; tables, figures and pictures are only named, since whoever calls
shows them.
"""

from __future__ import annotations

import dataclasses
import json
import re
import reprlib
from collections.abc import Iterator
from datetime import date, time
from decimal import Decimal
from enum import Enum
from numbers import Integral, Real
from pathlib import PurePath
from typing import Any
from uuid import UUID

from ..errors import one_line
from ..text import whole

LIMIT = 20_000
NOTHING = "null (the function returned nothing)"

_RICH = (
    "_repr_html_", "_repr_mimebundle_", "_repr_png_", "_repr_jpeg_", "_repr_svg_",
    "_ipython_display_",
)  # fmt: skip
# What no reader sees and some servers refuse; tab and line ends stay.
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]")


def told(value: Any) -> str:
    """The text for the model: `told({"a": 1})` is `{"a":1}`; at most 20,000 characters and a note.

    A str as it is; None as null; what JSON can carry, dataclasses and pydantic models as compact
    JSON; what a notebook shows in its own way as "(a DataFrame, shown in the notebook)"; all else
    as its repr. A repr that fails is told as that.
    """
    if value is None:
        return NOTHING
    if isinstance(value, str):
        return _safe(str.__str__(value))
    if isinstance(value, (bytes, bytearray, memoryview)):
        return f"({len(value):,} bytes)"
    try:
        return _safe(*_cut(_encoder.iterencode(value)))
    except Exception:  # no JSON, in a circle, too deep, or a property of its own that fails
        pass
    if any(hasattr(type(value), name) for name in _RICH):
        return f"({_kind(value)}, shown in the notebook)"
    return _safe(_repr(value))


def _safe(text: str, more: str = "") -> str:
    """Whole characters, no control characters, bounded; what was cut off is said."""
    if len(text) > LIMIT:
        more = f"\n… (cut: {len(text) - LIMIT:,} more characters)"
    shown = whole(text[:LIMIT])
    return _CONTROL.sub(lambda match: f"<U+{ord(match[0]):04X}>", shown) + more


def _cut(pieces: Iterator[str]) -> tuple[str, str]:
    """The pieces up to the limit: of a list of millions only the beginning is written."""
    found: list[str] = []
    size = 0
    for piece in pieces:
        found.append(piece)
        size += len(piece)
        if size > LIMIT:
            return "".join(found)[:LIMIT], f"\n… (cut after {LIMIT:,} characters)"
    return "".join(found), ""


def _default(value: Any) -> Any:
    """JSON for what Python's encoder does not know; one step, the encoder goes on from there."""
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {one.name: getattr(value, one.name) for one in dataclasses.fields(value)}
    if hasattr(type(value), "model_dump"):
        return value.model_dump(mode="json")
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, (date, time)):
        return value.isoformat()
    if isinstance(value, (PurePath, Decimal, UUID)):
        return str(value)
    if isinstance(value, (set, frozenset)):
        return list(value)
    if isinstance(value, Integral):  # numpy's integers say so, its floats are floats
        return int(value)
    if isinstance(value, Real):
        return float(value)
    raise TypeError(type(value).__name__)


# NaN is no JSON, and `[1.0, nan]` as a repr is understood.
_encoder = json.JSONEncoder(
    ensure_ascii=False, allow_nan=False, separators=(",", ":"), default=_default
)
_short = reprlib.Repr()
_short.maxlevel = 8
_short.maxlist = _short.maxtuple = _short.maxset = _short.maxfrozenset = _short.maxdict = 1000
_short.maxdeque = _short.maxarray = 1000
_short.maxstring = _short.maxlong = _short.maxother = 10**9  # cut here, with a note


def _kind(value: Any) -> str:
    """`a DataFrame`, `an Image`."""
    name = one_line(type(value).__name__, 60)
    return f"{'an' if name[:1] in 'AEIOUaeiou' else 'a'} {name}"


def _repr(value: Any) -> str:
    """The repr; of long containers the beginning. One that fails is named in one line.

    One that never ends is stopped as any cell is.
    """
    try:
        if any(type(value).__repr__ is one for one in _CONTAINERS):
            return _short.repr(value)
        return repr(value)
    except Exception as error:
        return f"({_kind(value)}, whose repr failed: {one_line(type(error).__name__, 60)})"


_CONTAINERS: tuple[object, ...] = (
    list.__repr__,
    tuple.__repr__,
    dict.__repr__,
    set.__repr__,
    frozenset.__repr__,
)
