"""DataFrames, Series, indexes and arrays of numbers -> bounded text, the same for the same table.

pandas, polars and NumPy: each has its own room, and they share how the text reads.
"""

from __future__ import annotations

import warnings
from typing import Any

from . import array, array_table, pandas_table, polars_table, summary
from .recognise import made_by
from .types import refusal, said


def is_table(value: Any) -> bool:
    """Whether a value is a DataFrame, a Series or an Index of pandas or polars (not lazy)."""
    return made_by(value, "pandas", "DataFrame", "Series", "Index", "Styler") or made_by(
        value, "polars", "DataFrame", "Series"
    )


def table_text(frame: Any, name: str) -> str:
    """A table in at most 8 KB: its shape, columns, first and last rows, measures.

    `table_text(df, "df")` reads all of a table of up to two million values; of a longer one it
    reads evenly spaced rows and says so. Raises PromptError for what is no table.
    """
    try:
        # Means of infinities and the like: pandas and NumPy warn of what is no fault here.
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            found = _summary(frame)
    except Exception as error:
        raise refusal(name, f"cannot be read as a table ({said(error)})") from None
    if found is None:
        raise refusal(name, f"is a {type(frame).__name__}, not a table")
    return summary.text(found, name)


def _summary(frame: Any) -> summary.Summary | None:
    if made_by(frame, "pandas", "Styler"):
        frame = frame.data
    if made_by(frame, "pandas", "DataFrame", "Series", "Index"):
        return pandas_table.summarise(frame)
    if made_by(frame, "polars", "DataFrame", "Series"):
        return polars_table.summarise(frame)
    if made_by(frame, "numpy", "ndarray") and array.is_table(frame):
        return array_table.summarise(frame)
    return None
