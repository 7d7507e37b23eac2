"""The calls of the journal by turns: a turn with tools is one question, whatever it took."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from ..journal import Record


def by_turn(found: Sequence[Record]) -> list[list[Record]]:
    """Records, newest first -> the requests of each turn, newest first as well.

    The request after a round of tool calls carries the rounds so far, one more each time; the
    first has none and ends in calls. Whatever does not fit to that stands alone.
    """
    turns: list[list[Record]] = []
    begun: dict[tuple[str, ...], list[Record]] = {}
    for record in found:
        question = (
            record.notebook, record.conversation, record.cell, record.endpoint, record.prompt
        )  # fmt: skip
        turn = begun.pop(question, None)
        if turn is None or not _is_before(record, turn[-1]):
            turn = []
            turns.append(turn)
        turn.append(record)
        if _rounds(record):
            begun[question] = turn
    return turns


def as_one(turn: Sequence[Record]) -> Record:
    """The last request of a turn, with what all of them cost."""
    costs = [record.cost for record in turn]
    return replace(turn[0], cost=None if None in costs else sum(filter(None, costs)))


def _is_before(record: Record, later: Record) -> bool:
    """Whether a request is an earlier one of the turn of another."""
    carried = _rounds(record)
    return carried < _rounds(later) and bool(carried or record.result.get("tools"))


def _rounds(record: Record) -> int:
    return int(record.result.get("rounds", 0))
