"""What an answer holds: put right where that is safe, else one line for each problem."""

from __future__ import annotations

import json
from datetime import date, datetime
from typing import Any

import pytest
from people import NAMES, Address, Mood, Person

from zai_magics.schema import of, parse, read, repair

ADA = {
    "name": "Ada",
    "age": 36,
    "born": "1815-12-10",
    "mood": "GOOD",
    "address": {"street": "1 Hill", "city": "London", "zip": "x"},
    "tags": "maths",
    "friends": [],
    "scores": {"chess": 3},
}


def data(spec: str, answer: Any) -> Any:
    """The data of an answer that fits."""
    text = answer if isinstance(answer, str) else json.dumps(answer)
    found = read(text, parse(spec, NAMES))
    assert found.problems == ()
    return found.data


def wrong(spec: str, answer: Any) -> tuple[str, ...]:
    """The problems of an answer that does not fit."""
    text = answer if isinstance(answer, str) else json.dumps(answer)
    found = read(text, parse(spec, NAMES))
    assert found.data is None
    assert found.problems
    return found.problems


@pytest.mark.parametrize(
    ("kind", "value", "made"),
    [
        ("int", "3", 3),
        ("int", " -3 ", -3),
        ("int", 3.0, 3),
        ("int", "3.0", 3),
        ("int?", None, None),
        ("float", 3, 3.0),
        ("float", "3.5e2", 350.0),
        ("bool", "True", True),
        ("str", 3, "3"),
        ("str", 3.5, "3.5"),
        ("list", "a", ["a"]),
        ("list", [1, "b"], ["1", "b"]),
        ("list[int]", ["1", 2.0], [1, 2]),
        ("good|bad", " Good ", "good"),
        ("1|2|3", "2", 2),
        ("date", "2024-02-29", date(2024, 2, 29)),
        ("datetime", "2024-02-29T10:00:00", datetime(2024, 2, 29, 10)),
        ("date?", None, None),
        ("list[date]", ["2024-02-29"], [date(2024, 2, 29)]),
        ("dict", {"k": {"l": [1]}}, {"k": {"l": [1]}}),
        ("dict[int]", {"k": "1"}, {"k": 1}),
        ("{b int}", {"b": "1", "c": 2}, {"b": 1}),
        ("[b int]", [{"b": "1"}], [{"b": 1}]),
    ],
)
def test_a_value_that_can_mean_one_thing_is_put_right(kind: str, value: Any, made: Any) -> None:
    found = data(f"a {kind}", {"a": value})["a"]
    assert found == made
    assert type(found) is type(made)


@pytest.mark.parametrize(
    ("kind", "value", "said"),
    [
        ("int", "old", 'a: "old" is not an integer'),
        ("int", "1,234", 'a: "1,234" is not an integer'),
        ("int", "1_000", 'a: "1_000" is not an integer'),
        ("int", "٣", 'a: "٣" is not an integer'),
        ("int", 3.5, "a: 3.5 is not an integer"),
        ("int", True, "a: true is not an integer"),
        ("int", None, "a: null is not an integer"),
        ("int?", "x", 'a: "x" is not an integer or null'),
        ("float", "1e999", 'a: "1e999" is not a number'),
        ("float", 10**400, "a: is too large for a number"),
        ("bool", "yes", 'a: "yes" is not true or false'),
        ("bool", 1, "a: 1 is not true or false"),
        ("str", True, "a: true is not text"),
        ("str", ["x"], "a: a list of 1 is not text"),
        ("list", "a, b", 'a: "a, b" is not a list'),
        ("list[int]", "3", 'a: "3" is not a list'),
        ("good|bad", "go", 'a: "go" is not one of "good", "bad"'),
        ("date", "2023-02-29", 'a: "2023-02-29" is not a date like 2024-12-31'),
        ("date", "May", 'a: "May" is not a date like 2024-12-31'),
        ("{b int}", {"c": 1}, "a.b: is missing"),
        ("{b int}", [], "a: a list of 0 is not an object"),
        ("[b int]", [{"b": 1}, {"b": "x"}], 'a[1].b: "x" is not an integer'),
        ("dict[int]", {"a key": "x"}, 'a["a key"]: "x" is not an integer'),
        ("int", 10**200, None),
    ],
)
def test_anything_else_is_a_problem_with_its_place(kind: str, value: Any, said: str | None) -> None:
    if said is None:
        assert data(f"a {kind}", {"a": value})["a"] == value
    else:
        assert wrong(f"a {kind}", {"a": value}) == (said,)


def test_unknown_keys_are_dropped_and_missing_ones_that_may_be_null_are_null() -> None:
    assert data("a, b int?", {"a": "x", "c": 3}) == {"a": "x", "b": None}
    assert data("a {b?, c?}", {"a": {"b": "x"}}) == {"a": {"b": "x", "c": None}}


@pytest.mark.parametrize("answer", [{}, {"error": "I cannot do that"}])
def test_an_object_about_something_else_does_not_become_one_of_nulls(answer: Any) -> None:
    assert wrong("a?, b?", answer) == ("a: is missing", "b: is missing")


@pytest.mark.parametrize(
    "answer",
    [
        {"items": [{"a": 1}, {"a": 2}]},
        [{"a": 1}, {"a": 2}],
        {"people": [{"a": 1}, {"a": 2}]},
        {"items": [{"a": "1"}, {"a": 2.0, "b": 1}], "count": 2},
    ],
)
def test_rows_come_in_several_forms(answer: Any) -> None:
    assert data("[a int]", answer) == [{"a": 1}, {"a": 2}]


