"""`%zai` and `%%zai` as IPython knows them: loaded in a moment, the rest at the first use."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

from IPython.core.magic import (
    Magics,
    cell_magic,
    line_magic,
    magics_class,
    needs_local_scope,
    no_var_expand,
)
from traitlets import Bool, Unicode

from .. import defaults
from .failures import Failures

if TYPE_CHECKING:
    from ..session import Session
    from .commands import Commands
    from .front import Formats

# By name, because loading the extension must not import what the first answer needs.
_SHOWN = (
    *("reply.Reply", "conversation.Transcript", "comparison.Comparison"),
    *("types.Picture", "types.Pictures", "types.Clip"),
    *("types.Code", "types.Fix", "types.Request", "types.Table", "types.Note", "types.Job"),
)
COMMAND_LINE = re.compile(r"^\s*(?:[\w.\[\]\"']+\s*=\s*)?%%?zai\b")


@magics_class
class ZaiMagics(Magics):
    """The magics and their settings: `%config ZaiMagics.model = "glm-4.7"`."""

    model = Unicode(defaults.CHAT, help="model for chat").tag(config=True)
    vision_model = Unicode(defaults.VISION, help="model for images in a prompt").tag(config=True)
    image_model = Unicode(defaults.IMAGE, help="model for pictures").tag(config=True)
    video_model = Unicode(defaults.VIDEO, help="model for clips").tag(config=True)
    notebook = Unicode("", help="this notebook's path, where the front-end does not say").tag(
        config=True
    )
    coding = Bool(
        False,
        help="use the coding endpoint: for Coding Plan keys in coding tools only; "
        "other use may cost you the plan",
    ).tag(config=True)

    def __init__(self, shell: Any) -> None:
        super().__init__(shell)
        self._formats: Formats | None = None
        self._matcher: Any = None
        self._commands: Commands | None = None
        self.failures = Failures(shell)

    @property
    def commands(self) -> Commands:
        """The commands, imported and made at the first use."""
        if self._commands is None:
            from .commands import Commands

            of_the_shell = (self.shell, self, self.formats, self._folder, self._file)
            self._commands = Commands(*of_the_shell, failures=self.failures)
            self._commands.begin()  # the cell that runs now
        return self._commands

    @property
    def formats(self) -> Formats:
        """How IPython shows the package's values."""
        if self._formats is None:
            from .front import Formats

            self._formats = Formats(self.shell, self._folder)
        return self._formats

    @property
    def session(self) -> Session:
        """The state that the commands act on."""
        return self.commands.session

    def install(self) -> None:
        """Register magics, transformers, formats, completion and events with the shell."""
        shell = self.shell
        shell.register_magics(self)
        if self not in shell.configurables:  # Magics does it on some versions of IPython only
            shell.configurables.append(self)
        manager = shell.input_transformer_manager
        manager.cleanup_transforms[:0] = [_cell_magic, _without_comment]
        manager.cleanup_transforms.append(_line_magic)
        self._install_completion()
        self._install_formats()
        shell.events.register("pre_run_cell", self._begin)
        shell.events.register("post_run_cell", self._end)

    def remove(self) -> None:
        """Take everything back and close what is open."""
        shell = self.shell
        for transform in (_cell_magic, _without_comment, _line_magic):
            if transform in shell.input_transformer_manager.cleanup_transforms:
                shell.input_transformer_manager.cleanup_transforms.remove(transform)
        for formatter, _ in self._formatters():
            for name in _SHOWN:
                formatter.pop(f"zai_magics.{name}", None)
        shell.strdispatchers["complete_command"].regexs.pop(COMMAND_LINE, None)
        if self._matcher in getattr(shell.Completer, "custom_matchers", []):
            shell.Completer.custom_matchers.remove(self._matcher)
        shell.events.unregister("pre_run_cell", self._begin)
        shell.events.unregister("post_run_cell", self._end)
        if self in shell.configurables:
            shell.configurables.remove(self)
        for kind in ("line", "cell"):
            shell.magics_manager.magics[kind].pop("zai", None)
        shell.magics_manager.registry.pop(type(self).__name__, None)
        if self._commands is not None:
            self._commands.close()

    @no_var_expand
    @needs_local_scope
    @line_magic("zai")
    def line(self, line: str, local_ns: dict[str, Any] | None = None) -> Any:
        """`%zai COMMAND [options] [prompt]`; see %zai help."""
        if not line.strip():
            return self.commands.status()
        return self._run(line, None, local_ns)

    @no_var_expand
    @needs_local_scope
    @cell_magic("zai")
    def cell(self, line: str, cell: str, local_ns: dict[str, Any] | None = None) -> Any:
        """`%%zai [COMMAND] [options]` with the prompt as the body; see %zai help."""
        return self._run(line, cell, local_ns)

    def _run(self, line: str, body: str | None, local_ns: dict[str, Any] | None) -> Any:
        from .parse import parse

        with self.failures.during((line.split() or [""])[0]):
            return self.commands.run(parse(line, body), local_ns)

    def _install_completion(self) -> None:
        """Our words alone on our lines. What IPython before 8.6 has for it lets Jedi put its own
        first.
        """
        from IPython.core import completer

        if not hasattr(completer, "context_matcher"):
            self.shell.set_hook("complete_command", _candidates, re_key=COMMAND_LINE)
            return

        def zai(context: Any) -> dict[str, Any]:
            if not COMMAND_LINE.match(context.text_until_cursor):
                return {"completions": []}
            from .complete import matched

            return matched(self.shell, context)

        zai.matcher_api_version = 2  # type: ignore[attr-defined]
        zai.matcher_identifier = "zai_magics"  # type: ignore[attr-defined]
        self._matcher = zai
        self.shell.Completer.custom_matchers.append(zai)

    def _install_formats(self) -> None:
        """Let IPython show the package's values; they need no IPython of their own."""
        for formatter, show in self._formatters():
            for name in _SHOWN:
                module, _, kind = f"zai_magics.{name}".rpartition(".")
                formatter.for_type_by_name(module, kind, show)

    def _formatters(self) -> tuple[tuple[Any, Any], ...]:
        formatter = self.shell.display_formatter
        return (
            (formatter.ipython_display_formatter, lambda v: self.formats.unless_shown(v)),
            (formatter.mimebundle_formatter, lambda v, **_: self.formats.bundle(v)),
            # IPython has printers for str and tuple, and prefers them to the bundle's text.
            (formatter.formatters["text/plain"], lambda v, p, cycle: self.formats.text(v, p)),
        )

    def _folder(self) -> Path:
        from .. import notebook

        return notebook.folder(self.shell.user_ns, given=self.notebook)

    def _file(self) -> Path | None:
        from .. import notebook

        return notebook.path(self.shell.user_ns, given=self.notebook)

    def _begin(self, *info: Any) -> None:
        if self._commands is not None:
            self._commands.begin()

    def _end(self, result: Any = None) -> None:
        self.failures.ended(result)
        if self._commands is not None:
            self._commands.end(result)


def _candidates(shell: Any, event: Any) -> list[str]:
    from .complete import candidates

    before = event.text_until_cursor if hasattr(event, "text_until_cursor") else event.line
    return candidates(shell, before, event.symbol or "")


def _cell_magic(lines: list[str]) -> list[str]:
    if not _mentions_zai(lines):
        return lines
    from .input import cell_magic

    return cell_magic(lines)


# A terminal asks whether a cell is complete with the transformers that have no side effects: a
# `%%zai` line that had become a call would be run before its body is typed.
vars(_cell_magic)["has_side_effects"] = True


def _without_comment(lines: list[str]) -> list[str]:
    if not _mentions_zai(lines):
        return lines
    from .input import without_comment

    return without_comment(lines)


def _line_magic(lines: list[str]) -> list[str]:
    if not _mentions_zai(lines):
        return lines
    from .input import line_magic

    return line_magic(lines)


def _mentions_zai(lines: list[str]) -> bool:
    return any("%zai" in line for line in lines)
