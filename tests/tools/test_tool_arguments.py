"""The model's JSON text becomes the values that the function is annotated with, or an error."""

from __future__ import annotations

import json
import time as clock
from dataclasses import fields, is_dataclass
from datetime import date, datetime, time, timedelta, timezone
from decimal import Decimal
from enum import Enum
from pathlib import Path, PurePosixPath
from typing import Any, Literal
from uuid import UUID

import pytest
from annotated import ANNOTATIONS, Access, Box, Colour, Level, Order, Pair, Point, Trip, of, taking
from hypothesis import given, settings
from hypothesis import strategies as st

from zai_magics.sandbox.values import Hints, fill
from zai_magics.tools import ArgumentError, arguments

# What a model can write: half a character has no UTF-8.
WORDS = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
NUMBERS = st.floats(allow_nan=False, allow_infinity=False)
ZONES = st.none() | st.integers(-1439, 1439).map(lambda m: timezone(timedelta(minutes=m)))
POINTS = st.builds(Point, NUMBERS, NUMBERS, st.tuples(WORDS))
PATHS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), min_size=1)
LEAVES: list[tuple[Any, st.SearchStrategy[Any]]] = [
    (str, WORDS), (int, st.integers()), (float, NUMBERS), (bool, st.booleans()),
    (int | str, st.integers() | WORDS), (float | None, NUMBERS | st.none()),
    (int | float, st.integers() | NUMBERS),
    (Literal["a", 1, True], st.sampled_from(["a", 1, True])),
    (Colour, st.sampled_from(Colour)), (Level, st.sampled_from(Level)),
    (Access, st.sampled_from(Access)), (date, st.dates()),
    (datetime, st.datetimes(timezones=ZONES)), (time, st.times()), (UUID, st.uuids()),
    (Decimal, st.decimals(allow_nan=False, allow_infinity=False, places=3)),
    (PurePosixPath, PATHS.map(PurePosixPath)), (Point, POINTS),
    (Pair, st.builds(Pair, st.integers(), WORDS)),
    (Trip, st.fixed_dictionaries({"where": WORDS}, optional={"days": st.integers()})),
]  # fmt: skip


def nested(leaf: tuple[Any, st.SearchStrategy[Any]]) -> list[tuple[Any, st.SearchStrategy[Any]]]:
    """Lists, tuples and dictionaries of one annotation, each with a strategy of its values."""
    hint, values = leaf
    return [
        leaf,
        (list[hint], st.lists(values, max_size=4)),
        (tuple[hint, ...], st.lists(values, max_size=4).map(tuple)),
        (tuple[int, hint], st.tuples(st.integers(), values)),
        (dict[str, hint], st.dictionaries(WORDS, values, max_size=4)),
        (dict[int, list[hint]], st.dictionaries(st.integers(), st.lists(values, max_size=2))),
        (list[hint] | None, st.none() | st.lists(values, max_size=3)),
    ]


CASES = [case for leaf in LEAVES for case in nested(leaf)]


def as_json(value: Any) -> Any:
    """What a model would write for a value; `Level` and `Access` by names."""
    if isinstance(value, Access):
        return [one.name for one in value]
    if isinstance(value, Enum):
        return value.value if isinstance(value, Colour) else value.name
    if isinstance(value, (date, time)):
        return value.isoformat()
    if isinstance(value, (PurePosixPath, Path, Decimal, UUID)):
        return str(value)
    if is_dataclass(value):
        return {one.name: as_json(getattr(value, one.name)) for one in fields(value)}
    if hasattr(value, "_asdict"):
        return as_json(value._asdict())
    if isinstance(value, dict):
        return {str(as_json(name)): as_json(one) for name, one in value.items()}
    return [as_json(one) for one in value] if isinstance(value, (list, tuple)) else value


def read(annotation: Any, value: Any) -> Any:
    """The value that arrives at the function for a JSON value."""
    return arguments(taking(annotation), json.dumps({"x": value}))["x"]


def typed(value: Any) -> Any:
    """A value with the types of all that is in it: 1, 1.0 and True differ."""
    if isinstance(value, dict):
        return dict, {typed(name): typed(one) for name, one in value.items()}
    if isinstance(value, (list, tuple)):
        return type(value), [typed(one) for one in value]
    return type(value), value


@settings(max_examples=1200, deadline=None)
@given(st.data())
def test_values_come_back_from_json_as_they_were(data: st.DataObject) -> None:
    annotation, values = data.draw(st.sampled_from(CASES), "annotation")
    value = data.draw(values, "value")
    assert typed(read(annotation, as_json(value))) == typed(value)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | NUMBERS | WORDS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(WORDS, inner, max_size=3),
    max_leaves=8,
)


