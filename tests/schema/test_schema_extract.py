"""JSON in the words of an answer."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from zai_magics.reply import Reply
from zai_magics.schema import of, parse, read

PERSON = parse("name, age int", {})
ROWS = parse("[name, age int]", {})
ANYTHING = of({"type": "object"})
ADA = {"name": "Ada", "age": 36}
TEXT = json.dumps(ADA)
NO_JSON = ("the answer: has no JSON object in it",)


@pytest.mark.parametrize(
    "text",
    [
        TEXT,
        f"\ufeff  {TEXT}\n",
        f"```json\n{TEXT}\n```",
        f"Here you are:\n\n```\n{TEXT}\n```\nAnything else?",
        f"~~~json\n{TEXT}\n~~~",
        f"Sure! {TEXT} I hope that helps.",
        f"<think>{{'name': 'Eve', 'age': 1}} or so</think>\n{TEXT}",
        f"<|begin_of_box|>{TEXT}<|end_of_box|>",
        f"First {json.dumps({'name': 'Eve', 'age': 1})}, better: {TEXT}",
        f"```json\n{TEXT}\n```\nNot {json.dumps({'name': 'Eve', 'age': 1})}.",
        f'{TEXT}\nThe key "name" is {{first, last}}, see [1] and [note].',
        f"See [1, 2) and [1], a set {{x}} and d['name']: {TEXT}",
        f"I use {{}} and [] here. {TEXT} Not {{}}.",
        '{"name": "Eve", "name": "Ada", "age": 36}',
        "{'name': 'Ada', 'age': 36}",
        "{'name': 'Ada', 'age': 36, 'alive': False, 'x': None,}",
        '{"name": "Ada", /* or so */ "age": 36, // she says\n}',
        f"[{TEXT},]",
        json.dumps(TEXT),
        '{"name": "A\\u0064a", "age": "36"}',
    ],
)
def test_the_object_is_found(text: str) -> None:
    found = read(text, PERSON)
    assert (found.data, found.problems) == (ADA, ())


def test_a_reply_is_read_as_the_text_that_it_is() -> None:
    assert read(Reply(TEXT), PERSON).data == ADA


@pytest.mark.parametrize(
    "inside",
    ['{"name": "it\'s \\"x\\" // no } comment,]", "age": 1}', '{"name": "```json\\n{}", "age": 1}'],
)
def test_what_stands_in_a_text_is_no_syntax(inside: str) -> None:
    for text in (inside, f"So: {inside}.", f"```\n{inside}\n```", f"[{inside},]"):
        assert read(text, PERSON).data == json.loads(inside)


def test_python_quotes_are_read_as_python_does() -> None:
    said = {"name": 'it\'s a "test" \n \\ é, \x41', "age": 1}
    assert read(repr(said), PERSON).data == said
    assert read("{'name': '\\x41', 'age': 1}", PERSON).data == {"name": "A", "age": 1}


@pytest.mark.parametrize(
    "text", ["", " ", "I cannot do that.", "42", '"x"', "null", "{name: Ada}", "[see above]", "{"]
)
def test_a_text_without_json_says_so(text: str) -> None:
    assert read(text, PERSON).problems == NO_JSON


def test_thinking_that_never_ends_is_not_the_answer() -> None:
    assert read(f"<think>maybe {TEXT}", PERSON).problems == NO_JSON


@pytest.mark.parametrize("cut", range(9, len(json.dumps({"items": [ADA, ADA]}))))
def test_a_part_of_an_answer_never_passes_for_all_of_it(cut: int) -> None:
    whole = json.dumps({"items": [ADA, ADA]})
    for before in ("", "```json\n", f"{TEXT}\n\nAnd now all:\n"):
        found = read(before + whole[:cut], ROWS)
        assert found.data is None
        assert found.problems


def test_broken_json_says_where() -> None:
    (said,) = read('{"name": "Ada"\n "age": 36}', PERSON).problems
    assert said == "the answer: the JSON is broken (Expecting ',' delimiter at line 2, column 2)"
    (said,) = read('So:\n{"name": "Ada", "age": 3', PERSON).problems
    assert "cut off" in said


@pytest.mark.parametrize("number", ["NaN", "Infinity", "-Infinity", "1e999", "-1e999"])
def test_a_number_that_is_none_is_refused_with_its_place(number: str) -> None:
    found = read(f'{{"a": [1, {number}]}}', ANYTHING)
    assert found.problems == ("a[1]: is not a finite number",)


def test_half_a_character_cannot_reach_the_data() -> None:
    found = read('{"\\ud83d": "a\\ude42", "b": "\\ud83d\\ude42"}', ANYTHING)
    assert found.data == {"\ufffd": "a\ufffd", "b": "🙂"}


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(exclude_categories=["Cs"])),
    lambda inner: st.lists(inner) | st.dictionaries(st.text("ab'\"{}[],:\\/`", max_size=5), inner),
    max_leaves=15,
)  # fmt: skip


@given(st.dictionaries(st.text("ab", max_size=3), JSON, min_size=1), st.integers(0, 5))
def test_any_object_comes_back_as_it_was_from_any_wrapping(value: Any, wrapping: int) -> None:
    form = ("%s", "\ufeff%s ", "```json\n%s\n```", "So: %s.", "<think>x</think>%s", "d['a']: %s")
    text = form[wrapping] % json.dumps(value, ensure_ascii=wrapping % 2 == 0)
    found = read(text, ANYTHING)
    assert (found.data, found.problems) == (value, ())


PIECES = st.sampled_from([
    *"{}[]:,\"'\\/*`~<> \n", "1", "-1", "1e999", "NaN", "null", "None", "true", '"a"', "'a'",
    '{"a":', '"name":', "[[", "]}", "//", "/*", "*/", "```json\n", "```\n", "<think>", "</think>",
    "\\u12", "\\ud800", "\ufeff", "\x00", "9" * 5000, TEXT, '{"items":[', "[" * 300,
])  # fmt: skip


@settings(max_examples=400)
@given(st.lists(PIECES | st.text(max_size=5), max_size=25).map("".join))
def test_no_text_whatever_raises_anything(text: str) -> None:
    for schema in (PERSON, ROWS, ANYTHING):
        found = read(text, schema)
        assert (found.data is None) == bool(found.problems)
        assert all(line.isprintable() and len(line) < 500 for line in found.problems)
