"""The commands that write code: it is shown and offered as the next cell, and never run."""

from __future__ import annotations

import linecache
import sys
from collections.abc import Callable
from typing import Any

from ..errors import ZaiError
from ..failure import Failure
from ..options import ChatOptions
from ..types import Code, Fix
from .cells import cell_id
from .stage import Said, Stage

Failed = Callable[[], tuple[str, BaseException] | None]


class Writing(Stage):
    """They offer cells."""

    def __init__(self, *of_the_shell: Any, failed: Failed) -> None:
        super().__init__(*of_the_shell)
        self._failed = failed
        self._offered: dict[str, str] = {}

    def do_code(self, text: str, said: Said, names: Said, quiet: bool) -> Any:
        """Only code, as a turn of the conversation."""
        options = ChatOptions(stream=not said.pop("no_stream", False), **said)
        place = None if options.alone else self.cells.place()
        had = self._had(place, options.conversation)
        cell = cell_id(self.shell)
        writing = self.session.code(text, options, place=place, names=names, cell=cell)
        value = self._paint(writing, quiet)
        if isinstance(value, Code) and not quiet:
            self._offer(value.code, had)
        return value

    def do_fix(self, text: str, said: Said, names: Said, quiet: bool) -> Any:
        """The last error explained, and its cell corrected."""
        options = ChatOptions(stream=not said.pop("no_stream", False), **said)
        fixing = self.session.fix(self._failure(), text, options, cell=cell_id(self.shell))
        value = self._paint(fixing, quiet)
        if isinstance(value, Fix) and value.code and not quiet:
            self._offer(value.code, value.source)
        return value

    def _had(self, place: Any, name: str | None) -> str:
        """The code that this cell's turn had: the cell with it is below, also in a new kernel."""
        where = self.session.conversations.home(place, name)
        at = where.index(place)
        return Code(where.turns[at].answer).code if at < len(where.turns) else ""

    def _offer(self, code: str, had: str) -> None:
        """Put it into a new cell below, once for each cell and code."""
        cell = cell_id(self.shell)
        known = self._offered.get(cell, had) if cell else ""
        if code.strip() in ("", known.strip()):
            return
        if cell:
            self._offered[cell] = code
        self.shell.set_next_input(code)

    def _failure(self) -> Failure | None:
        """The last cell that failed, also one from before the extension was loaded."""
        failed = self._failed()
        if failed:
            return Failure(*failed)
        error = getattr(sys, "last_value", None)
        if error is None or isinstance(error, ZaiError):
            return None
        return Failure(_source(error), error)


def _source(error: BaseException) -> str:
    """The cell in which an error was raised; IPython keeps its lines where tracebacks look."""
    trace, found = error.__traceback__, getattr(error, "filename", None) or ""
    while trace is not None and not found:
        name = trace.tb_frame.f_code.co_filename
        found = name if "ipykernel_" in name or name.startswith("<ipython-input") else ""
        trace = trace.tb_next
    return "".join(linecache.getlines(found)) if found else ""
