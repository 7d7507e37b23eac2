"""A variable by its name and type alone: what somebody who writes code has to know of it."""

from __future__ import annotations

import inspect
import types
from collections.abc import Callable, Sized
from typing import Any

from ..errors import one_line
from .types import Attachment

_LONGEST = 300


def named(value: Any, name: str) -> Attachment:
    """The name with its type, never its value: `named([1, 2], "xs").text` is
    "xs: a list of 2 int"; of a function its signature.
    """
    return Attachment(name, "text", text=one_line(f"{name}: {_kind(value)}", _LONGEST))


def _kind(value: Any) -> str:
    if isinstance(value, types.ModuleType):
        return f"the module {value.__name__}"
    if isinstance(value, type):
        return f"the class {value.__name__}"
    if callable(value) and hasattr(value, "__name__"):
        return f"a function {value.__name__}{_signature(value)}"
    made = f"a {type(value).__module__}.{type(value).__qualname__}".replace("builtins.", "")
    size = _size(value)
    inner = (
        {type(v).__name__ for v in value} if size and type(value) in (list, tuple, set) else set()
    )
    return f"{made} of {size} {'/'.join(sorted(inner)[:4])}".rstrip() if size is not None else made


def _signature(function: Callable[..., Any]) -> str:
    try:
        return str(inspect.signature(function))
    except (TypeError, ValueError):
        return "(…)"


def _size(value: Any) -> int | None:
    try:
        return len(value) if isinstance(value, Sized) else None
    except Exception:  # a __len__ of the user's
        return None
