"""What `-a X` means: a link, a name of the notebook, a file, or an expression."""

from __future__ import annotations

import ast
import builtins
import difflib
import os
from collections.abc import Mapping
from itertools import islice
from pathlib import Path
from typing import Any

from .. import expression
from ..errors import PromptError, one_line
from . import file, link
from .types import Attachment, refusal
from .value import from_value

_INSTEAD = "or give the path of a file or a URL"


def attachment(given: str, names: Mapping[str, Any]) -> Attachment:
    """What `-a GIVEN` attaches: `attachment("fig", user_names)`, `attachment("a.pdf", {})`.

    A link or an image's data URL; else a name that is defined; else a file that is there; else an
    expression that begins with a name that is defined (`Out[3]`, `df.head()`), evaluated once.
    Raises PromptError when it is none of these, or cannot be attached.
    """
    shown = one_line(given, 80)
    if not shown:
        raise refusal("-a", "names nothing; give a variable, the path of a file or a URL")
    if (found := link.from_link(given, _short(given))) is not None:
        return found
    if given.isidentifier() and given in names:
        return from_value(names[given], given)
    path = _path(given)
    if path is not None:
        return file.from_path(path, given)
    if given in vars(builtins) and not given.startswith("_"):
        return from_value(vars(builtins)[given], given)  # print, None: refused as what they are
    if _begins_with(given, names):
        source = given.strip()
        return from_value(expression.evaluate(source, names, f"-a {shown}", _INSTEAD), source)
    raise _unknown(given, names)


def _short(given: str) -> str:
    """The name of a link: a data URL is long, and says nothing."""
    return "data URL" if given[:5].lower() == "data:" else given


def _path(given: str) -> Path | None:
    """The file or folder of that name, None when there is none."""
    try:
        path = Path(given).expanduser()
        # lexists: a link that leads nowhere is named as what it is, not as missing.
        return path if os.path.lexists(path) else None
    except (OSError, ValueError, RuntimeError):  # RuntimeError: ~nobody
        return None


def _begins_with(given: str, names: Mapping[str, Any]) -> bool:
    """Whether it is a name that is defined and what follows it: attributes, items, calls.

    Only such: `data/report.pdf` and `my-figure` are expressions too, but meant as files.
    """
    node = _parsed(given)
    while not isinstance(node, ast.Name):
        if isinstance(node, (ast.Attribute, ast.Subscript)):
            node = node.value
        elif isinstance(node, ast.Call):
            node = node.func
        else:
            return False
    return node.id in names


def _parsed(given: str) -> ast.AST | None:
    try:
        return ast.parse(given.strip(), mode="eval").body
    except (SyntaxError, ValueError, MemoryError, RecursionError):
        return None


def _is_calculated(given: str, names: Mapping[str, Any]) -> bool:
    """Whether it is arithmetic with names that are all defined."""
    node = _parsed(given)
    inside = list(ast.walk(node)) if node is not None else []
    used = [one.id for one in inside if isinstance(one, ast.Name)]
    return bool(used) and len(inside) > 1 and all(n in names or n in vars(builtins) for n in used)


def _unknown(given: str, names: Mapping[str, Any]) -> PromptError:
    close = _near_file(given)
    head = given.partition(".")[0].partition("[")[0].strip()
    if not close and head.isidentifier():
        close = _near_name(head, names)
    hint = f"did you mean {one_line(close, 80)}?" if close else "give one of them, or a URL"
    if _is_calculated(given, names):
        hint = "what is calculated goes into a variable first"
    return refusal(f"-a {one_line(given, 80)}", f"no variable and no file of that name; {hint}")


def _near_name(name: str, names: Mapping[str, Any]) -> str:
    close = expression.nearest(name, names)
    return close if close in names else ""


def _near_file(given: str) -> str:
    """The file in the same folder whose name is most like it, written as it was given."""
    try:
        path = Path(given).expanduser()
        with os.scandir(path.parent) as entries:
            there = sorted(entry.name for entry in islice(entries, 2000))
    except (OSError, ValueError, RuntimeError):
        return ""
    # By small letters, since on many systems only they make the difference.
    lower = {name.lower(): name for name in reversed(there)}
    near = difflib.get_close_matches(path.name.lower(), lower, 1, 0.7)
    return given[: len(given) - len(path.name)] + lower[near[0]] if near else ""
