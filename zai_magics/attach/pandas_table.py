"""What is told of a pandas DataFrame, Series or Index."""

from __future__ import annotations

from typing import Any

from .cells import cell, shortened
from .recognise import made_by
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


def summarise(value: Any) -> Summary:
    """The summary of a pandas object; columns are taken by place, since names may be doubled."""
    kind = f"pandas {type(value).__name__}"
    frame = _frame(value)
    length, width = frame.shape
    chosen = places(width)
    every = step(length, len(chosen))
    notes = _index_notes(frame)
    full = length * sum(_measured(frame.iloc[:, i]) for i in chosen) <= FULL
    notes += sampled(every, full)
    fields = [_field(frame.iloc[:, i], frame.columns[i], every, full) for i in chosen]
    first, last = ends(length)
    return Summary(
        kind,
        length,
        width,
        _index_names(frame.index),
        fields,
        _rows(frame, first, chosen),
        _rows(frame, last, chosen),
        notes,
    )


def _frame(value: Any) -> Any:
    """Any of them as a frame; an index has no index of its own worth telling."""
    if made_by(value, "pandas", "MultiIndex"):
        import pandas

        levels = {i: value.get_level_values(i) for i in range(value.nlevels)}
        frame = pandas.DataFrame(levels)
        frame.columns = _index_names(value)
        return frame
    if made_by(value, "pandas", "Index"):
        name = "values" if value.name is None else value.name
        return value.to_series(index=range(len(value))).to_frame(name)
    if made_by(value, "pandas", "Series"):
        return value.to_frame("values" if value.name is None else value.name)
    return value


def _label(label: Any) -> str:
    """A column's name; the parts of one of several levels are joined."""
    return " / ".join(map(cell, label)) if isinstance(label, tuple) else cell(label)


def _index_names(index: Any) -> list[str]:
    if index.nlevels == 1:
        return ["(index)" if index.name is None else _label(index.name)]
    return [f"(level {i})" if n is None else _label(n) for i, n in enumerate(index.names)]


def _index_notes(frame: Any) -> list[str]:
    index = frame.index
    notes = []
    if not made_by(index, "pandas", "RangeIndex"):
        what = _dtype(index) if index.nlevels == 1 else f"{index.nlevels} levels"
        if len(index) and index.nlevels == 1:
            what += f", {shortened(cell(index[0]), 40)} to {shortened(cell(index[-1]), 40)}"
        notes.append(f"index: {type(index).__name__} of {what}")
    if frame.columns.nlevels > 1:
        notes.append(f"columns: names of {frame.columns.nlevels} levels, joined by /")
    return notes


def _dtype(values: Any) -> str:
    return shortened(cell(str(getattr(values, "dtype", "several types"))), 60)


def _rows(frame: Any, rows: range, chosen: list[int]) -> list[list[str]]:
    part = frame.iloc[rows.start : rows.stop]
    labels = [label if isinstance(label, tuple) else (label,) for label in part.index]
    if part.index.nlevels == 1:  # a label of one level may be a tuple itself
        labels = [(label,) for label in part.index]
    columns = [list(part.iloc[:, i].array) for i in chosen]
    return [
        [*map(cell, label), *(cell(column[n]) for column in columns)]
        for n, label in enumerate(labels)
    ]


def _field(column: Any, label: Any, every: int, full: bool) -> Field:
    """A column of the summary; what a foreign type cannot tell is "?" or left out."""
    sample = column.iloc[::every] if every > 1 else column
    name, dtype = _label(label), _dtype(column)
    length, looked_at = len(column), len(sample)
    measured = _measured(column)
    try:
        # Missing objects have to be asked one by one, numbers all at once.
        of = column if measured and full else sample
        known = share(int(of.count()), len(of), length)
    except Exception:
        known = "?"
    if measured:
        measures = _measures(column if full else sample, sample)
        return Field(name, dtype, known, _different(sample, length), measures)
    try:
        different, top = counted(sample[sample.notna().to_numpy()].tolist())
    except Exception:
        different, top = None, ""
    return Field(name, dtype, known, at_least(different, looked_at, length), {}, top)


def _measured(column: Any) -> bool:
    """Whether it has numbers, dates or durations, which have a mean and an order."""
    from pandas.api import types

    dtype = column.dtype
    if types.is_bool_dtype(dtype) or types.is_complex_dtype(dtype):
        return False
    dates = types.is_datetime64_any_dtype(dtype) or types.is_timedelta64_dtype(dtype)
    return bool(dates or types.is_numeric_dtype(dtype))


def _different(sample: Any, length: int) -> str:
    try:
        return at_least(int(sample.nunique()), len(sample), length)
    except Exception:
        return "?"


def _measures(column: Any, sample: Any) -> dict[str, str]:
    """Mean and ends of the whole column, the rest of the rows that are looked at."""
    found = {}
    for name, take in (
        ("mean", column.mean),
        ("std", sample.std),
        ("min", column.min),
        ("25%", lambda: sample.quantile(0.25)),
        ("50%", lambda: sample.quantile(0.5)),
        ("75%", lambda: sample.quantile(0.75)),
        ("max", column.max),
    ):
        try:
            found[name] = measure(take())
        except Exception:  # not every type knows every measure
            found[name] = ""
    return found if any(found.values()) else {}
