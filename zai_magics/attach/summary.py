"""What is told of a table, and how it reads: CSV parts of at most about 8 KB together."""

from __future__ import annotations

import csv
import io
from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

from ..text import whole
from .cells import cell, shortened

LIMIT = 8_000  # bytes
ROWS = 5  # at either end
WHOLE = 20  # rows of a table that is shown whole, such as a matrix or means by group
MOST = 48  # columns that are looked at
CELLS = 2_000_000  # values that are looked at one by one; of more, evenly spaced rows
FULL = 50_000_000  # numbers of which the mean, least and greatest are taken all the same
MEASURES = ("mean", "std", "min", "25%", "50%", "75%", "max")
# Columns and characters a cell, until all fits.
_FORMS = ((48, 80), (48, 40), (36, 40), (24, 40), (16, 32), (10, 24), (6, 20), (3, 16), (2, 10))
_TEXT_LIMIT = 50_000_000
_PLAIN = (str, bool, int, float, bytes)
_KNOWN = ("datetime", "decimal", "uuid")


class Field(NamedTuple):
    """A column: its name, type, values not missing and different values, both as text.

    `measures` maps some of MEASURES to text; `top` is the most frequent values in words.
    """

    name: str
    dtype: str
    known: str
    different: str
    measures: dict[str, str]
    top: str = ""


class Summary(NamedTuple):
    """A table: `fields` are the columns looked at of `width`; `head` and `tail` their cells.

    A row begins with the cells of the index, which `labels` names.
    """

    kind: str
    length: int
    width: int
    labels: list[str]
    fields: list[Field]
    head: list[list[str]]
    tail: list[list[str]]
    notes: list[str]


def places(width: int, most: int = MOST) -> list[int]:
    """The columns that are looked at: `places(9, 3)` is [0, 1, 8], two thirds from the left."""
    if width <= most:
        return list(range(width))
    left = most - most // 3
    return [*range(left), *range(width - most // 3, width)]


def step(length: int, width: int) -> int:
    """Which rows are looked at: every one, or every n-th of a long table."""
    return max(1, -(-length // max(10_000, CELLS // max(1, width))))


def sampled(every: int, full: bool) -> list[str]:
    """What is to be said when only every n-th row was looked at."""
    if every == 1:
        return []
    what = "std, quartiles, different and frequent values" if full else "all counts and measures"
    return [f"{what} are those of one row in {every}"]


def ends(length: int) -> tuple[range, range]:
    """The rows shown: the first and last five, or all when they are few."""
    if length <= WHOLE:
        return range(length), range(0)
    return range(ROWS), range(length - ROWS, length)


def counted(values: Iterable[Any]) -> tuple[int | None, str]:
    """How many different values there are, and the three most frequent in words.

    None where that cannot be told without asking objects of foreign classes.
    """
    known = list(values)
    if not all(isinstance(v, _PLAIN) or type(v).__module__ in _KNOWN for v in known):
        return None, ""
    if sum(len(v) for v in known if isinstance(v, (str, bytes))) > _TEXT_LIMIT:
        return None, ""
    counts = Counter(known)
    top = [(value, n) for value, n in counts.most_common(3) if n > 1]
    return len(counts), ", ".join(f"{shortened(cell(value), 40)} ({n})" for value, n in top)


def text(table: Summary, name: str) -> str:
    """The whole in words; narrower, then with fewer columns, until it is at most 8 KB."""
    for columns, width in _FORMS:
        said = whole(_text(table, name, columns, width))
        if len(said.encode()) <= LIMIT:
            return said
    cut = said.encode()[:LIMIT].decode(errors="ignore")
    return cut.rpartition("\n")[0] + "\n…"


def _text(table: Summary, name: str, columns: int, width: int) -> str:
    chosen = places(len(table.fields), columns)
    fields = [table.fields[place] for place in chosen]
    rows, across = _count(table.length, "row"), _count(table.width, "column")
    title = f"{shortened(name, 80)}: {table.kind}, {rows} x {across}"
    parts = [title, *table.notes[:5]]
    if (hidden := table.width - len(fields)) > 0:
        left = len([place for place in chosen if place < len(chosen) - columns // 3])
        parts.append(f"{hidden:,} columns after the first {left} are left out")
    if fields:
        parts.append(_csv("columns", _schema(fields), width))
    heading = [*table.labels, *(field.name for field in fields)]
    deep = len(table.labels)
    for title, cells in (
        ("rows" if not table.tail else "first rows", table.head),
        ("last rows", table.tail),
    ):
        if cells:
            picked = [[*row[:deep], *(row[deep + place] for place in chosen)] for row in cells]
            parts.append(_csv(title, [heading, *picked], width))
    if measured := [
        [f.name, *(f.measures.get(m, "") for m in MEASURES)] for f in fields if f.measures
    ]:
        parts.append(_csv("measures", [["name", *MEASURES], *measured], width))
    if frequent := [[field.name, field.top] for field in fields if field.top]:
        parts.append(_csv("most frequent", [["name", "values"], *frequent], width * 3))
    return "\n".join(parts)


def _count(count: int, noun: str) -> str:
    return f"{count:,} {noun}{'s' * (count != 1)}"


def _schema(fields: list[Field]) -> list[list[str]]:
    rows = [[field.name, field.dtype, field.known, field.different] for field in fields]
    return [["name", "type", "not missing", "different"], *rows]


def _csv(title: str, rows: Sequence[Sequence[str]], width: int) -> str:
    to = io.StringIO()
    writer = csv.writer(to, lineterminator="\n")
    writer.writerows([[shortened(value, width) for value in row] for row in rows])
    return f"\n{title}:\n{to.getvalue().rstrip(chr(10))}"


def measure(value: Any) -> str:
    """A mean or quartile: 6 significant digits; whole numbers and dates in full; "" for none."""
    if value is None or value != value:
        return ""
    try:
        if isinstance(value, float) or getattr(getattr(value, "dtype", None), "kind", "") == "f":
            return f"{float(value):.6g}"
    except (TypeError, ValueError):
        return ""
    return cell(value)


def share(known: int, looked_at: int, length: int) -> str:
    """How many values are not missing, or what share of the rows that were looked at."""
    if looked_at == length:
        return str(known)
    return f"~{known / max(1, looked_at):.1%}"


def at_least(different: int | None, looked_at: int, length: int) -> str:
    """How many different values: the number, or ">=" what the rows looked at have; "?"."""
    if different is None:
        return "?"
    return str(different) if looked_at == length else f">={different}"
