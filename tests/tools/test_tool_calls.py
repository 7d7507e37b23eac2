"""What becomes of a call: the value, the words for the model, the failure."""

from __future__ import annotations

import asyncio
import itertools
import json
import tracemalloc
from collections.abc import Callable, Iterator
from datetime import date
from decimal import Decimal
from enum import Enum
from fractions import Fraction
from pathlib import PurePosixPath
from typing import Any

import pytest
from annotated import Colour, Inner, Level, Pair, Point, of

from zai_magics.errors import Interrupted
from zai_magics.tools import Outcome, arguments, refused, run
from zai_magics.tools.told import LIMIT, told


def returning(value: Any) -> Outcome:
    """The outcome of a function that returns this value."""
    return run(of(lambda: value), {})


class Rich:
    def _repr_html_(self) -> str:
        return "<table>"


class Image(Rich):
    pass


class Broken:
    def __repr__(self) -> str:
        raise ValueError("no\nrepr")


class Endless:
    def __repr__(self) -> str:
        return f"<{self!r}>"


class Long:
    def __repr__(self) -> str:
        return "y" * 5_000_000


class BadWords(Exception):
    def __str__(self) -> str:
        raise ValueError


CIRCLE: list[Any] = []
CIRCLE.append(CIRCLE)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("a\n\tå", "a\n\tå"), ("", ""), (None, "null (the function returned nothing)"),
        (True, "true"), (3, "3"), (1.5, "1.5"), ({"a": [1, "å"]}, '{"a":[1,"å"]}'), ((1,), "[1]"),
        ({1: 2}, '{"1":2}'), ({(1, 2): 3}, "{(1, 2): 3}"), ([float("nan")], "[nan]"),
        (Colour.RED, '"red"'), (Level.HIGH, "2"), (Point(1.0), '{"x":1.0,"y":0.5,"tags":[]}'),
        ([Pair(1)], '[[1,"r"]]'), (Inner(), '{"number":null,"kind":"x"}'),
        ({date(2026, 1, 2)}, '["2026-01-02"]'),
        (Decimal("1.50"), '"1.50"'), (PurePosixPath("a/b"), '"a/b"'), (Fraction(1, 2), "0.5"),
        (b"abc", "(3 bytes)"), (Rich(), "(a Rich, shown in the notebook)"),
        (Image(), "(an Image, shown in the notebook)"), (range(3), "range(0, 3)"),
        (Broken(), "(a Broken, whose repr failed: ValueError)"),
        (Endless(), "(an Endless, whose repr failed: RecursionError)"),
        (10**5000, "(an int, whose repr failed: ValueError)"),
        ("\ud83d\ude42 \ud83d", "\U0001f642 \ufffd"), ("\x00\x1b[31m", "<U+0000><U+001B>[31m"),
        ({"a": "\ud83d"}, '{"a":"\ufffd"}'), ({"a": "\x00"}, '{"a":"\\u0000"}'),
        (CIRCLE, "[[[[[[[[[...]]]]]]]]]"),
    ],
    ids=range(32),
)  # fmt: skip
def test_a_value_is_told_as_text_and_kept_as_it_is(value: Any, text: str) -> None:
    outcome = returning(value)
    assert outcome.text == text and outcome.error == ""
    assert outcome.value is value
    json.dumps(outcome.text, ensure_ascii=False).encode()


def test_numbers_and_tables_of_the_data_libraries_are_told() -> None:
    numpy, pandas = pytest.importorskip("numpy"), pytest.importorskip("pandas")
    assert told({"n": numpy.int64(3), "x": numpy.float32(0.5)}) == '{"n":3,"x":0.5}'
    assert told(numpy.arange(3)) == "array([0, 1, 2])"
    frame = pandas.DataFrame({"a": [1]})
    assert returning(frame).value is frame
    assert told(frame) == "(a DataFrame, shown in the notebook)"


@pytest.mark.parametrize(
    ("value", "note"),
    [
        ("é" * 50_000, "… (cut: 30,000 more characters)"),
        (Long(), "… (cut: 4,980,000 more characters)"),
        (list(range(3_000_000)), "… (cut after 20,000 characters)"),
        ([object()] * 3_000_000, "more characters)"),
        ({n: Broken() for n in range(100_000)}, "more characters)"),
    ],
    ids=["text", "repr", "list", "list of objects", "dict of objects"],
)
def test_a_long_value_is_cut_and_says_so_without_writing_it_all(value: Any, note: str) -> None:
    tracemalloc.start()
    try:
        text = told(value)
        _, most = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert most < 16_000_000, "bytes"
    assert text.endswith(note) and len(text) < LIMIT + 60


