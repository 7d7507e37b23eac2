"""No answer takes longer to read than its length allows, however it is made."""

from __future__ import annotations

import json
from typing import Any

import pytest

from zai_magics.schema import extract, of, parse, read

ROWS = parse("[name, age int]", {})
ONE = parse("name?, tags list?, d dict", {})

# Each of these is slow for some way of searching: nested, never closed, quoted, commented.
NASTY = {
    "braces": "{",
    "brackets": "[",
    "numbers in brackets": "[1,",
    "lists that fail": "[1, x ",
    "comments": "{//",
    "comments on lines": "{//{\n",
    "block comments": "/*",
    "escaped quotes": '\\"',
    "an endless key": '{"a":',
    "objects that fail": '{"a":1 ',
    "single quotes": "{'a':'",
    "one quote": "{'a",
    "fences": "```json\n{\n",
    "spaces": "{  ",
    "empty lists": "[]",
    "small objects": '{"a":1} ',
    "commas": '{"a",',
    "thinking": "<think>",
    "zeros": "\0",
    "digits": '{"a":9',
    "bad objects": "{'a' : b}",
}


@pytest.mark.parametrize("piece", NASTY.values(), ids=list(NASTY))
def test_every_character_is_read_a_few_times_only(
    piece: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    spent = 0

    class Counting:
        """The decoder, counting what it reads."""

        def raw_decode(self, text: str, start: int) -> Any:
            nonlocal spent
            end = len(text)
            try:
                value, end = decoder.raw_decode(text, start)
                return value, end
            except json.JSONDecodeError as error:
                end = error.pos
                raise
            finally:
                spent += end - start + 1

    def end_of(text: str, start: int) -> int | None:
        nonlocal spent
        end = closing(text, start)
        spent += (len(text) if end is None else end) - start
        return end

    decoder, closing = extract._DECODER, extract.end_of
    monkeypatch.setattr(extract, "_DECODER", Counting())
    monkeypatch.setattr(extract, "end_of", end_of)
    for before in ("", '{"a": 1} ', '{"a": "', "[", "{'a': '"):
        text = before + piece * (20_000 // len(piece))
        spent = 0
        extract.find(text)
        assert spent <= 3 * len(text) + 1000


@pytest.mark.parametrize("piece", NASTY.values(), ids=list(NASTY))
def test_a_long_nasty_text_is_read_to_its_end(piece: str) -> None:
    text = piece * (100_000 // len(piece))
    for schema in (ROWS, ONE):
        found = read(text, schema)
        assert (found.data is None) == bool(found.problems)


@pytest.mark.long
@pytest.mark.parametrize("piece", NASTY.values(), ids=list(NASTY))
def test_eight_megabytes_are_read_to_their_end(piece: str) -> None:
    found = read(piece * (8_000_000 // len(piece)), ROWS)
    assert (found.data is None) == bool(found.problems)


def test_large_answers_that_fit_are_data() -> None:
    rows = [{"name": "x" * 50, "age": n} for n in range(10_000)]
    assert read(json.dumps({"items": rows}), ROWS).data == rows
    long = {"name": "x" * 8_000_000, "tags": ["y" * 1_000_000], "d": {}}
    assert read(json.dumps(long), ONE).data == long
    many = {"name": None, "tags": None, "d": {f"k{n}": n for n in range(50_000)}}
    assert read(json.dumps(many), ONE).data == many


@pytest.mark.parametrize("value", ["9" * 5000, "9" * 1_000_000, "-" + "9" * 5000])
def test_an_integer_of_thousands_of_digits_is_a_problem(value: str) -> None:
    (said,) = read(f'{{"items": [{{"name": "x", "age": {value}}}]}}', ROWS).problems
    assert "too many digits" in said


@pytest.mark.parametrize("depth", [70, 500, 1000, 5000, 100_000])
def test_deep_nesting_is_a_problem(depth: int) -> None:
    for text in ("[" * depth + "]" * depth, '{"a":' * depth + "1" + "}" * depth):
        (said,) = read('{"d": ' + text + "}", ONE).problems
        assert "nested" in said


def test_alternatives_that_refer_to_themselves_take_no_longer_for_that() -> None:
    # Tried one after the other at every level, this would take 8 ** 50 steps.
    ref = {"$ref": "#/$defs/term"}
    ways = [
        {"type": "object", "properties": {"op": {"const": op}, "left": ref, "right": ref}}
        for op in "+-*/"
    ]
    schema = of(
        {
            "type": "object",
            "properties": {"term": ref},
            "$defs": {"term": {"anyOf": [{"type": "integer"}, *ways]}},
        }
    )
    term: Any = 1
    for _ in range(50):
        term = {"op": "/", "left": term, "right": 2}
    assert read(json.dumps({"term": term}), schema).data == {"term": term}
    wrong = json.dumps({"term": term}).replace('"left": 1', '"left": "x"')
    assert read(wrong, schema).problems


def test_a_schema_that_only_refers_to_itself_ends() -> None:
    schema = of({"allOf": [{"$ref": "#"}]})
    assert read("{}", schema).problems == ("the answer: is nested too deeply to be checked",)
