"""Annotations of every kind, and functions that carry one."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import InitVar, dataclass, field
from datetime import date, datetime, time
from decimal import Decimal
from enum import Enum, Flag, IntEnum, auto
from pathlib import Path, PurePosixPath
from typing import (
    Annotated,
    Any,
    Generic,
    Literal,
    NamedTuple,
    NewType,
    NotRequired,
    Optional,
    TypedDict,
    TypeVar,
    Union,
)  # fmt: skip
from uuid import UUID

import pydantic

from zai_magics.tools import Tool, named


class Colour(Enum):
    RED = "red"
    BLUE = "blue"


class Level(IntEnum):
    LOW = auto()
    HIGH = auto()


class Access(Flag):
    READ = 1
    WRITE = 2


@dataclass(frozen=True)
class Point:
    """A point.

    Attributes:
        x: across
        y: up
    """

    x: float
    y: float = 0.5
    tags: tuple[str, ...] = ()


@dataclass
class Box:
    corner: Point
    names: list[str] = field(default_factory=list)
    scale: InitVar[int] = 1

    def __post_init__(self, scale: int) -> None:
        if scale < 1:
            raise ValueError("scale must be positive")


class Pair(NamedTuple):
    left: int
    right: str = "r"


class Trip(TypedDict):
    where: str
    days: NotRequired[int]


class Loose(TypedDict, total=False):
    where: str


T = TypeVar("T")
N = TypeVar("N", int, float)


@dataclass(frozen=True)
class Holder(Generic[T]):
    held: T


class Inner(pydantic.BaseModel):
    number: int | None = None
    kind: Literal["x"] = "x"


class Cat(pydantic.BaseModel):
    pet: Literal["cat"]
    lives: int


class Dog(pydantic.BaseModel):
    pet: Literal["dog"]
    barks: bool = True


class Order(pydantic.BaseModel):
    """An order."""

    name: str = pydantic.Field(description="who orders", max_length=20)
    inner: Inner
    day: date
    many: list[Inner] = []
    either: int | str = 3
    both: tuple[int, str] = (1, "a")
    by_name: dict[str, Inner] = {}
    pet: Cat | Dog | None = pydantic.Field(None, discriminator="pet")
    colour: Colour = Colour.RED
    extra: Any = None


class Tree(pydantic.BaseModel):
    kids: list[Tree] = []


@dataclass
class Chain:
    following: Chain | None


class Loop(TypedDict):
    again: list[Loop]


Metres = NewType("Metres", float)

ANNOTATIONS: list[Any] = [
    str, int, float, bool, None, Any, object, list, list[int], Sequence[str], Iterable[float],
    tuple, tuple[int, ...], tuple[int, str], tuple[()], set, set[int], frozenset[str], dict,
    dict[str, int], Mapping[str, list[int]], dict[int, str], dict[Colour, int], dict[Any, Any],
    dict[date, bool], Literal["a", "b"], Literal[1, "a", True, None], Literal[Colour.RED, "x"],
    Literal[None], Colour, Level, Access, Optional[int], int | None, list[int | None],  # noqa: UP045
    int | str, Union[int, float, None], date | str, list[int] | dict[str, int], Colour | int,  # noqa: UP007
    Point | Trip, datetime, date, time, Path, PurePosixPath, Decimal, UUID, Trip, Loose, Point,
    Box, Pair, Holder[int], Order, list[Order], Point | None, Annotated[float, "in metres"],
    list[Annotated[int, "a year"]], Annotated[int, pydantic.Field(description="how many")],
    Metres, T, N, "int", "list[Point]", "dict[str, 'Colour']", dict[str, Order] | None,
]  # fmt: skip


def taking(annotation: Any, **default: Any) -> Tool:
    """A tool `take(x)` with this annotation; `default=` makes x optional."""

    def take(x: Any) -> Any:
        return x

    take.__annotations__ = {"x": annotation}
    take.__defaults__ = (default["default"],) if default else None
    return named(["take"], {"take": take})["take"]


def of(function: Any) -> Tool:
    """The tool of a function."""
    return named(["f"], {"f": function})["f"]


def schema(annotation: Any, **default: Any) -> Any:
    """The schema of one annotated parameter."""
    return taking(annotation, **default).parameters["properties"]["x"]
