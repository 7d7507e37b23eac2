"""What each command does: the session acts, the front-end shows."""

from __future__ import annotations

from collections.abc import Generator
from pathlib import Path
from typing import Any

from .. import catalogue
from ..errors import CommandError, Interrupted, ZaiError
from ..grid import Literal, variable_text
from ..options import ImageOptions, VideoOptions
from ..prompt import expand
from ..render import cell
from ..render.live import came_to_nothing
from ..saved import bring_back
from ..types import Clip, Job, Picture, Pictures
from ..verbs.common import no_key
from . import front, tables
from .budgeting import Budgeting
from .cells import cell_id
from .conversing import Conversing
from .experimenting import Experimenting
from .paneling import Paneling
from .parse import Parsed
from .records import Keeping
from .replaying import Replaying
from .setting_up import SettingUp
from .spending import Spending
from .writing import Writing

# What `--save` may be given to make a promise of.
_FORMATS = {
    **{
        f".{name}": f"image/{name}" for name in ("png", "jpeg", "webp", "gif", "bmp", "tiff", "svg")
    },
    **{".jpg": "image/jpeg", ".tif": "image/tiff", ".mp4": "video/mp4", ".webm": "video/webm"},
    **{f".{name}": f"video/{name}" for name in ("mov", "avi", "mkv")},
}
_WAITS = (
    "--background waited: no display changes here after its cell has ended; in JupyterLab, "
    "Notebook 7 or a terminal the cell is given back at once"
)


