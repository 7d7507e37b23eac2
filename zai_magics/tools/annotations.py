"""Annotation -> kind: what a parameter's type says about the JSON that may stand for it."""

from __future__ import annotations

import collections.abc as abc
import types
import typing
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, is_dataclass, replace
from enum import Enum, Flag
from functools import reduce
from operator import or_
from pathlib import PurePath
from typing import Any

from ..errors import CommandError, one_line
from . import forms, models, records
from .choices import Choice, Noted, Nullable, Union
from .docstring import DESCRIPTION
from .kinds import ANY, NULL, REAL, TEXT, TRUTH, WHOLE, Form, Kind, Scalar
from .shapes import Fixed, Many, Table

_SCALARS: dict[Any, Kind] = {
    str: TEXT, int: WHOLE, float: REAL, bool: TRUTH, None: NULL, type(None): NULL,
    Any: ANY, object: ANY,
}  # fmt: skip
_LISTS: dict[Any, Callable[[list[Any]], Any]] = {
    list: list, abc.Sequence: list, abc.MutableSequence: list, abc.Iterable: list,
    abc.Collection: list, set: set, abc.Set: set, abc.MutableSet: set, frozenset: frozenset,
}  # fmt: skip
_DICTS = (dict, abc.Mapping, abc.MutableMapping)
_CHOICES = 500