@settings(max_examples=500, deadline=None)
@given(st.sampled_from(ANNOTATIONS), JSON)
def test_any_json_is_read_or_refused_in_one_line(annotation: Any, value: Any) -> None:
    try:
        read(annotation, value)
    except ArgumentError as error:
        assert len(str(error).splitlines()) == 1 and len(str(error).encode()) < 9000


@settings(max_examples=300, deadline=None)
@given(st.text(max_size=60) | st.text('{}[]":,\\ux019eE.-ntf ', max_size=40))
def test_any_text_is_read_or_refused(text: str) -> None:
    try:
        assert isinstance(arguments(taking(int, default=1), text), dict)
    except ArgumentError as error:
        assert len(str(error).splitlines()) == 1 and str(error).encode()


def order(name: str, point: Point, days: list[date], limit: float = 1.0) -> None: ...


WHOLE = '{"name": "a\\"\\u00e9}", "point": {"x": 1}, "days": ["2026-01-31"], "limit": 2}'


def test_a_whole_call_is_read() -> None:
    found = arguments(of(order), WHOLE)
    assert found == {"name": 'a"é}', "point": Point(1.0), "days": [date(2026, 1, 31)], "limit": 2.0}


@pytest.mark.parametrize("end", range(len(WHOLE)))
def test_arguments_cut_off_anywhere_are_refused(end: int) -> None:
    with pytest.raises(ArgumentError, match=r"not valid JSON.*cut off"):
        arguments(of(order), WHOLE[:end])


@pytest.mark.parametrize(
    ("annotation", "value", "said"),
    [
        (int, "3", 'x must be an integer, not the string "3"'),
        (int, True, "x must be an integer, not the boolean true"),
        (int, 3.0, "x must be an integer, not the number 3.0"),
        (int, None, "x must be an integer, not null"),
        (float, "1.5", "x must be a number"),
        (float, True, "x must be a number"),
        (float, 10**400, "x is too large for a number"),
        (bool, 1, "x must be true or false, not the integer 1"),
        (bool, "true", "x must be true or false"),
        (str, 3, "x must be a string, not the integer 3"),
        (int | None, "a", "x must be an integer or null"),
        (int | str, [1], "x must be an integer or a string, not the list"),
        (list[int], {"a": 1}, "x must be a list"),
        (list[int], [1, 2, "3"], r'x\[2\] must be an integer, not the string "3"'),
        (set[int], [1, 1], "x holds an item twice"),
        (set, [[1]], "x must not hold lists or objects"),
        (tuple[int, str], [1], "x must be a list of 2: an integer, a string"),
        (dict[str, int], {"a": "b"}, r'x\["a"\] must be an integer'),
        (dict[int, int], {"01": 1}, "must be an integer"),
        (dict[Path, int], {"a/b": 1, "a//b": 2}, "stands twice"),
        (Literal["a", 1], True, 'x must be one of "a", 1, not the boolean true'),
        (Literal["a", "b"], "A", 'x must be one of "a", "b", not the string "A"'),
        (Colour, "RED", 'x must be one of "red", "blue"'),
        (Level, 1, 'x must be one of "LOW", "HIGH"'),
        (date, "31.1.2026", "x must be a date, YYYY-MM-DD, not the string"),
        (date, "2026-02-30", "x must be a date"),
        (date, "20260131", "x must be a date"),
        (date, "2026-W05-6", "x must be a date"),
        (date, "2026-01-31T10:00", "x must be a date"),
        (date, "\uff12026-01-31", "x must be a date"),
        (datetime, "2026-01-31", "x must be a date and time"),
        (datetime, 1767225600, "x must be a date and time"),
        (Path, "", "x must be a file path"),
        (Path, "a\0", "x must be a file path"),
        (Decimal, 1.5, "x must be a decimal number in a string"),
        (Decimal, "nan", "x must be a decimal"),
        (Point, {"x": "1"}, "x.x must be a number"),
        (Point, {}, "missing argument x.x"),
        (Point, {"x": 1, "z": 1}, r"unknown argument x.z \(known: x, y, tags"),
        (list[Point], [{"x": 1}, {"x": None}], r"x\[1\].x must be a number, not null"),
        (Box, {"corner": {"x": 1}, "scale": 0}, "x: ValueError: scale must be positive"),
        (Order, {"name": "a", "inner": {}, "day": "soon"}, "x.day: Input should be a valid date"),
        (Order, {"name": "a" * 30, "inner": {}, "day": "2026-01-01"}, "at most 20 characters"),
        (Order, {"name": "a", "inner": {"number": "3"}, "day": "2026-01-01"}, "x.inner.number"),
        (Order, {"nam": "a"}, "unknown argument x.nam"),
        (Order, {"inner": {"numbr": 3}}, "unknown argument x.inner.numbr"),
        (Order, {"by_name": {"a": {"numbr": 3}}}, "unknown argument x.by_name.a.numbr"),
        (list[Order], [{"many": [{"kin": 3}]}], r"unknown argument x\[0\].many\[0\].kin"),
        (Order, [], "x: Input should be an object"),
    ],
    ids=str,
)  # fmt: skip
def test_a_value_of_another_kind_is_refused_with_its_place(
    annotation: Any, value: Any, said: str
) -> None:
    with pytest.raises(ArgumentError, match=said):
        read(annotation, value)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[1]", "must be an object, not the list"), ("null", "must be an object, not null"),
        ('"{}"', "must be an object, not the string"), ("", "not valid JSON"),
        ('{"x": 1} {}', "Extra data"), ("{'x': 1}", "not valid JSON"), ('{"x": 1,}', "not valid"),
        ('{"x": NaN}', "hold NaN"), ('{"x": -Infinity}', "hold -Infinity"),
        ('{"x": 1e999}', "the number 1e999 is too large"), ('{"x": 1, "x": 2}', '"x" stands twice'),
        ('{"x": {"a": 1, "a": 2}}', '"a" stands twice'), ('{"x": "\\ud800"}', "half a character"),
        ('{"\\udfff": 1}', "half a character"), ('{"y": 1}', r"unknown argument y \(known: x\)"),
        ("{}", "missing argument x"), ('{"x": 1}\0', "not valid JSON"),
        ('{"self": 1, "__class__": 2, "x": 1}', "unknown argument self"),
    ],
    ids=range(18),
)  # fmt: skip
def test_a_text_that_is_no_plain_object_is_refused(text: str, said: str) -> None:
    with pytest.raises(ArgumentError, match=said):
        arguments(taking(Any), text)


