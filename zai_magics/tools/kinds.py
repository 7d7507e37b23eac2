"""What one argument may be, and how it is read: any JSON, scalars, strings with a form.

A kind knows its schema, in keywords that the service takes, and reads the model's JSON strictly
into the Python value that the function was written for. What is made of other kinds stands in
`choices` and `shapes`.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from ..errors import one_line
from ..reply import Json

_NAMES = {
    str: "the string",
    bool: "the boolean",
    int: "the integer",
    float: "the number",
    list: "the list",
    dict: "the object",
}


class ArgumentError(ValueError):
    """Arguments that do not fit; the message says which and why, for the model to mend."""


class Kind:
    """One type of argument: `Scalar("integer", "an integer", (int,)).read(3, "days")` is 3."""

    label: str

    def schema(self) -> Json:
        """The JSON schema, without anyOf, oneOf, allOf, not, $ref or $defs: with one of these
        in a tool's parameters the service answers HTTP 500.
        """
        return {}

    def read(self, value: Any, where: str) -> Any:
        """The Python value for a JSON value; ArgumentError names `where` it does not fit."""
        return value

    def refuse(self, value: Any, where: str) -> ArgumentError:
        """The error for a value that is not of this kind."""
        return ArgumentError(f"{where} must be {self.label}, not {shown(value)}")


class Anything(Kind):
    """Whatever JSON can say, passed on as it is."""

    label = "any JSON value"


def shown(value: Any) -> str:
    """A JSON value for an error message: `shown("3")` is `the string "3"`; bounded."""
    if value is None:
        return "null"
    if isinstance(value, (list, dict)):
        return f"{_NAMES[type(value)]} {one_line(_text(value), 60)}"
    return f"{_NAMES.get(type(value), 'the value')} {one_line(_text(value), 60)}"


def _text(value: Any) -> str:
    try:
        return json.dumps(value, ensure_ascii=False)
    except (TypeError, ValueError, RecursionError):  # an integer too long to be printed
        return "…"


@dataclass(frozen=True)
class Scalar(Kind):
    """A value passed on as it is. Exact types: a bool is an int to Python, not to a reader."""

    named: str
    label: str
    types: tuple[type, ...]

    def schema(self) -> Json:
        """Only its type."""
        return {"type": self.named}

    def read(self, value: Any, where: str) -> Any:
        """The value itself; nothing is converted."""
        if type(value) not in self.types:
            raise self.refuse(value, where)
        return value


@dataclass(frozen=True)
class Real(Scalar):
    """A float; an integer becomes one, as everywhere in Python."""

    def read(self, value: Any, where: str) -> Any:
        """The float nearest to the number."""
        try:
            return float(super().read(value, where))
        except OverflowError:
            raise ArgumentError(f"{where} is too large for a number") from None


TEXT = Scalar("string", "a string", (str,))
WHOLE = Scalar("integer", "an integer", (int,))
REAL = Real("number", "a number", (int, float))
NUMBER = Scalar("number", "a number", (int, float))
TRUTH = Scalar("boolean", "true or false", (bool,))
NULL = Scalar("null", "null", (type(None),))
ANY = Anything()


@dataclass(frozen=True)
class Form(Kind):
    """A string that becomes something else: a date, a path. `convert` raises ValueError."""

    label: str
    convert: Callable[[str], Any]
    form: str = ""

    def schema(self) -> Json:
        """A string, with its JSON schema format where there is one."""
        named = {"format": self.form} if self.form else {}
        return {"type": "string", **named, "description": self.label}

    def read(self, value: Any, where: str) -> Any:
        """The converted string."""
        if type(value) is not str:
            raise self.refuse(value, where)
        try:
            return self.convert(value)
        except (ValueError, ArithmeticError):
            raise self.refuse(value, where) from None


def described(schema: Json, *, before: str = "", after: str = "") -> Json:
    """The schema with words before or after its own: `described(s, after="may be null")`."""
    words = [word for word in (before, schema.get("description", ""), after) if word]
    return {**schema, "description": "; ".join(dict.fromkeys(words))} if words else schema
