"""The playground: a panel whose runs go on in a thread, since its buttons are in the kernel's."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any
from uuid import uuid4

from .. import catalogue
from ..comparison import Comparison
from ..errors import CommandError, Interrupted, ZaiError
from ..interrupts import last_words
from ..playing import Play
from ..render.panel import PanelView, empty, transcript
from . import front
from .cells import cell_id
from .stage import Said, Stage

_UNSEEN = "a panel is for a notebook that is open; where it is run unseen use %%zai compare"
_STOPPED = "stopped; what had come is kept"
_PAUSE = 0.12  # seconds between two paintings


class Paneling(Stage):
    """It opens panels and closes them."""

    def do_panel(self, text: str, said: Said, names: Said, quiet: bool) -> None:
        """A playground below the cell; the options and the words fill its fields."""
        if not front.is_kernel(self.shell):
            raise CommandError("a panel needs a notebook; in a terminal use %zai compare")
        if _is_unseen(self.shell):
            self._say(_UNSEEN)
            return
        temperature = said.get("temperature")
        shown = "" if temperature is None else f"{temperature:g}"
        model = said.get("model", self.session.settings.model)
        model = model if isinstance(model, str) else ",".join(map(str, model))
        think = said.get("think", "")
        play = Play(text.strip(), said.get("system", ""), model, shown, think)
        cell = cell_id(self.shell)
        self.close_panels(lambda panel: bool(cell) and panel.cell == cell)  # its output is gone
        panel = Panel(self, play, cell)
        self.panels.append(panel)
        panel.open()

    def close_panels(self, which: Callable[[Panel], bool] = lambda panel: True) -> None:
        """End what they run, and take their widgets away."""
        for panel in [one for one in self.panels if which(one)]:
            self.panels.remove(panel)
            panel.close()


class Panel:
    """One panel: at most one run at a time."""

    def __init__(self, stage: Stage, play: Play, cell: str) -> None:
        self.cell = cell
        self._stage, self._id = stage, f"zai-{uuid4().hex[:12]}"
        known = [m.id for m in catalogue.known() if m.kind in ("chat", "vision")]
        self.view = PanelView(play, known, self.run, self.stop, self._cell)
        self._thread: threading.Thread | None = None
        self._stopped, self._closed = threading.Event(), False
        self._publish = front.publisher(stage.shell)

    def open(self) -> None:
        """Display the panel, and below it the place of its transcript."""
        from IPython.display import display

        display(self.view.widget)
        self._publish(empty(self.view.mark), self._id, False)

    def run(self, play: Play) -> None:
        """The Run button: what is wrong is said at once, the rest goes on in a thread."""
        if self._closed or (self._thread is not None and self._thread.is_alive()):
            return
        stage = self._stage
        self._stopped.clear()
        try:
            if not play.prompt.strip():
                raise CommandError("there is no prompt yet")
            names = dict(stage.shell.user_ns)
            options, cell = play.options(names), self.cell
            running = stage.session.compare(play.prompt, options, names=names, cell=cell)
            first = next(running)  # `{{ }}` is evaluated here, where the user's values are at rest
        except ZaiError as error:
            self.view.end(str(error))
            return
        self.view.begin()
        name = "zai-panel"
        follow = threading.Thread(
            target=self._follow, args=(play, first, running), name=name, daemon=True
        )
        self._thread = follow
        follow.start()

    def stop(self) -> None:
        """The Stop button: what has come stays."""
        self._stopped.set()

    def wait(self, seconds: float | None = None) -> None:
        """Until the run is over."""
        if self._thread is not None:
            self._thread.join(seconds)

    def close(self) -> None:
        """End the run and take the widgets away."""
        self._closed = True  # a press of Run that is still waiting asks nobody
        self.stop()
        self.wait(2.0)
        self.view.close()

    def _cell(self, play: Play) -> str:
        return play.cell(self._stage.session.settings.model)

    def _follow(self, play: Play, last: Any, running: Any) -> None:
        """Paint what comes until it ends, in the thread."""
        clock, said, due = self._stage.session.timing.clock, "", 0.0
        try:
            for value in self._until_stopped(running):
                last = value
                if clock() >= due:
                    self.view.show(last)
                    due = clock() + _PAUSE
        except Interrupted:
            said = _STOPPED
        except ZaiError as error:
            said = str(error)
        finally:
            running.close()
            if isinstance(last, Comparison):
                self.view.show(last)
                self._publish(transcript(play, last, self.view.mark), self._id, True)
            self.view.end(said)

    def _until_stopped(self, running: Any) -> Any:
        while not self._stopped.is_set():
            try:
                yield next(running)
            except StopIteration:
                return
        yield from last_words(running, _STOPPED)


def _is_unseen(shell: Any) -> bool:
    """Whether nobody can press a button: a kernel that is run by nbconvert and its like."""
    allows = getattr(getattr(shell, "kernel", None), "_allow_stdin", True)
    return not (allows or cell_id(shell))
