"""Pydantic models: their schema with every reference put in place and every choice put in words.

Pydantic is not imported here: a model brings its own methods.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ..errors import CommandError, one_line
from ..reply import Json
from .kinds import ArgumentError, Kind, described, shown

if TYPE_CHECKING:
    from .annotations import Reader

# All else is dropped: what the service cannot take, and what it need not know. Pydantic itself
# checks what the model gives.
_KEPT = {
    "type", "enum", "description", "default", "format", "pattern", "required", "uniqueItems",
    "minItems", "maxItems", "minLength", "maxLength", "minimum", "maximum", "exclusiveMinimum",
    "exclusiveMaximum", "multipleOf",
}  # fmt: skip
_NULL = {"type": "null"}
_WORDS = 400
_PROBLEMS = 5


@dataclass(frozen=True)
class Model(Kind):
    """A pydantic model, which reads and checks its own JSON. `given` is its schema, made plain."""

    cls: Any
    given: Json
    label: str = "an object"

    def schema(self) -> Json:
        """A copy, for others to describe."""
        return dict(self.given)

    def read(self, value: Any, where: str) -> Any:
        """An instance. Strict, but as JSON: "3" is no int, "2026-01-31" is a date."""
        if unknown := next(_unknown(value, self.given, where), ""):
            raise ArgumentError(f"unknown argument {unknown}")
        try:
            return self.cls.model_validate_json(json.dumps(value), strict=True)
        except ValueError as error:
            raise ArgumentError("; ".join(_told(error, where))) from None
        except Exception as error:  # a validator of the user's own
            said = one_line(f"{type(error).__name__}: {error}", 300)
            raise ArgumentError(f"{where}: {said}") from None


def _told(error: ValueError, where: str) -> Iterator[str]:
    """What pydantic found wrong, each with its place; never its links or its input whole."""
    details = getattr(error, "errors", None)
    if details is None:
        yield f"{where}: {one_line(str(error), 300)}"
        return
    found = details(include_url=False)
    for one in found[:_PROBLEMS]:
        steps = "".join(f"[{s}]" if isinstance(s, int) else f".{s}" for s in one["loc"])
        got = f", not {shown(one['input'])}" if one["type"] != "missing" else ""
        yield f"{where}{one_line(steps, 100)}: {one_line(one['msg'], 200)}{got}"
    if len(found) > _PROBLEMS:
        yield f"and {len(found) - _PROBLEMS} more"


def _unknown(value: Any, schema: Any, where: str) -> Iterator[str]:
    """Names that the schema does not know. Pydantic leaves them out without a word, and a
    misspelt name is then a default.
    """
    if isinstance(value, list):
        for n, one in enumerate(value):
            yield from _unknown(one, schema.get("items", {}), f"{where}[{n}]")
    elif isinstance(value, dict):
        known, others = schema.get("properties", {}), schema.get("additionalProperties", True)
        for name, one in value.items():
            place = f"{where}.{one_line(name, 60)}"
            if name not in known and others is False:
                yield place
            inner = known.get(name, others)
            yield from _unknown(one, inner if isinstance(inner, dict) else {}, place)


def model(cls: Any, reader: Reader, where: str) -> Model:
    """The kind of a pydantic model (version 2); CommandError for one that holds itself."""
    try:
        given = cls.model_json_schema()
        plain = _Plain(given.get("$defs", {})).schema(given)
    except CommandError as error:
        raise reader.error(where, str(error)) from None
    except Exception as error:  # a field that has no JSON schema, or a reference to nothing
        why = one_line(f"{type(error).__name__}: {error}", 120)
        raise reader.error(where, f"is a {cls.__name__} without a JSON schema ({why})") from None
    return Model(cls, plain, one_line(_named(plain), 200))


class _Plain:
    def __init__(self, definitions: Mapping[str, Json]) -> None:
        self._definitions = definitions
        self._inside: list[str] = []

    def schema(self, node: Any) -> Json:
        """The node without references, choices or unknown words."""
        if not isinstance(node, dict):
            return {}
        if "$ref" in node:
            rest = {name: value for name, value in node.items() if name != "$ref"}
            return {**self._definition(node["$ref"]), **self.schema(rest)}
        found = {name: node[name] for name in _KEPT & node.keys()}
        if isinstance(found.get("description"), str):
            found["description"] = one_line(found["description"], _WORDS)
        if "const" in node:
            found["enum"] = [node["const"]]
        self._inner(node, found)
        for part in node.get("allOf", ()):
            found = {**self.schema(part), **found}
        for name in ("anyOf", "oneOf"):
            if name in node:
                found = self._choice(node[name], found)
        return found

    def _definition(self, reference: str) -> Json:
        name = reference.rpartition("/")[2].replace("~1", "/").replace("~0", "~")
        if name in self._inside:
            raise CommandError(f"holds a {name}, which holds itself; take a str of JSON instead")
        self._inside.append(name)
        found = self.schema(self._definitions[name])
        self._inside.pop()
        return found

    def _inner(self, node: Json, found: Json) -> None:
        if isinstance(node.get("properties"), dict):
            inner = node["properties"].items()
            found["properties"] = {name: self.schema(one) for name, one in inner}
            found["additionalProperties"] = False  # pydantic's own "ignore" is not what is meant
        if "items" in node:
            found["items"] = self.schema(node["items"])
        if isinstance(more := node.get("additionalProperties"), (bool, dict)):
            found["additionalProperties"] = more if isinstance(more, bool) else self.schema(more)
            if found["additionalProperties"] == {}:
                found["additionalProperties"] = True
        if isinstance(node.get("prefixItems"), list):
            words = ", ".join(_named(self.schema(one)) for one in node["prefixItems"])
            found.update(described(found, after=f"in this order: {words}"))

    def _choice(self, branches: list[Json], found: Json) -> Json:
        """One of several: the only one that is not null, or words."""
        others = [self.schema(one) for one in branches if one != _NULL]
        if found.get("default", "") is None:
            del found["default"]
        if len(others) == 1:
            found = {**others[0], **found}
        else:
            types = {one.get("type") for one in others}
            common = {"type": types.pop()} if len(types) == 1 and None not in types else {}
            found = described({**common, **found}, after=" or ".join(map(_named, others)))
        return described(found, after="may be null") if len(others) < len(branches) else found


def _named(schema: Json) -> str:
    """A schema in words, for the description of a choice."""
    if "enum" in schema:
        return "one of " + ", ".join(map(str, schema["enum"]))
    kind = str(schema.get("type", "any value"))
    if kind == "object":
        if not schema.get("properties"):
            return "an object"
        return f"an object with {', '.join(schema['properties'])}"
    if kind == "array" and schema.get("items"):
        return f"an array, each item {_named(schema['items'])}"
    return " ".join(filter(None, (kind, schema.get("format"))))
