"""How far a model may go on calling within a turn."""

from __future__ import annotations

import pytest

from zai_magics.errors import ToolLimit, ZaiError
from zai_magics.reply import ToolCall
from zai_magics.tools import Guard


def call(arguments: str = "{}", name: str = "look") -> ToolCall:
    return ToolCall("call_1", name, arguments)


def test_eight_rounds_are_admitted_and_a_ninth_is_not() -> None:
    guard = Guard()
    for n in range(8):
        guard.admit([call(str(n))])
    with pytest.raises(ToolLimit, match="after 8 rounds; ask for less at once"):
        guard.admit([call("8")])


def test_32_calls_are_admitted_and_one_more_is_not() -> None:
    Guard().admit([call(str(n)) for n in range(32)])
    with pytest.raises(ToolLimit, match="more than 32 calls in one turn; ask for less"):
        Guard().admit([call(str(n)) for n in range(33)])
    guard = Guard(calls=3)
    guard.admit([call("1"), call("2")])
    with pytest.raises(ToolLimit, match="more than 3 calls"):
        guard.admit([call("3"), call("4")])


def test_the_same_call_a_third_time_in_a_row_is_a_loop_however_it_is_spelled() -> None:
    guard = Guard()
    guard.admit([call('{"a": 1, "b": [2]}')])
    guard.admit([call('{"b":[2.0],"a":1}')])
    with pytest.raises(ToolLimit, match=r"called look 3 times in a row .* leave out -T look"):
        guard.admit([call('{"a":1,"b":[2]}')])
    with pytest.raises(ToolLimit):
        Guard().admit([call(), call(), call()])
    with pytest.raises(ToolLimit):
        Guard(repeats=2).admit([call("not json"), call("not json")])


def test_other_arguments_or_another_function_between_are_no_loop() -> None:
    guard = Guard()
    guard.admit([call(), call(), call('{"a":1}'), call(), call()])
    guard.admit([call(name="other"), call(), call()])


def test_a_number_and_the_same_as_a_string_differ() -> None:
    Guard(repeats=2).admit([call('{"a":1}'), call('{"a":"1"}'), call('{"a":true}')])


def test_the_limit_is_told_in_one_line() -> None:
    with pytest.raises(ZaiError) as caught:
        Guard(repeats=1).admit([call(name="a\nb\x1b")])
    assert "\n" not in str(caught.value)
