"""Input transformers: `%zai` lines and `%%zai` cells reach the magic as they were typed.

IPython turns a line that ends in `?` into help before any magic sees it, loses a cell magic under
a comment, refuses one without a body, strips `>>>` from a body and blanks from a line's end. Each
is undone by calling the magic in so many words before those rules apply.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Sequence
from typing import Any, NamedTuple

_ABOVE = re.compile(r"(?:[ \t]*(?:#[^\n]*)?\n)*[ \t]*(?=%%zai(?![\w.]))")
_CELL = re.compile(r"%%zai[ \t]*([^\n]*)(?:\n|\Z)")
# Magics whose body is Python. They tokenize it as it was typed: an open bracket in a prompt would
# fail the cell after the answer has come.
_AROUND = re.compile(r"%%(?:capture|prun|time|timeit)(?![\w.?])")
_ZAI = re.compile(r"%zai(?![\w.])")
_HELP = re.compile(r"^\s*([a-z]*)\s*\?{1,2}\s*$")
_OPENING, _CLOSING, _ESCAPES = {"(", "[", "{"}, {")", "]", "}"}, {"%", "!", "?"}


class _Found(NamedTuple):
    """Where a magic or shell command begins: its row, and the column of its first sign."""

    row: int
    column: int
    zai: bool


def cell_magic(lines: list[str]) -> list[str]:
    """A `%%zai` cell as one call with its line and body, byte for byte; also under `%%time`."""
    cell = "".join(lines)
    if _AROUND.match(cell) and "%zai" in cell:
        return [lines[0], *line_magic(cell_magic(lines[1:]))]
    above = _ABOVE.match(cell)
    found = _CELL.match(cell, above.end()) if above else None
    if not found:
        return lines
    words, body = found.group(1), cell[found.end() :]
    asked = _HELP.match(words)
    if asked and not body.strip() and _is_help(asked.group(1)):
        words, body = f"help {asked.group(1)}", ""
    # IPython refuses a cell magic whose body is "".
    return [f"get_ipython().run_cell_magic('zai', {words!r}, {body or chr(10)!r})\n"]


def without_comment(lines: list[str]) -> list[str]:
    """A `%%zai` cell from its magic on: what a terminal sees, which skips `cell_magic`."""
    cell = "".join(lines)
    above = _ABOVE.match(cell)
    return cell[above.end() :].splitlines(keepends=True) if above else lines


def line_magic(lines: list[str]) -> list[str]:
    """`%zai …` and `x = %zai …`, also inside blocks, as calls; words in strings are left alone.

    The body of another cell magic is left to that magic.
    """
    cell = "".join(lines)
    if "%zai" not in cell or cell.startswith("%%"):
        return lines
    # A prompt may hold what str.splitlines, but not Python, takes for the end of a line.
    typed = re.findall(r"[^\n]*\n|[^\n]+", cell)
    python, called = list(typed), False
    while (found := _first_magic(python)) is not None:
        row, column, zai = found
        end = _end(typed, row)
        if zai:
            line = typed[row][:column] + _call(typed[row : end + 1], column)
            typed[row : end + 1] = python[row : end + 1] = [line]
            called = True
        else:  # IPython's own: out of the tokenizer's sight, as its brackets and quotes are prose
            blank = ["\n"] * (end - row)
            python[row : end + 1] = [python[row][:column] + "None\n", *blank]
    return typed if called else lines


def _first_magic(lines: list[str]) -> _Found | None:
    """The first magic or shell command, judged by tokens: none begins inside a string."""
    from IPython.core.inputtransformer2 import make_tokens_by_line

    for tokens in make_tokens_by_line(lines):
        shown = [t for t in tokens if t.string.strip()]
        start = _start(shown)
        if start is not None and start.string in _ESCAPES:
            row, column = start.start[0] - 1, start.start[1]
            if row < len(lines):
                return _Found(row, column, bool(_ZAI.match(lines[row], column)))
    return None


def _start(tokens: Sequence[Any]) -> Any:
    """The token that a magic of this logical line would begin with: its first, or the one after
    an assignment's `=`.
    """
    if tokens and tokens[0].string in _ESCAPES:
        return tokens[0]
    depth = 0
    for token, following in itertools.pairwise(tokens):
        depth += (token.string in _OPENING) - (token.string in _CLOSING)
        if token.string == "=" and depth == 0 and following.string in _ESCAPES:
            return following
    return None


def _end(lines: list[str], row: int) -> int:
    """The last row of a line that is continued with backslashes."""
    while row + 1 < len(lines) and lines[row].endswith("\\\n"):
        row += 1
    return row


def _call(lines: list[str], column: int) -> str:
    """The call for a `%zai` that begins at a column of the first of (continued) lines."""
    *continued, last = [lines[0][column:], *lines[1:]]
    text = " ".join([*(line.rstrip()[:-1] for line in continued), last.removesuffix("\n")])
    words = text.removeprefix("%zai").removeprefix(" ").removesuffix("\r")
    asked = _HELP.match(words)
    if asked and not lines[0][:column].strip() and _is_help(asked.group(1)):
        words = f"help {asked.group(1)}"
    return f"get_ipython().run_line_magic('zai', {words!r})\n"


def _is_help(word: str) -> bool:
    from .grammar import COMMANDS

    return not word or word in COMMANDS
