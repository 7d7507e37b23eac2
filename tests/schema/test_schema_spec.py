"""What a spec means: a name of the notebook, JSON, a file, or the short form."""

from __future__ import annotations

import json
import socket
from dataclasses import make_dataclass
from pathlib import Path
from typing import Any

import pytest
from people import NAMES, Person, Song

from zai_magics.errors import CommandError
from zai_magics.schema import instructions, of, parse, read

POINT = {"type": "object", "properties": {"x": {"type": "integer"}}, "required": ["x"]}


def refused(spec: str, names: dict[str, Any] | None = None) -> str:
    with pytest.raises(CommandError) as error:
        parse(spec, NAMES if names is None else names)
    said = str(error.value)
    assert "\n" not in said
    assert len(said) < 400
    return said


def test_a_class_of_the_notebook_is_meant_by_its_name() -> None:
    schema = parse("Person", NAMES)
    fields = schema.json["properties"]
    assert fields["name"] == {"type": "string", "description": "the full name"}
    assert fields["age"] == {"type": ["integer", "null"]}
    assert fields["born"] == {"type": "string", "format": "date"}
    assert fields["mood"] == {"type": "string", "enum": ["good", "bad"]}
    assert fields["address"]["required"] == ["street", "city"]
    assert fields["role"]["default"] == "author"
    assert schema.json["required"] == ["name", "age", "born", "mood", "address"]
    assert schema.name == "Person"


def test_a_class_that_contains_itself_keeps_its_definition() -> None:
    schema = parse("Person", NAMES).json
    assert schema["type"] == "object"
    assert schema["properties"]["friends"]["items"] == {"$ref": "#/$defs/Person"}
    assert schema["$defs"]["Person"]["properties"]["friends"]["items"]["$ref"]


def test_a_list_of_a_class_is_rows() -> None:
    assert parse("list[Address]", NAMES).rows
    assert parse("list[int]", NAMES).json["properties"]["items"]["items"] == {"type": "integer"}
    assert parse("Address | None", NAMES) == of(NAMES["Address"], name="Address | None")


def test_a_typed_dict_says_which_keys_may_be_absent() -> None:
    assert of(Song).json["required"] == ["title"]
    assert of(Song) == parse("Song", NAMES)


def test_an_expression_finds_what_is_inside_something() -> None:
    box = {"people": type("Box", (), {"Person": Person}), "d": {"point": POINT}}
    assert parse("people.Person", box).name == "people.Person"
    assert parse("d['point']", box).json == POINT


def test_a_dict_is_a_json_schema_and_is_copied() -> None:
    mine = json.loads(json.dumps(POINT))
    schema = parse("mine", {"mine": mine})
    mine["properties"]["x"]["type"] = "string"
    assert schema.json == POINT


def test_json_and_a_file_are_json_schemas(tmp_path: Path) -> None:
    file = tmp_path / "a point.json"
    file.write_bytes(b"\xef\xbb\xbf" + json.dumps(POINT).encode())
    assert parse(json.dumps(POINT), {}).json == POINT
    assert parse(str(file), {}).json == POINT
    assert parse(str(file), {}).name == "a point"


def test_a_list_at_the_top_becomes_the_items_of_an_object() -> None:
    listed = {"type": "array", "items": {"$ref": "#/$defs/p"}, "$defs": {"p": POINT}, "minItems": 1}
    schema = of(listed)
    assert schema.rows
    assert schema.json["properties"]["items"] == {"type": "array", "items": POINT, "minItems": 1}


def test_fields_may_have_the_names_of_variables() -> None:
    for spec in ("number, ada int", "ada [street, number int]", "ada {number int}", "ada: of 3"):
        assert "ada" in parse(spec, NAMES).json["properties"]


def test_a_lone_word_is_a_field_unless_it_is_nearly_a_class() -> None:
    assert parse("sentiment", NAMES).json["required"] == ["sentiment"]
    assert "did you mean Person?" in refused("Persn")
    assert "did you mean Person?" in refused("persons")
    assert "did you mean Person?" in refused("list[Persn]")


