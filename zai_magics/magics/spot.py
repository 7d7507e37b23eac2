"""Where in a cell Python stands: the piece of its source that is being evaluated."""

from __future__ import annotations

import sys
from itertools import islice
from types import FrameType
from typing import Any, NamedTuple

Place = tuple[int, int]  # line from 1, column from 0


class Spot(NamedTuple):
    """From one place of a cell's source to another: `Spot((1, 0), (1, 8))`."""

    begin: Place
    end: Place

    def within(self, other: Spot) -> bool:
        """Whether it is a part of another one, or all of it."""
        return other.begin <= self.begin and self.end <= other.end


def running(shell: Any) -> Spot | None:
    """The expression or statement of the running cell that is at work; None outside of a cell."""
    frame: FrameType | None = sys._getframe()
    cell = None
    while frame is not None:  # the outermost: %%time runs its body as a module of its own
        if frame.f_code.co_name == "<module>" and frame.f_globals is shell.user_global_ns:
            cell = frame
        frame = frame.f_back
    if cell is None:
        return None
    # An instruction has two bytes; without debug ranges its columns are not known.
    places = islice(cell.f_code.co_positions(), cell.f_lasti // 2, None)
    line, last, column, until = next(places, (None, None, None, None))
    if line is None:
        return None
    end = sys.maxsize if until is None else until
    return Spot((line, column or 0), (last or line, end))
