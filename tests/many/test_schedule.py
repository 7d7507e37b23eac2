"""Which row is asked next, by a clock that is passed in."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from zai_magics.errors import ConnectionFailed, RateLimited
from zai_magics.retry import Timing
from zai_magics.schedule import FAILURES, Schedule

BUSY = RateLimited("busy", status=429, code="1305", outcome="busy")
BROKEN = ConnectionFailed("broken")


@pytest.fixture
def now() -> SimpleNamespace:
    return SimpleNamespace(at=0.0)


@pytest.fixture
def schedule(now: SimpleNamespace) -> Schedule:
    """Four rows of two models; a row waits as long as it may."""
    timing = Timing(clock=lambda: now.at, uniform=lambda least, most: most)
    return Schedule(["a", "b", "a", "a"], timing)


def taken(schedule: Schedule, model: str) -> list[int]:
    found = []
    while schedule.has(model):
        found.append(schedule.take(model))
    return found


def test_rows_are_taken_in_order_by_their_models_and_one_that_is_put_back_is_next(
    schedule: Schedule,
) -> None:
    assert schedule.take("a") == 0
    schedule.put_back(0)
    assert taken(schedule, "a") == [0, 2, 3] and taken(schedule, "b") == [1]
    assert not schedule.has("c")


def test_a_row_that_failed_is_asked_last_and_sooner_where_others_are_answered(
    schedule: Schedule, now: SimpleNamespace
) -> None:
    assert schedule.due() is None
    assert schedule.put_off(schedule.take("a"), BROKEN, 0.0)
    assert schedule.due() == 1.0
    schedule.answered()
    assert schedule.put_off(schedule.take("b"), BROKEN, 0.0)
    assert schedule.due() == pytest.approx(0.2)
    now.at = 1.0
    assert schedule.due() is None
    assert taken(schedule, "a") == [2, 3, 0] and taken(schedule, "b") == [1]


def test_what_the_service_asks_for_is_waited_for(schedule: Schedule) -> None:
    schedule.put_off(0, BROKEN, 30.0)
    assert schedule.due() == 30.0


def test_a_row_fails_at_the_eighth_time(schedule: Schedule) -> None:
    again = [schedule.put_off(0, BROKEN, 0.0) for _ in range(FAILURES)]
    assert again == [True] * 7 + [False]


def test_a_busy_service_that_answers_others_never_fails_a_row(schedule: Schedule) -> None:
    for _ in range(5 * FAILURES):
        schedule.answered()
        assert schedule.put_off(0, BUSY, 0.0)
    silent = [schedule.put_off(1, BUSY, 0.0) for _ in range(FAILURES + 1)]
    assert silent == [True] * FAILURES + [False]
