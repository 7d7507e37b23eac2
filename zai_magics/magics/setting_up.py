"""The commands of setting up: models, login, sandbox, help."""

from __future__ import annotations

from typing import Any

from .. import catalogue
from ..errors import CommandError, Interrupted
from ..secret import Key, remember
from . import tables
from .stage import Said, Stage


class SettingUp(Stage):
    """They say what there is, and who is asked."""

    def __init__(self, *of_the_shell: Any) -> None:
        super().__init__(*of_the_shell)
        self._sandbox: Any = None

    def do_models(self, text: str, said: Said, names: Said, quiet: bool) -> Any:
        """What there is, as a Table; it says itself what is wrong with the user's own prices."""
        if not quiet:
            self.session.warned(catalogue.own().problem)
        found, note = self.session.models()
        own = self.session.settings
        defaults = (own.model, own.vision_model, own.image_model, own.video_model)
        table = tables.models(found, note, defaults)
        return self._give(table, quiet)

    def do_login(self, *_: Any) -> None:
        """Ask for the key, hidden, and try it."""
        from getpass import getpass

        try:
            typed = getpass("Z.AI API key (not shown; Enter alone leaves): ").strip()
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
        self.stop_sandbox()
        kept = "kept in the keyring" if remember(key) else "kept until this kernel ends"
        self._say(f"the key works on the {where} endpoint; {kept}")

    def do_sandbox(self, text: str, *_: Any) -> None:
        """Switch to the sandbox, or back."""
        word = text.strip()
        if word not in ("", "auto", "off"):
            raise CommandError(f"%zai sandbox takes nothing, auto or off, not {word[:40]!r}")
        if word == "off":
            self.stop_sandbox()
            self.session.connection.base_url = None
            where = self.session.connection.endpoint()
            self._say(f"the sandbox is off; requests go to the {where.name} endpoint, {where.url}")
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

    def stop_sandbox(self) -> None:
        """End it, if there is one."""
        if self._sandbox is not None:
            self._sandbox.stop()
            self._sandbox = None
