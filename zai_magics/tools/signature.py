"""A function's signature as the record of its arguments."""

from __future__ import annotations

import functools
import inspect
import json
from collections.abc import Callable, Iterator
from typing import Any

from ..errors import CommandError, one_line
from ..reply import Json
from .annotations import Reader
from .records import Part, fields, hints_of
from .shapes import Record

Function = Callable[..., Any]

_REFUSED = ("anyOf", "oneOf", "allOf", "not", "$ref", "$defs", "definitions")
_LARGEST = 100_000
_AROUND = "write a function around it that names its parameters"


def accepted(function: Function, who: str) -> Record:
    """The arguments of a function: `accepted(f, "-T f").schema()` are a tool's parameters.

    CommandError, which begins with `who`, for what cannot be called by name from JSON.
    """
    source = underlying(function)
    reader = Reader(who, _scope(source))
    parameters = list(_parameters(function, who))
    names = [one.name for one in parameters]
    parts = [Part(one.name, one.default) for one in parameters]
    hints = hints_of(source, names, reader)
    record = Record(fields(parts, hints, documentation(function), reader))
    _check(record.schema(), who)
    return record


def underlying(function: Any) -> Any:
    """The function whose annotations count: inside partials, methods, decorators and objects."""
    for _ in range(50):  # a decorator may wrap itself
        if isinstance(function, functools.partial):
            function = function.func
        elif hasattr(function, "__func__"):
            function = function.__func__
        elif hasattr(function, "__wrapped__"):
            function = function.__wrapped__
        elif not hasattr(function, "__code__") and hasattr(type(function).__call__, "__code__"):
            function = type(function).__call__
        else:
            break
    return function


def documentation(function: Any) -> str:
    """The docstring: a partial's is its function's, an object's that of `__call__` or the class."""
    while isinstance(function, functools.partial):
        function = function.func
    call = type(function).__call__
    own = inspect.isroutine(function) or "__doc__" in getattr(function, "__dict__", {})
    if not own and hasattr(call, "__code__") and call.__doc__:
        return str(call.__doc__)
    return inspect.getdoc(function) or ""


def _scope(function: Any) -> dict[str, Any]:
    """The names that an annotation in a string may use: globals, and what a closure holds."""
    found = dict(getattr(function, "__globals__", {}))
    code, cells = getattr(function, "__code__", None), getattr(function, "__closure__", None) or ()
    for name, cell in zip(getattr(code, "co_freevars", ()), cells, strict=False):
        try:
            found[name] = cell.cell_contents
        except ValueError:  # not set yet
            continue
    return found


def _parameters(function: Function, who: str) -> Iterator[inspect.Parameter]:
    # What a partial sets is the user's word, and not for the model to change.
    bound = function.keywords if isinstance(function, functools.partial) else {}
    for one in _signature(function, who).parameters.values():
        if one.kind in (one.VAR_POSITIONAL, one.VAR_KEYWORD):
            raise CommandError(f"{who} takes {one}, which a model cannot know; {_AROUND}")
        if one.kind is one.POSITIONAL_ONLY:
            raise CommandError(f"{who}: {one.name} cannot be given by its name; {_AROUND}")
        if one.name not in bound:
            yield one


def _signature(function: Function, who: str) -> inspect.Signature:
    try:
        return inspect.signature(function)
    except NameError as error:  # Python 3.14 resolves annotations here
        why = f"an annotation cannot be resolved ({one_line(str(error), 120)}); define it first"
    except (TypeError, ValueError):
        why = f"it does not tell its parameters; {_AROUND}"
    raise CommandError(f"{who}: {why}")


def _check(schema: Json, who: str) -> None:
    """CommandError for a schema that the service, or JSON itself, would not take."""
    if word := _refused(schema):
        raise CommandError(f"{who}: the service refuses the name {word}; name it otherwise")
    try:
        size = len(json.dumps(schema, ensure_ascii=False, allow_nan=False).encode())
    except (TypeError, ValueError):
        raise CommandError(
            f"{who}: a default or a choice of its parameters is no JSON; write a function around it"
        ) from None
    if size > _LARGEST:
        raise CommandError(
            f"{who}: its parameters take {size:,} bytes in each request; {_AROUND} more simply"
        )


def _refused(schema: Json) -> str:
    """A word anywhere in a schema, as a parameter's name too, that makes the service fail."""
    pending: list[Any] = [schema]
    while pending:
        one = pending.pop()
        if isinstance(one, dict):
            if found := [word for word in _REFUSED if word in one]:
                return found[0]
            pending += one.values()
        elif isinstance(one, list):
            pending += one
    return ""
