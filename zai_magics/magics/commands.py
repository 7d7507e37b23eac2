"""What each command does: the session acts, the front-end shows."""

from __future__ import annotations

from collections.abc import Callable, Generator
from pathlib import Path
from typing import Any

from ..conversation import Conversation
from ..errors import CommandError
from ..options import ChatOptions, ImageOptions, VideoOptions
from ..prompt import expand
from ..render.live import show
from ..secret import Key, remember
from ..session import Session, Settings
from ..types import Note
from . import front, tables
from .cells import Cells
from .parse import Parsed


class Commands:
    """The commands of one shell, and the state that they act on.

    `commands.run(parse("chat -t 0 Hi"))` gives the command's value, having shown it.
    """

    def __init__(
        self,
        shell: Any,
        settings: Settings,
        formats: front.Formats,
        folder: Callable[[], Path],
    ) -> None:
        self.shell = shell
        self.folder = folder
        self.session = Session(settings=settings, folder=folder)
        self.formats = formats
        self.cells = Cells(shell)
        self._sandbox: Any = None

    def begin(self) -> None:
        """A cell begins."""
        if self.cells.begin():
            self.formats.begin()

    def end(self, result: Any) -> None:
        """A cell ends: the turns that it made earlier, but not now, are gone."""
        ended = self.cells.end()
        if ended and result is not None and result.success:
            self.session.conversation = self.session.conversation.without_rest(*ended)

    def close(self) -> None:
        """Close what is open."""
        self.session.close()
        self._stop_sandbox()

    def status(self) -> None:
        """Where you stand: `%zai` alone."""
        self._show(tables.status(self.session))

    def run(self, command: Parsed, local_ns: dict[str, Any] | None = None) -> Any:
        """Do one command and give its value. `local_ns` is the caller's function, if in one."""
        names = {**self.shell.user_ns, **(local_ns or {})}
        said = dict(command.options)
        if not said.get("raw"):
            said = {name: _inserted(value, names) for name, value in said.items()}
        out, quiet = said.pop("out", None), said.pop("quiet", False)
        value = getattr(self, f"do_{command.command}")(command.text, said, names, quiet)
        if out:
            self.shell.user_ns[out] = value
        return value

    def do_chat(self, text: str, said: dict[str, Any], names: dict[str, Any], quiet: bool) -> Any:
        """A turn of the conversation."""
        view = said.pop("format", "markdown")
        options = ChatOptions(stream=not said.pop("no_stream", False), **said)
        place = None if options.alone else self.cells.place()
        turn = self.session.chat(text, options, place=place, names=names)
        return self._paint(turn, quiet, view)

    def do_image(self, text: str, said: dict[str, Any], names: dict[str, Any], quiet: bool) -> Any:
        """Pictures."""
        return self._paint(self.session.image(text, ImageOptions(**said), names=names), quiet)

    def do_video(self, text: str, said: dict[str, Any], names: dict[str, Any], quiet: bool) -> Any:
        """A clip."""
        return self._paint(self.session.video(text, VideoOptions(**said), names=names), quiet)

    def do_wait(self, text: str, said: dict[str, Any], names: dict[str, Any], quiet: bool) -> Any:
        """A video job taken up again; without an id the only open one."""
        number = text.strip()
        if not number:
            pending = self.session.open_jobs()
            if len(pending) != 1:
                raise CommandError(
                    f"%zai wait takes a job's id ({', '.join(pending) or 'none open'})"
                )
            number = pending[0]
        return self._paint(self.session.wait(number, said.get("save")), quiet)

    def do_history(self, *_: Any) -> None:
        """The conversation as a transcript."""
        self._show(self.session.conversation)

    def do_new(self, text: str, *_: Any) -> None:
        """A new conversation."""
        name = text.strip() or "main"
        had = len(self.session.conversation.turns)
        self.session.conversation = Conversation(name)
        self._show(Note(f"a new conversation, {name!r}; {had} turns are behind you"))

    def do_drop(self, text: str, *_: Any) -> None:
        """A turn taken back."""
        word = text.strip()
        if word and not (word.isdecimal() and len(word) < 10):
            raise CommandError(f"%zai drop takes a turn's number (%zai history), not {word[:40]!r}")
        rest, turn = self.session.conversation.drop(int(word) if word else None)
        self.session.conversation = rest
        about = turn.prompt.strip().partition("\n")[0][:60]
        self._show(Note(f"dropped the turn “{about}”; {len(rest.turns)} turns are left"))

    def do_system(self, text: str, said: dict[str, Any], names: dict[str, Any], _: bool) -> None:
        """The conversation's system prompt: set, shown or (off) removed."""
        now = self.session.conversation
        said_text = text if said.get("raw") else expand(text, names)
        if not said_text.strip():
            self._show(Note(f"system prompt: {now.system}" if now.system else "no system prompt"))
            return
        system = "" if said_text.strip() == "off" else said_text
        self.session.conversation = Conversation(now.name, system, now.turns)
        self._show(Note("system prompt set" if system else "system prompt removed"))

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

        typed = getpass("Z.AI API key (not shown): ").strip()
        if not typed:
            raise CommandError("no key was entered; %zai login asks again")
        key = Key(typed, "%zai login")
        where = self.session.login(key)
        self._stop_sandbox()
        kept = "kept in the keyring" if remember(key) else "kept until this kernel ends"
        self._show(Note(f"the key works on the {where} endpoint; {kept}"))

    def do_sandbox(self, text: str, *_: Any) -> None:
        """Switch to the sandbox, or back."""
        word = text.strip()
        if word not in ("", "auto", "off"):
            raise CommandError(f"%zai sandbox takes nothing, auto or off, not {word[:40]!r}")
        if word == "off":
            self._stop_sandbox()
            self.session.base_url = None
            self._show(Note(f"the sandbox is off; requests go to {self.session.endpoint().name}"))
            return
        if self.session.endpoint().sandbox:
            self._show(Note("the sandbox is on already; %zai sandbox off ends it"))
            return
        if word == "auto" and (key := self.session.found_key()):
            self._show(Note(f"there is a key, from {key.source}: the real models are asked"))
            return
        if self._sandbox is None:
            from ..sandbox import Sandbox

            self._sandbox = Sandbox()
            self._sandbox.start()
        self.session.base_url = self._sandbox.base_url
        self._show(
            Note(
                "the sandbox is on: a local server with scripted answers, drawn pictures and "
                "clips; no model is asked, nothing is paid, your key is not sent. "
                "%zai sandbox off ends it"
            )
        )

    def do_help(self, text: str, *_: Any) -> None:
        """Commands, or one command's options."""
        self._show(tables.help(text.strip().lstrip("%").removeprefix("zai ").strip()))

    # --- showing

    def _paint(
        self, snapshots: Generator[Any, None, None], quiet: bool, view: str = "markdown"
    ) -> Any:
        value = show(snapshots, front.painter(self.shell, self.folder(), view, quiet))
        self.formats.shown(value, quiet)
        return value

    def _show(self, value: Any) -> None:
        front.display(self.shell, value, self.folder())

    def _stop_sandbox(self) -> None:
        if self._sandbox is not None:
            self._sandbox.stop()
            self._sandbox = None


def _inserted(value: Any, names: dict[str, Any]) -> Any:
    """An option's value with `{{ }}` inserted, as in a prompt."""
    if isinstance(value, str):
        return expand(value, names)
    return tuple(expand(v, names) for v in value) if isinstance(value, tuple) else value
