"""The nouns of this room: a schema, what was read with it, and a value that does not fit."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from ..reply import Json

Path = tuple[str | int, ...]
"""Where in the answer: `("items", 3, "age")`."""


class Misfit(Exception):
    """A value that cannot become what the schema asks for. `found` is (path, what is wrong)."""

    def __init__(self, found: Iterable[tuple[Path, str]]) -> None:
        super().__init__("does not fit")
        self.found = list(found)

    def below(self, step: str | int) -> Misfit:
        """The same, seen from one step further out."""
        return Misfit(((step, *path), said) for path, said in self.found)


def same(value: Any) -> Any:
    """What JSON gives is the value already."""
    return value


class Shape(NamedTuple):
    """A type as a JSON schema, and how a value of it is made from JSON that fits the schema."""

    json: Json
    make: Callable[[Any], Any] = same


@dataclass(frozen=True)
class Schema:
    """What an answer has to look like: `parse("name, age int", {})`.

    `json` is the JSON schema that the model is shown, always of an object: a list of rows stands
    in it as ``{"items": [...]}``, and `rows` says so. `name` is for people. `make` turns data
    that fits into the typed value; it gets the list when there are `rows`. `ours` means that the
    schema was written by this package: keys that it does not know are dropped. `judges` means
    that `make` checks for itself (pydantic), so that nobody else needs to.
    """

    json: Json
    name: str
    rows: bool = False
    make: Callable[[Any], Any] = field(default=same, compare=False, repr=False)
    ours: bool = False
    judges: bool = False


@dataclass(frozen=True)
class Read:
    """What an answer holds: `data`, or None and the `problems`, one line each."""

    data: Any
    problems: tuple[str, ...] = ()
