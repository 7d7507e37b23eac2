"""What `--schema SPEC` means: the short form, a name of the notebook, JSON, a file."""

from __future__ import annotations

import builtins
import difflib
import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any, get_args

from ..errors import CommandError, one_line
from ..expression import defined, value
from ..reply import Json
from . import document, hints, models, short
from .nouns import Schema, Shape
from .refs import inline

_JSON = re.compile(r'\{\s*(?:"|\})')
_WORD = re.compile(r"[^\W\d]\w*")
_EXPRESSION = re.compile(r"[^\W\d]\w*(?:[.(\[].*|\s*\|.*)?", re.S)
_OPEN = ("list", "dict", "tuple", "set")


def parse(spec: str, names: Mapping[str, Any]) -> Schema:
    """The schema that a user means: `parse("name, age int", {})`, `parse("list[Person]", names)`.

    In this order: inline JSON (``{"…``); a path ending in .json; a name or dotted expression of
    `names`; the short form (see `short`). A lone word that is nobody's name is a field, unless it
    begins with a capital or is nearly the name of a class or of a schema. Raises CommandError, one
    line.
    """
    spec = spec.strip()
    if not spec:
        raise CommandError('schema: nothing is there; write fields, as in "name, age int"')
    if _JSON.match(spec):
        return _of_json(document.from_text(spec, "the JSON"), "the JSON")
    if spec.lower().endswith(".json") and (_is_file(spec) or not re.search(r"[\s,:]", spec)):
        path = Path(spec).expanduser()
        if _is_file(spec) or not _known(spec, names):
            return _of_json(document.from_file(path), path.stem)
    if _is_expression(spec, names):
        return of(_value(spec, names), names, one_line(spec, 60))
    return _of_shape(short.shape(spec), one_line(spec, 60), ours=True)


def of(value: Any, names: Mapping[str, Any] | None = None, name: str = "") -> Schema:
    """The schema that a Python value is: `of(Person)`, `of({"type": "object", …})`.

    A pydantic class, a dataclass, a TypedDict, a list of one of them, a dict that is a JSON
    schema, or a Schema already. `names` are for annotations written as text.
    """
    alone = "the dict" if isinstance(value, dict) else str(value)
    name = name or one_line(getattr(value, "__name__", alone), 60)
    if isinstance(value, Schema):
        return value
    some = [kind for kind in get_args(value) if kind is not type(None)]
    if len(some) == 1 and len(get_args(value)) == 2:  # Person | None: an answer there will be
        return of(some[0], names, name)
    if isinstance(value, dict):
        return _of_json(document.checked(value, name), str(value.get("title") or name))
    if models.is_model(value):
        return _of_shape(models.shape(value, name), name, judges=True)
    if isinstance(value, type) or get_args(value):
        return _of_shape(hints.shape(value, names or {}), name, ours=True)
    kind = type(value)
    hint = f"give the class: {kind.__name__}"
    if not (models.is_model(kind) or hints.is_record(kind)):
        fields = f'; for one field of that name write "{name} str"' if _WORD.fullmatch(name) else ""
        hint = f"give a class, a dict that is a JSON schema, or fields{fields}"
    a = "an" if kind.__name__[:1].lower() in "aeiou" else "a"
    raise CommandError(f"schema: {name} is {a} {kind.__name__}, not a schema; {hint}")


def _is_file(spec: str) -> bool:
    try:
        return Path(spec).expanduser().is_file()
    except (OSError, ValueError, RuntimeError):
        return False


def _known(spec: str, names: Mapping[str, Any]) -> bool:
    head = _WORD.match(spec)
    return head is not None and head.group() in names


def _is_expression(spec: str, names: Mapping[str, Any]) -> bool:
    """Whether it is Python of the notebook, and no field."""
    if spec.startswith("[") and spec.endswith("]") and _WORD.fullmatch(spec[1:-1].strip()):
        _in_brackets(spec[1:-1].strip(), names)
    match = _EXPRESSION.fullmatch(spec)
    head = _WORD.match(spec)
    if not match or not head:
        return False
    word, rest = head.group(), spec[head.end() :]
    if word in names or (rest and word in _OPEN) or rest[:1] in (".", "("):
        return True
    return not rest and bool(word[0].isupper() or _nearest(word, names, schemas=True))


