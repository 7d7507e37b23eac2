"""The front-end at hand: which painter suits it, and how its displays are reached."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from IPython.core.displaypub import CapturingDisplayPublisher

from . import spot
from .cells import cell_id

if TYPE_CHECKING:
    from ..render.bundle import Bundle
    from ..render.live import Painter


_YES, _NO = ("y", "yes"), ("n", "no", "")


class Silent:
    """Paints nothing: `--quiet`."""

    def paint(self, snapshot: Any) -> None:
        """Nothing."""

    def finish(self) -> None:
        """Nothing."""

    def withdraw(self) -> None:
        """Nothing."""


def painter(shell: Any, folder: Path, view: str = "markdown", quiet: bool = False) -> Painter:
    """The painter for the running cell.

    A front-end that sends cell ids updates displays; Colab does too, without sending them.
    """
    from ..render.cell import CellPainter
    from ..render.live import OncePainter
    from ..render.terminal import TerminalPainter

    if quiet:
        return Silent()
    if not is_kernel(shell):
        return TerminalPainter(folder)
    publish = publisher(shell)
    live = cell_id(shell) or "google.colab" in sys.modules
    # %%capture keeps every update as an output of its own, and nobody sees them come.
    captured = isinstance(shell.display_pub, CapturingDisplayPublisher)
    return (CellPainter if live and not captured else OncePainter)(publish, folder, view)


def updates(painter: Painter) -> bool:
    """Whether this painter's display can go on changing when its cell has ended."""
    from ..render.cell import CellPainter

    return isinstance(painter, CellPainter)


def follows(shell: Any) -> bool:
    """Whether a cell can be given back while its clip is being made: its display goes on changing,
    or it is a terminal's, which has said where to look. A kernel without such displays may end
    with its last cell.
    """
    return not is_kernel(shell) or updates(painter(shell, Path()))


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


def allowed(shell: Any, call: str) -> bool | None:
    """Show a tool's call and ask the user for it; None where nobody can answer. What is neither
    yes nor no is asked once more.
    """
    if is_kernel(shell) and not getattr(getattr(shell, "kernel", None), "_allow_stdin", False):
        return None
    question = f"The model wants to call\n{call}\nRun it? [y/N] "
    try:
        for words in (question, "Answer y or n; anything else is no: "):
            said = input(words).strip().casefold()
            if said in (*_YES, *_NO):
                return said in _YES
    except (EOFError, OSError, RuntimeError):  # a front-end without a keyboard
        return None
    return False


class Formats:
    """Lets IPython show the package's values, but never twice in the cell that streamed them.

    Quiet is only the command: what it gave is shown where the cell names it.
    """

    def __init__(self, shell: Any, folder: Any) -> None:
        self._shell, self._folder = shell, folder
        self._shown: list[Any] = []
        self._quiet: list[tuple[Any, spot.Spot | None]] = []

    def shown(self, value: Any, quiet: bool = False) -> None:
        """This value has been shown in the running execution, or is not to be by its command."""
        if quiet:
            self._quiet.append((value, spot.running(self._shell)))
        else:
            self._shown.append(value)
        if type(value).__name__ == "DataFrame":  # pandas' own, shown as ever in later cells
            value._ipython_display_ = lambda: self.unless_shown(value)

    def begin(self) -> None:
        """A new execution: everything may be shown again."""
        self._shown.clear()
        self._quiet.clear()

    def unless_shown(self, value: Any) -> None:
        """Silent for a value that this execution has shown; IPython goes on with any other."""
        word = self._word(value)
        if not word:
            raise NotImplementedError  # IPython goes on to the next formatter
        if not is_kernel(self._shell):
            print(f"({word})")  # a terminal has written `Out[3]: ` by now

    def bundle(self, value: Any) -> Bundle:
        """The value's MIME bundle."""
        from ..render.bundle import bundle

        return bundle(value, self._folder())

    def text(self, value: Any, printer: Any) -> None:
        """The value's text; within a list or a dict its repr, as there for every value."""
        alone = len(printer.stack) < 2
        # The terminals of IPython 7 ask for nothing but the text.
        word = "" if is_kernel(self._shell) or not alone else self._word(value)
        shown = f"({word})" if word else ""
        printer.text(shown or (self.bundle(value)["text/plain"] if alone else repr(value)))

    def _word(self, value: Any) -> str:
        """What to say instead of a value that this execution has shown, or that is what a quiet
        command gives where it stands; "" for any other.
        """
        if any(shown is value for shown in self._shown):
            return "shown above"
        made = [where for quiet, where in self._quiet if quiet is value]
        here = spot.running(self._shell) if made else None
        own = any(here is not None and where is not None and where.within(here) for where in made)
        return "not shown" if own else ""
