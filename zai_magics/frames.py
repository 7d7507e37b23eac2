"""pandas and polars frames -> rows of plain values, and new columns beside the old ones.

`columns(df)`, `rows(df, ["review"])`, `joined(df, {"label": (["good", None], "string")})`: index,
order and dtypes of what was there stay. Neither library is imported where none of its values came.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import Any

from .errors import CommandError

Column = tuple[list[Any], str]
"""Values, None where there is none, and their JSON type: string, integer, number, boolean, ""."""

_PANDAS = {"integer": "int64", "number": "float64", "boolean": "bool"}
_WITH_MISSING = {"integer": "Int64", "number": "float64", "boolean": "boolean"}
_TYPES: dict[str, Any] = {"integer": int, "number": (int, float), "boolean": bool, "string": str}


def library(value: Any) -> str:
    """ "pandas", "polars" or "dask" for a DataFrame of theirs, else ""."""
    kind = type(value)
    root = kind.__module__.partition(".")[0]
    if kind.__name__ != "DataFrame" or root not in ("pandas", "polars", "dask", "dask_expr"):
        return ""
    return root.partition("_")[0]


def columns(frame: Any) -> list[Any]:
    """The columns' names. Raises CommandError for what is no DataFrame, or has a name twice."""
    if not library(frame):
        lazy = type(frame).__name__ == "LazyFrame"
        way = "its .collect() gives one" if lazy else "make one with pandas.DataFrame(…)"
        kind = type(frame).__name__
        raise CommandError(f"map takes a DataFrame of pandas or polars, not a {kind}; {way}")
    names = list(frame.columns)
    twice = next((n for n in names if names.count(n) > 1), None)
    if twice is not None:
        raise CommandError(f"the column {twice!r} is there twice; rename one of them")
    return names


def rows(frame: Any, names: Sequence[Any]) -> list[dict[Any, Any]]:
    """These columns of every row as Python's own values, None where one is missing."""
    lists = [_values(frame, name) for name in names]
    return [dict(zip(names, row, strict=True)) for row in zip(*lists, strict=True)]


def count(frame: Any) -> int:
    """How many rows there are."""
    return int(frame.shape[0])


def distinct(frame: Any, names: Sequence[Any]) -> int:
    """How many rows are not the same in all of these columns; all, where their values tell not."""
    with suppress(Exception):  # lists in cells, and whatever else cannot be compared
        if library(frame) == "polars":
            return int(frame.select(names).n_unique())
        return int((~frame.duplicated(subset=list(names))).sum())
    return count(frame)


def taken(frame: Any, places: Sequence[int]) -> Any:
    """Only these rows, by their places."""
    return frame[list(places)] if library(frame) == "polars" else frame.iloc[list(places)]


def joined(frame: Any, new: Mapping[str, Column]) -> Any:
    """A new frame with these columns behind the others, or in the place of those so named."""
    if library(frame) == "polars":
        return _polars(frame, new)
    import pandas

    made = frame.copy(deep=False)
    for name, (values, kind) in new.items():
        dtype = (_PANDAS if all(v is not None for v in values) else _WITH_MISSING).get(kind)
        # Lists and objects, and what no number of 64 bits is: each stays as it is in its cell.
        if kind == "" or not all(_fits(v, kind) for v in values):
            dtype = "object"
        column = pandas.Series(values, index=frame.index, dtype=dtype)
        if frame.columns.nlevels > 1:  # the name alone would stand for all columns below it
            made[(name, *[""] * (frame.columns.nlevels - 1))] = column
        else:
            made[name] = column
    return made


def _values(frame: Any, name: Any) -> list[Any]:
    if library(frame) == "polars":
        return list(frame[name].to_list())
    column = frame[name]
    gone = column.isna().to_numpy()
    return [None if g else v for v, g in zip(column.tolist(), gone, strict=True)]


def _polars(frame: Any, new: Mapping[str, Column]) -> Any:
    import polars

    kinds = {
        "integer": polars.Int64,
        "number": polars.Float64,
        "boolean": polars.Boolean,
        "string": polars.String,
    }
    series = []
    for name, (values, kind) in new.items():
        dtype = kinds.get(kind) if all(_fits(v, kind) for v in values) else None
        if dtype is not None:
            series.append(polars.Series(name, values, dtype=dtype, strict=False))
        else:
            series.append(_found(polars, name, values))
    return frame.with_columns(series)


def _found(polars: Any, name: str, values: list[Any]) -> Any:
    """A column of whatever these are: lists, structs, dates, numbers of 128 bits; of Python's own
    objects where polars has nothing that keeps them as they are.
    """
    with suppress(Exception):  # its own panic among them
        made = polars.Series(name, values)
        if made.to_list() == values:
            return made
    return polars.Series(name, values, dtype=polars.Object)


def _fits(value: Any, kind: str) -> bool:
    """Whether a column of this kind can hold it as it is."""
    if value is None or kind == "":
        return True
    if kind == "integer" and isinstance(value, float):  # JSON's 3.0 is whole
        return value.is_integer() and abs(value) < 2.0**53
    if kind == "integer" and isinstance(value, int):
        return bool(-(2**63) <= value < 2**63)
    if kind == "number" and isinstance(value, int):
        return abs(value) < 2**1023
    return isinstance(value, _TYPES[kind])


def fixed(frame: Any, new: Mapping[str, Column], error: str) -> Any:
    """The new columns with the dtypes that the parts of one frame need. A value that such a column
    cannot hold is missing, and said in the column `error`.
    """
    text = frame.columns.dtype  # what pandas keeps strings as: `str` from version 3 on
    kinds = {**_WITH_MISSING, "string": text if str(text) == "str" else "object", "": "object"}
    for name, (_, kind) in new.items():
        if kind in _WITH_MISSING and str(frame[name].dtype) == "object":
            fits = [_fits(v, kind) for v in frame[name]]
            said = [
                old if fit else f"{name} is {value!s:.60}: no column of {kinds[kind]} can hold it"
                for old, value, fit in zip(frame[error], frame[name], fits, strict=True)
            ]
            values = [v if fit else None for v, fit in zip(frame[name], fits, strict=True)]
            frame = frame.assign(**{name: values, error: said})
    return frame.astype({name: kinds[kind] for name, (_, kind) in new.items()})
