"""The call as a user reads it before saying yes."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date
from pathlib import PurePosixPath
from typing import Any

import pytest
from annotated import Colour, Inner, Pair, of
from hypothesis import given
from hypothesis import strategies as st

from zai_magics.tools import Tool, ask_text


def send(**given: Any) -> str:
    """The question for a call of `f` with these arguments."""

    def f() -> None: ...

    return ask_text(of(f), given)


@dataclass
class Shy:
    shown: int
    hidden: str = field(repr=False)


class Account:
    def __repr__(self) -> str:
        return "safe\u202e"


@pytest.mark.parametrize(
    ("value", "written"),
    [
        ("Oslo", '"Oslo"'), (3, "3"), (1.5, "1.5"), (True, "True"), (None, "None"),
        ('say "hi"\\\n\r\t', r'"say \"hi\"\\\n\r\t"'), ("日本 é", '"日本 é"'),
        ("a\u202eb", '"a<U+202E>b"'), ("\x1b[31m\0", '"<U+001B>[31m<U+0000>"'),
        ("a\u200b\u2028\u00a0", '"a<U+200B><U+2028><U+00A0>"'), ("\U000e0041", '"<U+E0041>"'),
        ("\u3164\ufe0f\u2800", '"<U+3164><U+FE0F><U+2800>"'), ("\ud800", '"<U+D800>"'),
        (Colour.RED, "Colour.RED"), (date(2026, 1, 2), "2026-01-02"),
        (PurePosixPath("/etc/\u202e"), '"/etc/<U+202E>"'), ([1, (2,), "x"], '[1, (2,), "x"]'),
        ({"a": {3}}, '{"a": {3}}'), (Shy(1, "secret"), 'Shy(shown=1, hidden="secret")'),
        (Pair(1), 'Pair(left=1, right="r")'), (Inner(number=1), 'Inner(number=1, kind="x")'),
        (Account(), "safe<U+202E>"),
    ],
    ids=range(22),
)  # fmt: skip
def test_an_argument_is_written_with_nothing_hidden(value: Any, written: str) -> None:
    assert send(x=value) == f"f(x={written})"


def test_a_long_call_has_a_line_for_each_argument() -> None:
    asked = send(to="a@example.invalid", body="hello\n" * 20)
    assert asked.splitlines()[0::3] == ["f(", ")"]
    assert asked.splitlines()[1] == '    to="a@example.invalid",'


def test_a_very_long_argument_hides_no_other_and_says_what_follows() -> None:
    asked = send(content="x" * 100_000, path="/etc/passwd", mode="w")
    assert '    path="/etc/passwd",\n    mode="w",\n)' in asked
    assert "… (99,344 more characters)," in asked
    assert len(asked) < 2200
    assert send(content="x" * 3000).endswith("… (1,010 more characters))")


def test_a_call_without_arguments_is_a_call() -> None:
    assert send() == "f()"


def test_an_argument_of_any_text_stands_in_one_line_without_invisible_characters() -> None:
    @given(st.text())
    def holds(text: str) -> None:
        asked = send(x=text)
        assert asked.isprintable() and len(asked.splitlines()) == 1

    holds()


def test_a_tool_made_by_hand_is_asked_for_by_its_name() -> None:
    assert ask_text(Tool("t", "", {}, len, of(lambda: 1).accepts), {"x": 1}) == "t(x=1)"
