"""Checks of single parameters: a test, and the words that say what would pass it."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from .answers import Body
from .errors import invalid, missing


class Check(NamedTuple):
    """`Check(test, words)`: `words` end the sentence "it must be …"."""

    passes: Callable[[Any], bool]
    wanted: str


def one_of(*values: Any) -> Check:
    """One of these values; `True` does not pass for 1."""
    words = ", ".join(str(value) for value in values)
    return Check(lambda given: not isinstance(given, bool) and given in values, f"one of {words}")


def text(shortest: int, longest: int) -> Check:
    """A string of so many characters."""
    return Check(
        lambda given: isinstance(given, str) and shortest <= len(given) <= longest,
        f"a string of {shortest} to {longest} characters",
    )


def number(least: float, most: float) -> Check:
    """An integer or a float within bounds, both included."""
    return Check(
        lambda given: (
            isinstance(given, int | float)
            and not isinstance(given, bool)
            and least <= given <= most
        ),
        f"a number from {least:g} to {most:g}",
    )


def whole(least: int, most: int) -> Check:
    """An integer within bounds, both included."""
    return Check(
        lambda given: type(given) is int and least <= given <= most,
        f"an integer from {least} to {most}",
    )


FLAG = Check(lambda given: isinstance(given, bool), "true or false")
OBJECT = Check(lambda given: isinstance(given, dict), "an object")

# Common to all POST endpoints.
IDS: Mapping[str, Check] = {"request_id": text(6, 64), "user_id": text(6, 128)}

_SIZE = re.compile(r"([0-9]{1,5})x([0-9]{1,5})", re.ASCII)


def check(body: Body, checks: Mapping[str, Check]) -> None:
    """Raise Problem 1214 for the first parameter that is there and does not pass."""
    for name, (passes, wanted) in checks.items():
        if body.get(name) is not None and not passes(body[name]):
            raise invalid(name, wanted)


def required(body: Body, name: str) -> Any:
    """The parameter's value; Problem 1213 if it is absent, null or an empty string."""
    value = body.get(name)
    if value is None or value == "":
        raise missing(name)
    return value


def size(given: Any) -> tuple[int, int]:
    """`size("1280x720")` -> (1280, 720); Problem 1214 for anything else."""
    match = _SIZE.fullmatch(given) if isinstance(given, str) else None
    if match is None:
        raise invalid("size", "a string such as 1280x1280")
    return int(match[1]), int(match[2])
