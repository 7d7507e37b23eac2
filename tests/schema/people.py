"""Classes that a notebook may have, without pydantic."""

from __future__ import annotations

import enum
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Annotated, Any, Literal, NotRequired, TypedDict


class Mood(enum.Enum):
    """Two moods."""

    GOOD = "good"
    BAD = "bad"


@dataclass
class Address:
    """A nested class."""

    street: str
    city: str


@dataclass
class Person:
    """Every kind of field, itself among them."""

    name: Annotated[str, "the full name"]
    age: int | None
    born: date
    mood: Mood
    address: Address
    tags: set[str] = field(default_factory=set)
    role: Literal["author", "editor"] = "author"
    seen: datetime | None = None
    friends: list[Person] = field(default_factory=list)
    scores: dict[str, float] = field(default_factory=dict)


@dataclass
class Picky:
    """A class that looks at its values."""

    low: int
    high: int

    def __post_init__(self) -> None:
        if self.low > self.high:
            raise ValueError("low is above high")


class Song(TypedDict):
    """A TypedDict."""

    title: str
    year: NotRequired[int]


NAMES: dict[str, Any] = {
    "Person": Person,
    "Address": Address,
    "Mood": Mood,
    "Picky": Picky,
    "Song": Song,
    "number": 3,
    "ada": Address("1 Hill", "London"),
}
