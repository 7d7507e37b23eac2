"""`$ref`: what a JSON schema refers to is put in its place, so that the text explains itself.

Only references within the schema are followed. Nothing is ever fetched.
"""

from __future__ import annotations

import difflib
from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import unquote

from ..errors import CommandError, one_line
from ..reply import Json

_MAPS = ("properties", "patternProperties", "dependentSchemas")
_LISTS = ("anyOf", "allOf", "oneOf", "prefixItems")
_SINGLE = (
    "items", "additionalProperties", "additionalItems", "not", "if", "then", "else", "contains",
    "propertyNames", "unevaluatedItems", "unevaluatedProperties", "contentSchema",
)  # fmt: skip
_HOMES = ("$defs", "definitions")
_REMARKS = {"title", "description", "default", "examples", "deprecated", "readOnly", "writeOnly"}
_ROOM = 2_000  # subschemas: definitions that refer to each other can double at every step


class _TooLarge(Exception):
    """The schema with everything in its place would be too long."""


def inline(schema: Json) -> Json:
    """A schema with what it refers to in place: `{"$ref": "#/$defs/A", "$defs": …}` -> A.

    What refers to itself stays under `$defs`, and so does everything when the whole would grow
    beyond reason. Raises CommandError for a reference to nothing, to itself alone, or to another
    document.
    """
    try:
        return _Inliner(schema, _ROOM).whole()
    except _TooLarge:
        return _Inliner(schema, 0).whole()


def over(schema: Json, change: Callable[[Any], Any], leave: tuple[str, ...] = ()) -> Json:
    """The schema with `change` done to each of its direct subschemas, without the keys `leave`.

    Only where a keyword holds schemas: an `enum` or a `default` is data and may look like one.
    """
    done: Json = {}
    for key, value in schema.items():
        if key in leave:
            continue
        if (key in _MAPS or key in _HOMES) and isinstance(value, dict):
            value = {name: change(sub) for name, sub in value.items()}
        elif isinstance(value, list) and (key in _LISTS or key == "items"):
            value = [change(sub) for sub in value]
        elif key in _SINGLE:
            value = change(value)
        elif key == "dependencies" and isinstance(value, dict):
            value = {k: change(v) if isinstance(v, dict) else v for k, v in value.items()}
        done[key] = value
    return done


def subschemas(schema: Any) -> Iterator[Json]:
    """The schema and every schema in it, references not followed."""
    waiting = [schema]
    while waiting:
        node = waiting.pop()
        if isinstance(node, dict):
            yield node
            over(node, waiting.append)


def look_up(root: Any, ref: Any) -> Any:
    """What `#/$defs/Person` means in `root`. Raises CommandError, never looks elsewhere."""
    if not isinstance(ref, str) or not (ref == "#" or ref.startswith("#/")):
        raise CommandError(
            f'schema: "$ref": "{one_line(str(ref), 80)}" is not in this schema, and nothing is '
            'fetched; copy it under "$defs" and refer to "#/$defs/NAME"'
        )
    node = root
    for part in unquote(ref).split("/")[1:]:
        key = part.replace("~1", "/").replace("~0", "~")
        if isinstance(node, list) and key.isascii() and key.isdigit() and int(key) < len(node):
            node = node[int(key)]
        elif isinstance(node, dict) and key in node:
            node = node[key]
        else:
            close = difflib.get_close_matches(key, list(node) if isinstance(node, dict) else [], 1)
            hint = f"; did you mean {close[0]}?" if close else ", define it there or correct it"
            raise CommandError(f'schema: "$ref": "{one_line(ref, 80)}" refers to nothing{hint}')
    return node


class _Inliner:
    """One schema on its way; `named` are the references that have to stay, with their names."""

    def __init__(self, root: Json, room: int) -> None:
        self.root = root
        self.room = room
        self.keep_all = room == 0
        self.named: dict[str, str] = {}

    def whole(self) -> Json:
        """The schema with the definitions that it still needs."""
        self.place(self.root, ("#",))
        made = self.place(self.root, ("#",))  # again: now it is known what refers to itself
        defs: Json = {}
        while waiting := [ref for ref in self.named if self.named[ref] not in defs]:
            for ref in waiting:
                defs[self.named[ref]] = self.place(look_up(self.root, ref), (ref,))
        for name in defs:
            _refuse_a_circle(name, defs)
        if set(made) == {"$ref"}:  # an object at the top, for those who look no further
            made = dict(look_up({"$defs": defs}, made["$ref"]))
        return {**made, "$defs": defs} if defs else made

    def place(self, node: Any, inside: tuple[str, ...]) -> Any:
        """The node with what it refers to; `inside` are the references that led here."""
        if not isinstance(node, dict):
            return node
        self.room -= 1
        if self.room < 0 and not self.keep_all:
            raise _TooLarge
        for key in ("$dynamicRef", "$recursiveRef"):
            if key in node:
                raise CommandError(f'schema: "{key}" is not supported; use "$ref": "#/…"')
        if "$ref" not in node:
            return over(node, lambda sub: self.place(sub, inside), leave=_HOMES)
        ref = node["$ref"]
        beside = {key: value for key, value in node.items() if key != "$ref"}
        beside = over(beside, lambda sub: self.place(sub, inside), leave=_HOMES)
        target = look_up(self.root, ref)
        if ref in inside or ref in self.named or self.keep_all:
            return {**beside, "$ref": f"#/$defs/{self.name(ref, target)}"}
        found = self.place(target, (*inside, ref))
        if isinstance(found, dict) and _REMARKS.issuperset(beside):
            return {**found, **beside}
        return {**beside, "allOf": [*beside.get("allOf", ()), found]} if beside else found

    def name(self, ref: str, target: Any) -> str:
        """The one name of a reference that stays."""
        if ref not in self.named:
            title = target.get("title") if isinstance(target, dict) else None
            name = ref.rpartition("/")[2] if "/" in ref else title
            name = name if isinstance(name, str) and name.isidentifier() else "Part"
            taken = set(self.named.values())
            tries = (name, *(f"{name}{n}" for n in range(2, len(taken) + 3)))
            self.named[ref] = next(n for n in tries if n not in taken)
        return self.named[ref]


def _refuse_a_circle(name: str, defs: Json) -> None:
    """A definition that is nothing but itself would never end."""
    seen = [name]
    while isinstance(defs[seen[-1]], dict) and (ref := defs[seen[-1]].get("$ref")):
        following = ref.rpartition("/")[2]
        if following in seen:
            raise CommandError(f'schema: "$defs" {one_line(name, 60)} refers to itself only')
        seen.append(following)
