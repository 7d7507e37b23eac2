"""A JSON schema that the user has: a dict, a text, a file. Checked before anything is sent."""

from __future__ import annotations

import difflib
import json
import re
from pathlib import Path
from typing import Any

from ..errors import CommandError, one_line
from ..reply import Json
from .refs import inline, subschemas

LONGEST = 100_000
"""Characters of a schema, which stands in every prompt."""

_TYPES = ("string", "integer", "number", "boolean", "array", "object", "null")
_SPEAKS = {"type", "properties", "items", "$ref", "anyOf", "oneOf", "allOf", "enum", "$defs"}
_FIRST = 'a JSON schema begins like {"type": "object", "properties": {…}}'


def from_text(text: str, where: str) -> Json:
    """The schema in a text of JSON. CommandError with the line and column."""
    try:
        found = json.loads(text)
    except json.JSONDecodeError as error:
        place = f"line {error.lineno}, column {error.colno}"
        raise CommandError(f"schema, {where}: {error.msg} at {place}; correct it") from None
    except (ValueError, RecursionError) as error:
        raise CommandError(f"schema, {where}: {one_line(str(error), 120)}; correct it") from None
    return checked(found, where)


def from_file(path: Path) -> Json:
    """The schema in a file. CommandError with the nearest name when there is none."""
    try:
        if path.stat().st_size > 10 * LONGEST:
            raise CommandError(f"schema, {path.name}: {path.stat().st_size:,} bytes are too many")
        return from_text(path.read_text("utf-8-sig"), path.name)
    except FileNotFoundError:
        there = [p.name for p in path.parent.glob("*.json")] if path.parent.is_dir() else []
        close = difflib.get_close_matches(path.name, there, 1)
        hint = f"did you mean {close[0]}?" if close else "give the path of a JSON schema"
        raise CommandError(f"schema: there is no file {one_line(str(path), 80)}; {hint}") from None
    except (OSError, UnicodeDecodeError) as error:
        why = getattr(error, "strerror", None) or type(error).__name__
        raise CommandError(f"schema, {path.name}: {why}; give the path of a JSON schema") from None


def checked(found: Any, where: str) -> Json:
    """A copy of a dict that is a JSON schema, self-contained. CommandError says what is not."""
    try:
        # Through JSON: what a model is shown, and nothing that the user may change afterwards.
        schema = json.loads(json.dumps(found, allow_nan=False))
    except (TypeError, ValueError, RecursionError) as error:
        why = one_line(str(error), 120)
        raise CommandError(f"schema, {where}: this is not JSON ({why}); {_FIRST}") from None
    if not isinstance(schema, dict) or not _SPEAKS & set(schema):
        raise CommandError(f"schema, {where}: there is no type and there are no fields; {_FIRST}")
    try:
        _check(schema, where)
        return inline(schema)
    except RecursionError:
        raise CommandError(f"schema, {where}: it is nested too deeply; make it flatter") from None


def _check(schema: Json, where: str) -> None:
    """Against the rules of JSON schema, and what Python's `re` can read."""
    import jsonschema

    kind = jsonschema.validators.validator_for(schema, default=jsonschema.Draft202012Validator)
    try:
        kind.check_schema(schema)
    except jsonschema.SchemaError as error:
        place = ".".join(str(step) for step in error.absolute_path) or "the schema"
        raise CommandError(f"schema, {where}, at {place}: {_why(error)}") from None
    for part in subschemas(schema):
        for pattern in (part.get("pattern"), *part.get("patternProperties", ())):
            _compile(pattern, where)


def _why(error: Any) -> str:
    """What is wrong with a schema, with the nearest type where it is a type."""
    if "type" in list(error.absolute_path)[-2:] and isinstance(error.instance, str):
        close = difflib.get_close_matches(error.instance, _TYPES, 1, 0.5)
        hint = f"did you mean {close[0]}?" if close else f"there are {', '.join(_TYPES)}"
        return f'"{one_line(error.instance, 40)}" is not a type; {hint}'
    return one_line(error.message, 160) + "; correct it"


def _compile(pattern: Any, where: str) -> None:
    # A pattern can take for ever on a text that nearly fits, and Python's `re` cannot be stopped.
    # It is the user's own; `check` keeps long texts away from it, and more cannot be done.
    try:
        if isinstance(pattern, str):
            re.compile(pattern)
    except (re.error, RecursionError, OverflowError) as error:
        shown = one_line(pattern, 60)
        raise CommandError(
            f"schema, {where}: Python's re does not read the pattern {shown} ({error}); correct it"
        ) from None
