"""How a map stands: rows, money, time. A snapshot while it runs, and its value at the end."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class Tally:
    """`done` of `rows` are over, of which `stored` had been bought before and `failed` came to
    nothing. Times are seconds, `cost` US dollars, of this run alone; of `unknown` answers the price
    is not known.

    `head` are the first rows that are over, by `columns`. At the end `frame` is what was asked
    for; `errors` counts what went wrong. `replayed`: what is stored is a recording's.
    """

    model: str
    rows: int
    done: int = 0
    stored: int = 0
    failed: int = 0
    cost: float = 0.0
    unknown: int = 0
    elapsed: float = 0.0
    left: float | None = None
    at_once: int = 0
    sandbox: bool = False
    columns: tuple[str, ...] = ()
    head: tuple[tuple[str, ...], ...] = ()
    notes: tuple[str, ...] = ()
    errors: tuple[tuple[str, int], ...] = ()
    frame: Any = field(default=None, compare=False)
    replayed: bool = False

    def __str__(self) -> str:
        return f"{self.done} of {self.rows} rows"
