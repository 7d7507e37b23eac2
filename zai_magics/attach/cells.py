"""One value of a table as short text: the same value gives the same text, whatever it is.

No setting of pandas, polars or NumPy has a say in it, and no cell can make it fail.
"""

from __future__ import annotations

import datetime
import re
import reprlib
from typing import Any

from .types import said

LONGEST = 200
_ADDRESS = re.compile(r" at 0x[0-9A-Fa-f]+")
_ODD = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069\ud800-\udfff]")


class _Brief(reprlib.Repr):
    """Lists and the like in full while they are short; sets sorted, arrays as lists."""

    def repr_ndarray(self, value: Any, level: int) -> str:
        shape = "x".join(map(str, value.shape))
        inside = self.repr1(value.ravel()[:10].tolist(), level)
        return f"array {shape} {inside}" if value.size <= 10 else f"array {shape} {inside[:-1]}, …]"

    def repr_instance(self, value: Any, level: int) -> str:
        return cell(value)


_BRIEF = _Brief()
_BRIEF.maxlist = _BRIEF.maxtuple = _BRIEF.maxset = _BRIEF.maxdict = 12
_BRIEF.maxlevel, _BRIEF.maxstring, _BRIEF.maxother = 3, 60, 60


def cell(value: Any) -> str:
    """A value as one line of at most some 200 characters: `cell("a\\nb")` is `a\\\\nb`."""
    try:
        text = value if isinstance(value, str) else _text(value)
    except Exception as error:
        text = f"<{type(value).__name__}: {said(error)}>"
    return visible(shortened(text, LONGEST))


def shortened(text: str, limit: int) -> str:
    """At most `limit` characters, the last then being "…"."""
    return text if len(text) <= limit else text[: limit - 1] + "…"


def visible(text: str) -> str:
    """Control, bidi and surrogate characters as Python writes them: a newline as "\\\\n"."""
    return _ODD.sub(lambda found: repr(found[0])[1:-1], text)


def _text(value: Any) -> str:
    if hasattr(value, "item") and getattr(value, "shape", None) == ():
        # A float32 tells its digits best itself; as a Python float it has many more.
        value = value if value.dtype.kind in "fcmM" else value.item()
    if value is None or isinstance(value, (bool, int)):
        return str(value)
    if isinstance(value, float):
        return "NaN" if value != value else float.__repr__(value)
    if isinstance(value, (datetime.datetime, datetime.date)) and hasattr(value, "isoformat"):
        return _moment(value)
    if isinstance(value, (bytes, bytearray)):
        return repr(bytes(value[:100]))
    if isinstance(value, (list, tuple, dict, set, frozenset)) or type(value).__name__ == "ndarray":
        return _BRIEF.repr(value)
    text = _ADDRESS.sub("", str(value))
    return "NaN" if text == "nan" else text


def _moment(value: Any) -> str:
    text = value.isoformat(" ") if isinstance(value, datetime.datetime) else value.isoformat()
    return str(text).removesuffix(" 00:00:00")
