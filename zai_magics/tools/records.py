"""Named parts: a function's parameters, and the fields of dataclasses, NamedTuples, TypedDicts."""

from __future__ import annotations

import dataclasses
import inspect
import json
import re
import typing
from collections.abc import Callable, Iterable, Mapping
from datetime import date, time
from decimal import Decimal
from enum import Enum, Flag
from pathlib import PurePath
from typing import TYPE_CHECKING, Any, NamedTuple
from uuid import UUID

from ..errors import one_line
from . import docstring, forms
from .choices import Nullable
from .kinds import ANY, NUMBER, TEXT, TRUTH, ArgumentError, Kind
from .shapes import UNSET, Field, Many, Record, Table

if TYPE_CHECKING:
    from .annotations import Reader

WRAPPERS = ("Required", "NotRequired", "ReadOnly", "Final", "ClassVar")
_SECRET = re.compile(r"key|token|secret|passw|credential", re.I)
_SHOWN = 200


class Part(NamedTuple):
    """A name and its default; `inspect.Parameter.empty` without one."""

    name: str
    default: Any = inspect.Parameter.empty


def fields(
    parts: Iterable[Part], hints: Mapping[str, Any], doc: str, reader: Reader
) -> tuple[Field, ...]:
    """A field for each part, from its annotation in `hints`, its default and the docstring."""
    parts = list(parts)
    words = docstring.parameters(doc, {part.name for part in parts})
    return tuple(_field(*part, hints, words.get(part.name, ""), reader) for part in parts)


def _field(name: str, default: Any, hints: Mapping[str, Any], words: str, reader: Reader) -> Field:
    required = default is inspect.Parameter.empty
    if name in hints:
        kind = reader.kind(hints[name], name)
    else:
        kind = ANY if required else _of_default(default, name, reader)
    if default is None and kind is not ANY and not isinstance(kind, Nullable):
        kind = Nullable(kind)  # `x: int = None`
    value = UNSET if required else _shown_default(name, default, kind)
    return Field(name, kind, required, words, value)


def _of_default(default: Any, name: str, reader: Reader) -> Kind:
    """Without an annotation the default tells the type. 1 may well stand for 0.5 or 2."""
    kinds: dict[type, Kind] = {
        str: TEXT, bool: TRUTH, int: NUMBER, float: NUMBER, list: Many(ANY),
        tuple: Many(ANY, tuple), set: Many(ANY, set, True), dict: Table(TEXT, ANY),
    }  # fmt: skip
    cls = type(default)
    if isinstance(default, (Enum, PurePath)) or cls in forms.FORMS:
        return reader.kind(cls, name)
    return kinds.get(cls, ANY)


def _shown_default(name: str, default: Any, kind: Kind) -> Any:
    """The default as JSON if it is short, reads back as itself and looks like no secret: a
    schema goes to the service.
    """
    if isinstance(default, str) and _SECRET.search(name):
        return UNSET
    for value in _as_json(default):
        try:
            text = json.dumps(value, ensure_ascii=False, allow_nan=False)
            text.encode()  # half a character is for no request
            same = kind.read(json.loads(text), name) == default
            if same is True and len(text) <= _SHOWN:
                return json.loads(text)
        except (ArgumentError, TypeError, ValueError, RecursionError):
            continue
    return UNSET


def _as_json(default: Any) -> list[Any]:
    if isinstance(default, Flag):
        return [[one.name for one in default]]
    if isinstance(default, Enum):
        return [default.value, default.name]
    if isinstance(default, (date, time)):
        return [default.isoformat()]
    if isinstance(default, (PurePath, Decimal, UUID)):
        return [str(default)]
    if isinstance(default, (set, frozenset)):
        return [sorted(default, key=repr)]  # in one order, that a request stays the same
    return [default]


def record(cls: Any, reader: Reader, where: str) -> Record:
    """The kind of a dataclass, NamedTuple or TypedDict."""
    inner = reader.within(cls, where)
    hints = _class_hints(cls, reader, where)
    doc = cls.__doc__ or ""
    if hasattr(cls, "__required_keys__"):
        parts = [_key(cls, name, hint) for name, hint in hints.items()]
        return _labelled(fields(parts, hints, doc, inner), dict)
    parameters = list(inspect.signature(cls).parameters.values())
    if any(one.kind in (one.VAR_POSITIONAL, one.VAR_KEYWORD) for one in parameters):
        raise reader.error(where, f"is a {cls.__name__} with an __init__ of *args or **kwargs")
    if cls.__doc__ == f"{cls.__name__}{inspect.signature(cls)}":
        doc = ""  # what Python writes itself
    parts = [Part(one.name, one.default) for one in parameters]
    return _labelled(fields(parts, hints, doc, inner), cls)


def _labelled(parts: tuple[Field, ...], make: Callable[..., Any]) -> Record:
    """A record whose label tells its names: a union's schema has nothing but labels."""
    names = ", ".join(part.name for part in parts)
    return Record(parts, make, one_line(f"an object with {names}", 200) if names else "an object")


def _key(cls: Any, name: str, hint: Any) -> Part:
    """A TypedDict's key. `__required_keys__` misses a NotRequired in a string annotation."""
    wrapper = getattr(typing.get_origin(hint), "_name", "")
    required = wrapper == "Required" or (name in cls.__required_keys__ and wrapper != "NotRequired")
    # Ellipsis: a default that JSON cannot show, so that the key need not be given.
    return Part(name) if required else Part(name, ...)


def _class_hints(cls: Any, reader: Reader, where: str) -> dict[str, Any]:
    try:
        try:
            found = typing.get_type_hints(cls, include_extras=True)
        except NameError:  # a class whose module is not to be found, as in a bare exec
            scope = dict(reader.scope)
            found = typing.get_type_hints(cls, scope, scope, include_extras=True)
    except Exception as error:
        why = f"is a {cls.__name__}, whose annotations cannot be resolved ({error})"
        raise reader.error(where, why) from None
    return {name: getattr(one, "type", one) if isinstance(one, dataclasses.InitVar) else one
            for name, one in found.items()}  # fmt: skip


def hints_of(function: Callable[..., Any], names: Iterable[str], reader: Reader) -> dict[str, Any]:
    """The resolved annotations of these parameters; that of the result is nobody's concern."""

    def holder() -> None: ...

    found: dict[str, Any] = {}
    for name in names:
        given = getattr(function, "__annotations__", {})
        if name in given:
            holder.__annotations__ = {name: given[name]}
            try:
                found |= typing.get_type_hints(holder, dict(reader.scope), include_extras=True)
            except Exception as error:
                why = f"has the annotation {given[name]}, which cannot be resolved ({error})"
                raise reader.error(name, why) from None
    return found
