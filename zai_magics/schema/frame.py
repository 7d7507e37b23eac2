"""Data -> a pandas DataFrame. pandas is met here only, and only when somebody asks."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any

from ..errors import CommandError, ZaiError, one_line


def to_frame(data: Any) -> Any:
    """A DataFrame of data: `to_frame([{"name": "Ada", "age": 36}])` has one row.

    A list of dicts, models or dataclasses has a row for each, a list of plain values the column
    "value". A dict whose values are all lists of one length has them as columns; any other dict,
    model or dataclass is one row. A dict of nothing but a list of objects is those rows. What is
    nested stays in its cell. Raises CommandError for what is no table, ZaiError without pandas.
    """
    try:
        import pandas
    except ImportError:
        raise ZaiError("to_frame needs pandas: pip install 'zai-magics[data]'") from None
    data = _plain(data)
    if isinstance(data, dict):
        return pandas.DataFrame(_columns(data))
    if not isinstance(data, (list, tuple)):
        raise CommandError(
            f"a {type(data).__name__} is no table; to_frame takes a dict or a list of dicts"
        )
    rows = [_plain(each) for each in data]
    if rows and not any(isinstance(row, dict) for row in rows):
        return pandas.DataFrame({"value": rows})
    for n, row in enumerate(rows):
        if not isinstance(row, dict):
            shown = one_line(repr(row), 40)
            raise CommandError(f"row {n} is {shown} and others are objects: that is no table")
    return pandas.DataFrame(rows)


def _columns(data: dict[str, Any]) -> Any:
    """What a single dict means."""
    values = list(data.values())
    if len(values) == 1 and isinstance(values[0], list) and values[0]:
        inner = [_plain(each) for each in values[0]]
        if all(isinstance(each, dict) for each in inner):
            return inner
    if values and all(isinstance(v, list) and len(v) == len(values[0]) for v in values):
        return data
    return [data]


def _plain(value: Any) -> Any:
    """A dict of a dict, a model (pydantic 2 and 1) or a dataclass; anything else as it is."""
    if isinstance(value, Mapping):
        return dict(value)
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return dataclasses.asdict(value)
    if hasattr(type(value), "model_dump"):
        return value.model_dump()
    if hasattr(type(value), "parse_obj"):
        found = value.dict()
        return found["__root__"] if [*found] == ["__root__"] else found
    return value
