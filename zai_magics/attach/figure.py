"""matplotlib's figures -> a PNG as the notebook shows it, and the series that it draws.

Drawn with Agg into memory, whatever the backend: pyplot is not imported, nothing is shown or
closed, and the figure stays as it is.
"""

from __future__ import annotations

import io
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

from . import figure_series, points
from .picture import from_bytes, on_white
from .recognise import made_by
from .types import Attachment, noted, refusal, said

SIDE = 2000  # pixels of the longer side
_DPI = 150
_PAD = 0.1  # inches


def figure_of(value: Any) -> Any:
    """The figure that a value of matplotlib belongs to, None when it is no such value.

    A Figure, its Axes, an image or line in it, what `bar` or `plot` return, arrays and lists of
    these, and seaborn's grids.
    """
    if made_by(value, "seaborn", "Grid"):
        return value.figure
    if made_by(value, "matplotlib", "FigureBase", "Figure", "Artist"):
        figure = getattr(value, "figure", None)
        while figure is not None and figure is not getattr(figure, "figure", figure):
            figure = figure.figure
        return figure
    if made_by(value, "matplotlib", "Container"):
        return _common_figure([part for part in value.get_children() if part is not None])
    if made_by(value, "numpy", "ndarray"):
        return _common_figure(value.ravel().tolist()) if value.dtype.kind == "O" else None
    return _common_figure(value) if isinstance(value, (list, tuple)) else None


def _common_figure(parts: Any) -> Any:
    """The one figure of a list of Axes or other parts; a list in a list is none."""
    one = None
    for part in parts[:1000]:
        if not made_by(part, "matplotlib", "FigureBase", "Figure", "Artist"):
            return None
        if one is not None and figure_of(part) is not one:
            return None
        one = figure_of(part)
    return one


def from_figure(figure: Any, name: str) -> Attachment:
    """An attachment of a figure, as PNG with its series beside it. Raises PromptError."""
    notes: list[str] = []
    content = _png(figure, name)
    if not figure.patch.get_visible() or figure.get_facecolor()[3] < 1:
        # A page shows it on white; without that, black words would stand on nothing.
        content = on_white(content)
        notes.append("drawn on white")
    sent = from_bytes(content, name)
    try:
        words = points.text(*figure_series.of(figure, name))
    except Exception as error:  # artists of other libraries may be anything
        words = ""
        notes.append(f"its series cannot be read ({said(error)})")
    note = "; ".join(part for part in (sent.note, noted(name, notes)) if part)
    return sent._replace(text=words, note=note)


def _png(figure: Any, name: str) -> bytes:
    """The drawing, cut to what is drawn as a notebook does, else the figure's own area."""
    for box, longest in _boxes(figure):
        try:
            with _unmoved(figure):
                return _drawn(figure, box, _dpi(figure, longest))
        except Exception as error:
            failure = error
    raise refusal(name, f"the figure cannot be drawn ({said(failure)}); does it show by itself?")


def _boxes(figure: Any) -> Iterator[tuple[Any, float]]:
    """What to draw, by the first way that works, and its longer side in inches."""
    from matplotlib.backends.backend_agg import RendererAgg
    from matplotlib.transforms import Bbox

    width, height = figure.get_size_inches()
    # Something far outside, as a text at a wrong place, would take gigabytes to be drawn and
    # leave the rest a speck. The renderer only measures: its size does not matter.
    tight = None
    with suppress(Exception), _unmoved(figure):
        tight = figure.get_tightbbox(RendererAgg(8, 8, figure.dpi))
    if tight is not None and tight.width <= 3 * width and tight.height <= 3 * height:
        yield "tight", max(width, height, tight.width, tight.height)
    yield Bbox.from_bounds(0, 0, width, height), max(width, height)


def _drawn(figure: Any, box: Any, dpi: float) -> bytes:
    to = io.BytesIO()
    # All that the user's settings (rcParams "savefig.*") might decide is said here.
    figure.canvas.print_figure(
        to,
        format="png",
        backend="agg",
        dpi=dpi,
        facecolor="auto",
        edgecolor="auto",
        orientation="portrait",
        bbox_inches=box,
        pad_inches=_PAD,
        metadata={"Software": None},
    )
    return to.getvalue()


@contextmanager
def _unmoved(figure: Any) -> Iterator[None]:
    """Puts back what a layout engine moves while it draws.

    Otherwise the next drawing would start from there, and come out a little different.
    """
    pars = figure.subplotpars
    margins = {
        name: getattr(pars, name) for name in ("left", "right", "bottom", "top", "wspace", "hspace")
    }
    boxes = [
        (axes, which, axes.get_position(original=which == "original").frozen())
        for axes in figure.axes
        for which in ("original", "active")
    ]
    titles = [t for t in (getattr(figure, "_suptitle", None),) if t is not None]
    stood = [(title, title.get_position()) for title in titles]
    try:
        yield
    finally:
        for name, value in margins.items():  # update() would check them against each other
            setattr(pars, name, value)
        for axes, which, box in boxes:  # set_position() would take the axes out of the layout
            axes._set_position(box, which=which)
        for title, place in stood:
            title.set_position(place)


def _dpi(figure: Any, longest: float) -> float:
    """Dots per inch: the figure's own, at least enough to be read, at most `SIDE` pixels."""
    wished = min(max(figure.dpi, 100.0), _DPI)
    return float(min(wished, SIDE / max(longest, 0.1)))
