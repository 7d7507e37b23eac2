"""Input transformers: `%zai` lines and `%%zai` cells reach the magic as they were typed.

IPython turns a line that ends in `?` into help before any magic sees it, loses a cell magic under
a comment, refuses one without a body, and strips `>>>` from a body. Each is undone by calling the
magic in so many words before those rules apply.
"""

from __future__ import annotations

import re
from typing import Any

from .grammar import COMMANDS

_CELL = re.compile(r"(?:[ \t]*(?:#[^\n]*)?\n)*[ \t]*%%zai(?![\w.])[ \t]*([^\n]*)(?:\n|\Z)")
_LINE = re.compile(r"^([ \t]*)((?:[A-Za-z_][\w.\[\]\"', ]*=[ \t]*)?)%zai(?![\w.])(.*)$", re.S)
_HELP = re.compile(r"^\s*([a-z]*)\s*\?{1,2}\s*$")


def cell_magic(lines: list[str]) -> list[str]:
    """A `%%zai` cell as one call with its line and body, byte for byte."""
    cell = "".join(lines)
    found = _CELL.match(cell)
    if not found:
        return lines
    words, body = found.group(1), cell[found.end() :]
    asked = _HELP.match(words)
    if asked and not body.strip() and _is_help(asked.group(1)):
        words, body = f"help {asked.group(1)}", ""
    return [f"get_ipython().run_cell_magic('zai', {words!r}, {body!r})\n"]


def line_magic(lines: list[str]) -> list[str]:
    """`%zai …` and `x = %zai …`, also inside blocks, as calls; words in strings are left alone."""
    if not any("%zai" in line for line in lines):
        return lines
    from IPython.core.inputtransformer2 import (
        assemble_continued_line,
        find_end_of_continued_line,
        make_tokens_by_line,
    )

    lines = list(lines)
    for _ in range(len(lines)):
        at = _first_magic(make_tokens_by_line(lines), lines)
        if at is None:
            return lines
        end = find_end_of_continued_line(lines, at)
        whole = assemble_continued_line(lines, (at, 0), end)
        lines[at : end + 1] = [_call(whole)]
    return lines


def _first_magic(tokens_by_line: Any, lines: list[str]) -> int | None:
    """The index of the first line that begins (or assigns) a %zai, judged by its tokens.

    A line inside a string has no token that begins on it.
    """
    for tokens in tokens_by_line:
        for token in tokens:
            row = token.start[0] - 1
            if token.string.strip() and row < len(lines):
                if token is _first_of(tokens) and _LINE.match(lines[row]):
                    return int(row)
                break
    return None


def _first_of(tokens: Any) -> Any:
    return next((t for t in tokens if t.string.strip()), None)


def _call(line: str) -> str:
    found = _LINE.match(line.rstrip("\n"))
    assert found is not None
    indent, target, words = found.groups()
    words = words.removeprefix(" ")
    asked = _HELP.match(words)
    if asked and not target and _is_help(asked.group(1)):
        words = f"help {asked.group(1)}"
    return f"{indent}{target}get_ipython().run_line_magic('zai', {words!r})\n"


def _is_help(word: str) -> bool:
    return not word or word in COMMANDS
