"""An answer's text and a schema -> data, or the problems: the way through this room."""

from __future__ import annotations

from typing import Any

from .check import MOST, problems
from .coerce import coerce, rows, sound
from .extract import Found, find
from .nouns import Misfit, Path, Read, Schema
from .words import problem

_NO_JSON = "the answer: has no JSON object in it"
_TRIED = 10


def read(text: str, schema: Schema) -> Read:
    """The data in an answer: `read('{"age": "3"}', parse("age int", {})).data` -> {"age": 3}.

    A dict (a list of them for rows) for the short form and JSON schemas, instances for classes;
    dates are dates but in a JSON schema's data. Of several pieces of JSON the last one that fits
    is taken, fenced ones first. Whatever a model writes raises nothing: then `data` is None and
    `problems` has a line for each.
    """
    found = find(text)
    if not found:
        return Read(None, (_NO_JSON,))
    for each in found[:_TRIED]:
        last = _fit(each, schema)
        if not last.problems:
            return last
    # None fits: the longest was meant, and its problems are the ones to be told.
    return _fit(max(found, key=lambda each: (each.fenced, each.length)), schema)


def _fit(found: Found, schema: Schema) -> Read:
    """The data of one piece of JSON."""
    if found.broken:
        return Read(None, (f"the answer: {found.broken}",))
    try:
        value = sound(found.value)
        return Read(_made(value, schema))
    except Misfit as misfit:
        return Read(None, _lines(misfit.found))
    except RecursionError:
        return Read(None, ("the answer: is nested too deeply",))


def _made(value: Any, schema: Schema) -> Any:
    """The typed value. Misfit says what is wrong."""
    value = _one(value, schema)
    right = coerce(value, schema.json, schema.json, ours=schema.ours)
    if schema.judges:
        return _judged(value, right, schema)
    if found := problems(right, schema.json):
        raise Misfit(found)
    return _built(right, schema)


def _one(value: Any, schema: Schema) -> Any:
    """The object that the schema speaks of, in what a model may have put it in."""
    if schema.rows:
        return rows(value, schema.json)
    if isinstance(value, list) and len(value) == 1 and isinstance(value[0], dict):
        return value[0]
    return value


def _judged(value: Any, right: Any, schema: Schema) -> Any:
    """pydantic's verdict on the answer as it stands; only what it refuses is put right."""
    try:
        return _built(value, schema)
    except Misfit:
        return _built(right, schema)


def _built(value: Any, schema: Schema) -> Any:
    if not schema.rows:
        return schema.make(value)
    if not isinstance(value, dict) or "items" not in value:
        raise Misfit([((), "is not an object with items")])
    try:
        return schema.make(value["items"])
    except Misfit as misfit:
        raise misfit.below("items") from None


def _lines(found: list[tuple[Path, str]]) -> tuple[str, ...]:
    """One line for each, none twice, and a word when there are more."""
    lines = list(dict.fromkeys(problem(path, said) for path, said in found))
    return (*lines[:MOST], "… and more") if len(lines) > MOST else tuple(lines)
