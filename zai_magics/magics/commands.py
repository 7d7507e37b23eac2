"""What each command does: the session acts, the front-end shows."""

from __future__ import annotations

from collections.abc import Generator
from typing import Any

from .. import catalogue
from ..errors import CommandError, Interrupted, ZaiError
from ..options import ImageOptions, VideoOptions
from ..prompt import expand
from ..render import cell
from ..render.live import came_to_nothing
from ..saved import bring_back
from ..secret import Key, remember
from ..types import Job
from ..verbs.common import no_key
from . import front, tables
from .budgeting import Budgeting
from .cells import cell_id
from .conversing import Conversing
from .parse import Parsed
from .records import Keeping
from .replaying import Replaying
from .spending import Spending
from .writing import Writing


class Commands(Conversing, Keeping, Spending, Budgeting, Writing, Replaying):
    """The commands of one shell, and the state that they act on.

    `commands.run(parse("chat -t 0 Hi"))` gives the command's value, having shown it.
    """

    def __init__(self, *of_the_shell: Any, failures: Any) -> None:
        super().__init__(*of_the_shell, failures=failures)
        self.session.ask = lambda call: front.allowed(self.shell, call)
        self._sandbox: Any = None
        self._looked = False
        self._out: str | None = None

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
        self.session.close()
        self._stop_sandbox()
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
        if not said.get("raw"):
            said = {name: _inserted(value, names) for name, value in said.items()}
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
        return value

    def do_video(self, text: str, said: dict[str, Any], names: dict[str, Any], quiet: bool) -> Any:
        """A clip; in the background its job, where displays can be updated from there."""
        background = said.get("background", False) and front.updates(self._painter(False))
        options, cell = VideoOptions(**{**said, "background": background}), cell_id(self.shell)
        snapshots = self.session.video(text, options, names=names, cell=cell)
        if not background:
            value = self._paint(snapshots, quiet)
            self._warn_of_again(said, cell, quiet)
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
            self._follow(value, painter, options.save)
        else:  # bought before: it is there already
            painter.finish()
        return value

    def _warn_of_again(self, said: dict[str, Any], cell: str, quiet: bool) -> None:
        """A cell that was to buy anew once would do so whenever all cells are run."""
        if cell and said.get("again") and not (quiet or said.get("dry_run")):
            self.session.warnings.append("take --again out of the cell, or it buys on every run")

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

    def do_models(self, text: str, said: dict[str, Any], names: dict[str, Any], quiet: bool) -> Any:
        """What there is, as a Table."""
        found, note = self.session.models()
        own = self.session.settings
        defaults = (own.model, own.vision_model, own.image_model, own.video_model)
        table = tables.models(found, note, defaults)
        if not quiet:
            self._show(table)
        self.formats.shown(table, quiet)
        return table

    def do_login(self, *_: Any) -> None:
        """Ask for the key, hidden, and try it."""
        from getpass import getpass

        try:
            typed = getpass("Z.AI API key (not shown; nothing to leave): ").strip()
            if not typed:
                raise CommandError("no key was entered; %zai login asks again")
            key = Key(typed, "%zai login")
            where = self.session.connection.login(key)
        except KeyboardInterrupt:
            raise Interrupted("stopped; no key was taken, %zai login asks again") from None
        except (EOFError, NotImplementedError):  # IPython's word for a notebook that is run unseen
            raise CommandError(
                "nobody can be asked here; set ZAI_API_KEY before the kernel is started"
            ) from None
        self._stop_sandbox()
        kept = "kept in the keyring" if remember(key) else "kept until this kernel ends"
        self._say(f"the key works on the {where} endpoint; {kept}")

    def do_sandbox(self, text: str, *_: Any) -> None:
        """Switch to the sandbox, or back."""
        word = text.strip()
        if word not in ("", "auto", "off"):
            raise CommandError(f"%zai sandbox takes nothing, auto or off, not {word[:40]!r}")
        if word == "off":
            self._stop_sandbox()
            self.session.connection.base_url = None
            name = self.session.connection.endpoint().name
            self._say(f"the sandbox is off; requests go to {name}")
            return
        if self.session.connection.endpoint().sandbox:
            self._say("the sandbox is on already; %zai sandbox off ends it")
            return
        if word == "auto" and (key := self.session.connection.found_key()):
            self._say(f"there is a key, from {key.source}: the real models are asked")
            return
        if self._sandbox is None:
            from ..sandbox import Sandbox

            self._sandbox = Sandbox()
            self._sandbox.start()
        self.session.connection.base_url = self._sandbox.base_url
        self._say(
            "the sandbox is on: a local server with scripted answers, drawn pictures and "
            "clips; no model is asked, nothing is paid, your key is not sent. "
            "%zai sandbox off ends it"
        )

    def do_help(self, text: str, *_: Any) -> None:
        """Commands, or one command's options."""
        self._show(tables.help(text.strip().lstrip("%").removeprefix("zai ").strip()))

    def _stop_sandbox(self) -> None:
        if self._sandbox is not None:
            self._sandbox.stop()
            self._sandbox = None


def _inserted(value: Any, names: dict[str, Any]) -> Any:
    """An option's value with `{{ }}` inserted, as in a prompt."""
    if isinstance(value, str):
        return expand(value, names)
    return tuple(expand(v, names) for v in value) if isinstance(value, tuple) else value