def _no_class(word: str) -> str:
    return (
        f"there is no class of the name {word}; a field needs a lower-case name, "
        f'or write "{word} str"'
    )


def _in_brackets(word: str, names: Mapping[str, Any]) -> None:
    """Refuse `[Person]`, and what is nobody's name, but was meant to be a class's."""
    if _is_class(names.get(word)):
        raise CommandError(f"schema, [{word}]: a list of a class is written list[{word}]")
    if word[0].isupper():
        close = _nearest(word, names, schemas=True)
        close = close if _is_class(names.get(close)) else ""
        said = f"there is no {word} here; did you mean list[{close}]?" if close else _no_class(word)
        raise CommandError(f"schema, [{word}]: {said}")


def _is_class(value: Any) -> bool:
    return hints.is_record(value) or models.is_model(value)


def _is_schema(value: Any) -> bool:
    """Whether it is meant to be one, so that a name like its name is a slip of the pen."""
    written = isinstance(value, dict) and not {"type", "properties", "$ref"}.isdisjoint(value)
    return written or isinstance(value, Schema) or _is_class(value)


def _nearest(word: str, names: Mapping[str, Any], *, schemas: bool = False) -> str:
    """The name most like `word`: of a schema, or of anything."""
    own = defined(names)
    fit = [n for n in own if _is_schema(names[n])]
    lower = {n.lower(): n for n in fit}
    close = difflib.get_close_matches(word.lower(), lower, 1, 0.75)
    if close or schemas:
        return lower[close[0]] if close else ""
    return next(iter(difflib.get_close_matches(word, [*own, *dir(builtins)], 1, 0.7)), "")


def _value(source: str, names: Mapping[str, Any]) -> Any:
    """What an expression gives, where the user stands."""
    shown = one_line(source, 60)
    try:
        return value(source, names)
    except NameError as error:
        name = getattr(error, "name", None) or shown
        close = _nearest(name, names)
        hint = f"did you mean {close}?" if close else 'define it, or write fields: "name, age int"'
        if not close and name == source:
            raise CommandError(f"schema: {_no_class(name)}") from None
        raise CommandError(f"schema, {shown}: there is no {name} here; {hint}") from None
    except AttributeError as error:
        near = difflib.get_close_matches(error.name or "", dir(error.obj), 1)
        hint = f"did you mean {near[0]}?" if near else "correct it"
        raise CommandError(f"schema, {shown}: there is no {error.name} in it; {hint}") from None
    except Exception as error:
        said = one_line(f"{type(error).__name__}: {error}", 120)
        raise CommandError(
            f'schema, {shown}: {said}; give a class, or fields as in "name, age int, tags list"'
        ) from None


def _kinds(schema: Any) -> set[str]:
    """The types that a schema allows at its top; empty when it does not say."""
    if not isinstance(schema, dict):
        return set()
    if kind := schema.get("type"):
        return set(kind if isinstance(kind, list) else [kind])
    ways = [*schema.get("anyOf", ()), *schema.get("oneOf", ()), *schema.get("allOf", ())]
    return {kind for way in ways for kind in _kinds(way)}


def _of_json(json_schema: Json, name: str) -> Schema:
    return _of_shape(Shape(json_schema), name)


def _of_shape(shape: Shape, name: str, *, ours: bool = False, judges: bool = False) -> Schema:
    """The schema of a shape; a list becomes the items of an object."""
    schema = inline(shape.json) if ours or judges else shape.json
    kinds = _kinds(schema)
    rows = kinds == {"array"}
    if not rows and not kinds <= {"object"}:
        raise CommandError(
            f"schema, {name}: an answer is an object or a list of rows, and this is "
            f'{" or ".join(sorted(kinds))}; give it a name, as in "value int"'
        )
    if rows:
        top = {k: v for k, v in schema.items() if k in ("$defs", "$schema")}
        inner = {k: v for k, v in schema.items() if k not in top}
        items = {"type": "object", "properties": {"items": inner}, "required": ["items"]}
        schema = {**items, **top}
    if len(json.dumps(schema, ensure_ascii=False)) > document.LONGEST:
        raise CommandError(f"schema, {name}: more than {document.LONGEST:,} characters; shorten it")
    return Schema(schema, name, rows, shape.make, ours, judges)
