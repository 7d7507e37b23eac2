"""Text as rows of pixels: wrapped to a width, cut with an ellipsis, scaled."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from .font import CELL, ROWS, glyph

PITCH = ROWS + 1
"""Unscaled rows from one line to the next."""

# Joiners and variation selectors only change how a neighbour looks: a tile for each is noise.
_SILENT = {0x200B: None, 0x200C: None, 0x200D: None, 0xFE0E: None, 0xFE0F: None, 0xFEFF: None}


def wrap(text: str, columns: int, lines: int) -> list[str]:
    """`text` in at most `lines` lines of `columns` cells: `wrap("a long prompt", 6, 2)`.

    Broken at spaces, within a word only where it is longer than a line. When there is more text
    than room, the last line ends with an ellipsis. No room gives no lines.
    """
    if columns < 1 or lines < 1:
        return []
    # No line holds more characters than cells: the rest of a huge prompt need not be measured.
    enough = " ".join(text.translate(_SILENT).split())[: (columns + 1) * (lines + 1)]
    found: list[str] = []
    for line in _lines(_pieces(enough.split(), columns), columns):
        if len(found) == lines:
            found[-1] = _shorten(found[-1], columns)
            break
        found.append(line)
    return found


def _cells(text: str) -> int:
    """How many cells a text takes: one for a letter, two or three for a tile."""
    return sum(len(glyph(char)[0]) for char in text) // CELL


def _pieces(words: Iterable[str], columns: int) -> Iterator[tuple[str, str]]:
    """Words with what stands before them, in pieces that fit into a line."""
    for word in words:
        before, piece, used = " ", "", 0
        for char in word:
            wide = _cells(char)
            if wide > columns:
                char, wide = "?", 1
            if used + wide > columns:
                yield before, piece
                before, piece, used = "", "", 0
            piece, used = piece + char, used + wide
        yield before, piece


def _lines(pieces: Iterable[tuple[str, str]], columns: int) -> Iterator[str]:
    """Pieces filled into lines."""
    line = ""
    for before, piece in pieces:
        longer = line + before + piece if line else piece
        if _cells(longer) <= columns:
            line = longer
            continue
        yield line
        line = piece
    if line:
        yield line


def _shorten(line: str, columns: int) -> str:
    """A line with an ellipsis at its end, still within `columns` cells."""
    while line and _cells(line) >= columns:
        line = line[:-1]
    return line.rstrip() + "…"


def paint_line(line: str, scale: int) -> list[bytes]:
    """One line as `PITCH * scale` rows of `font` values, each pixel `scale` wide and high."""
    glyphs = [glyph(char) for char in line]
    rows = []
    for row in range(ROWS):
        wide = b"".join(each[row] for each in glyphs)
        for value in (b"\0", b"\1", b"\2"):
            wide = wide.replace(value, value * scale)
        rows += [wide] * scale
    return rows + [bytes(len(rows[0]))] * (scale * (PITCH - ROWS))
