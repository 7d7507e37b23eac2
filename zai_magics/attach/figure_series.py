"""What a matplotlib figure draws: its axes, and in each the lines, points, bars and images."""

from __future__ import annotations

from typing import Any

from ..errors import one_line
from .figure_marks import bars, image, patches, wedges
from .points import Column, Panel, Series, Show, number
from .recognise import made_by

_DATES = ("DateFormatter", "AutoDateFormatter", "ConciseDateFormatter")
_FIXED = ("StrCategoryLocator", "FixedLocator")


def of(figure: Any, name: str) -> tuple[str, list[Panel]]:
    """The title and the panels of a figure: `points.text(*of(figure, "fig"))`."""
    above = getattr(figure, "_suptitle", None)
    title = _words(above.get_text()) if above is not None else ""
    panels = [_panel(axes, i) for i, axes in enumerate(figure.axes, 1) if axes.get_visible()]
    return f"{one_line(name, 80)}: {title or 'a figure'} (read from the chart's data)", panels


def _panel(axes: Any, place: int) -> Panel:
    parts = [f"axes {place}"]
    if title := _words(axes.get_title() or axes.get_title("left") or axes.get_title("right")):
        parts[0] += f' "{title}"'
    for letter in ("x", "y", "z"):
        if axis := getattr(axes, f"{letter}axis", None):
            label = _words(axis.get_label_text())
            scale = axis.get_scale()
            kind = "" if scale == "linear" else f"({scale} scale)"
            if label or kind:
                parts.append(" ".join(filter(None, (f"{letter}:", label, kind))))
    if legend := axes.get_legend():
        entries = ", ".join(_words(entry.get_text()) for entry in legend.get_texts()[:20])
        parts.append(f"legend: {entries}")
    if axes.get_label() == "<colorbar>":
        return Panel("; ".join([*parts, "a colour bar"]), [])
    return Panel("; ".join(parts), _series(axes))


def _series(axes: Any) -> list[Series]:
    shows = shown(axes.xaxis), shown(axes.yaxis)
    done: set[int] = set()  # parts that belong to something that has been told
    found = []
    for container in axes.containers:
        if made_by(container, "matplotlib", "ErrorbarContainer"):
            found += _error_bars(container, shows, done)
        elif made_by(container, "matplotlib", "StemContainer"):
            done |= {id(container.baseline), id(container.stemlines)}
        elif made_by(container, "matplotlib", "BarContainer"):
            found += bars(container, shows, done)
    for line in axes.lines:
        if id(line) not in done and line.get_visible():
            found.append(Series("line", label(line), _coordinates(line, shows)))
    for collection in axes.collections:
        if id(collection) not in done and collection.get_visible():
            found += _collection(collection, shows)
    found += wedges(axes.patches, done)
    found += patches(axes.patches, shows, done)
    found += [image(picture) for picture in axes.images if picture.get_visible()]
    return found + [_text(text, shows) for text in axes.texts[:30] if text.get_text().strip()]


def label(artist: Any) -> str:
    """The label that the user gave, "" for one that matplotlib made up."""
    given = str(artist.get_label() or "")
    return "" if given.startswith("_") else _words(given)


def shown(axis: Any) -> Show:
    """How a coordinate of this axis reads: as a date, by its category, else as a number."""
    formatter = axis.get_major_formatter()
    if made_by(formatter, "matplotlib", *_DATES):
        zone = getattr(formatter, "tz", None) or getattr(formatter, "_tz", None)
        return lambda value: _date(value, zone)
    # pandas counts months and the like from 1970 and tells the unit to its formatter only.
    if made_by(formatter, "pandas", "TimeSeries_DateFormatter"):
        return lambda value: _period(value, formatter.freq)
    if made_by(axis.get_major_locator(), "matplotlib", *_FIXED):
        places = list(axis.get_majorticklocs())
        texts = [_words(text) for text in formatter.format_ticks(places)]
        names = {round(float(place), 6): text for place, text in zip(places, texts, strict=False)}
        return lambda value: _named(value, names)
    return number


