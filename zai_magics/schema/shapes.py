"""The shapes that the short form and annotations are made of: JSON and back to Python's types."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date, datetime, time
from typing import Any

from ..reply import Json
from .nouns import Misfit, Shape


def _floating(value: Any) -> float:
    # An integer of 309 digits and more is a fine JSON number and no float.
    try:
        return float(value)
    except OverflowError:
        raise Misfit([((), "is too large for a number")]) from None


SCALARS: dict[type, Shape] = {
    str: Shape({"type": "string"}),
    int: Shape({"type": "integer"}, int),
    float: Shape({"type": "number"}, _floating),
    bool: Shape({"type": "boolean"}),
    date: Shape({"type": "string", "format": "date"}, date.fromisoformat),
    datetime: Shape({"type": "string", "format": "date-time"}, datetime.fromisoformat),
    time: Shape({"type": "string", "format": "time"}, time.fromisoformat),
}


def listing(item: Shape, gather: Callable[[Any], Any] = list) -> Shape:
    """A list of `item`: `listing(SCALARS[int])`; `gather` may make a set or a tuple of it."""

    def make(values: list[Any]) -> Any:
        return gather([at(n, item.make, value) for n, value in enumerate(values)])

    return Shape({"type": "array", "items": item.json}, make)


def mapping(item: Shape | None = None) -> Shape:
    """Any keys, each with an `item` (None: anything)."""
    if item is None:
        return Shape({"type": "object"})
    inner = item

    def make(value: Json) -> Json:
        return {key: at(key, inner.make, each) for key, each in value.items()}

    return Shape({"type": "object", "additionalProperties": inner.json}, make)


def record(
    fields: Mapping[str, Shape],
    required: list[str] | None = None,
    gather: Callable[[Json], Any] = dict,
) -> Shape:
    """An object with these fields; all are required unless it says which."""
    shapes = dict(fields)

    def make(value: Json) -> Any:
        return gather({k: at(k, s.make, value[k]) for k, s in shapes.items() if k in value})

    properties = {name: shape.json for name, shape in shapes.items()}
    needed = list(shapes) if required is None else required
    return Shape({"type": "object", "properties": properties, "required": needed}, make)


def one_of(values: list[Any], make: Callable[[Any], Any] | None = None) -> Shape:
    """One of these JSON scalars; `make` finds what each stands for."""
    kinds = [k for k in (_kind(v) for v in values) if k]
    json: Json = {"enum": values}
    if kinds and len(set(kinds)) == 1:
        json = {"type": kinds[0], "enum": values}
    return Shape(json, make) if make else Shape(json)


def _kind(value: Any) -> str:
    kinds: dict[type, str] = {str: "string", bool: "boolean", int: "integer", float: "number"}
    return kinds.get(type(value), "")


def nullable(shape: Shape) -> Shape:
    """The same or null."""
    json = dict(shape.json)
    kind = json.get("type")
    if kind is None:
        json = {"anyOf": [json, {"type": "null"}]} if json else json
    else:
        json["type"] = [*(kind if isinstance(kind, list) else [kind]), "null"]
        if "enum" in json:
            json["enum"] = [*json["enum"], None]
    return Shape(json, lambda value: None if value is None else shape.make(value))


def described(shape: Shape, words: str) -> Shape:
    """The same with a description for the model."""
    return Shape({**shape.json, "description": words}, shape.make) if words else shape


def at(step: str | int, make: Callable[[Any], Any], value: Any) -> Any:
    """`make(value)`; what does not fit says where."""
    try:
        return make(value)
    except Misfit as misfit:
        raise misfit.below(step) from None
