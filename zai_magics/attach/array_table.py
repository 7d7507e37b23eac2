"""What is told of a NumPy array that is a row or a table of values."""

from __future__ import annotations

from typing import Any

from .cells import cell
from .summary import (
    FULL,
    Field,
    Summary,
    at_least,
    counted,
    ends,
    measure,
    places,
    sampled,
    share,
    step,
)


def summarise(array: Any) -> Summary:
    """The summary of an array of one or two dimensions, whose columns have numbers for names."""
    shape = "x".join(map(str, array.shape))
    table = array.reshape(-1, 1) if array.ndim == 1 else array
    length, width = table.shape
    chosen = places(width)
    every = step(length, len(chosen))
    full = length * len(chosen) <= FULL
    names = ["values"] if array.ndim == 1 else [str(place) for place in chosen]
    fields = [_field(table[:, i], n, every, full) for i, n in zip(chosen, names, strict=True)]
    first, last = ends(length)
    return Summary(
        f"NumPy array of {shape}, {array.dtype}",
        length,
        width,
        ["(index)"],
        fields,
        _rows(table, first, chosen),
        _rows(table, last, chosen),
        sampled(every, full),
    )


def _rows(table: Any, rows: range, chosen: list[int]) -> list[list[str]]:
    return [[str(n), *(cell(table[n, place]) for place in chosen)] for n in rows]


def _field(column: Any, name: str, every: int, full: bool) -> Field:
    import numpy as np

    sample = column[::every]
    dtype, length = str(column.dtype), len(column)
    if column.dtype.kind not in "iufMm":
        different, top = counted(sample.tolist())
        return Field(name, dtype, str(length), at_least(different, len(sample), length), {}, top)
    missing = np.isnat if column.dtype.kind in "Mm" else np.isnan
    known = sample[~missing(sample)]
    whole = column[~missing(column)] if full and every > 1 else known
    of = column if full else sample
    counts = share(len(whole), len(of), length)
    values = at_least(len(np.unique(known)), len(sample), length)
    return Field(name, dtype, counts, values, _measures(whole, known) if len(known) else {})


def _measures(whole: Any, known: Any) -> dict[str, str]:
    import numpy as np

    found = {"min": measure(whole.min()), "max": measure(whole.max())}
    if whole.dtype.kind in "iuf":
        found["mean"] = measure(whole.mean(dtype="float64"))
        found["std"] = measure(known.std(dtype="float64", ddof=1) if len(known) > 1 else None)
        quarters = np.quantile(known.astype("float64"), [0.25, 0.5, 0.75])
        found |= {n: measure(q) for n, q in zip(("25%", "50%", "75%"), quarters, strict=True)}
    return found