def test_a_single_object_is_a_row_and_a_list_of_one_is_an_object() -> None:
    assert data("[a int]", {"a": 1}) == [{"a": 1}]
    assert data("[a int]", {"items": {"a": 1}}) == [{"a": 1}]
    assert data("[a, items list]", {"a": "x", "items": ["y"]}) == [{"a": "x", "items": ["y"]}]
    assert data("a int", [{"a": 1}]) == {"a": 1}
    assert data("[a int]", []) == []
    assert wrong("a int", [{"a": 1}, {"a": 2}]) == ("the answer: a list of 2 is not an object",)


def test_dataclasses_come_as_instances_with_what_is_in_them() -> None:
    ada = data("Person", {**ADA, "friends": [{**ADA, "name": "Eve", "age": None}]})
    assert ada.address == Address("1 Hill", "London")
    assert (ada.mood, ada.tags, ada.scores) == (Mood.GOOD, {"maths"}, {"chess": 3.0})
    assert (ada.born, ada.role, ada.seen) == (date(1815, 12, 10), "author", None)
    assert isinstance(ada.friends[0], Person)
    assert ada.friends[0].age is None
    assert [p.name for p in data("list[Person]", [ADA])] == ["Ada"]


def test_problems_of_a_dataclass_have_their_place() -> None:
    friend = {**ADA, "born": "x", "address": {"street": 1}}
    assert wrong("list[Person]", [ADA, {**ADA, "friends": [friend]}]) == (
        'items[1].friends[0].born: "x" is not a date like 2024-12-31',
        "items[1].friends[0].address.city: is missing",
    )


def test_what_a_class_itself_refuses_is_a_problem() -> None:
    assert wrong("list[Picky]", [{"low": 1, "high": 2}, {"low": 3, "high": 2}]) == (
        "items[1]: ValueError: low is above high",
    )


def test_a_typed_dict_leaves_out_what_is_absent() -> None:
    assert data("Song", {"title": "Hey", "x": 1}) == {"title": "Hey"}
    assert data("Song", {"title": "Hey", "year": "1968"}) == {"title": "Hey", "year": 1968}


def test_extra_keys_are_as_a_json_schema_says() -> None:
    fields = {"a": {"type": "integer"}}
    open_ = of({"type": "object", "properties": fields})
    closed = of({"type": "object", "properties": fields, "additionalProperties": False})
    counted = of({"type": "object", "additionalProperties": {"type": "integer"}})
    assert read('{"a": 1, "b": 2}', open_).data == {"a": 1, "b": 2}
    assert read('{"a": 1, "b": 2}', closed).problems == ('the answer: "b" is not a known key',)
    assert read('{"x": "1"}', counted).data == {"x": 1}


@pytest.mark.parametrize(
    ("rule", "value", "said"),
    [
        ({"type": "integer", "minimum": 3}, 2, "a: 2 is less than 3"),
        ({"type": "string", "maxLength": 2}, "abc", 'a: "abc" is longer than 2 characters'),
        ({"type": "array", "maxItems": 1}, [1, 2], "a: a list of 2 is more than 1"),
        ({"type": "array", "uniqueItems": True}, [{"b": 1}] * 2, "a: has an element twice"),
        ({"const": 3}, 4, "a: 4 is not 3"),
        ({"pattern": "^x+$"}, "y", 'a: "y" does not match the pattern ^x+$'),
        ({"pattern": "(x+)+$"}, "x" * 20_000 + "y", "a: is too long for its pattern (20,001 char"),
        ({"anyOf": [{"type": "integer"}, {"type": "null"}]}, "x", "is not an integer or null"),
        ({"anyOf": [{"minimum": 3}, {"type": "boolean"}]}, 2, "a: 2 is less than 3"),
        ({"anyOf": [{"const": 3}, {"type": "boolean"}]}, 2, "a: 2 fits none of the alternatives"),
        ({"not": {"type": "string"}}, "x", 'a: "x" is what it must not be'),
        ({"format": "date"}, "x", 'a: "x" is not a date'),
        ({"type": "object", "minProperties": 1}, {}, "a: an object with 0 keys does not fit minPr"),
    ],
)
def test_the_rules_of_a_json_schema_are_kept(rule: Any, value: Any, said: str) -> None:
    schema = of({"type": "object", "properties": {"a": rule}})
    problems = read(json.dumps({"a": value}), schema).problems
    assert len(problems) == 1
    assert said in problems[0]


def test_the_alternative_that_was_meant_names_its_problem() -> None:
    ways = [
        {"type": "object", "properties": {"kind": {"const": k}, "n": {"type": t}}}
        for k, t in (("cat", "integer"), ("dog", "string"))
    ]
    schema = of({"type": "object", "properties": {"pet": {"oneOf": ways}}})
    found = read('{"pet": {"kind": "cat", "n": "x"}}', schema)
    assert found.problems == ('pet.n: "x" is not an integer',)


def test_a_problem_is_one_short_line_whatever_the_value() -> None:
    for value in ("x\n\x1b[31m" * 100_000, "9" * 100_000, 10**4000, ["x"] * 100_000):
        (line,) = wrong("a bool", {"a": value})
        assert len(line) < 120
        assert line.isprintable()


def test_of_many_problems_there_are_fifty_and_the_model_is_told_twenty() -> None:
    problems = wrong("[a int]", [{"a": "x"}] * 1000)
    assert len(problems) == 50
    told = repair(problems).splitlines()
    assert len(told) == 23
    assert told[1] == '- items[0].a: "x" is not an integer'
    assert told[21] == "- and 30 more problems"
    assert max(map(len, repair(["x" * 10_000, "a\nb"]).splitlines())) < 220
