"""Data against a JSON schema: `jsonschema` judges, and every problem becomes one line.

Nothing is fetched: references are looked up here, in the schema itself, and nowhere else.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from datetime import date, datetime, time
from functools import lru_cache
from itertools import islice
from typing import Any

from ..reply import Json
from .nouns import Path
from .refs import look_up
from .words import choices, shown, type_name

MOST = 50
_LONGEST_MATCHED = 10_000  # a pattern may need the square of the text, or far worse
_FORMATS: dict[str, tuple[Callable[[str], Any], str]] = {
    "date": (date.fromisoformat, "a date like 2024-12-31"),
    "date-time": (datetime.fromisoformat, "a time like 2024-12-31T23:59:00"),
    "time": (time.fromisoformat, "a time like 23:59:00"),
}


def problems(value: Any, schema: Json) -> list[tuple[Path, str]]:
    """What in `value` does not fit, as (path, words), at most `MOST` and a few; none is well."""
    found: list[tuple[Path, str]] = []
    try:
        for error in islice(_validator(schema).iter_errors(value), MOST):
            found += [(tuple(e.absolute_path), _said(e)) for e in _expanded(error, 5)]
    except RecursionError:
        found.append(((), "is nested too deeply to be checked"))
    return found


def _validator(schema: Json) -> Any:
    """jsonschema's validator for the schema's draft, with what has to be bounded replaced."""
    import jsonschema

    kind = jsonschema.validators.validator_for(schema, default=jsonschema.Draft202012Validator)
    known: dict[tuple[int, str], bool] = {}

    def reference(validator: Any, ref: str, value: Any, _: Any) -> Iterator[Any]:
        # Each value once for each definition: alternatives that refer to themselves would
        # otherwise double the work at every level. The values live on, so that an id is one.
        if (id(value), ref) in known:
            if not known[id(value), ref]:
                yield jsonschema.ValidationError(f"{shown(value)} does not fit")
            return
        errors = list(validator.descend(value, look_up(schema, ref)))
        known[id(value), ref] = not errors
        yield from errors

    return jsonschema.validators.extend(kind, {**_bounded(), "$ref": reference})(schema)


@lru_cache(maxsize=1)
def _bounded() -> dict[str, Any]:
    """Keywords whose usual check is not bounded, or differs from one installation to another."""
    from jsonschema import ValidationError

    def pattern(_: Any, wanted: str, value: Any, __: Any) -> Iterator[Any]:
        if isinstance(value, str) and len(value) > _LONGEST_MATCHED:
            yield ValidationError(f"is too long for its pattern ({len(value):,} characters)")
        elif isinstance(value, str) and not re.search(wanted, value):
            yield ValidationError(f"{shown(value)} does not match the pattern {wanted}")

    def unique(_: Any, wanted: bool, value: Any, __: Any) -> Iterator[Any]:
        if wanted and isinstance(value, list):
            seen = {json.dumps(each, sort_keys=True) for each in value}
            if len(seen) < len(value):
                yield ValidationError("has an element twice")

    def written(_: Any, wanted: Any, value: Any, __: Any) -> Iterator[Any]:
        if isinstance(value, str) and wanted in _FORMATS:
            read, like = _FORMATS[wanted]
            try:
                read(value)
            except ValueError:
                yield ValidationError(f"{shown(value)} is not {like}")

    def required(_: Any, wanted: Any, value: Any, __: Any) -> Iterator[Any]:
        if isinstance(value, dict) and isinstance(wanted, list):
            for name in wanted:
                if name not in value:  # at the place where it should be
                    yield ValidationError("is missing", path=[name])

    return {"pattern": pattern, "uniqueItems": unique, "format": written, "required": required}


def _expanded(error: Any, depth: int) -> Iterator[Any]:
    """An error, or the errors of the one alternative that was meant."""
    ways: dict[Any, list[Any]] = {}
    for inner in error.context or () if depth else ():
        ways.setdefault(inner.relative_schema_path[0], []).append(inner)
    meant = [way for way in ways.values() if not any(_is_another(e) for e in way)]
    if error.validator in ("anyOf", "oneOf") and len(meant) == 1:
        for inner in meant[0]:
            yield from _expanded(inner, depth - 1)
    else:
        yield error


def _is_another(error: Any) -> bool:
    """Whether the alternative is for values of another kind, or for another constant."""
    deep = len(error.relative_path)
    return (error.validator == "type" and not deep) or (error.validator == "const" and deep < 2)


def _said(error: Any) -> str:
    """One error in words; jsonschema's own would show the whole value."""
    wanted, value = error.validator_value, error.instance
    words: dict[str, Callable[[], str]] = {
        "type": lambda: f"{shown(value)} is not {type_name(wanted)}",
        "enum": lambda: f"{shown(value)} is not {choices(wanted)}",
        "const": lambda: f"{shown(value)} is not {shown(wanted)}",
        "additionalProperties": lambda: _unknown(error),
        "anyOf": lambda: _none_of(wanted, value),
        "oneOf": lambda: f"{shown(value)} does not fit exactly one of the alternatives",
        "not": lambda: f"{shown(value)} is what it must not be",
        "minItems": lambda: f"{shown(value)} is less than {wanted}",
        "maxItems": lambda: f"{shown(value)} is more than {wanted}",
        "minLength": lambda: f"{shown(value)} is shorter than {wanted} characters",
        "maxLength": lambda: f"{shown(value)} is longer than {wanted} characters",
        "minimum": lambda: f"{shown(value)} is less than {wanted}",
        "maximum": lambda: f"{shown(value)} is more than {wanted}",
        "multipleOf": lambda: f"{shown(value)} is not a multiple of {wanted}",
    }
    if error.validator in words:
        return words[error.validator]()
    if error.validator in _bounded() or error.validator == "$ref":
        return str(error.message)
    return f"{shown(value)} does not fit {error.validator}: {shown(wanted, 80)}"


def _none_of(ways: Any, value: Any) -> str:
    kinds = [way.get("type") if isinstance(way, dict) else None for way in ways]
    if all(isinstance(kind, str) for kind in kinds):
        return f"{shown(value)} is not {type_name(kinds)}"
    return f"{shown(value)} fits none of the alternatives"


def _unknown(error: Any) -> str:
    known = error.schema.get("properties", {})
    extra = [key for key in error.instance if key not in known]
    return f"{', '.join(shown(key) for key in extra[:6])} is not a known key"
