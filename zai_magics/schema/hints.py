"""Dataclasses, TypedDicts and plain annotations -> shapes, with the standard library alone."""

from __future__ import annotations

import dataclasses
import enum
import sys
import types
import typing
from collections.abc import Mapping
from typing import Any, Literal, NoReturn, Union, get_args, get_origin

from ..errors import CommandError, one_line
from ..reply import Json
from .nouns import Misfit, Shape, same
from .shapes import SCALARS, described, listing, mapping, nullable, one_of, record

_LISTS: dict[Any, Any] = {list: list, set: set, frozenset: frozenset, tuple: tuple}
_KNOWN = "str, int, float, bool, date, datetime, list, dict, Literal, an Enum, a dataclass"


def is_record(value: Any) -> bool:
    """Whether it is a dataclass or TypedDict (the class, not one made of it)."""
    return isinstance(value, type) and (
        dataclasses.is_dataclass(value) or typing.is_typeddict(value) or _is_typeddict(value)
    )


def _is_typeddict(value: type) -> bool:
    # typing_extensions has one of its own, which the standard library does not know.
    return issubclass(value, dict) and hasattr(value, "__required_keys__")


def shape(annotation: Any, names: Mapping[str, Any]) -> Shape:
    """`shape(list[Person], names)`; `names` are for annotations that are text. CommandError."""
    found = _Shapes(names)
    made = found.shape(annotation, one_line(getattr(annotation, "__name__", str(annotation)), 60))
    return Shape({**made.json, "$defs": found.defs} if found.defs else made.json, made.make)