@dataclass(frozen=True)
class Reader:
    """Reads annotations: `Reader("-T f").kind(list[int], "days")`.

    `who` begins every message; `scope` holds the names that the function knows, for
    annotations in strings; `inside` the types that are being read, against recursion.
    """

    who: str
    scope: Mapping[str, Any] = field(default_factory=dict)
    inside: tuple[Any, ...] = ()

    def kind(self, hint: Any, where: str) -> Kind:
        """The kind for a resolved annotation; CommandError names the parameter `where` it fails."""
        try:
            simple = _SCALARS.get(hint)
        except TypeError:  # unhashable, such as a list
            raise self.error(where, f"has the annotation {hint}, which is no type") from None
        return simple or self._alias(hint, where) or self._generic(hint, where)

    def within(self, hint: Any, where: str) -> Reader:
        """A reader for the inside of a type; CommandError when it is inside already."""
        if hint in self.inside or len(self.inside) > 20:
            name = getattr(hint, "__name__", "a type")
            raise self.error(where, f"is a {name}, which holds itself; take a str of JSON instead")
        return replace(self, inside=(*self.inside, hint))

    def error(self, where: str, why: str) -> CommandError:
        """What is wrong with which parameter, in one line."""
        return CommandError(f"{self.who}: the parameter {where} {one_line(why, 200)}")

    def _alias(self, hint: Any, where: str) -> Kind | None:
        """Names for other annotations: Annotated, NewType, type aliases, TypeVar, Final."""
        if isinstance(hint, typing.NewType):
            return self.kind(hint.__supertype__, where)
        if isinstance(hint, typing.TypeVar):
            if hint.__constraints__:
                return self._union(hint.__constraints__, where)
            return self.kind(hint.__bound__ or Any, where)
        if type(hint).__name__ == "TypeAliasType":  # `type X = ...`, Python 3.12
            return self.within(hint, where).kind(hint.__value__, where)
        origin = typing.get_origin(hint)
        if origin is typing.Annotated:
            kind, words = self.kind(hint.__origin__, where), _words(hint.__metadata__)
            return Noted(kind, words) if words else kind
        if getattr(origin, "_name", "") in records.WRAPPERS:
            return self.kind(typing.get_args(hint)[0], where)
        return None

    def _generic(self, hint: Any, where: str) -> Kind:
        origin, args = typing.get_origin(hint) or hint, typing.get_args(hint)
        if origin in (typing.Union, types.UnionType):
            return self._union(args, where)
        if origin is typing.Literal:
            return self._literal(args, where)
        if origin in _LISTS:
            make = _LISTS[origin]
            unique = make in (set, frozenset)
            return Many(self.kind(args[0] if args else Any, where), make, unique)
        if origin in _DICTS:
            return self._table(args or (str, Any), where)
        if origin is tuple:
            return self._tuple(hint, args, where)
        return self._class(origin, where)

    def _union(self, args: tuple[Any, ...], where: str) -> Kind:
        found = [self.kind(one, where) for one in args if one not in (None, type(None))]
        kind = found[0] if len(found) == 1 else Union(tuple(found))
        return Nullable(kind) if len(found) < len(args) else kind

    def _literal(self, args: tuple[Any, ...], where: str) -> Kind:
        options = []
        for one in args:
            if isinstance(one, Enum):
                options += [pair for pair in self._members(type(one), where) if pair[1] is one]
            elif type(one) in (str, int, bool):
                options.append((one, one))
            elif one is not None:
                raise self.error(where, f"may be {one!r}, which is no JSON; use a str or an int")
        choice = Choice(tuple(options)) if options else NULL
        return Nullable(choice) if options and None in args else choice

    def _members(self, cls: type[Enum], where: str) -> list[tuple[str, Enum]]:
        """An Enum is chosen from by its values where they are words, else by its names: the
        number of a member says nothing to a model.
        """
        members = list(cls)
        if not 0 < len(members) <= _CHOICES:
            raise self.error(where, f"is an Enum of {len(members)}; take a str instead")
        if all(type(one.value) is str for one in members):
            return [(one.value, one) for one in members]
        return [(one.name, one) for one in members]

    def _table(self, args: tuple[Any, ...], where: str) -> Kind:
        key = self.kind(args[0], where)
        key = key.kind if isinstance(key, Noted) else TEXT if key is ANY else key
        words = isinstance(key, (Scalar, Form, Choice)) and key.schema().get("type") == "string"
        if not words and key is not WHOLE:
            raise self.error(where, f"has keys that are {key.label}; JSON's keys are strings")
        return Table(key, self.kind(args[1], where))

    def _tuple(self, hint: Any, args: tuple[Any, ...], where: str) -> Kind:
        if hint is tuple or hint is typing.Tuple:  # noqa: UP006
            return Many(ANY, tuple)
        if len(args) == 2 and args[1] is Ellipsis:
            return Many(self.kind(args[0], where), tuple)
        return Fixed(tuple(self.kind(one, where) for one in args))

    def _class(self, cls: Any, where: str) -> Kind:
        """A class by itself: an enum, a date or path, a record, a pydantic model."""
        if isinstance(cls, type):
            if issubclass(cls, Flag):  # a list of names, put together
                names = Choice(tuple(self._members(cls, where)))
                return Many(names, lambda found: reduce(or_, found, cls(0)), unique=True)
            if issubclass(cls, Enum):
                return Choice(tuple(self._members(cls, where)))
            if form := forms.FORMS.get(cls):
                return form
            if issubclass(cls, PurePath):
                return forms.path(cls)
            if hasattr(cls, "model_json_schema") and hasattr(cls, "model_validate_json"):
                return models.model(cls, self, where)
            named = issubclass(cls, tuple) and hasattr(cls, "_fields")
            if is_dataclass(cls) or named or hasattr(cls, "__required_keys__"):
                return records.record(cls, self, where)
        name = cls.__name__ if isinstance(cls, type) else str(cls)
        raise self.error(
            where,
            f"is of type {name}, which no JSON can stand for; annotate it as a str, number, list, "
            "dict, dataclass or the like, or set it with functools.partial",
        )


def _words(metadata: tuple[Any, ...]) -> str:
    """The description among the extras of Annotated: a string, or what has a `description`."""
    for one in metadata:
        words = one if isinstance(one, str) else getattr(one, "description", None)
        if isinstance(words, str) and words:
            return one_line(words, DESCRIPTION)
    return ""
