"""pydantic's classes, 2 and 1: they say what they want, and judge for themselves.

Found by what they can do, so that pydantic is imported only where the user already has.
"""

from __future__ import annotations

import dataclasses
import json
import typing
from collections.abc import Callable, Mapping
from typing import Any, get_args

from ..errors import CommandError, one_line
from .hints import is_record
from .nouns import Misfit, Path, Shape
from .refs import over
from .words import shown

_MOST = 60  # problems that are worded; a list of rows can have one for each


def is_model(kind: Any) -> bool:
    """Whether pydantic is needed for this annotation: a model, or one somewhere inside."""
    return _meets(kind, set())


def _meets(kind: Any, seen: set[int]) -> bool:
    if id(kind) in seen:
        return False
    seen.add(id(kind))
    if isinstance(kind, type) and (
        hasattr(kind, "__pydantic_core_schema__") or _is_old(kind) or hasattr(kind, "model_fields")
    ):
        return True
    inner = list(get_args(kind))
    if is_record(kind):
        try:
            inner += typing.get_type_hints(kind).values()
        except Exception:  # told where the annotations are read
            inner += [f.type for f in dataclasses.fields(kind)] if _is_dataclass(kind) else []
    return any(_meets(each, seen) for each in inner)


def _is_dataclass(kind: Any) -> bool:
    return dataclasses.is_dataclass(kind)


def _is_old(kind: Any) -> bool:
    return isinstance(kind, type) and hasattr(kind, "parse_obj") and hasattr(kind, "schema")


def shape(kind: Any, where: str) -> Shape:
    """The schema of a model, or of a list or union of models, and how one is made.

    `make` raises Misfit with pydantic's own words. Raises CommandError for a class that has no
    JSON schema.
    """
    try:
        if _is_old(kind) and not hasattr(kind, "model_validate"):
            return Shape(_tidy(kind.schema()), _old(kind))
        item = get_args(kind)[0] if get_args(kind) else None
        if _is_old(item) and not hasattr(item, "model_validate"):
            return _old_rows(item)
        from pydantic import TypeAdapter

        adapter: Any = TypeAdapter(kind)
        return Shape(_tidy(adapter.json_schema()), _new(adapter))
    except Exception as error:
        said = one_line(f"{type(error).__name__}: {error}", 160)
        raise CommandError(f"schema, {where}: it has no JSON schema ({said})") from None


def _tidy(schema: Any) -> Any:
    """Without the titles that pydantic makes of the names, and OpenAPI's discriminator."""
    if not isinstance(schema, dict):
        return schema
    title = ("title",) if isinstance(schema.get("title"), str) else ()
    return over(schema, _tidy, leave=(*title, "discriminator"))


def _new(adapter: Any) -> Callable[[Any], Any]:
    def make(value: Any) -> Any:
        # As JSON, where a strict model takes dates, enumerations and tuples for what they are.
        try:
            return adapter.validate_json(json.dumps(value))
        except Exception as error:
            raise _misfit(error) from None

    return make


def _old(kind: Any) -> Callable[[Any], Any]:
    def make(value: Any) -> Any:
        try:
            return kind.parse_obj(value)
        except Exception as error:
            raise _misfit(error) from None

    return make


def _old_rows(kind: Any) -> Shape:
    """`list[Model]` of pydantic 1; its definitions move to the top."""
    item = _tidy(kind.schema())
    defs = item.pop("definitions", {})
    make = _old(kind)

    def rows(values: list[Any]) -> list[Any]:
        found: list[tuple[Path, str]] = []
        made = []
        for n, value in enumerate(values):
            try:
                made.append(make(value))
            except Misfit as misfit:
                found += misfit.below(n).found
        if found:
            raise Misfit(found[:_MOST])
        return made

    return Shape({"type": "array", "items": item, "definitions": defs}, rows)


def _misfit(error: Exception) -> Misfit:
    """pydantic's errors as places and words; any other error is from the user's own code."""
    errors = getattr(error, "errors", None)
    if not callable(errors):
        return Misfit([((), f"{type(error).__name__}: {error}")])
    found = [(tuple(each.get("loc", ())), _said(each)) for each in errors()[:_MOST]]
    return Misfit([(tuple(s for s in path if s != "__root__"), said) for path, said in found])


def _said(error: Mapping[str, Any]) -> str:
    words = str(error.get("msg", "does not fit"))
    if error.get("type") in ("missing", "value_error.missing"):
        return "is missing"
    return f"{words} (not {shown(error['input'])})" if "input" in error else words
