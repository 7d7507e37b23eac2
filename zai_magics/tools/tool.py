"""A function that a model may call: its name, words and parameters; the mark `@zm.tool`."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, NamedTuple, TypeVar, overload

from ..errors import CommandError, one_line
from ..reply import Json
from .docstring import SUMMARY, summary
from .shapes import Record
from .signature import accepted, documentation

F = TypeVar("F", bound=Callable[..., Any])

_NAME = re.compile(r"[A-Za-z0-9_-]{1,64}")
_MARK = "__zai_tool__"


class Mark(NamedTuple):
    """What `@zm.tool(...)` says of a function."""

    name: str | None = None
    description: str | None = None


@dataclass(frozen=True)
class Tool:
    """A function as it is offered to a model: `Tool.of(weather)`.

    `accepts` reads the arguments; `parameters` is its JSON schema.
    """

    name: str
    description: str
    parameters: Json
    function: Callable[..., Any]
    accepts: Record = field(default=None, repr=False, compare=False)  # type: ignore[assignment]

    def __post_init__(self) -> None:
        if self.accepts is None:
            object.__setattr__(self, "accepts", accepted(self.function, checked(self.name)))

    @classmethod
    def of(cls, function: Callable[..., Any], typed: str = "") -> Tool:
        """A tool from a function, under its mark's name, else as `typed`, else under its own.

        A variable's name says more than `<lambda>`, or `wrapper` where a decorator forgot.
        """
        mark = marked(function) or Mark()
        own = str(getattr(function, "__name__", ""))
        name = checked(mark.name or typed.rpartition(".")[2] or own)
        accepts = accepted(function, f"-T {typed or name}")
        words = mark.description
        words = summary(documentation(function)) if words is None else one_line(words, SUMMARY)
        return cls(name, words, accepts.schema(), function, accepts)

    def to_request(self) -> Json:
        """As it stands in a request's `tools`."""
        words = {"description": self.description} if self.description else {}
        function = {"name": self.name, **words, "parameters": self.parameters}
        return {"type": "function", "function": function}


def checked(name: str) -> str:
    """A name that the service takes: 1 to 64 of A-Z a-z 0-9 _ - (docs.z.ai, function calling)."""
    if not _NAME.fullmatch(name):
        raise CommandError(
            f"a tool cannot be named {one_line(name, 80)!r}: 1 to 64 of A-Z a-z 0-9 _ - are "
            'taken; name it with @zm.tool(name="...")'
        )
    return name


def marked(function: Any) -> Mark | None:
    """The mark of a function; of a stranger's attribute of this name None."""
    mark = getattr(function, _MARK, None)
    return mark if isinstance(mark, Mark) else None


@overload
def tool(function: F, *, name: str | None = None, description: str | None = None) -> F:
    """`@tool`."""


@overload
def tool(
    function: None = None, *, name: str | None = None, description: str | None = None
) -> Callable[[F], F]:
    """`@tool(name="...")`."""


def tool(function: Any = None, *, name: str | None = None, description: str | None = None) -> Any:
    """Mark a function for `-T`, under another name or with other words than its own.

        @zm.tool(name="weather", description="Tomorrow's weather in a city.")
        def forecast(city: str) -> str: ...

    The function stays as it was. Nothing is offered to a model before `-T` names it.
    """
    if function is None:
        return lambda found: tool(found, name=name, description=description)
    if isinstance(function, type) or not (callable(function) or hasattr(function, "__func__")):
        raise CommandError(
            "@zm.tool marks functions; put it above a def, or call it as @zm.tool(name=...)"
        )
    if name is not None:
        checked(name)
    # A staticmethod or classmethod gives its function to those who ask; a bound method shares it.
    target = getattr(function, "__func__", function)
    try:
        setattr(target, _MARK, Mark(name, description))
    except (AttributeError, TypeError):
        raise CommandError(
            f"a {type(function).__name__} cannot be marked; write a function around it"
        ) from None
    return function
