"""The figures that a map keeps to, against services that limit and fail, at full size."""

from __future__ import annotations

import time
from collections.abc import Callable

import pandas
import pytest
from capped import Capped

from zai_magics.options import MapOptions
from zai_magics.retry import Timing
from zai_magics.session import Session
from zai_magics.tally import Tally

Serve = Callable[..., Capped]


def mapped(session: Session, rows: int, **options: int) -> tuple[Tally, float]:
    """The last snapshot, and the seconds that it took on the wall."""
    session.timing = Timing()
    started = time.monotonic()
    frame = pandas.DataFrame({"n": range(rows)})
    last = list(session.map(frame, "row {{ n }}.", MapOptions(**options)))[-1]
    assert isinstance(last, Tally)
    return last, time.monotonic() - started


@pytest.mark.long
@pytest.mark.parametrize(
    ("cap", "rows", "a_row"), [(20, 2_000, 1.10), (1, 200, 1.3)], ids=["cap 20", "cap 1"]
)
def test_a_limit_is_used_and_not_overrun(
    serve: Serve, session: Session, cap: int, rows: int, a_row: float
) -> None:
    service = serve(cap=cap, seconds=0.25)
    last, took = mapped(session, rows)
    counts = service.counts()
    print(took / (rows * 0.25 / cap), counts["requests"] / rows)
    assert last.failed == 0 and counts["answered"] == counts["rows"] == rows
    assert counts["requests"] <= a_row * rows
    assert took <= 1.3 * rows * 0.25 / cap


@pytest.mark.long
def test_ten_thousand_rows_survive_a_busy_service(serve: Serve, session: Session) -> None:
    rows, at_once = 10_000, 8
    service = serve(seconds=0.02, busy=0.2, reset=0.05)
    last, took = mapped(session, rows, concurrency=at_once)
    counts = service.counts()
    print(took / (rows * 0.02 / at_once), counts["requests"] / rows)
    assert last.failed == 0 and counts["answered"] == counts["rows"] == rows
    assert counts["requests"] <= 1.36 * rows
    assert took <= 1.5 * rows * 0.02 / at_once
