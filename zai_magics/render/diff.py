"""What changed between two sources, line by line -> HTML and text."""

from __future__ import annotations

import difflib
from collections.abc import Iterator

from ..text import plural
from . import parts, safe

CONTEXT = 3
LINES = 2_000  # of each side; comparing takes the square of it
_ADDED, _REMOVED = "rgba(46,160,67,0.22)", "rgba(248,81,73,0.22)"
_LINE = "padding:0 .6em;white-space:pre-wrap;overflow-wrap:anywhere"
_BLOCK = (
    "font-family:monospace;font-size:90%;border:1px solid rgba(128,128,128,0.3);"
    "border-radius:4px;padding:4px 0;margin:6px 0"
)


def lines(before: str, after: str) -> list[str]:
    """The unified diff without its head: `[" a", "-b", "+c"]`; [] for equal texts. Of longer ones
    the first 2,000 lines of each are compared.
    """
    old, new = (_lines(text)[:LINES] for text in (before, after))
    return list(difflib.unified_diff(old, new, n=CONTEXT, lineterm=""))[2:]


def html(before: str, after: str) -> str:
    """The diff in colours that read well in light and dark; signs say the same without them."""
    found = lines(before, after)
    shown = f'<div style="{_BLOCK}">{"".join(_rows(found))}</div>' if found else ""
    note = _note(before, after)
    return shown + (parts.quiet([note]) if note else "")


def plain(before: str, after: str) -> str:
    """The same for a terminal."""
    return safe.plain("\n".join(filter(None, (*lines(before, after), _note(before, after)))))


def _lines(text: str) -> list[str]:
    """Lines as Python has them: of all that str.splitlines cuts at, newlines alone."""
    return text.replace("\r\n", "\n").replace("\r", "\n").rstrip("\n").split("\n")


def _note(before: str, after: str) -> str:
    """What the lines shown do not say; "" where they say everything."""
    old, new = _lines(before), _lines(after)
    if old == new:
        return "the cell is as it was"
    more = max(len(old), len(new)) - LINES
    are = "is" if more == 1 else "are"
    return f"{plural(more, 'more line')} {are} not compared" if more > 0 else ""


def _rows(found: list[str]) -> Iterator[str]:
    for line in found:
        if line.startswith("@@"):
            if line is not found[0]:
                yield f'<div style="{_LINE};{parts.QUIET}">⋯</div>'
            continue
        colour = {"+": _ADDED, "-": _REMOVED}.get(line[:1])
        style = f"{_LINE};background:{colour}" if colour else _LINE
        yield f'<div style="{style}">{safe.escape(line)}</div>'
