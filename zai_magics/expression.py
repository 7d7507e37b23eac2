"""An expression that the user wrote, evaluated once among the user's names.

`{{ expression }}` in a prompt and `-a expression` mean the same by it.
"""

from __future__ import annotations

import builtins
import difflib
from collections.abc import Mapping
from typing import Any

from .errors import PromptError, one_line

_SHELLS = ("In", "Out", "exit", "get_ipython", "open", "quit")  # in every namespace of IPython


def compiles(source: str) -> bool:
    """Whether it is an expression at all: `compiles("n + 1")`."""
    try:
        compile(source, "<prompt>", "eval")
    except (SyntaxError, ValueError, MemoryError, RecursionError):
        return False
    return True


def value(source: str, names: Mapping[str, Any]) -> Any:
    """The value alone: `value("n + 1", {"n": 2})` is 3. Raises whatever the expression raises."""
    # One dict as globals, so that comprehensions see the names; a copy, so that := stays here.
    return eval(source, dict(names))


def evaluate(source: str, names: Mapping[str, Any], shown: str, instead: str) -> Any:
    """The value: `evaluate("n + 1", {"n": 2}, "{{ n + 1 }}", "or leave it out")` is 3.

    Raises PromptError for an unknown name (with the nearest) and a failing expression; it begins
    with `shown` and ends with `instead`.
    """
    try:
        return value(source, names)
    except NameError as error:
        name = getattr(error, "name", None) or one_line(source, 60)
        close = nearest(name, names)
        hint = f"did you mean {close}?" if close else "define it first,"
        way = instead[:1].upper() + instead[1:] if close else instead
        raise PromptError(f"{shown}: there is no {name} here; {hint} {way}") from None
    except Exception as error:
        said = one_line(f"{type(error).__name__}: {error}", 160)
        raise PromptError(f"{shown} failed ({said}); correct it, {instead}") from None


def defined(names: Mapping[str, Any]) -> list[str]:
    """The names that the user has defined: neither hidden ones nor the shell's."""
    return [n for n in names if not n.startswith("_") and n not in _SHELLS]


def nearest(name: str, names: Mapping[str, Any]) -> str:
    """The user's name most like an unknown one, else Python's or the shell's, else ""."""
    for known in (defined(names), [*_SHELLS, *(n for n in dir(builtins) if n.islower())]):
        if close := difflib.get_close_matches(name, known, 1, 0.6):
            return close[0]
    return ""