class Commands(
    Conversing,
    Keeping,
    Spending,
    Budgeting,
    Writing,
    Replaying,
    Experimenting,
    Paneling,
    SettingUp,
):
    """The commands of one shell, and the state that they act on.

    `commands.run(parse("chat -t 0 Hi"))` gives the command's value, having shown it.
    """

    def __init__(self, *of_the_shell: Any, failures: Any) -> None:
        super().__init__(*of_the_shell, failures=failures)
        self.session.ask = lambda call: front.allowed(self.shell, call)
        self._looked = False

    def begin(self) -> None:
        """A cell begins."""
        if self.cells.begin():
            self.formats.begin()
            self.session.begin_cell(cell_id(self.shell))

    def end(self, result: Any) -> None:
        """A cell ends: the turns that it made earlier, but not now, are gone."""
        ended = self.cells.end()
        if ended and result is not None and result.success:
            self.session.conversations.end_cell(*ended)

    def close(self) -> None:
        """Close what is open."""
        self.background.stop()
        self.close_panels()
        self.session.close()
        self.stop_sandbox()
        cell.end()

    def status(self) -> None:
        """Where you stand: `%zai` alone."""
        self._bring_back(False)
        self._show(tables.status(self.session))
        self._warn(False)

    def run(self, command: Parsed, local_ns: dict[str, Any] | None = None) -> Any:
        """Do one command and give its value. `local_ns` is the caller's function, if in one."""
        names = {**self.shell.user_ns, **(local_ns or {})}
        said = dict(command.options)
        if not (said.get("raw") or command.command == "panel"):  # {{ }} waits for its Run
            said = {name: _inserted(value, names) for name, value in said.items()}
            if isinstance(said.get("system"), str):
                said["system"] = variable_text(said["system"], names, "-s")
        for value in (command.text, *said.values()):
            no_key(self.session, str(value))
        out, quiet = said.pop("out", None), said.pop("quiet", False)
        self._bring_back(quiet or command.command == "restore")  # which shows what there is
        self._out = out
        try:
            value = getattr(self, f"do_{command.command}")(command.text, said, names, quiet)
        finally:
            self._warn(quiet)
        if out:
            self.shell.user_ns[out] = value
        return value

    def _bring_back(self, quiet: bool) -> None:
        """At the first command of a kernel: what this notebook said in an earlier one."""
        if not self._looked:
            self._looked = True
            note = bring_back(self.session.conversations, self.file())
            if note and not quiet:
                self._say(note)

    def _warn(self, quiet: bool) -> None:
        """What there is to know about the journal and the user's own prices, once."""
        self.session.warn(self.session.journal.store.told())
        self.session.warn(catalogue.own().problem)
        while self.session.warnings and not quiet:
            self._say(self.session.warnings.pop(0))

    def do_chat(self, text: str, said: dict[str, Any], names: dict[str, Any], quiet: bool) -> Any:
        """A turn of the conversation."""
        view = said.pop("format", "json" if "schema" in said else "markdown")
        options, place = self._asking(said)
        turn = self.session.chat(text, options, place=place, names=names)
        return self._paint(turn, quiet, view)

    def do_image(self, text: str, said: dict[str, Any], names: dict[str, Any], quiet: bool) -> Any:
        """Pictures."""
        options, cell = ImageOptions(**said), cell_id(self.shell)
        value = self._paint(self.session.image(text, options, names=names, cell=cell), quiet)
        self._warn_of_again(said, cell, quiet)
        self._warn_of_suffix(said, value)
        return value

    def do_video(self, text: str, said: dict[str, Any], names: dict[str, Any], quiet: bool) -> Any:
        """A clip; in the background its job, where somebody will see what becomes of it."""
        background = said.get("background", False) and front.follows(self.shell)
        if said.get("background") and not background:
            self.session.warn(_WAITS)
        options, cell = VideoOptions(**{**said, "background": background}), cell_id(self.shell)
        snapshots = self.session.video(text, options, names=names, cell=cell)
        if not background:
            value = self._paint(snapshots, quiet)
            self._warn_of_again(said, cell, quiet)
            self._warn_of_suffix(said, value)
            return value
        painter = self._painter(quiet)
        try:
            value = self._ordered(snapshots, painter)
        except BaseException:
            painter.finish()
            raise
        self._warn_of_again(said, cell, quiet)
        self.formats.shown(value, quiet)
        if isinstance(value, Job):
            if not front.is_kernel(self.shell):  # what a thread wrote there would be in the way
                painter.paint(value)
                painter.finish()
                painter = front.Silent()
            self._follow(value, painter, options.save)
        else:  # bought before: it is there already
            painter.finish()
        return value

    def _warn_of_again(self, said: dict[str, Any], cell: str, quiet: bool) -> None:
        """A cell that was to buy anew once would do so whenever all cells are run."""
        if cell and said.get("again") and not (quiet or said.get("dry_run")):
            self.session.warnings.append("take --again out of the cell, or it buys on every run")

    def _warn_of_suffix(self, said: dict[str, Any], value: Any) -> None:
        """A file's suffix is that of what the service made, whatever was asked for."""
        one = value[0] if isinstance(value, Pictures) and value else value
        wanted = Path(said.get("save") or "").suffix.lower()
        if not (isinstance(one, (Picture, Clip)) and wanted in _FORMATS):
            return
        if _FORMATS[wanted] != one.mime:
            self.session.warnings.append(
                f"kept as {one.path.name}: the service made no {wanted[1:].upper()} file"
            )

    def _ordered(self, snapshots: Generator[Any, None, None], painter: Any) -> Any:
        """Order in this thread: what this gives is a job, or a clip that was bought before."""
        value = None
        try:
            for value in snapshots:
                if not isinstance(value, Job):
                    painter.paint(value)
        except Interrupted:
            raise
        except KeyboardInterrupt:
            raise Interrupted("stopped; %zai jobs shows what has been ordered") from None
        except ZaiError as error:
            if came_to_nothing(value, error):
                painter.withdraw()
            raise
        return value

    def _follow(self, job: Job, painter: Any, save: str | None) -> None:
        """Wait for a job in a thread; the variable that holds it gets the clip."""
        out, variables = self._out, self.shell.user_ns

        def done(made: Any) -> None:
            if out and variables.get(out) is job:
                variables[out] = made

        client = self.session.connection.own_client(self.background.timing(self.session.timing))
        following = self.session.wait(job.id, save, client)
        self.background.follow(client, following, painter, done)

    def do_wait(self, text: str, said: dict[str, Any], names: dict[str, Any], quiet: bool) -> Any:
        """An order taken up again; without an id this notebook's only open job, or the clip or
        pictures of its newest order when none is open any more.
        """
        number = text.strip() or self._newest_job()
        return self._paint(self.session.wait(number, said.get("save")), quiet)

    def _newest_job(self) -> str:
        pending = self.session.open_jobs()
        if len(pending) > 1:
            raise CommandError(f"%zai wait takes a job's id: {', '.join(pending)}")
        done = [] if pending else self.session.orders.ended(1)
        if not pending and not done:
            raise CommandError("this notebook has ordered nothing; %zai jobs shows other orders")
        return pending[0] if pending else f"#{done[0].id}"


def _inserted(value: Any, names: dict[str, Any]) -> Any:
    """An option's value with `{{ }}` inserted, as in a prompt."""
    if isinstance(value, str):
        return Literal(expand(value, names)) if "{{" in value else value
    if isinstance(value, tuple):
        return tuple(_inserted(v, names) for v in value)
    return value
