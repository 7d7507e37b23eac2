"""plotly's figures -> their series in words.

A picture of them needs kaleido, which starts a browser of its own and loads parts from the
network: neither quick nor silent. The note says how to attach one all the same.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from ..errors import one_line
from . import points
from .points import Column, Panel, Series, number
from .recognise import made_by
from .types import Attachment, noted, refusal, said

_COORDINATES = (
    "x", "y", "z", "r", "theta", "lat", "lon", "labels", "values", "parents", "locations",
    "open", "high", "low", "close", "a", "b", "c",
)  # fmt: skip
_AS_PICTURE = "sent as its series, not as a picture; attach the PNG of {name}.write_image(PATH)"


def is_figure(value: Any) -> bool:
    """Whether a value is a plotly Figure or FigureWidget."""
    return made_by(value, "plotly", "BaseFigure", "Figure")


def from_figure(figure: Any, name: str) -> Attachment:
    """A text attachment of a plotly figure: its titles, and the points of each trace."""
    try:
        words = points.text(*_read(figure, name))
    except Exception as error:
        raise refusal(
            name, f"its series cannot be read ({said(error)}); attach a PNG of it"
        ) from None
    note = noted(name, [_AS_PICTURE.format(name=one_line(name, 60))])
    return Attachment(name, "text", "", words, note)


def _read(figure: Any, name: str) -> tuple[str, list[Panel]]:
    layout = figure.layout
    title = _words(layout.title.text) or "a plotly figure"
    parts = []
    for key in sorted(layout.to_plotly_json()):
        if key[:5] in ("xaxis", "yaxis"):
            axis = layout[key]
            kind = axis.type if axis.type not in (None, "-", "linear") else ""
            if axis.title.text or kind:
                parts.append(f"{key}: {_words(axis.title.text)}{f' ({kind})' if kind else ''}")
    heading = "; ".join(parts) or "axes without titles"
    return f"{one_line(name, 80)}: {title}", [Panel(heading, [_trace(t) for t in figure.data])]


def _trace(trace: Any) -> Series:
    label = _words(trace.name) if "name" in trace else ""
    flat: list[Column] = []
    more = []
    for key, values in _arrays(trace):
        if getattr(values, "ndim", 1) == 1 and not _nested(values):
            flat.append(Column(key, values, number))
        else:
            more.append(_matrix(key, values))
    flat = _same_length(flat)
    return Series(str(trace.type), label, flat, "; ".join(more))


def _arrays(trace: Any) -> Iterator[tuple[str, Any]]:
    for key in _COORDINATES:
        # A trace has an `in`, but no `get`.
        values: Any = trace[key] if key in trace else ()  # noqa: SIM401
        many = hasattr(values, "__len__") and not isinstance(values, (str, Mapping))
        if many and len(values):
            yield key, values


def _same_length(columns: list[Column]) -> list[Column]:
    """The columns beside each other; a heat map's x and y have lengths of their own."""
    most = max((len(column.values) for column in columns), default=0)
    return [column for column in columns if len(column.values) == most]


def _nested(values: Any) -> bool:
    return isinstance(values[0], (list, tuple)) or getattr(values[0], "ndim", 0) > 0


def _matrix(key: str, values: Any) -> str:
    rows = [list(row) for row in values[:15]]
    size = f"{key}: {len(values)} rows"
    said = " / ".join(" ".join(number(value) for value in row[:15]) for row in rows)
    return f"{size}: {said}" if len(values) <= 15 else f"{size}, the first 15: {said}"


def _words(text: Any) -> str:
    return one_line(str(text), 120) if text else ""
