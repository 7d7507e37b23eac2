"""The front-end at hand: which painter suits it, and how its displays are reached."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

from ..render.bundle import Bundle, bundle
from ..render.live import CellPainter, OncePainter, Painter, TerminalPainter
from ..types import Clip, Note, Picture, Pictures, Reply, Request, Table
from .cells import cell_id

SHOWN = (Reply, Picture, Pictures, Clip, Request, Table, Note)


class Silent:
    """Paints nothing: `--quiet`."""

    def paint(self, snapshot: Any) -> None:
        """Nothing."""

    def finish(self) -> None:
        """Nothing."""


def painter(shell: Any, folder: Path, view: str = "markdown", quiet: bool = False) -> Painter:
    """The painter for the running cell.

    A front-end that sends cell ids updates displays; Colab does too, without sending them.
    """
    if quiet:
        return Silent()
    if not is_kernel(shell):
        return TerminalPainter(folder)
    publish = publisher(shell)
    live = cell_id(shell) or "google.colab" in sys.modules
    return (CellPainter if live else OncePainter)(publish, folder, view)


def is_kernel(shell: Any) -> bool:
    """Whether this is a kernel with a front-end, not a terminal."""
    return hasattr(shell, "get_parent") or hasattr(shell, "kernel")


def publisher(shell: Any) -> Any:
    """A function that shows a raw bundle, or updates one. Nothing in it is opened or fetched."""

    def publish(data: Bundle, display_id: str, update: bool) -> None:
        transient = {"display_id": display_id} if display_id else {}
        shell.display_pub.publish(data=data, metadata={}, transient=transient, update=update)

    return publish


def display(shell: Any, value: Any, folder: Path) -> None:
    """Show one value, once."""
    once = painter(shell, folder)
    once.paint(value)
    once.finish()


class Formats:
    """Lets IPython show the package's values, but never twice in the cell that streamed them."""

    def __init__(self, shell: Any, folder: Any) -> None:
        self._shell, self._folder = shell, folder
        self._shown: list[Any] = []

    def install(self) -> None:
        """Register with the shell's formatters; values need no IPython of their own."""
        formatter = self._shell.display_formatter
        for kind in SHOWN:
            formatter.ipython_display_formatter.for_type(kind, self._unless_shown)
            formatter.mimebundle_formatter.for_type(kind, self._bundle)

    def remove(self) -> None:
        """Take the registration back."""
        formatter = self._shell.display_formatter
        for kind in SHOWN:
            for each in (formatter.ipython_display_formatter, formatter.mimebundle_formatter):
                each.pop(kind, None)

    def shown(self, value: Any) -> None:
        """This value has been shown in the running execution."""
        self._shown.append(value)

    def begin(self) -> None:
        """A new execution: everything may be shown again."""
        self._shown.clear()

    def _unless_shown(self, value: Any) -> None:
        if not any(value is shown for shown in self._shown):
            raise NotImplementedError  # IPython goes on to the next formatter

    def _bundle(self, value: Any, include: Any = None, exclude: Any = None) -> Bundle:
        return bundle(value, self._folder())
