"""Plausible values for a JSON schema: the arguments of a scripted call, a scripted object.

Words and numbers of the prompt are used where they fit: `"Oslo"` in quotes becomes the city.
"""

from __future__ import annotations

import json
import re
from typing import Any

_QUOTED = re.compile(r"\"([^\"\n]{1,80})\"|'([^'\n]{1,80})'|`([^`\n]{1,80})`|“([^”\n]{1,80})”")
_CAPITAL = re.compile(r"(?<=[\w,] )[A-Z][\w-]{1,40}")
_NUMBER = re.compile(r"(?<![\w.])-?\d{1,12}(?:\.\d{1,6})?(?![\w.]*\w)")
_FORMATS = {
    "date": "2026-01-31",
    "date-time": "2026-01-31T12:00:00Z",
    "time": "12:00:00",
    "email": "someone@example.invalid",
    "uri": "https://example.invalid/",
}
_DEEPEST = 6


class Hints:
    """Words and numbers that a prompt offers, handed out in their order."""

    def __init__(self, prompt: str) -> None:
        quoted = ["".join(groups) for groups in _QUOTED.findall(prompt)]
        self.words = quoted + _CAPITAL.findall(_QUOTED.sub(" ", prompt))
        self.numbers = [float(found) for found in _NUMBER.findall(prompt)]
        self.prompt = prompt.lower()

    def word(self, otherwise: str) -> str:
        """The next word, or `otherwise` when there is none left."""
        return self.words.pop(0) if self.words else otherwise

    def number(self, otherwise: float) -> float:
        """The next number, or `otherwise`."""
        return self.numbers.pop(0) if self.numbers else otherwise


def fill(schema: Any, hints: Hints, name: str = "value") -> Any:
    """A value for a schema: `fill({"type": "integer"}, Hints("take 3"))` -> 3.

    Knows type, properties, items, enum, const, default, minimum, maximum, format, $ref, anyOf,
    oneOf and allOf; whatever it does not know becomes a word.
    """
    return _fill(schema, hints, name, schema, 0)


def _fill(schema: Any, hints: Hints, name: str, root: Any, depth: int) -> Any:
    schema = _resolved(schema, root, depth)
    for key in ("const", "default"):
        if key in schema:
            return schema[key]
    choices = schema.get("enum")
    if isinstance(choices, list) and choices:
        named = [choice for choice in choices if str(choice).lower() in hints.prompt]
        return (named or choices)[0]
    kind = schema.get("type") or ("object" if "properties" in schema else "string")
    if isinstance(kind, list):
        kind = next((one for one in kind if one != "null"), "null")
    if kind == "object":
        return _object(schema, hints, root, depth)
    if kind == "array":
        return [] if depth > _DEEPEST else _array(schema, hints, name, root, depth)
    return _scalar(kind, schema, hints, name)


def _resolved(schema: Any, root: Any, depth: int) -> dict[str, Any]:
    """Follow $ref and take the first useful branch of anyOf, oneOf or allOf."""
    # A schema may refer to itself: a few steps are enough for any honest one.
    for _ in range(_DEEPEST):
        if not isinstance(schema, dict) or depth > _DEEPEST:
            return {}
        target = schema.get("$ref")
        if isinstance(target, str):
            schema = _lookup(root, target)
            continue
        branches = next((schema[k] for k in ("anyOf", "oneOf", "allOf") if schema.get(k)), None)
        if not isinstance(branches, list):
            return schema
        useful = [one for one in branches if isinstance(one, dict) and one.get("type") != "null"]
        schema = useful[0] if useful else {}
    return schema if isinstance(schema, dict) else {}


def _lookup(root: Any, target: str) -> Any:
    found = root
    for step in target.removeprefix("#/").split("/"):
        found = found.get(step) if isinstance(found, dict) else None
    return found


def _object(schema: dict[str, Any], hints: Hints, root: Any, depth: int) -> dict[str, Any]:
    properties = schema.get("properties")
    if not isinstance(properties, dict) or depth > _DEEPEST:
        return {}
    return {name: _fill(sub, hints, name, root, depth + 1) for name, sub in properties.items()}


def _array(schema: dict[str, Any], hints: Hints, name: str, root: Any, depth: int) -> list[Any]:
    least = schema.get("minItems")
    count = min(max(least, 1), 8) if type(least) is int else 1
    return [_fill(schema.get("items"), hints, name, root, depth + 1) for _ in range(count)]


def _scalar(kind: Any, schema: dict[str, Any], hints: Hints, name: str) -> Any:
    if kind == "boolean":
        return True
    if kind == "null":
        return None
    if kind in ("integer", "number"):
        value = _within(hints.number(1), schema)
        return int(value) if kind == "integer" or value == int(value) else value
    form = schema.get("format")
    if isinstance(form, str) and form in _FORMATS:
        return _FORMATS[form]
    return hints.word(f"sample {name}")


def _within(value: float, schema: dict[str, Any]) -> float:
    least, most = schema.get("minimum"), schema.get("maximum")
    if isinstance(least, int | float) and abs(least) < 1e15:
        value = max(value, least)
    if isinstance(most, int | float) and abs(most) < 1e15:
        value = min(value, most)
    return value


def schema_in(text: str) -> dict[str, Any] | None:
    """The first JSON schema of an object that stands in a text, or None."""
    decoder = json.JSONDecoder()
    # Bounded: a prompt of many braces must not cost seconds.
    for brace in [match.start() for match in re.finditer(r"\{", text[:200_000])][:50]:
        try:
            found, _ = decoder.raw_decode(text, brace)
        except (ValueError, RecursionError):
            continue
        if isinstance(found, dict) and isinstance(found.get("properties"), dict):
            return found
    return None
