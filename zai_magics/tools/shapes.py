"""Lists, tuples, sets, dictionaries and records: kinds made of other kinds."""

from __future__ import annotations

import difflib
import json
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

from ..errors import one_line
from ..reply import Json
from .kinds import ANY, TEXT, WHOLE, ArgumentError, Kind, described

_INTEGER = re.compile(r"-?(?:0|[1-9][0-9]{0,999})")
_PROBLEMS = 5
UNSET: Any = object()


@dataclass(frozen=True)
class Many(Kind):
    """A list of one kind of items, made into a list, tuple, set or frozenset."""

    item: Kind
    make: Callable[[list[Any]], Any] = list
    unique: bool = False

    @property
    def label(self) -> str:  # type: ignore[override]
        """A list and what is in it."""
        return "a list" if self.item is ANY else f"a list (each item {self.item.label})"

    def schema(self) -> Json:
        """An array; of different items for a set."""
        unique = {"uniqueItems": True} if self.unique else {}
        return {"type": "array", "items": self.item.schema(), **unique}

    def read(self, value: Any, where: str) -> Any:
        """Every item read in its place."""
        if type(value) is not list:
            raise self.refuse(value, where)
        items = [self.item.read(one, f"{where}[{n}]") for n, one in enumerate(value)]
        if self.unique:
            _distinct(items, where)
        return self.make(items)


def _distinct(items: list[Any], where: str) -> None:
    try:
        size = len(set(items))
    except TypeError:
        raise ArgumentError(f"{where} must not hold lists or objects") from None
    if size < len(items):
        raise ArgumentError(f"{where} holds an item twice")


@dataclass(frozen=True)
class Fixed(Kind):
    """A tuple of so many items, each of its own kind."""

    items: tuple[Kind, ...]

    @property
    def label(self) -> str:  # type: ignore[override]
        """How many items, and what they are."""
        return f"a list of {len(self.items)}: " + ", ".join(kind.label for kind in self.items)

    def schema(self) -> Json:
        """An array of this length. Its items differ: `prefixItems` is left to words, as younger
        than what the service documents.
        """
        inner = [kind.schema() for kind in self.items]
        same = inner[0] if inner and all(one == inner[0] for one in inner) else {}
        size = {"minItems": len(inner), "maxItems": len(inner)}
        return {"type": "array", "items": same, **size, "description": self.label}

    def read(self, value: Any, where: str) -> Any:
        """A tuple."""
        if type(value) is not list or len(value) != len(self.items):
            raise self.refuse(value, where)
        pairs = enumerate(zip(self.items, value, strict=True))
        return tuple(kind.read(one, f"{where}[{n}]") for n, (kind, one) in pairs)


@dataclass(frozen=True)
class Table(Kind):
    """A dictionary. Keys are strings in JSON; whole numbers are read back from them."""

    key: Kind
    value: Kind
    label = "an object"

    def schema(self) -> Json:
        """An object of any names."""
        found: Json = {"type": "object", "additionalProperties": self.value.schema() or True}
        names = "" if self.key is TEXT else f"each name {self.key.label}"
        return described(found, after=names)

    def read(self, value: Any, where: str) -> Any:
        """A dict."""
        if type(value) is not dict:
            raise self.refuse(value, where)
        found: dict[Any, Any] = {}
        for name, one in value.items():
            place = f"{where}[{one_line(json.dumps(name, ensure_ascii=False), 60)}]"
            key = self._key(name, place)
            if key in found:  # two spellings of one path
                raise ArgumentError(f"the name of {place} stands twice")
            found[key] = self.value.read(one, place)
        return found

    def _key(self, name: str, place: str) -> Any:
        if self.key is not WHOLE:
            return self.key.read(name, f"the name of {place}")
        if not _INTEGER.fullmatch(name) or name == "-0":  # two names must not become one key
            raise ArgumentError(f"the name of {place} must be an integer")
        return int(name)


@dataclass(frozen=True)
class Field:
    """A named part of a record: its kind, its words, and the default to be shown, if any."""

    name: str
    kind: Kind
    required: bool = True
    description: str = ""
    default: Any = UNSET

    def schema(self) -> Json:
        """The schema of the kind, with the words before what the kind says of itself."""
        found = described(self.kind.schema(), before=self.description)
        return found if self.default is UNSET else {**found, "default": self.default}


@dataclass(frozen=True)
class Record(Kind):
    """An object with known names: a function's arguments, a dataclass, a TypedDict.

    `make` gets the values by name. What it raises is the model's to know: a dataclass may check
    its fields.
    """

    fields: tuple[Field, ...]
    make: Callable[..., Any] = dict
    label: str = field(default="an object")

    def schema(self) -> Json:
        """An object with properties and no others."""
        required = [one.name for one in self.fields if one.required]
        return {
            "type": "object",
            "properties": {one.name: one.schema() for one in self.fields},
            **({"required": required} if required else {}),
            "additionalProperties": False,
        }

    def read(self, value: Any, where: str) -> Any:
        """The made record; every problem is told at once, five at most."""
        if type(value) is not dict:
            raise self.refuse(value, where or "the arguments")
        dot = f"{where}." if where else ""
        problems = list(self._names_wrong(value, dot))
        found = {}
        for one in self.fields:
            if one.name in value:
                try:
                    found[one.name] = one.kind.read(value[one.name], dot + one.name)
                except ArgumentError as error:
                    problems.append(str(error))
        if problems:
            more = len(problems) - _PROBLEMS
            end = [f"and {more} more"] if more > 0 else []
            raise ArgumentError("; ".join(problems[:_PROBLEMS] + end))
        return self._made(found, where)

    def _names_wrong(self, value: Json, dot: str) -> Iterator[str]:
        known = [one.name for one in self.fields]
        for name in value:
            if name not in known:
                close = difflib.get_close_matches(name[:100], known, 1, 0.6)
                hint = f"did you mean {close[0]}?" if close else f"known: {', '.join(known) or '-'}"
                yield f"unknown argument {dot}{one_line(name, 60)} ({hint})"
        for one in self.fields:
            if one.required and one.name not in value:
                yield f"missing argument {dot}{one.name}"

    def _made(self, found: dict[str, Any], where: str) -> Any:
        try:
            return self.make(**found)
        except Exception as error:
            said = one_line(f"{type(error).__name__}: {error}", 300)
            raise ArgumentError(f"{where}: {said}") from None
