"""The short form of a schema: `name, age int?, tags list, address {street, city}`.

A field is ``NAME TYPE?: description``; the type (str), the `?` (may be null) and the description
may be left out. Types: str, int, float, bool, date, datetime, time, list, list[TYPE], dict,
dict[TYPE], an enumeration ``good|bad``, a nested object ``{…}``, a list of objects ``[…]``.
The whole in brackets is a list of such objects.

A comma or a closing bracket ends a description, and nothing can tell that a comma was meant
otherwise: a description with one stands in quotes, ``name: 'first, then last'``. A description
that is nothing but a type (``age: int``) is the type. A name is one word of letters, digits, `_`
and `-`.
"""

from __future__ import annotations

import difflib
import re
from datetime import date, datetime, time
from typing import NoReturn

from ..errors import CommandError, one_line
from .nouns import Shape
from .shapes import SCALARS, described, listing, mapping, nullable, one_of, record

_SPACE = re.compile(r"\s*")
_NAME = re.compile(r"[^\W\d][\w-]*")
_WORD = re.compile(r"""[^\s,:?|\[\]{}"']+""")
_ONE = r"""(?:"[^"]*"|'[^']*'|[^\s,|:\[\]{}?"']+)"""
_CHOICES = re.compile(rf"{_ONE}(?:\s*\|\s*{_ONE})+")
_CHOICE = re.compile(_ONE)
_WORDS = re.compile(r"[^,\]}]*")
_QUOTED = re.compile(r"""\s*(?:"([^"]*)"|'([^']*)')\s*(?=[,\]}]|\Z)""")
_DEFAULT = "a field has no default here; say it in words, as in size int: 3 if nothing is said"
_KEYS = re.compile(r"\s*str\s*,")
_DEEPEST = 10
_TYPES = {
    **{name: SCALARS[str] for name in ("str", "string", "text")},
    **{name: SCALARS[int] for name in ("int", "integer")},
    **{name: SCALARS[float] for name in ("float", "number")},
    **{name: SCALARS[bool] for name in ("bool", "boolean")},
    "date": SCALARS[date],
    "datetime": SCALARS[datetime],
    "time": SCALARS[time],
}
_NAMES = ("str", "int", "float", "bool", "date", "datetime", "time", "list", "dict")
_PLAIN = ("str", "int", "float", "bool", "datetime")  # no words of English, as date and list are
_PYTHON = {"str", "int", "float", "bool", "list", "dict", "None", "null"}


def shape(spec: str) -> Shape:
    """The shape of a short form: an object, or a list for one in brackets. CommandError."""
    return _Reader(spec.strip()).whole()


