"""Rounds of tool calls in what is kept: whole ones only."""

from __future__ import annotations

import pytest

from zai_magics.steps import rounds_in
from zai_magics.types import Json


def called(*ids: str) -> Json:
    return {"role": "assistant", "content": "", "tool_calls": [{"id": i} for i in ids]}


def result(of: str) -> Json:
    return {"role": "tool", "tool_call_id": of, "content": "1"}


def test_whole_rounds_are_found_between_other_messages() -> None:
    whole = [called("a", "b"), result("a"), result("b")]
    assert list(rounds_in([*whole, {"role": "user", "content": "no"}, *whole])) == [*whole, *whole]


@pytest.mark.parametrize(
    "damaged",
    [
        [result("a")],
        [called("a")],
        [called("a", "b"), result("a")],
        [called("a"), result("b")],
        [called("a"), {"role": "user", "content": "x"}, result("a")],
        [{"role": "assistant", "content": "", "tool_calls": "a"}, result("a")],
        [{"role": "assistant", "content": "", "tool_calls": []}],
    ],
)
def test_half_a_round_is_none(damaged: list[Json]) -> None:
    assert rounds_in(damaged) == ()
