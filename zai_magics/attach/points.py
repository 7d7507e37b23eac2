"""Series of points in words, so that what a model says of a chart can be checked.

A series is named columns of equal length; what is too long is thinned out evenly.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any, NamedTuple

from ..errors import one_line
from ..text import plural, whole

LIMIT = 8_000  # bytes of all the text
_POINTS = (50, 25, 12, 6, 3, 0)
_SERIES = 60

Show = Callable[[Any], str]


class Column(NamedTuple):
    """One coordinate of a series: `Column("x", [1, 2, 3])`; `show` makes a value readable."""

    name: str
    values: Sequence[Any]
    show: Show


class Series(NamedTuple):
    """What one mark draws: `Series("line", "sin", [Column("x", …), Column("y", …)])`.

    `more` is said beside it. Without columns it is one sentence.
    """

    kind: str
    label: str
    columns: list[Column]
    more: str = ""


class Panel(NamedTuple):
    """One coordinate system: its heading, and what is drawn in it."""

    heading: str
    series: list[Series]


def number(value: Any) -> str:
    """A number with 6 significant digits, a date as ISO 8601, anything else as short text."""
    if hasattr(value, "isoformat"):
        text = value.isoformat(" ") if hasattr(value, "hour") else value.isoformat()
        return str(text).removesuffix(" 00:00:00")
    if hasattr(value, "item") and getattr(value, "ndim", 0) == 0:
        if getattr(value, "dtype", None) is not None and value.dtype.kind == "M":
            return str(value).partition(".")[0].replace("T", " ").removesuffix(" 00:00:00")
        value = value.item()
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        try:
            return f"{value:.6g}"
        except OverflowError:
            return "a huge number"
    try:
        return one_line(str(value), 60)
    except Exception:
        return f"<{type(value).__name__}>"


def text(title: str, panels: list[Panel]) -> str:
    """Everything in at most about 8 KB: with fewer points, then with fewer series."""
    for points in _POINTS:
        said = _text(title, panels, points)
        if len(said.encode()) <= LIMIT:
            return said
    cut = said.encode()[:LIMIT].decode(errors="ignore")
    return cut.rpartition("\n")[0] + "\n… and more than can be told here"


def _text(title: str, panels: list[Panel], points: int) -> str:
    lines = [title]
    for panel in panels:
        lines.append(panel.heading)
        lines += [f"- {_line(series, points)}" for series in panel.series[:_SERIES]]
        if (left := len(panel.series) - _SERIES) > 0:
            lines.append(f"- … and {left} more")
    return whole("\n".join(lines))


def _line(series: Series, points: int) -> str:
    label = f' "{one_line(series.label, 80)}"' if series.label else ""
    parts = [series.kind + label]
    if series.columns:
        count = min(len(column.values) for column in series.columns)
        parts.append(plural(count, "point"))
        parts += [r for column in series.columns if (r := _range(column))]
        parts += [series.more] if series.more else []
        if points and count:
            parts.append(_sampled(series.columns, count, points))
    elif series.more:
        parts.append(series.more)
    return "; ".join(parts)


def _sampled(columns: list[Column], count: int, points: int) -> str:
    places = even(count, points)
    names = ", ".join(column.name for column in columns)
    which = "all" if len(places) == count else f"{len(places)} evenly sampled"
    rows = (", ".join(c.show(c.values[place]) for c in columns) for place in places)
    return f"({names}), {which}: " + " ".join(f"({row})" for row in rows)


def even(count: int, most: int) -> list[int]:
    """At most `most` places of `count`, evenly, with the first and last: `even(9, 3)` [0, 4, 8]."""
    if count <= most:
        return list(range(count))
    return [round(i * (count - 1) / (most - 1)) for i in range(most)]


def _range(column: Column) -> str:
    """The least and greatest value, "" where there is no order."""
    ends = _ends(column.values)
    if ends is None:
        return ""
    return f"{column.name} {column.show(ends[0])} to {column.show(ends[1])}"


def _ends(values: Sequence[Any]) -> tuple[Any, Any] | None:
    kind = getattr(getattr(values, "dtype", None), "kind", "O")
    if kind in "biufM" and len(values):
        import numpy as np

        array = np.asarray(values)
        known = array[~np.isnat(array)] if kind == "M" else array[np.isfinite(array)]
        return (known.min(), known.max()) if known.size else None
    known = [v for v in _some(values) if v is not None and v == v and not isinstance(v, str)]
    try:
        return (min(known), max(known)) if known else None
    except Exception:  # values of several kinds have no order
        return None


def _some(values: Iterable[Any]) -> list[Any]:
    return [value for _, value in zip(range(100_000), values, strict=False)]
