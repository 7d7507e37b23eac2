"""What is told of a polars DataFrame or Series."""

from __future__ import annotations

from typing import Any

from .cells import cell, shortened
from .recognise import made_by
from .summary import FULL, Field, Summary, at_least, counted, ends, measure, places, sampled, step


def summarise(value: Any) -> Summary:
    """The summary of a polars object."""
    kind = f"polars {type(value).__name__}"
    frame = value.to_frame() if made_by(value, "polars", "Series") else value
    length, width = frame.shape
    columns = frame.get_columns()
    chosen = [columns[place] for place in places(width)]
    every = step(length, len(chosen))
    full = length * sum(map(_measured, chosen)) <= FULL
    notes = sampled(every, full)
    fields = [_field(column, every, full) for column in chosen]
    first, last = ends(length)
    return Summary(
        kind, length, width, [], fields, _rows(chosen, first), _rows(chosen, last), notes
    )


def _rows(columns: list[Any], rows: range) -> list[list[str]]:
    parts = [column.slice(rows.start, len(rows)).to_list() for column in columns]
    return [[cell(part[n]) for part in parts] for n in range(len(rows))] if columns else []


def _measured(column: Any) -> bool:
    return bool(column.dtype.is_numeric() or column.dtype.is_temporal())


def _field(column: Any, every: int, full: bool) -> Field:
    name, dtype = cell(column.name), shortened(cell(str(column.dtype)), 60)
    if column.dtype.is_float():
        column = column.fill_nan(None)  # so that a mean is that of the numbers
    sample = column.gather_every(every) if every > 1 else column
    known = str(len(column) - column.null_count())
    if _measured(column):
        try:
            different = int(sample.drop_nulls().n_unique())
        except Exception:
            different = None
        measures = _measures(column if full else sample, sample)
        return Field(name, dtype, known, at_least(different, len(sample), len(column)), measures)
    try:
        different, top = counted(sample.drop_nulls().to_list())
    except Exception:  # a column of Python objects
        different, top = None, ""
    return Field(name, dtype, known, at_least(different, len(sample), len(column)), {}, top)


def _measures(column: Any, sample: Any) -> dict[str, str]:
    """Mean and ends of the whole column, the rest of the rows that are looked at."""
    found = {}
    for name, take in (
        ("mean", column.mean),
        ("std", sample.std),
        ("min", column.min),
        ("25%", lambda: sample.quantile(0.25, "linear")),
        ("50%", lambda: sample.quantile(0.5, "linear")),
        ("75%", lambda: sample.quantile(0.75, "linear")),
        ("max", column.max),
    ):
        try:
            found[name] = measure(take())
        except Exception:  # not every type knows every measure
            found[name] = ""
    return found if any(found.values()) else {}
