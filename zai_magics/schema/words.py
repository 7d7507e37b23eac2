"""How a place and a value are worded in a problem; every answer is cut before it is shown."""

from __future__ import annotations

import json
from typing import Any

from ..errors import one_line
from .nouns import Path

_NAMES = {
    "integer": "an integer",
    "number": "a number",
    "string": "text",
    "boolean": "true or false",
    "array": "a list",
    "object": "an object",
    "null": "null",
}


def problem(path: Path, said: str) -> str:
    """One line: `problem(("items", 3, "age"), '"old" is not an integer')`."""
    return f"{place(path)}: {one_line(said, 240)}"


def place(path: Path) -> str:
    """`items[3].age`; the whole is "the answer". Long paths lose their middle."""
    steps = [_step(step) for step in path]
    if len(steps) > 12:
        steps[6:-6] = ["…"]
    return "".join(steps).removeprefix(".") or "the answer"


def _step(step: str | int) -> str:
    if isinstance(step, int):
        return f"[{step}]"
    return f".{step}" if step.isidentifier() and len(step) < 60 else f"[{shown(step)}]"


def shown(value: Any, limit: int = 40) -> str:
    """A value in a few characters, however large it is."""
    if isinstance(value, dict):
        return f"an object with {len(value)} keys" if len(value) != 1 else "an object with 1 key"
    if isinstance(value, (list, tuple)):
        return f"a list of {len(value)}"
    if isinstance(value, str):
        return json.dumps(one_line(value, limit), ensure_ascii=False)
    if isinstance(value, int) and not isinstance(value, bool) and value.bit_length() > 100:
        return f"an integer of {value.bit_length() * 30103 // 100_000 + 1} digits"
    return one_line("null" if value is None else json.dumps(value, default=str), limit)


def type_name(kinds: Any) -> str:
    """What a JSON schema's `type` means: `["integer", "null"]` is "an integer or null"."""
    many = kinds if isinstance(kinds, list) else [kinds]
    return " or ".join(_NAMES.get(kind, str(kind)) for kind in many)


def choices(values: list[Any]) -> str:
    """An enumeration in one line: `one of "good", "bad"`."""
    some = ", ".join(shown(value, 30) for value in values[:12])
    return f"one of {some}{', …' if len(values) > 12 else ''}"
