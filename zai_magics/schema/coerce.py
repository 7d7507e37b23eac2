"""What a model writes nearly right, put right where it can mean one thing only.

"3" is 3 where an integer is asked for; "1,234" is not: in some countries it is 1.234.
"""

from __future__ import annotations

import re
from typing import Any

from ..errors import CommandError
from ..reply import Json
from ..text import whole
from .nouns import Misfit, Path
from .refs import look_up

DEEPEST = 64
_INTEGER = re.compile(r"[+-]?[0-9]{1,300}(?:\.0{1,20})?")
_NUMBER = re.compile(r"[+-]?[0-9]{1,300}(?:\.[0-9]{1,300})?(?:[eE][+-]?[0-9]{1,3})?")


def sound(value: Any, path: Path = ()) -> Any:
    """The value with whole characters only. Misfit for NaN, infinity and too deep a nesting."""
    if len(path) > DEEPEST:
        raise Misfit([(path, f"is nested more than {DEEPEST} deep")])
    if isinstance(value, dict):
        return {whole(key): sound(each, (*path, key)) for key, each in value.items()}
    if isinstance(value, list):
        return [sound(each, (*path, n)) for n, each in enumerate(value)]
    if isinstance(value, float) and not abs(value) < float("inf"):
        raise Misfit([(path, "is not a finite number")])
    return whole(value) if isinstance(value, str) else value


def rows(value: Any, schema: Json) -> Any:
    """What a model means as rows: the object with "items", a bare list, a single row."""
    if isinstance(value, list):
        return {"items": value}
    if not isinstance(value, dict):
        return value
    inner = _meant(schema["properties"]["items"].get("items"), schema)
    fields = inner.get("properties", {})
    own = [key for key in value if key in fields and key != "items"]
    if "items" in value and not own:
        only = value["items"]
        return {**value, "items": [only]} if isinstance(only, dict) else value
    if len(value) == 1 and not own and isinstance(held := next(iter(value.values())), list):
        return {"items": held}  # {"people": […]}
    return {"items": [value]}


def coerce(value: Any, schema: Any, root: Json, *, ours: bool) -> Any:
    """The value as the schema asks for it, as far as that is safe.

    `coerce({"age": "3"}, schema, schema, ours=True)` -> {"age": 3}. What cannot be put right stays
    for the check to name. A missing field that may be null is null, unless no field is there at
    all. With `ours`, keys that the schema does not know are dropped.
    """
    schema = _meant(schema, root)
    kinds = _kinds(schema)
    if isinstance(value, str) and "array" in kinds and "string" not in kinds:
        value = _wrapped(value, schema, root)
    if isinstance(value, dict):
        return _object(value, schema, root, ours)
    if isinstance(value, list):
        items = schema.get("items", True)
        return [coerce(each, items, root, ours=ours) for each in value]
    return _scalar(value, kinds, schema)


def _meant(schema: Any, root: Json) -> Json:
    """What a schema comes down to: its reference, the one way that is not null."""
    for _ in range(20):
        if not isinstance(schema, dict):
            return {}
        ways = [*schema.get("anyOf", ()), *schema.get("oneOf", ())]
        real = [way for way in ways if way != {"type": "null"}]
        if "$ref" in schema:
            try:
                schema = look_up(root, schema["$ref"])
            except CommandError:
                return {}
        elif len(schema.get("allOf", ())) == 1 and "properties" not in schema:
            schema = schema["allOf"][0]
        # Which of several ways is meant is not to be guessed.
        elif len(real) == 1 and "type" not in schema:
            schema = real[0]
        else:
            return schema
    return {}


def _kinds(schema: Json) -> list[str]:
    kind = schema.get("type", [])
    return kind if isinstance(kind, list) else [kind]


def _allows_null(schema: Any, root: Json) -> bool:
    if not isinstance(schema, dict):
        return False
    ways = [*schema.get("anyOf", ()), *schema.get("oneOf", ())]
    return {"type": "null"} in ways or "null" in _kinds(schema)


def _object(value: Json, schema: Json, root: Json, ours: bool) -> Json:
    fields = schema.get("properties")
    others = schema.get("additionalProperties", True)
    if not isinstance(fields, dict) or not fields:
        return {key: coerce(each, others, root, ours=ours) for key, each in value.items()}
    made: Json = {}
    for key, each in value.items():
        if key in fields or not ours:
            made[key] = coerce(each, fields.get(key, others), root, ours=ours)
    # An object about something else must not become one whose fields are all null.
    if any(key in fields for key in value):
        for key in schema.get("required", ()):
            if key not in made and _allows_null(fields.get(key), root):
                made[key] = None
    return made


def _wrapped(value: str, schema: Json, root: Json) -> Any:
    """A single text as a list of one, unless it may be several in one."""
    item = _kinds(_meant(schema.get("items"), root))
    return [value] if "string" in item and value and not re.search(r"[,;\n]", value) else value


def _scalar(value: Any, kinds: list[str], schema: Json) -> Any:
    if "enum" in schema:
        return _chosen(value, kinds, schema["enum"])
    if isinstance(value, str) and "string" not in kinds:
        return _from_text(value.strip(), kinds, value)
    if isinstance(value, float) and "integer" in kinds and "number" not in kinds:
        return int(value) if value.is_integer() else value
    if isinstance(value, (int, float)) and not isinstance(value, bool) and kinds:
        return value if {"integer", "number"} & set(kinds) or "string" not in kinds else str(value)
    return value


def _from_text(text: str, kinds: list[str], value: Any) -> Any:
    """A number or truth value that stands in quotes."""
    if "integer" in kinds and _INTEGER.fullmatch(text):
        return int(text.partition(".")[0])
    if "number" in kinds and _NUMBER.fullmatch(text) and abs(float(text)) < float("inf"):
        return int(text) if _INTEGER.fullmatch(text) and "." not in text else float(text)
    if "boolean" in kinds and text.lower() in ("true", "false"):
        return text.lower() == "true"
    return value


def _chosen(value: Any, kinds: list[str], choices: list[Any]) -> Any:
    """The member of an enumeration that differs only in capitals or quotes."""
    if value in choices or not isinstance(value, (str, int, float)) or isinstance(value, bool):
        return value
    wanted = str(value).strip().casefold()
    fit = [c for c in choices if c is not None and str(c).casefold() == wanted]
    return fit[0] if len(fit) == 1 else value
