"""The commands that ask much at once: compare and map."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .. import expression, frames
from ..comparison import Comparison
from ..errors import CommandError, Interrupted, ZaiError, one_line
from ..grid import Literal, listed
from ..options import CompareOptions, MapOptions
from ..render.live import Painter, show
from ..tally import Tally
from . import spot
from .cells import cell_id
from .stage import Said, Stage

_SEVERAL = ("models", "temperatures", "systems")


class Experimenting(Stage):
    """They run a prompt over variants and over rows."""

    def do_compare(self, text: str, said: Said, names: Said, quiet: bool) -> Any:
        """One prompt over every combination of what is given several of."""
        options = _compare_options(said)
        running = self.session.compare(text, options, names=names, cell=cell_id(self.shell))
        watched = _Watched(self._painter(quiet))
        try:
            value = show(running, watched)
        except (ZaiError, Interrupted) as error:
            self._keep(watched.last if isinstance(watched.last, Comparison) else None, error)
            raise
        self.formats.shown(value, quiet)
        return value

    def do_map(self, text: str, said: Said, names: Said, quiet: bool) -> Any:
        """The prompt over a DataFrame's rows. Stopped, the variable that it was to be put into has
        the rows that are there.
        """
        frame = _frame(said.pop("frame"), names)
        options = MapOptions(**said)
        if frames.library(frame) == "dask":
            made = self.session.map_lazily(frame, text, options, names)
            if not quiet:
                self._say("nothing is asked before the frame is computed, by its workers' own keys")
            return made
        running = self.session.map(frame, text, options, names=names, cell=cell_id(self.shell))
        watched = _Watched(self._painter(quiet))
        try:
            last = show(running, watched)
        except (ZaiError, Interrupted) as error:
            self._keep(watched.last.frame if isinstance(watched.last, Tally) else None, error)
            raise
        if not isinstance(last, Tally):
            self.formats.shown(last, quiet)
            return last
        if quiet:
            self.formats.shown(last.frame, quiet)
        return last.frame

    def _keep(self, value: Any, error: ZaiError | Interrupted) -> None:
        """Put what is there into the variable that the value would have gone to, of -o or of
        `out = %zai map …`, and say so.
        """
        out = self._out or spot.assigned(self.shell)
        if value is not None and out:
            self.shell.user_ns[out] = value
            error.args = (f"{error}; {out} has what is there", *error.args[1:])


def _compare_options(said: Said) -> CompareOptions:
    """The options, of a line as of Python: `-t 0,0.8` and `temperature=[0, 0.8]`."""
    said = dict(said)
    for name in _SEVERAL:
        given = said.get(name, ())
        said[name] = tuple(given) if isinstance(given, (list, tuple)) else (given,)
    wrong = next((one for one in said["models"] if not isinstance(one, str)), "")
    if wrong != "":
        raise CommandError(f"-m takes names of models, not {one_line(repr(wrong), 40)}")
    for flag, given in zip("mts", (said[n] for n in _SEVERAL), strict=True):
        if any(isinstance(one, str) and one.strip()[-1:] == "," for one in given):
            raise CommandError(f"-{flag} ends with a comma; write its values without blanks: a,b")
    said["models"] = tuple(listed(said["models"]))
    said["temperatures"] = tuple(map(_temperature, _split(said["temperatures"])))
    if not isinstance(said.get("each", {}), Mapping):
        each: dict[str, str] = {}
        for name, values in map(_each, said["each"]):
            kind = Literal if Literal in (type(values), type(each.get(name))) else str
            each[name] = kind(f"{each[name]},{values}" if name in each else values)
        said["each"] = each
    return CompareOptions(**said)


def _split(given: tuple[Any, ...]) -> list[Any]:
    return [part for one in given for part in (listed([one]) if isinstance(one, str) else [one])]


def _temperature(given: Any) -> float:
    try:
        return float(given)
    except (TypeError, ValueError):
        shown = one_line(repr(given), 40)
        raise CommandError(f"-t takes numbers with commas between them, not {shown}") from None


def _each(given: str) -> tuple[str, str]:
    name, equals, values = given.partition("=")
    if not equals or not name.isidentifier():
        raise CommandError(f"--each takes NAME=A,B; not {one_line(given, 40)!r}")
    return name, type(given)(values)


class _Watched:
    """A painter, and what it was given last: what there is when a command fails."""

    def __init__(self, painter: Painter) -> None:
        self._painter = painter
        self.last: Any = None
        self.finish, self.withdraw = painter.finish, painter.withdraw

    def paint(self, snapshot: Any) -> None:
        """Paint it."""
        self.last = snapshot
        self._painter.paint(snapshot)


def _frame(given: Any, names: Said) -> Any:
    """The DataFrame that was named. Raises CommandError."""
    if not isinstance(given, str):
        return given
    shown = one_line(given, 60)
    if not expression.compiles(given):
        raise CommandError(
            f"map takes a DataFrame first, and {shown} is no expression; one with blanks in it "
            "belongs in quotes"
        )
    return expression.evaluate(given, names, shown, "%zai map takes a DataFrame first")
