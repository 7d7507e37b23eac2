"""matplotlib's figures -> a PNG as the notebook shows it, and the series that it draws.

Drawn with Agg into memory, whatever the backend: pyplot is not imported, nothing is shown or
closed, and the figure stays as it is.
"""

from __future__ import annotations

import io
from typing import Any

from . import figure_series, points
from .picture import from_bytes
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
    whole = _area(figure)
    for box in ("tight", whole):
        dpi = _dpi(figure)
        try:
            content = _drawn(figure, box, dpi)
        except Exception as error:
            failure = error
            continue
        # Something far outside, as a text at a wrong place, would leave the rest a speck.
        if box == "tight" and _outgrown(content, figure, dpi):
            continue
        return content
    raise refusal(name, f"the figure cannot be drawn ({said(failure)}); does it show by itself?")


def _drawn(figure: Any, box: Any, dpi: float) -> bytes:
    import matplotlib.backends.backend_agg  # noqa: F401 - so that "agg" is there

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


def _area(figure: Any) -> Any:
    from matplotlib.transforms import Bbox

    return Bbox.from_bounds(0, 0, *figure.get_size_inches())


def _dpi(figure: Any) -> float:
    """Dots per inch: the figure's own, at least enough to be read, at most `SIDE` pixels."""
    longest = max(*figure.get_size_inches(), 0.1)
    wished = min(max(figure.dpi, 100.0), _DPI)
    return float(min(wished, SIDE / longest))


def _outgrown(content: bytes, figure: Any, dpi: float) -> bool:
    from .picture_bytes import facts

    known = facts(content)
    width, height = figure.get_size_inches()
    return known is None or known.width > 3 * width * dpi or known.height > 3 * height * dpi
