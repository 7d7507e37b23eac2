"""What the cells of this kernel failed with, and which of it `%zai fix` mends."""

from __future__ import annotations

import linecache
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from ..errors import CommandError, ZaiError, one_line
from ..failure import Failure
from .cells import cell_id

_NOTHING = "no cell has failed in this kernel; there is nothing to fix"


class Failures:
    """`failures.ended(result)` after each cell; `failures.last()` is what there is to mend."""

    def __init__(self, shell: Any) -> None:
        self._shell = shell
        self._last: Failure | None = None
        self._unmended: tuple[str, BaseException] | None = None  # newer, and no work for a model
        self._of_fix: BaseException | None = None

    def ended(self, result: Any) -> None:
        """A cell has ended, with IPython's result of it."""
        error = result and (result.error_in_exec or result.error_before_exec)
        cell = cell_id(self._shell)
        if isinstance(error, (ZaiError, KeyboardInterrupt)):
            # A fix that came to nothing is asked for again: what it was to mend is the last still.
            if error is not self._of_fix:
                self._unmended = cell, error
        elif error:
            self._last = Failure(result.info.raw_cell, error, result.execution_count or 0)
            self._unmended = None
        elif cell and self._unmended and self._unmended[0] == cell:  # corrected and run again
            self._unmended = None
        self._of_fix = None

    @contextmanager
    def during(self, command: str) -> Iterator[None]:
        """`with failures.during("fix"):` knows what the command itself fails with."""
        try:
            yield
        except (ZaiError, KeyboardInterrupt) as error:
            self._of_fix = error if command == "fix" else None
            raise

    def last(self) -> Failure:
        """The last cell that failed, also one from before the extension was loaded.

        CommandError where there is none, where the user stopped it, and for an error of %zai,
        which says its next step itself: an older cell is never paid for in its place.
        """
        found = self._last or self._before()
        error = self._unmended[1] if self._unmended else found and found.error
        if isinstance(error, KeyboardInterrupt):
            raise CommandError("you stopped that cell; there is nothing to fix")
        if isinstance(error, ZaiError):
            said = one_line(f"{type(error).__name__}: {error}", 100)
            raise CommandError(f"the last error is %zai's own ({said}): correct that cell")
        if found is None:
            raise CommandError(_NOTHING)
        return found

    def _before(self) -> Failure | None:
        """The last error that Python knows of."""
        error = getattr(sys, "last_value", None)
        if error is None:
            return None
        source = _source(error)
        return Failure(source, error, self._number(source))

    def _number(self, source: str) -> int:
        """The number of the newest cell with this source, 0 where the kernel does not know it."""
        cells = self._shell.user_ns.get("In")
        typed = [str(cell).strip() for cell in cells] if isinstance(cells, list) else []
        same = [n for n, cell in enumerate(typed) if cell and cell == source.strip()]
        return same[-1] if same else 0


def _source(error: BaseException) -> str:
    """The cell in which an error was raised; IPython keeps its lines where tracebacks look."""
    trace, found = error.__traceback__, getattr(error, "filename", None) or ""
    while trace is not None and not found:
        name = trace.tb_frame.f_code.co_filename
        found = name if "ipykernel_" in name or name.startswith("<ipython-input") else ""
        trace = trace.tb_next
    return "".join(linecache.getlines(found)) if found else ""