def _date(value: Any, zone: Any) -> str:
    if not isinstance(value, (int, float)) and not hasattr(value, "item"):
        return number(value)
    from matplotlib.dates import num2date

    try:
        moment = num2date(value, zone)
    except (ValueError, TypeError, OverflowError):
        return number(value)
    return number(moment.replace(tzinfo=None) if moment.tzname() == "UTC" else moment)


def _period(value: Any, unit: Any) -> str:
    import pandas

    try:
        return str(pandas.Period(ordinal=int(value), freq=unit))
    except (ValueError, TypeError, OverflowError):
        return number(value)


def _named(value: Any, names: dict[float, str]) -> str:
    try:
        return names.get(round(float(value), 6)) or number(value)
    except (ValueError, TypeError):
        return number(value)


def _coordinates(line: Any, shows: tuple[Show, Show]) -> list[Column]:
    if hasattr(line, "get_data_3d"):
        return [Column(n, v, number) for n, v in zip("xyz", line.get_data_3d(), strict=False)]
    across, up = line.get_data(orig=False)
    return [Column("x", across, shows[0]), Column("y", up, shows[1])]


def _error_bars(container: Any, shows: tuple[Show, Show], done: set[int]) -> list[Series]:
    data, caps, spans = container.lines
    done |= {id(part) for part in (data, *caps, *spans)}
    columns = _coordinates(data, shows) if data is not None else []
    # The first span is that of x when both are there.
    which = [n for n, there in (("x", container.has_xerr), ("y", container.has_yerr)) if there]
    for name, span in zip(which, spans, strict=False):
        side = 0 if name == "x" else 1
        ends = [segment for segment in span.get_segments() if len(segment)]
        if data is None:  # those of bars
            middles = [segment[0, 1 - side] for segment in ends]
            columns.append(Column("xy"[1 - side], middles, shows[1 - side]))
        columns.append(Column(f"{name} from", [min(end[:, side]) for end in ends], shows[side]))
        columns.append(Column(f"{name} to", [max(end[:, side]) for end in ends], shows[side]))
    return [Series("error bars", label(container) or (label(data) if data else ""), columns)]


def _collection(collection: Any, shows: tuple[Show, Show]) -> list[Series]:
    name, array = label(collection), collection.get_array()
    if made_by(collection, "matplotlib", "PathCollection"):
        return [Series("scatter", name, _scattered(collection, shows, array))]
    if made_by(collection, "matplotlib", "QuadMesh") and array is not None:
        return [image(collection, "mesh")]
    if made_by(collection, "matplotlib", "ContourSet"):
        levels = " ".join(number(level) for level in collection.levels[:30])
        return [Series("contours", name, [], f"levels {levels}")]
    corners = [path.vertices for path in collection.get_paths() if len(path.vertices)]
    if not corners:
        return []
    import numpy as np

    every = np.concatenate(corners)
    kind = "lines" if made_by(collection, "matplotlib", "LineCollection") else "area"
    columns = [Column("x", every[:, 0], shows[0]), Column("y", every[:, 1], shows[1])]
    return [Series(kind, name, columns, f"the corners of {len(corners)}")]


def _scattered(collection: Any, shows: tuple[Show, Show], array: Any) -> list[Column]:
    # In three dimensions the offsets are where the points stand on the paper.
    if (deep := getattr(collection, "_offsets3d", None)) is not None:
        return [Column(name, values, number) for name, values in zip("xyz", deep, strict=False)]
    offsets = collection.get_offsets()
    columns = [Column("x", offsets[:, 0], shows[0]), Column("y", offsets[:, 1], shows[1])]
    if array is not None and len(array) == len(offsets):
        columns.append(Column("colour", array, number))
    return columns


def _text(text: Any, shows: tuple[Show, Show]) -> Series:
    return Series("text", _words(text.get_text()), [])


def _words(text: Any) -> str:
    return one_line(str(text), 120)
