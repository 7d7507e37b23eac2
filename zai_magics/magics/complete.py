"""Tab on a `%zai` line: commands, options, their choices, models, variables, paths."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .. import catalogue, frames
from .grammar import COMMANDS, Option
from .magic import COMMAND_LINE

if TYPE_CHECKING:
    from ..session import Session

_WORDS = {"sandbox": ("auto", "off"), "replay": ("auto", "only", "off")}
_MODELS = {"chat": ("chat", "vision"), "image": ("image",), "video": ("video",)}


def matched(shell: Any, context: Any) -> dict[str, Any]:
    """The same as IPython's completer takes it, without anybody else's beside them."""
    from IPython.core.completer import SimpleCompletion

    found = candidates(shell, context.text_until_cursor, context.token)
    return {
        "completions": [SimpleCompletion(text=one) for one in found],
        "matched_fragment": context.token,
        "suppress": bool(found),
        "ordered": True,
    }


def candidates(shell: Any, before: str, begun: str) -> list[str]:
    """What may stand at the cursor: `before` is the line up to it, `begun` its last word so far."""
    found = COMMAND_LINE.match(before)
    words = before[found.end() :].split() if found else []
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
    if name in _WORDS and not begun.startswith("-"):
        return list(_WORDS[name])
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
    if "{{" in "".join(words) + begun:
        return [*_columns(shell, words[1:]), *_variables(shell)]
    return _frames(shell) if name == "map" and not words[1:] else []


def _frames(shell: Any) -> list[str]:
    return [n for n in _variables(shell) if frames.library(shell.user_ns[n])]


def _columns(shell: Any, words: list[str]) -> list[str]:
    """Those of the frame that `%zai map` was given, as far as a prompt can name them."""
    named = next((w for w in words if w in shell.user_ns and w.isidentifier()), "")
    frame = shell.user_ns.get(named)
    columns = list(frame.columns) if frames.library(frame) else []
    return [c for c in columns if isinstance(c, str) and c.isidentifier()]


def _values(shell: Any, command: str, option: Option) -> list[str]:
    if option.name in ("model", "models"):
        return [m.id for m in catalogue.known(*_MODELS.get(command, _MODELS["chat"]))]
    if option.choices:
        return list(option.choices)
    if option.name == "conversation":
        session: Session = shell.zai_magics.session
        return session.conversations.names()
    if option.name in ("tool", "score"):
        return [n for n in _variables(shell) if callable(shell.user_ns[n])]
    return _variables(shell) if option.name in ("out", "attach", "schema") else []


def _variables(shell: Any) -> list[str]:
    hidden = getattr(shell, "user_ns_hidden", {})
    return sorted(n for n in shell.user_ns if not n.startswith("_") and n not in hidden)