def test_every_problem_is_told_at_once_up_to_five() -> None:
    with pytest.raises(ArgumentError) as caught:
        arguments(of(order), '{"nam": "a", "point": 1, "limit": "x"}')
    assert str(caught.value) == (
        "unknown argument nam (did you mean name?); missing argument name; missing argument days; "
        "point must be an object with x, y, tags, not the integer 1; "
        'limit must be a number, not the string "x"'
    )
    with pytest.raises(ArgumentError, match=r"; and 95 more$"):
        arguments(of(order), json.dumps({f"a{n}": n for n in range(97)}))


@pytest.mark.parametrize(
    "text",
    [
        "[" * 900_000, '{"x":' * 150_000, '{"x": ' + "9" * 900_000 + "}", '"' + '\\"' * 400_000,
        '{"x": "' + "\\u0041" * 150_000, "{" + '"a":1,' * 150_000 + '"b":1}', " " * 2_000_000,
        '{"x": ' + "[" * 65 + "]" * 65 + "}", '{"x": 1e' + "9" * 900_000 + "}",
    ],
    ids=range(9),
)  # fmt: skip
def test_a_hostile_text_is_refused_shortly_and_without_hanging(text: str) -> None:
    start = clock.process_time()
    with pytest.raises(ArgumentError) as caught:
        arguments(taking(Any), text)
    assert clock.process_time() - start < 30, "a time that grows with the square is minutes"
    assert len(str(caught.value)) < 500


def test_a_deep_but_sensible_value_arrives() -> None:
    value: Any = 1
    for _ in range(60):
        value = [value]
    assert read(Any, value) == value


def test_big_integers_arrive_whole() -> None:
    assert read(int, 10**900) == 10**900


def test_a_function_without_parameters_takes_an_empty_text() -> None:
    def now() -> None: ...

    assert arguments(of(now), "") == arguments(of(now), "{}") == {}
    with pytest.raises(ArgumentError, match="not valid JSON"):
        arguments(of(now), "{")


def test_templates_in_a_text_stay_text() -> None:
    text = "{0.__class__} %s %(x)s {{ 1 + 1 }} $x __import__('os')"
    assert read(str, text) == text


def test_a_member_of_a_union_is_read_before_the_words_of_another() -> None:
    assert read(date | str, "2026-01-31") == date(2026, 1, 31)
    assert read(date | str, "soon") == "soon"
    assert typed(read(float | int, 3)) == (int, 3)
    assert read(Point | Trip, {"where": "Rome"}) == {"where": "Rome"}


@pytest.mark.parametrize(
    "annotation", [a for a in ANNOTATIONS if a not in (Decimal, UUID, Point | Trip)], ids=str
)
def test_what_the_sandbox_makes_of_a_schema_is_taken(annotation: Any) -> None:
    tool = taking(annotation)
    if "in this order" in json.dumps(tool.parameters) or annotation == tuple[int, str]:
        return  # two different items are told in words only
    made = fill(tool.parameters, Hints(""))
    try:
        arguments(tool, json.dumps(made))
    except ArgumentError as error:
        assert "sample" in str(error), error  # a word where words say what is wanted
