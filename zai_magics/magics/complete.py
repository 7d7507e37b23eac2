"""Tab on a `%zai` line: commands, options, their choices, models, variables, paths."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .. import catalogue
from .grammar import COMMANDS, Option
from .magic import COMMAND_LINE

if TYPE_CHECKING:
    from ..session import Session

_MODELS = {"chat": ("chat", "vision"), "image": ("image",), "video": ("video",)}


def candidates(shell: Any, event: Any) -> list[str]:
    """What may stand at the cursor: `event.line` up to it, `event.symbol` the word begun."""
    before = event.text_until_cursor if hasattr(event, "text_until_cursor") else event.line
    found = COMMAND_LINE.match(before)
    words = before[found.end() :].split() if found else []
    begun = event.symbol or ""
    if words and before.endswith(words[-1]):
        words.pop()
    return [c for c in _possible(shell, words, begun, "%%" in before) if c.startswith(begun)]


def _possible(shell: Any, words: list[str], begun: str, cell: bool) -> list[str]:
    if not words and not (cell and begun.startswith("-")):
        return list(COMMANDS)
    name = words[0] if words and words[0] in COMMANDS else "chat"
    command = COMMANDS[name]
    if name == "help":
        return list(COMMANDS)
    if name == "sandbox":
        return ["auto", "off"]
    session: Session = shell.zai_magics.session
    if name in ("use", "fork", "new"):
        return session.conversations.names()
    if name == "wait" and not begun.startswith("-"):
        return session.open_jobs()
    last = words[-1] if words else ""
    option = next((o for o in command.options if last in o.flags), None)
    if option is not None and option.kind != "flag":
        return _values(shell, name, option)
    if begun.startswith("-"):
        return [flag for o in command.options for flag in o.flags]
    return _variables(shell) if "{{" in "".join(words) + begun else []


def _values(shell: Any, command: str, option: Option) -> list[str]:
    if option.name == "model":
        return [m.id for m in catalogue.known(*_MODELS.get(command, ()))]
    if option.choices:
        return list(option.choices)
    if option.name == "conversation":
        session: Session = shell.zai_magics.session
        return session.conversations.names()
    if option.name == "tool":
        return [n for n in _variables(shell) if callable(shell.user_ns[n])]
    return _variables(shell) if option.name in ("out", "attach", "schema") else []


def _variables(shell: Any) -> list[str]:
    hidden = getattr(shell, "user_ns_hidden", {})
    return sorted(n for n in shell.user_ns if not n.startswith("_") and n not in hidden)
