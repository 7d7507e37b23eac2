"""What `-T NAME` means: names of the user's functions -> tools, or one line on why not."""

from __future__ import annotations

import builtins
import difflib
import inspect
import re
from collections.abc import Mapping, Sequence
from types import ModuleType
from typing import Any

from ..errors import CommandError, one_line
from .tool import Tool, marked

MOST = 128  # tools in a request (docs.z.ai, chat completions)


def named(names: Sequence[str], scope: Mapping[str, Any]) -> dict[str, Tool]:
    """The tools that are named, by the name that the model calls.

        named(["weather", "shop.buy"], user_ns)

    A name is looked up, never evaluated: a variable and attributes of it. CommandError for what
    is unknown, is no function, or has parameters that JSON cannot give; nothing is sent then.
    """
    found: dict[str, Tool] = {}
    functions: dict[str, Any] = {}
    for typed in dict.fromkeys(names):
        function = _looked_up(typed, scope)
        _check(function, typed)
        one = function if isinstance(function, Tool) else Tool.of(function, typed)
        if one.name in found and functions[one.name] != function:
            raise CommandError(
                f"-T {typed}: another tool is named {one.name} already; give one of them another "
                'name with @zm.tool(name="...")'
            )
        found[one.name], functions[one.name] = one, function
    if len(found) > MOST:
        raise CommandError(f"-T: {len(found)} tools; the service takes up to {MOST}, name fewer")
    return found


def _looked_up(typed: str, scope: Mapping[str, Any]) -> Any:
    first, *rest = typed.split(".")
    shown = one_line(typed, 60)
    several = re.findall(r"[^ ,]+", typed)
    if several and several != [typed] and all(map(_is_name, several)):
        each = " ".join(f"-T {one}" for one in several)
        raise CommandError(f"-T {shown}: takes one name; write {one_line(each, 100)}")
    if not _is_name(typed):
        raise CommandError(
            f"-T {shown}: takes the name of a function, such as weather or shop.buy; "
            "give an expression a name first"
        )
    if first not in scope:
        raise CommandError(f"-T {shown}: {_unknown(first, scope)}")
    value = scope[first]
    for part in rest:
        try:
            value = getattr(value, part)
        except Exception as error:  # a property may fail with anything
            close = difflib.get_close_matches(part, dir(value), 1, 0.6)
            hint = f"did you mean {close[0]}?" if close else "look at dir() of it"
            why = "" if isinstance(error, AttributeError) else f" ({type(error).__name__})"
            raise CommandError(f"-T {shown}: there is no {part} in it{why}; {hint}") from None
    return value


def _is_name(typed: str) -> bool:
    return all(part.isidentifier() for part in typed.split("."))


def _unknown(name: str, scope: Mapping[str, Any]) -> str:
    if hasattr(builtins, name):
        return f"{name} is Python's own; write a function around it, that says what it takes"
    for own, value in scope.items():
        if (mark := marked(value)) and mark.name == name:
            return f"the variable of this tool is called {own}; name it by that"
    functions = [own for own, value in scope.items() if callable(value) and own[:1] != "_"]
    close = difflib.get_close_matches(name, functions, 1, 0.6)
    return f"there is no {name} here; " + (
        f"did you mean {close[0]}?" if close else "define the function first"
    )


def _check(function: Any, typed: str) -> None:
    """Refuse what is no function that a magic could call."""
    if isinstance(function, Tool):
        return _check(function.function, typed)
    wrong = ""
    if isinstance(function, type):
        wrong = "is a class; write a function that makes one"
    elif isinstance(function, ModuleType):
        wrong = f"is a module; name a function of it, such as {typed}.NAME"
    elif not callable(function):
        wrong = f"is of type {type(function).__name__} and cannot be called; name a function"
    elif _is_async(function) or _is_async(type(function).__call__):
        # The notebook's event loop is running already: nothing could wait for it here.
        wrong = "is async, and a cell magic cannot wait for it; write a def around it"
    if wrong:
        raise CommandError(f"-T {one_line(typed, 60)} {wrong}")
    return None


def _is_async(function: Any) -> bool:
    return inspect.iscoroutinefunction(function) or inspect.isasyncgenfunction(function)
