"""The short form: `name, age int?, tags list`."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from zai_magics.errors import CommandError, ZaiError
from zai_magics.schema import parse

STR, INT = {"type": "string"}, {"type": "integer"}


def fields(spec: str) -> dict[str, Any]:
    schema = parse(spec, {})
    assert not schema.rows
    return dict(schema.json["properties"])


@pytest.mark.parametrize(
    ("spec", "meant"),
    [
        ("name, age int", {"name": STR, "age": INT}),
        ("  name ,\n age\tint , ", {"name": STR, "age": INT}),
        ("{name, age int}", {"name": STR, "age": INT}),
        ("a str, b string, c text", {"a": STR, "b": STR, "c": STR}),
        ("a float, b number", {"a": {"type": "number"}, "b": {"type": "number"}}),
        ("a bool, b true|false", {"a": {"type": "boolean"}, "b": {"type": "boolean"}}),
        ("date, at date", {"date": STR, "at": {"type": "string", "format": "date"}}),
        ("at datetime", {"at": {"type": "string", "format": "date-time"}}),
        ("tags list", {"tags": {"type": "array", "items": STR}}),
        ("n list[int]", {"n": {"type": "array", "items": INT}}),
        ("n list[ int? ]", {"n": {"type": "array", "items": {"type": ["integer", "null"]}}}),
        ("d dict", {"d": {"type": "object"}}),
        ("d dict[str, int]", {"d": {"type": "object", "additionalProperties": INT}}),
        ("m good|bad|none", {"m": {"type": "string", "enum": ["good", "bad", "none"]}}),
        ("m 'very good' | bad", {"m": {"type": "string", "enum": ["very good", "bad"]}}),
        ("s 1|2|3", {"s": {"type": "integer", "enum": [1, 2, 3]}}),
        ("m a|b?", {"m": {"type": ["string", "null"], "enum": ["a", "b", None]}}),
        (
            "age int?, x ?",
            {"age": {"type": ["integer", "null"]}, "x": {"type": ["string", "null"]}},
        ),
        ("age int|None", {"age": {"type": ["integer", "null"]}}),
        ("age: int, m: a|b", {"age": INT, "m": {"type": "string", "enum": ["a", "b"]}}),
        ("age: int?: in years", {"age": {"type": ["integer", "null"], "description": "in years"}}),
        ("n: the person's name, b", {"n": {**STR, "description": "the person's name"}, "b": STR}),
        ("n: 'first, last', b", {"n": {**STR, "description": "first, last"}, "b": STR}),
        ('n: "see [1], or {2}", b', {"n": {**STR, "description": "see [1], or {2}"}, "b": STR}),
        ("n: list of names", {"n": {**STR, "description": "list of names"}}),
        ("n: date of birth", {"n": {**STR, "description": "date of birth"}}),
        ("Größe-cm int", {"Größe-cm": INT}),
    ],
)
def test_fields_are_written_like_this(spec: str, meant: dict[str, Any]) -> None:
    assert fields(spec) == meant


def test_every_field_is_asked_for() -> None:
    assert parse("a, b int?", {}).json["required"] == ["a", "b"]


def test_objects_nest_and_brackets_make_lists_of_them() -> None:
    inside = {"type": "object", "properties": {"b": STR, "c": INT}, "required": ["b", "c"]}
    assert fields("a {b, c int}") == {"a": inside}
    assert fields("a: {b, c int}?") == {"a": {**inside, "type": ["object", "null"]}}
    assert fields("a [b, c int], d") == {"a": {"type": "array", "items": inside}, "d": STR}
    assert fields("a list[{b, c int}]") == {"a": {"type": "array", "items": inside}}


def test_brackets_around_all_make_rows_which_stand_in_an_object() -> None:
    schema = parse("[name, age int]", {})
    row = {"type": "object", "properties": {"name": STR, "age": INT}, "required": ["name", "age"]}
    assert schema.rows
    assert schema.json == {
        "type": "object",
        "properties": {"items": {"type": "array", "items": row}},
        "required": ["items"],
    }


@pytest.mark.parametrize(
    ("spec", "said"),
    [
        ("", "fields"),
        ("name, age itn", "did you mean int?"),
        ("name, age Int", "did you mean int?"),
        ("full name", "name is not a type"),
        ("name: full name, as written", "a description with a comma in it stands in quotes"),
        ("age: int in years", "the type stands before the colon"),
        ("a, a int", "a is there twice"),
        ('name str = "x"', '▸= "x": a field has no default here; say it in words'),
        ("name = 'x'", "a field has no default"),
        ("name: str = 'x'", "a field has no default"),
        ("age int=3, name", "a field has no default"),
        ("[a good|bad = good]", "a field has no default"),
        ("name str who", "▸who: a comma is missing, or a colon before a description"),
        ("name str]", "there is no bracket to close"),
        ("a,,b", "a field's name is missing"),
        ("1st int", "a field's name is missing"),
        ("[a, b", "a comma or ] is missing"),
        ("a {b", "a comma or } is missing"),
        ("[a] b", "the ] is not the end"),
        ("a: see [1]", "stands in quotes"),
        ("a list[b, c int]", "a list of objects is written [name, age int]"),
        ("a list[int", "a ] is missing"),
        ("a int|str", "a field has one type"),
        ("a x|x", "has a value twice"),
        ("int, name", "int is a type"),
        ("a {}", "there are no fields"),
        ("a {" * 30, "nested more than 10 deep"),
    ],
)
def test_what_cannot_be_meant_is_one_line_with_the_next_step(spec: str, said: str) -> None:
    with pytest.raises(CommandError) as error:
        parse(spec, {})
    assert said in str(error.value)
    assert "\n" not in str(error.value)
    assert len(str(error.value)) < 300


@given(st.text("ab,:?|[]{}'\" int\nlist", max_size=60))
def test_any_text_is_a_schema_or_one_clear_error(spec: str) -> None:
    try:
        schema = parse(spec, {})
    except ZaiError as error:
        assert "\n" not in str(error)
    else:
        assert schema.json["type"] == "object"
        assert schema == parse(spec, {})
