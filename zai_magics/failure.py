"""The notebook's last error, as a model is asked about it: its cell and its traceback, no more."""

from __future__ import annotations

import re
import traceback
from typing import NamedTuple

FRAMES, LONGEST = 12, 6_000
_CELL = re.compile(r"[/\\]ipykernel_\d+[/\\][^/\\]+\.py$|^<ipython-input-")
_BEFORE = re.compile(r"^.*[/\\](?:site-packages|python3\.\d+)[/\\]")
_SHELL = re.compile(r"[/\\](?:IPython|ipykernel|zai_magics)[/\\]")


class Failure(NamedTuple):
    """A cell that failed: its source as it was typed, what it failed with, and the number of its
    execution, 0 where that is not known.
    """

    source: str
    error: BaseException
    number: int = 0


def told(failure: Failure, words: str = "") -> str:
    """The request: the cell, the error, what is wanted. Nothing in them is inserted or expanded.

    The user's `words` come last. The values of variables are not in it, but for those that the
    error's own message names.
    """
    wanted = (
        "Say in at most three sentences what went wrong. Then give the whole corrected cell in "
        "one fenced Python block; change nothing that need not be changed."
    )
    parts = (
        "This cell of a Jupyter notebook failed.",
        _fenced(failure.source, "python"),
        _fenced(trace(failure.error), "text"),
        wanted,
        words.strip(),
    )
    return "\n\n".join(filter(None, parts))


def trace(error: BaseException) -> str:
    """The traceback as Python prints it, without the shell's own frames, within 6,000 characters.

    Of a chain of errors all are there; of a deep recursion the first frames and the last.
    """
    made = traceback.TracebackException.from_exception(error, compact=True)
    _shorten(made, 0)
    try:
        text = "".join(made.format()).rstrip()
    except Exception as failure:  # an error whose own __str__ fails
        text = f"{type(error).__name__} (its message cannot be shown: {type(failure).__name__})"
    if len(text) > LONGEST:
        text = f"{text[: LONGEST // 3]}\n… (shortened) …\n{text[-LONGEST * 2 // 3 :]}"
    return text


def _shorten(made: traceback.TracebackException, depth: int) -> None:
    """Leave out the shell's frames, and those in the middle of a deep stack."""
    frames = [f for f in made.stack if not _SHELL.search(f.filename)]
    if len(frames) > FRAMES:
        frames = [*frames[: FRAMES // 3], *frames[-FRAMES * 2 // 3 :]]
    for frame in frames:
        _ = frame.line  # found by the name that it has
        frame.filename = _name(frame.filename)
    made.stack = traceback.StackSummary.from_list(frames)
    if isinstance(getattr(made, "filename", None), str):  # a SyntaxError's
        made.filename = _name(made.filename)
    for other in (made.__cause__, made.__context__):
        if other is not None and depth < 5:
            _shorten(other, depth + 1)


def _name(file: str) -> str:
    """A file as every machine and kernel calls it: of a user's module the name, of a
    library the path within it.
    """
    if _CELL.search(file):
        return "<cell>"
    inside = _BEFORE.sub("", file)
    return inside if inside != file else re.split(r"[/\\]", file)[-1]


def _fenced(text: str, language: str) -> str:
    """A block whose fence is longer than any in the text."""
    longest = max((len(run) for run in re.findall(r"`{3,}", text)), default=2)
    fence = "`" * (longest + 1)
    return f"{fence}{language}\n{text.rstrip()}\n{fence}"