def deep() -> list[Any]:
    value: list[Any] = []
    for _ in range(100_000):
        value = [value]
    return value


def test_a_value_nested_without_end_is_told_shortly() -> None:
    assert told(deep()) == "[[[[[[[[[...]]]]]]]]]"


def raising(error: BaseException) -> Callable[[], None]:
    def f() -> None:
        raise error

    return f


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (ValueError("no\nway\x1b"), "ValueError: no way"), (KeyError("a"), "KeyError: 'a'"),
        (Exception(), "Exception"), (BadWords(), "BadWords: (without words)"),
        (SystemExit(3), "SystemExit: 3"), (RecursionError("deep"), "RecursionError: deep"),
        (ExceptionGroup("two", [ValueError()]), "ExceptionGroup: two (1 sub-exception)"),
    ],
    ids=range(7),
)  # fmt: skip
def test_an_exception_is_an_outcome_in_one_line(error: BaseException, said: str) -> None:
    outcome = run(of(raising(error)), {})
    assert outcome.error == said
    assert (outcome.text, outcome.value) == (f"The call failed: {said}", None)


def test_a_long_exception_is_bounded() -> None:
    assert len(run(of(raising(ValueError("x" * 10**6))), {}).text) < 2100


@pytest.mark.parametrize("stop", [KeyboardInterrupt(), Interrupted("stopped")], ids=str)
def test_an_interrupt_passes_through(stop: BaseException) -> None:
    with pytest.raises(KeyboardInterrupt):
        run(of(raising(stop)), {})


def test_the_time_of_a_call_is_measured_with_the_clock_that_is_passed_in() -> None:
    ticks = iter([10.0, 12.5, 20.0, 21.0])
    assert run(of(lambda: 1), {}, lambda: next(ticks)).elapsed == 2.5
    assert run(of(raising(ValueError())), {}, lambda: next(ticks)).elapsed == 1.0


def test_what_a_function_prints_goes_where_it_goes(capsys: pytest.CaptureFixture[str]) -> None:
    outcome = run(of(lambda: print("hello")), {})
    assert capsys.readouterr().out == "hello\n"
    assert "hello" not in outcome.text


def test_arguments_arrive_by_name() -> None:
    def f(*, colour: Colour, of: str = "x") -> tuple[Enum, str]:
        return colour, of

    tool = of(f)
    assert run(tool, arguments(tool, '{"colour": "blue"}')).value == (Colour.BLUE, "x")


def test_a_generator_is_listed_up_to_a_thousand_items_and_closed() -> None:
    closed: list[bool] = []

    def count() -> Iterator[int]:
        try:
            yield from itertools.count()
        finally:
            closed.append(True)

    kept = count()  # so that nobody else closes it
    outcome = run(of(lambda: kept), {})
    assert outcome.value == list(range(1000)) and closed == [True]
    assert outcome.text.endswith(",999]\n… (the first 1,000 items; there are more)")
    assert run(of(lambda: (n for n in range(2))), {}).text == "[0,1]"
    assert run(of(lambda: map(str, [1])), {}).text == '["1"]'


def test_a_generator_that_fails_in_the_middle_is_a_failure() -> None:
    def f() -> Iterator[int]:
        yield 1
        raise ValueError("mid")

    assert run(of(f), {}).error == "ValueError: mid"


@pytest.mark.filterwarnings("error")
def test_something_to_be_awaited_is_a_failure_and_leaves_no_warning() -> None:
    async def later() -> int:
        return 1

    assert run(of(lambda: later()), {}).error.startswith("TypeError: the function returned")
    loop = asyncio.new_event_loop()
    assert run(of(loop.create_future), {}).error.startswith("TypeError: the function returned")
    loop.close()


def test_a_call_that_was_not_made_says_why() -> None:
    outcome = refused("x must be\nan integer")
    assert outcome == Outcome("The call was not made: x must be an integer", None,
                              "x must be an integer")  # fmt: skip
