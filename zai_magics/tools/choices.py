"""One of several: choices, null, unions; and a kind with words of the user's about it."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from ..errors import one_line
from ..reply import Json
from .kinds import ArgumentError, Kind, Real, described


@dataclass(frozen=True)
class Choice(Kind):
    """One of a few JSON scalars, each standing for a Python value (Literal, Enum)."""

    options: tuple[tuple[Any, Any], ...]

    @property
    def label(self) -> str:  # type: ignore[override]
        """All the choices, as far as a line carries them."""
        said = ", ".join(json.dumps(one, ensure_ascii=False) for one, _ in self.options)
        return f"one of {one_line(said, 400)}"

    def schema(self) -> Json:
        """An enum, with a type when all choices share one."""
        said = [one for one, _ in self.options]
        kinds = {_SCALARS[type(one)] for one in said}
        return {**({"type": kinds.pop()} if len(kinds) == 1 else {}), "enum": said}

    def read(self, value: Any, where: str) -> Any:
        """The Python value of the choice; true is not 1."""
        for said, meant in self.options:
            if type(said) is type(value) and said == value:
                return meant
        raise self.refuse(value, where)


_SCALARS = {str: "string", bool: "boolean", int: "integer", float: "number"}


@dataclass(frozen=True)
class Nullable(Kind):
    """Something or null. The words say so: `type: [..., "null"]` is not known to be taken."""

    kind: Kind

    @property
    def label(self) -> str:  # type: ignore[override]
        """The kind, or null."""
        return f"{self.kind.label} or null"

    def schema(self) -> Json:
        """The schema of the kind; its description ends with "may be null"."""
        return described(self.kind.schema(), after="may be null")

    def read(self, value: Any, where: str) -> Any:
        """None for null."""
        if value is None:
            return None
        try:
            return self.kind.read(value, where)
        except ArgumentError as error:
            # Of a list or an object the inner place says more than its alternatives.
            raise error if isinstance(value, (list, dict)) else self.refuse(value, where) from None


@dataclass(frozen=True)
class Union(Kind):
    """One of several kinds, the first that fits.

    The schema keeps a type that all share. Otherwise it has none and says in words what fits:
    with "string" the model would write "3" for a number, and a list of types is not documented.
    """

    members: tuple[Kind, ...]

    @property
    def label(self) -> str:  # type: ignore[override]
        """All the kinds."""
        return " or ".join(dict.fromkeys(member.label for member in self.members))

    def schema(self) -> Json:
        """The common type, if any, and words."""
        types = {member.schema().get("type") for member in self.members}
        if types == {"integer", "number"}:
            return {"type": "number"}
        common = types.pop() if len(types) == 1 else None
        return {**({"type": common} if common else {}), "description": self.label}

    def read(self, value: Any, where: str) -> Any:
        """As the first kind that takes it; an integer stays one if integers are allowed."""
        for member in sorted(self.members, key=lambda kind: isinstance(kind, Real)):
            try:
                return member.read(value, where)
            except ArgumentError:
                continue
        raise self.refuse(value, where)


@dataclass(frozen=True)
class Noted(Kind):
    """A kind and the user's words about it: `Annotated[float, "in metres"]`."""

    kind: Kind
    note: str

    @property
    def label(self) -> str:  # type: ignore[override]
        """That of the kind."""
        return self.kind.label

    def schema(self) -> Json:
        """The schema of the kind, described."""
        return described(self.kind.schema(), before=self.note)

    def read(self, value: Any, where: str) -> Any:
        """As the kind reads it."""
        return self.kind.read(value, where)