@pytest.mark.parametrize(
    ("spec", "said"),
    [
        ("Nobody", "there is no class of the name Nobody; a field needs a lower-case name, or"),
        ("[Nobody]", 'no class of the name Nobody; a field needs a lower-case name, or write "Nob'),
        ("Persom", "there is no Persom here; did you mean Person?"),
        ("[Persom]", "there is no Persom here; did you mean list[Person]?"),
        ("list[Nobody]", "there is no Nobody here; define it"),
        ("number", "number is an int, not a schema; give a class"),
        ("ada", "ada is an Address, not a schema"),
        ("number", 'for one field of that name write "number str"'),
        ("ada", "give the class: Address"),
        ("Person.nam", "there is no nam in it"),
        ("nobody.Person", "there is no nobody here"),
        ("[Person]", "a list of a class is written list[Person]"),
        ("list[1/0]", "ZeroDivisionError"),
        ("list[Person", "SyntaxError"),
        ("Mood", "an answer is an object or a list of rows, and this is string"),
        ("no-such.json", "there is no file no-such.json"),
        ('{"a"', "Expecting ':' delimiter at line 1, column 5"),
        ('{"type": "objet"}', '"objet" is not a type; did you mean object?'),
        ('{"name": "string"}', "a JSON schema begins like"),
        ('{"type": "string"}', "an answer is an object or a list of rows, and this is string"),
        ('{"anyOf": [{"type": "array"}, {"type": "object"}]}', "this is array or object"),
        ('{"properties": {"a": {"pattern": "("}}}', "at properties.a.pattern"),
        ('{"$ref": "#/$defs/pint", "$defs": {"point": {}}}', "did you mean point?"),
        ('{"$ref": "#/$defs/a", "$defs": {"a": {"$ref": "#/$defs/a"}}}', "refers to itself only"),
        ('{"$ref": "http://example.org/a"}', "nothing is fetched"),
        ('{"type": "object", "properties": {"a": {"$ref": "b.json"}}}', "nothing is fetched"),
        ('{"type": "object", "$dynamicRef": "#a"}', "is not supported"),
        ('{"type": "object", "not": ' * 5000, "correct it"),
    ],
)
def test_what_is_no_schema_is_one_line_with_the_next_step(spec: str, said: str) -> None:
    assert said in refused(spec)


def test_a_file_that_is_not_there_has_a_near_name(tmp_path: Path) -> None:
    (tmp_path / "person.json").write_text("{}")
    assert "did you mean person.json?" in refused(str(tmp_path / "persn.json"))


def test_what_json_cannot_say_is_refused() -> None:
    for wrong in ({"type": str}, {"enum": [float("nan")]}, {"enum": [{1, 2}]}):
        assert "this is not JSON" in refused("wrong", {"wrong": wrong})
    itself: dict[str, Any] = {"type": "object"}
    itself["properties"] = itself
    assert "this is not JSON" in refused("itself", {"itself": itself})


def test_a_schema_that_fills_the_prompt_is_refused() -> None:
    long = {"type": "object", "properties": {f"field{n}": {"type": "string"} for n in range(5000)}}
    assert "100,000 characters" in refused("long", {"long": long})


def test_definitions_are_put_in_their_place_where_that_ends() -> None:
    schema = {
        "type": "object",
        "properties": {
            "a": {"$ref": "#/definitions/p", "description": "first"},
            "tree": {"$ref": "#/definitions/tree"},
            "$ref": {"type": "string"},
        },
        "definitions": {
            "p": POINT,
            "tree": {"type": "array", "items": {"$ref": "#/definitions/tree"}},
            "unused": {"type": "object"},
        },
    }
    made = of(schema).json
    assert made["properties"]["a"] == {**POINT, "description": "first"}
    assert made["properties"]["tree"] == {"$ref": "#/$defs/tree"}
    assert made["properties"]["$ref"] == {"type": "string"}
    assert list(made["$defs"]) == ["tree"]


