"""matplotlib's bars, pies, shapes and images as series."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

from ..errors import one_line
from .points import Column, Series, Show, number
from .recognise import made_by

_CELLS = 225  # of an image whose values are told one by one, as those of a confusion matrix


def bars(container: Any, shows: tuple[Show, Show], done: set[int]) -> list[Series]:
    """The bars of one `bar`, `barh` or `hist`: where they stand and how long they are."""
    boxes = [patch for patch in container.patches if patch.get_visible()]
    done |= {id(patch) for patch in container.patches}
    if not boxes:
        return []
    flat = getattr(container, "orientation", None) == "horizontal"
    edges = [_edges(box, flat) for box in boxes]
    show, length = (shows[1], shows[0]) if flat else shows
    columns = _places(edges, show)
    kind = "histogram" if len(columns) == 2 else "bars"
    columns.append(Column("value", [edge[3] - edge[2] for edge in edges], length))
    if any(edge[2] for edge in edges):  # stacked
        columns.append(Column("starting at", [edge[2] for edge in edges], length))
    given = str(container.get_label() or "")
    return [Series(kind, "" if given.startswith("_") else given, columns)]


def _edges(box: Any, flat: bool) -> tuple[float, float, float, float]:
    """Where a bar begins and ends along its axis, then where its length begins and ends."""
    across = float(box.get_x()), float(box.get_x() + box.get_width())
    up = float(box.get_y()), float(box.get_y() + box.get_height())
    return (*up, *across) if flat else (*across, *up)


def _places(edges: list[tuple[float, float, float, float]], show: Show) -> list[Column]:
    """Bins, from and to, where each bar begins at the end of the last; else the bars' middles."""
    gaps = [abs(b[0] - a[1]) for a, b in pairwise(edges)]
    if gaps and max(gaps) <= 1e-6 * abs(edges[-1][1] - edges[0][0]):
        return [
            Column("from", [edge[0] for edge in edges], show),
            Column("to", [edge[1] for edge in edges], show),
        ]
    return [Column("bar", [(edge[0] + edge[1]) / 2 for edge in edges], show)]


def wedges(found: Any, done: set[int]) -> list[Series]:
    """The slices of a pie with their shares of the circle."""
    slices = [patch for patch in found if made_by(patch, "matplotlib", "Wedge")]
    done |= {id(patch) for patch in slices}
    if not slices:
        return []
    labels = [one_line(str(patch.get_label()), 60).removeprefix("_nolegend_") for patch in slices]
    shares = [(patch.theta2 - patch.theta1) / 3.6 for patch in slices]
    columns = [Column("slice", labels, str), Column("percent", shares, number)]
    return [Series("pie", "", columns)]


def patches(found: Any, shows: tuple[Show, Show], done: set[int]) -> list[Series]:
    """Shapes that stand alone: steps by their values, others by the corners of their path."""
    series = []
    for patch in found:
        if id(patch) in done or not patch.get_visible():
            continue
        name = str(patch.get_label() or "")
        name = "" if name.startswith("_") else name
        if made_by(patch, "matplotlib", "StepPatch"):
            values, edges, _ = patch.get_data()
            columns = [
                Column("from", edges[:-1], shows[0]),
                Column("to", edges[1:], shows[0]),
                Column("value", values, shows[1]),
            ]
            series.append(Series("steps", name, columns))
        elif made_by(patch, "matplotlib", "Polygon"):
            corners = patch.get_xy()
            columns = [Column("x", corners[:, 0], shows[0]), Column("y", corners[:, 1], shows[1])]
            series.append(Series("shape", name, columns, "its corners"))
        else:
            series.append(Series(type(patch).__name__, name, []))
    return series


def image(picture: Any, kind: str = "image") -> Series:
    """An image or mesh: its size, the range of its values, and all of them when they are few."""
    array = picture.get_array()
    size = "x".join(map(str, array.shape))
    parts = [f"{size} values"]
    if array.ndim == 2 and array.size:
        import numpy as np

        numbers = np.ma.filled(np.ma.asarray(array).astype(float), np.nan)
        known = numbers[np.isfinite(numbers)]
        if known.size:
            parts.append(f"{number(known.min())} to {number(known.max())}")
        if array.size <= _CELLS:
            rows = (" ".join(number(value) for value in row) for row in numbers)
            parts.append("row by row: " + " / ".join(rows))
    given = str(picture.get_label() or "")
    return Series(kind, "" if given.startswith("_") else given, [], "; ".join(parts))