class _Shapes:
    """One conversion: classes that contain themselves are met again while they are being made."""

    def __init__(self, names: Mapping[str, Any]) -> None:
        self.names = names
        self.classes: dict[type, Shape | None] = {}
        self.again_met: dict[str, type] = {}
        self.defs: Json = {}

    def shape(self, kind: Any, where: str) -> Shape:
        """The shape of an annotation that stands at `where`."""
        origin, args = get_origin(kind), get_args(kind)
        if kind is Any or kind is object:
            return Shape({})
        if isinstance(kind, type) and kind in SCALARS:
            return SCALARS[kind]
        if origin is typing.Annotated:
            words = next((m for m in args[1:] if isinstance(m, str)), "")
            return described(self.shape(args[0], where), words)
        if _mark(kind):
            return self.shape(args[0], where)
        if origin in (Union, types.UnionType):
            return self.union(args, where)
        if origin is Literal:
            return self.literal(args, where)
        if (origin or kind) in (dict, Mapping):
            return self.dictionary(args, where)
        return self.sequence(kind, origin or kind, args, where)

    def sequence(self, kind: Any, origin: Any, args: tuple[Any, ...], where: str) -> Shape:
        """A list, set or tuple; else a class."""
        name = getattr(origin, "__name__", "")
        if origin not in _LISTS and name not in ("Sequence", "Iterable", "Collection"):
            return self.named_class(kind, where)
        args = tuple(a for a in args if a is not Ellipsis)
        if len(args) > 1:
            self.stop(where, "a tuple of several types is no list; use a dataclass")
        item = self.shape(args[0], f"{where}[]") if args else Shape({})
        return listing(item, _LISTS.get(origin, list))

    def named_class(self, kind: Any, where: str) -> Shape:
        """A dataclass, TypedDict or Enum."""
        if isinstance(kind, type) and issubclass(kind, enum.Enum):
            return self.enumeration(kind, where)
        if not is_record(kind):
            shown = one_line(_name(kind), 60)
            self.stop(where, _plain(kind) or f"{shown} is no type for a schema; use {_KNOWN}")
        name: str = kind.__name__
        if kind not in self.classes:
            self.classes[kind] = None
            self.classes[kind] = made = self.record(kind)
            if self.again_met.get(name) is kind:
                self.defs[name] = made.json
        found = self.classes[kind]
        if found is not None:
            return found
        if self.again_met.setdefault(name, kind) is not kind:
            self.stop(where, f"there are two classes {name}; rename one")
        self.defs.setdefault(name, {})
        return Shape({"$ref": f"#/$defs/{name}"}, lambda v: self.again(kind, v))

    def again(self, kind: type, value: Any) -> Any:
        """Makes a value of a class that contains itself."""
        found = self.classes[kind]
        return found.make(value) if found else value

    def record(self, kind: type) -> Shape:
        """A class with fields."""
        try:
            hints = self.hints(kind)
        except Exception as error:
            said = one_line(f"{type(error).__name__}: {error}", 120)
            self.stop(kind.__name__, f"its annotations cannot be read ({said}); define it first")
        required = [name for name, hint in hints.items() if _is_required(kind, name, hint)]
        defaults: Json = {}
        gather: Any = dict
        if dataclasses.is_dataclass(kind):
            fields = [f for f in dataclasses.fields(kind) if f.init]
            hints = {f.name: hints[f.name] for f in fields}
            defaults = {f.name: f.default for f in fields if _is_json(f.default)}
            required = [f.name for f in fields if f.default is f.default_factory]  # both MISSING
            gather = _maker(kind)
        shapes = {name: self.shape(h, f"{kind.__name__}.{name}") for name, h in hints.items()}
        for name, default in defaults.items():
            shapes[name] = Shape({**shapes[name].json, "default": default}, shapes[name].make)
        return record(shapes, required, gather)

    def hints(self, kind: type) -> Json:
        """The annotations; the notebook's names only where the class's own module has none."""
        try:
            return typing.get_type_hints(kind, include_extras=True)
        except NameError:
            return typing.get_type_hints(kind, None, dict(self.names), include_extras=True)

    def union(self, args: tuple[Any, ...], where: str) -> Shape:
        """`X | None`, or several plain types: which class is meant, JSON does not say."""
        kinds = [a for a in args if a is not type(None)]
        if len(kinds) == 1:
            return nullable(self.shape(kinds[0], where))
        if not {str, int, float, bool}.issuperset(kinds):
            self.stop(where, "one of several classes; that needs pydantic classes")
        names = [*dict.fromkeys(SCALARS[k].json["type"] for k in kinds)]
        return Shape({"type": [*names, "null"] if len(kinds) < len(args) else names}, same)

    def literal(self, args: tuple[Any, ...], where: str) -> Shape:
        """`Literal["good", "bad"]`."""
        if not all(a is None or isinstance(a, (str, int)) for a in args):
            self.stop(where, "a Literal of other things than text and numbers; use text")
        made = one_of([a for a in args if a is not None])
        return nullable(made) if None in args else made

    def enumeration(self, kind: type[enum.Enum], where: str) -> Shape:
        """An Enum, by the values of its members."""
        values = [member.value for member in kind]
        if not values or not all(isinstance(v, (str, int, float)) for v in values):
            self.stop(where, f"{kind.__name__} needs values that are text or numbers")
        return one_of(values, kind)

    def dictionary(self, args: tuple[Any, ...], where: str) -> Shape:
        """`dict[str, X]`."""
        if args and args[0] is not str:
            self.stop(where, "the keys of JSON are text; use dict[str, …]")
        return mapping(self.shape(args[1], f"{where}[]") if args else None)

    def stop(self, where: str, why: str) -> NoReturn:
        """The error."""
        raise CommandError(f"schema, {where}: {why}")


def _mark(kind: Any) -> str:
    """`Required` or `NotRequired` around an annotation, of typing or typing_extensions."""
    name = str(get_origin(kind)).rpartition(".")[2]
    return name if name in ("Required", "NotRequired") else ""


def _is_required(kind: type, name: str, hint: Any) -> bool:
    # Where annotations are text, `__required_keys__` has not seen the mark.
    mark = _mark(hint)
    return mark == "Required" or (not mark and name in getattr(kind, "__required_keys__", ()))


def _plain(kind: Any) -> str:
    """What is said of a class of the user's own that has no fields that could be asked for."""
    if not isinstance(kind, type) or kind.__module__.split(".")[0] in sys.stdlib_module_names:
        return ""
    if getattr(kind, "__annotations__", None):
        return "a class with annotations alone is no schema; write @dataclass above it"
    return 'a class without annotated fields; give a dataclass, or fields as in "name, age int"'


def _name(kind: Any) -> str:
    return kind.__name__ if isinstance(kind, type) else str(kind)


def _is_json(value: Any) -> bool:
    return value is None or type(value) in (str, int, float, bool)


def _maker(kind: type) -> Any:
    """Calls a dataclass; what its own code has against the values is the answer's problem."""

    def make(fields: Json) -> Any:
        try:
            return kind(**fields)
        except Exception as error:
            raise Misfit([((), f"{type(error).__name__}: {error}")]) from None

    return make
