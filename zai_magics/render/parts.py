"""Small pieces of HTML that every output shares: the quiet line, badges, tables, folds.

Inline styles with neutral colours only: they survive in an untrusted notebook and read well in
light and dark. Every text passes `safe.escape`.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from . import safe

# Fainter than the text around it in light and dark alike, which no one grey can be.
QUIET = "opacity:.72;font-size:85%"
_BADGE = (
    "display:inline-block;border:1px solid rgba(128,128,128,0.6);border-radius:3px;"
    "padding:0 5px;margin-right:6px"
)
_SHORT = 20  # a cell of fewer letters, a time or a model, is not broken into lines
_CELL = "padding:3px 10px;text-align:left;vertical-align:top"


def quiet(items: Iterable[str], *badges: str) -> str:
    """The quiet line under an output: `a · b · c`, with badges such as "sandbox" before it."""
    marks = (f'<span style="{_BADGE}">{safe.escape(badge)}</span>' for badge in badges if badge)
    mark = "".join(marks)
    words = safe.escape(" · ".join(filter(None, items)))
    return f'<div style="{QUIET};margin-top:6px">{mark}{words}</div>'


def badges(replayed: bool, sandbox: bool) -> list[str]:
    """Where answers come from, where it is not the service."""
    return ["replay"] * replayed + ["sandbox"] * sandbox


def marks(names: Iterable[str]) -> str:
    """Badges for a terminal."""
    return "".join(f"[{name}] " for name in names)


def quiet_words(text: str) -> str:
    """Quiet words within a line."""
    return f'<span style="{QUIET}">{safe.escape(text)}</span>'


def warning(text: str) -> str:
    """A sentence that should not be overlooked."""
    style = "border-left:3px solid rgba(230,150,0,0.9);padding-left:8px;margin:6px 0 8px"
    return f'<div style="{style}">{safe.escape(text)}</div>' if text else ""


def fold(title: str, html: str, unfolded: bool = False) -> str:
    """Something folded away under its title, or shown and to be folded away."""
    inner = "border-left:2px solid rgba(128,128,128,0.4);padding-left:12px;margin:4px 0 8px 2px"
    open_tag = "<details open>" if unfolded else "<details>"
    return (
        f'{open_tag}<summary style="{QUIET};cursor:pointer">{safe.escape(title)}</summary>'
        f'<div style="{inner}">{html}</div></details>'
    )


def table(columns: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A table of plain texts."""
    head = "".join(f'<th style="{_CELL}">{safe.escape(c)}</th>' for c in columns)
    lines = ("<tr>" + "".join(map(_cell, row)) + "</tr>" for row in rows)
    above = f"<thead><tr>{head}</tr></thead>" if any(columns) else ""
    return f'<table style="margin:4px 0">{above}<tbody>{"".join(lines)}</tbody></table>'


def _cell(text: str) -> str:
    style = f"{_CELL};white-space:nowrap" if len(text) < _SHORT else _CELL
    return f'<td style="{style}">{safe.escape(text)}</td>'


def plain_table(columns: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """The same for a terminal, in columns."""
    lines = [list(map(safe.plain, row)) for row in ([columns, *rows] if any(columns) else rows)]
    if not lines:
        return ""
    widths = [max(len(line[i]) for line in lines) for i in range(len(lines[0]))]
    return "\n".join(
        "  ".join(text.ljust(width) for text, width in zip(line, widths, strict=True)).rstrip()
        for line in lines
    )


def count(tokens: int) -> str:
    """A number of tokens to read: 380, 1.2k, 35k."""
    if tokens < 1000:
        return str(tokens)
    return f"{tokens / 1000:.1f}k" if tokens < 9950 else f"{tokens / 1000:.0f}k"


def seconds(time: float) -> str:
    """A time to read: 2.1 s, 45 s, 3 min 5 s."""
    if time < 10:
        return f"{time:.1f} s"
    if time < 120:
        return f"{time:.0f} s"
    return f"{time // 60:.0f} min {time % 60:.0f} s"
