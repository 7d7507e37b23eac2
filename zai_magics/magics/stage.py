"""What every command stands on: the shell, the session, and how a value is shown."""

from __future__ import annotations

from collections.abc import Callable, Generator
from pathlib import Path
from typing import Any, TypeVar

from ..conversation import Place
from ..errors import CommandError
from ..options import ChatOptions
from ..render.live import Painter, show
from ..session import Session
from ..settings import Settings
from ..types import Note
from . import front, spot
from .background import Background
from .cells import Cells

Said = dict[str, Any]
T = TypeVar("T")


class Stage:
    """The state of one shell and its displays; the commands are methods of what is built on it."""

    def __init__(
        self,
        shell: Any,
        settings: Settings,
        formats: front.Formats,
        folder: Callable[[], Path],
        file: Callable[[], Path | None],
    ) -> None:
        self.shell = shell
        self.folder = folder
        self.file = file
        self.session = Session(settings=settings, folder=folder, file=file)
        self.formats = formats
        self.cells = Cells(shell)
        self.background = Background()
        self.panels: list[Any] = []
        self._out: str | None = None  # the variable that -o names

    def _asking(self, said: Said) -> tuple[ChatOptions, Place | None]:
        """What a chat is asked with, and the place of its turn, or of the cell where it is none."""
        options = ChatOptions(stream=not said.pop("no_stream", False), **said)
        return options, self.cells.beside() if options.alone else self.cells.place()

    def _paint(
        self, snapshots: Generator[Any, None, None], quiet: bool, view: str = "markdown"
    ) -> Any:
        value = show(snapshots, self._painter(quiet, view))
        self.formats.shown(value, quiet)
        return value

    def _painter(self, quiet: bool, view: str = "markdown") -> Painter:
        return front.painter(self.shell, self.folder(), view, quiet)

    def _show(self, value: Any) -> None:
        front.display(self.shell, value, self.folder())

    def _give(self, value: T, quiet: bool, shown: Any = None) -> T:
        """What a command gives that is there at once: shown, by `shown` where that is another
        form of it, unless it is for a variable.
        """
        if not quiet and spot.is_kept(self.shell):
            return value
        if not quiet:
            self._show(value if shown is None else shown)
        self.formats.shown(value, quiet)
        return value

    def _say(self, text: str) -> None:
        self._show(Note(text))


def number(word: str, command: str, what: str) -> int | None:
    """The number that a command takes, None for no word."""
    text = word.strip()
    if not text:
        return None
    if not (text.isdecimal() and len(text) < 16):
        raise CommandError(f"%zai {command} takes {what}, not {text[:40]!r}")
    return int(text)
