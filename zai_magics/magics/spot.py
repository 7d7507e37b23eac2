"""Where in a cell Python stands: the piece of its source that is being evaluated."""

from __future__ import annotations

import dis
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


# What is done with the value of an expression that stands alone, in the order of its likelihood:
# IPython shows it, or drops it where it is not the last; a `<module>` that is evaluated gives it.
_ALONE = ("PRINT_EXPR", "CALL_INTRINSIC_1", "POP_TOP")


def is_kept(shell: Any) -> bool:
    """Whether what is being called goes into a variable, or into more of the user's own code."""
    frame, follows = _following(shell)
    if frame is None:
        return False
    whole = frame.f_code.co_name == "<module>" and follows[0] == "RETURN_VALUE"
    return not whole and follows[0] not in _ALONE


def assigned(shell: Any) -> str:
    """The variable that what is being called goes into: "out" in `out = %zai map …`, else ""."""
    opname, name = _following(shell)[1]
    return str(name) if opname in ("STORE_NAME", "STORE_GLOBAL") else ""


def _following(shell: Any) -> tuple[FrameType | None, tuple[str, Any]]:
    """The user's code that is at work, and what it does next: an instruction and its name."""
    frame: FrameType | None = sys._getframe()
    while frame is not None and frame.f_globals is not shell.user_global_ns:
        frame = frame.f_back
    if frame is None:
        return None, ("", "")
    after = (one for one in dis.get_instructions(frame.f_code) if one.offset > frame.f_lasti)
    found = next(((one.opname, one.argval) for one in after if one.opname != "CACHE"), ("", ""))
    return frame, found
