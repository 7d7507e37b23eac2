"""A pilot: a few rows of many, and what all of them would cost and take."""

from __future__ import annotations

import random
from collections.abc import Sequence
from statistics import mean

from ..catalogue import dollars
from ..types import Reply

SEED = 20  # of the rows that are drawn: always the same ones


def drawn(total: int, pilot: int | None) -> list[int]:
    """The places of a pilot's rows, or of all."""
    if pilot is None or pilot >= total:
        return list(range(total))
    return sorted(random.Random(SEED).sample(range(total), pilot))


def projected(replies: Sequence[Reply], questions: int, at_once: int, free: bool) -> str:
    """What so many questions would do, from these answers: "cost about $0.02 and take about 3 min
    with 4 at once". Without the time where nobody knows how many are taken at once (0).
    """
    known = [r.cost for r in replies if r.cost is not None]
    price = f"about {dollars(mean(known) * questions)}" if known else "an unknown price"
    price = "nothing" if free else price
    if not at_once:
        return f"cost {price}"
    seconds = mean([r.elapsed for r in replies]) * questions / at_once
    return f"cost {price} and take about {_time(seconds)} with {at_once} at once"


def _time(seconds: float) -> str:
    if seconds < 90:
        return f"{max(1, round(seconds))} s"
    return f"{round(seconds / 60)} min" if seconds < 5400 else f"{seconds / 3600:.1f} h"