def test_definitions_that_double_at_every_step_stay_where_they_are() -> None:
    defs: dict[str, Any] = {"a30": {"type": "integer"}}
    for n in range(30):
        following = {"$ref": f"#/$defs/a{n + 1}"}
        defs[f"a{n}"] = {"type": "object", "properties": {"x": following, "y": following}}
    made = of({"type": "object", "properties": {"a": {"$ref": "#/$defs/a0"}}, "$defs": defs})
    assert len(json.dumps(made.json)) < 4000
    assert read('{"a": {"x": {"y": 3}}}', made).problems == ("a.x.y: 3 is not an object",)


def test_no_reference_opens_a_connection(monkeypatch: pytest.MonkeyPatch) -> None:
    def opened(*_: Any, **__: Any) -> None:
        raise AssertionError("something was fetched")

    monkeypatch.setattr(socket, "getaddrinfo", opened)
    monkeypatch.setattr(socket.socket, "connect", opened)
    for key in ("$schema", "$id"):
        schema = of({key: "http://example.org/schema", **POINT})
        assert read('{"x": "a"}', schema).problems == ('x: "a" is not an integer',)
    for wrong in ({"$ref": "http://example.org/s"}, {"$ref": "other"}, {"$ref": "file:///etc/x"}):
        for place in ({"properties": {"a": wrong}}, {"allOf": [wrong]}, {"not": wrong}):
            with pytest.raises(CommandError, match="nothing is fetched"):
                of({"$id": "http://example.org/", "type": "object", **place})


def test_a_reference_in_data_is_data() -> None:
    data = {"$ref": "http://example.org"}
    schema = of({"type": "object", "properties": {"a": {"enum": [data], "default": data}}})
    assert read(json.dumps({"a": data}), schema).data == {"a": data}


def test_the_model_is_shown_one_short_line_of_schema_always_the_same() -> None:
    told = instructions(parse("name, age int?", {}))
    assert told == instructions(parse("name, age int?", {}))
    assert told.endswith(
        'schema: {"type":"object","properties":{"name":{"type":"string"},'
        '"age":{"type":["integer","null"]}},"required":["name","age"]}'
    )
    assert '"items"' in instructions(parse("[name]", {})).splitlines()[1]
    assert "example.org" not in instructions(of({"$id": "http://example.org/a", **POINT}))


def test_two_classes_of_one_name_that_contain_themselves_are_told_apart() -> None:
    made = []
    for extra in ({}, {"other": list[Any]}):
        kind = make_dataclass("Twin", [("again", list["Twin"]), *extra.items()])  # noqa: F821
        made.append(kind)
    first, second = made
    first.__annotations__["again"] = list[first]
    second.__annotations__["again"] = list[second]
    both = make_dataclass("Both", [("a", first), ("b", second)])
    with pytest.raises(CommandError, match="there are two classes Twin; rename one"):
        of(both)


def test_a_capital_is_a_field_where_it_has_a_type_or_company() -> None:
    for spec in ("Nobody str", "Nobody?", "Nobody, name", "[Nobody str]", "[Nobody, age int]"):
        assert "Nobody" in json.dumps(parse(spec, NAMES).json)


class Plain:
    """A class that says nothing of its fields."""

    def greet(self) -> None:
        """A method is no field."""


class Half:
    """A class that would be a dataclass."""

    name: str


@pytest.mark.parametrize(
    ("spec", "said"),
    [
        ("Plain", 'a class without annotated fields; give a dataclass, or fields as in "name, age'),
        ("list[Plain]", "without annotated fields"),
        ("Half", "write @dataclass above it"),
        ("Path", "Path is no type for a schema; use str"),
    ],
)
def test_a_class_of_the_user_that_is_no_schema_says_what_it_lacks(spec: str, said: str) -> None:
    assert said in refused(spec, {"Plain": Plain, "Half": Half, "Path": Path})


def test_an_expression_is_evaluated_once_where_the_user_stands() -> None:
    names: dict[str, Any] = {"seen": [], "Person": Person}
    assert parse("seen.append(1) or [Person for _ in (1,)][0]", names).name.startswith("seen")
    assert names["seen"] == [1]
    assert parse("Person.__class__ and (other := Person)", names) and "other" not in names