class _Reader:
    """Reads a spec from left to right; `at` is the next character."""

    def __init__(self, spec: str) -> None:
        self.spec = spec
        self.at = 0
        self.depth = 0

    def whole(self) -> Shape:
        """One object, or the list that brackets around all of it mean."""
        opened = self.take("[") or self.take("{")
        close = {"[": "]", "{": "}", "": ""}[opened]
        found = self.fields(close)
        if not self.take("") and self.at < len(self.spec):
            self.left(close)
        return listing(found) if opened == "[" else found

    def fields(self, close: str) -> Shape:
        """Fields up to the closing bracket, or up to the end."""
        self.depth += 1
        if self.depth > _DEEPEST:
            self.stop(f"objects nested more than {_DEEPEST} deep; make it flatter")
        found: dict[str, Shape] = {}
        while not (close and self.take(close)):
            if self.at >= len(self.spec) and (not close or not found):
                break
            name, made = self.field()
            if name in found:
                self.stop(f"{name} is there twice; rename one")
            found[name] = made
            if not self.take(",") and not (close and self.looks_at(close)):
                if close and not self.looks_at("="):
                    self.stop(f"a comma or {close} is missing")
                break
        if self.looks_at("="):
            self.stop(_DEFAULT)
        if not found:
            self.stop('there are no fields; write them like "name, age int, tags list"')
        self.depth -= 1
        return record(found)

    def field(self) -> tuple[str, Shape]:
        """`NAME [TYPE][?][: description]`."""
        self.take("")
        match = _NAME.match(self.spec, self.at)
        if not match:
            self.stop("a field's name is missing here (a name is one word)")
        name, self.at = match.group(), match.end()
        if name in _PYTHON and self.ends():
            self.stop(f"{name} is a type; a field's name comes first, as in value {name}")
        kind = self.kind_after_colon()
        if kind is None:
            # Blank, then a type: what is no type there is an error, never a description.
            kind = SCALARS[str] if self.ends() or self.looks_at(":?") else self.kind(name)
        if self.take("?"):
            kind = nullable(kind)
        return name, described(kind, self.description())

    def kind_after_colon(self) -> Shape | None:
        """The type of `age: int`, as in Python; None for any other words behind the colon."""
        before = self.at
        if self.take(":"):
            try:
                kind = self.kind("")
                if self.ends() or self.looks_at(":?"):
                    return kind
            except CommandError:
                pass
        self.at = before
        return None

    def kind(self, field: str) -> Shape:
        """A type."""
        if self.take("["):
            return listing(self.fields("]"))
        if self.take("{"):
            return self.fields("}")
        self.take("")
        if match := _CHOICES.match(self.spec, self.at):
            self.at = match.end()
            return self.enumeration(_CHOICE.findall(match.group()))
        match = _WORD.match(self.spec, self.at)
        word = match.group() if match else ""
        if not match or (word not in _TYPES and word not in ("list", "array", "dict", "object")):
            self.unknown(field, word)
        self.at = match.end()
        if word in _TYPES:
            return _TYPES[word]
        return self.many(word in ("list", "array"))

    def many(self, is_list: bool) -> Shape:
        """What stands behind `list` or `dict`, if anything does."""
        if not self.take("["):
            return listing(SCALARS[str]) if is_list else mapping()
        if not is_list and _KEYS.match(self.spec, self.at):
            self.at = self.spec.index(",", self.at) + 1  # dict[str, int]: keys are text anyway
        word = _WORD.match(self.spec, self.at)
        if word and self.spec.startswith(",", word.end()):
            self.stop("a list of objects is written [name, age int], without the word list")
        item = self.kind("")
        item = nullable(item) if self.take("?") else item
        if not self.take("]"):
            self.stop("a ] is missing")
        return listing(item) if is_list else mapping(item)

    def enumeration(self, found: list[str]) -> Shape:
        """`good|bad`, `1|2|3`, and what Python's types mean: `true|false`, `int|None`."""
        if found[0].startswith("="):
            self.stop("a field and its values have a blank between them: label good|bad")
        values = [v[1:-1] if v[0] in "\"'" else v for v in found]
        if len(set(values)) < len(values):
            self.stop("the enumeration has a value twice")
        if _PYTHON.issuperset(found):
            rest = [v for v in values if v not in ("None", "null")]
            if len(rest) == 1 and rest[0] in _TYPES:
                return nullable(_TYPES[rest[0]])
            self.stop("a field has one type; write int? for one that may be null")
        if {v.lower() for v in values} == {"true", "false"}:
            return SCALARS[bool]
        if all(re.fullmatch(r"-?[0-9]{1,9}", v) for v in found):
            return one_of([int(v) for v in values])
        return one_of(values)

    def description(self) -> str:
        """The words behind a colon, if there is one."""
        if not self.take(":"):
            return ""
        match = _QUOTED.match(self.spec, self.at)
        if match:
            words = match.group(1) if match.group(1) is not None else match.group(2)
        else:
            match = _WORDS.match(self.spec, self.at)
            words = match.group() if match else ""
            first, _, rest = words.strip().partition(" ")
            if first in _PLAIN and rest.strip().startswith("="):
                self.stop(_DEFAULT)
            if first in _PLAIN and rest:
                self.stop(f"the type stands before the colon: NAME {first}: {rest.strip()}")
        self.at = match.end() if match else self.at
        return " ".join(words.split())

    def ends(self) -> bool:
        """Whether the field is over."""
        return self.at >= len(self.spec) or self.looks_at(",]}")

    def looks_at(self, any_of: str) -> bool:
        """Whether one of these characters is next, blanks aside."""
        self.take("")
        return self.spec[self.at : self.at + 1] in [*any_of]

    def take(self, what: str) -> str:
        """Steps over blanks, and over `what` if it is next; then it is given back."""
        match = _SPACE.match(self.spec, self.at)
        self.at = match.end() if match else self.at
        if what and self.spec.startswith(what, self.at):
            self.at += len(what)
            return what
        return ""

    def left(self, close: str) -> NoReturn:
        """An error for what stands behind the last field."""
        words = "a description with a bracket in it stands in quotes"
        if close:
            self.stop(f"the {close} is not the end; {words}")
        if self.looks_at("]}"):
            self.stop(f"there is no bracket to close; {words}")
        self.stop("a comma is missing, or a colon before a description")

    def unknown(self, field: str, word: str) -> NoReturn:
        """An error for a word that is no type."""
        if "=" in word:
            self.stop(_DEFAULT)
        close = difflib.get_close_matches(word.lower(), [*_TYPES, "list", "dict"], 1, 0.65)
        if close:
            self.stop(f"{word} is not a type; did you mean {close[0]}?")
        if word:
            hint = f'describe it as "{field}: {word} …"' if field else "correct it"
            self.stop(
                f"{word} is not a type ({', '.join(_NAMES)}); {hint}; a description with a comma "
                "in it stands in quotes"
            )
        self.stop(f"a type is missing; there are {', '.join(_NAMES)}, a|b, {{…}} and […]")

    def stop(self, why: str) -> NoReturn:
        """The error, with what stands around the place."""
        before = self.spec[max(0, self.at - 20) : self.at]
        after = self.spec[self.at : self.at + 15]
        where = one_line(f"{before}▸{after}", 60)
        raise CommandError(f"schema, at {where}: {why}")
