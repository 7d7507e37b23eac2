"""The calls of the journal by turns: a turn with tools is one question, whatever it took."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from ..journal import Record


def by_turn(found: Sequence[Record]) -> list[list[Record]]:
    """Records, newest first -> the requests of each turn, newest first as well.

    Each but the first carries what the ones before it brought: rounds of tool calls, and answers
    that did not fit with what was wrong. Whatever does not fit to that stands alone.
    """
    turns: list[list[Record]] = []
    begun: dict[tuple[str, ...], list[Record]] = {}
    for record in found:
        question = (
            record.notebook, record.conversation, record.cell, record.endpoint, record.prompt
        )  # fmt: skip
        turn = begun.pop(question, None)
        if turn is None or _carried(record) >= _carried(turn[-1]):
            turn = []
            turns.append(turn)
        turn.append(record)
        if _carried(record):
            begun[question] = turn
    return turns


def by_batch(turns: Sequence[list[Record]]) -> list[list[Record]]:
    """The turns, newest first, with those of one run of `map` or `compare` put together."""
    runs: dict[str, list[Record]] = {}
    found: list[list[Record]] = []
    for turn in turns:
        name = batch(turn[0])
        if name in runs:
            runs[name] += turn
            continue
        found.append([*turn])
        if name:
            runs[name] = found[-1]
    return found


def batch(record: Record) -> str:
    """The run of many questions that a call was one of, "" for none."""
    return str(record.result.get("batch", ""))


def as_one(turn: Sequence[Record]) -> Record:
    """The last request of a turn, with what all of them cost."""
    costs = [record.cost for record in turn]
    return replace(turn[0], cost=None if None in costs else sum(filter(None, costs)))


def _carried(record: Record) -> int:
    """How many messages follow the user's words in a request."""
    return int(record.result.get("after", 0))
