"""What every command stands on: the shell, the session, and how a value is shown."""

from __future__ import annotations

from collections.abc import Callable, Generator
from pathlib import Path
from typing import Any

from ..errors import CommandError
from ..render.live import Painter, show
from ..session import Session
from ..settings import Settings
from ..types import Note
from . import front
from .cells import Cells

Said = dict[str, Any]


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

    def _paint(
        self, snapshots: Generator[Any, None, None], quiet: bool, view: str = "markdown"
    ) -> Any:
        return self._painted(snapshots, self._painter(quiet, view), quiet)

    def _painted(self, snapshots: Generator[Any, None, None], painter: Painter, quiet: bool) -> Any:
        value = show(snapshots, painter)
        self.formats.shown(value, quiet)
        return value

    def _painter(self, quiet: bool, view: str = "markdown") -> Painter:
        return front.painter(self.shell, self.folder(), view, quiet)

    def _show(self, value: Any) -> None:
        front.display(self.shell, value, self.folder())

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
