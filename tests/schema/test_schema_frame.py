"""Data as a DataFrame."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from typing import Any

import pytest

from zai_magics.errors import CommandError, ZaiError
from zai_magics.schema import of, parse, read, to_frame

pandas = pytest.importorskip("pandas")


@dataclass
class Row:
    """A row."""

    a: int
    b: Any = None


def cells(data: Any) -> list[dict[str, Any]]:
    """The rows of the frame."""
    frame = to_frame(data)
    assert isinstance(frame, pandas.DataFrame)
    return list(frame.to_dict("records"))


@pytest.mark.parametrize(
    ("data", "rows"),
    [
        ([{"a": 1, "b": "x"}, {"a": 2, "b": "y"}], [{"a": 1, "b": "x"}, {"a": 2, "b": "y"}]),
        ([Row(1, [2]), Row(2)], [{"a": 1, "b": [2]}, {"a": 2, "b": None}]),
        ([Row(1, Row(2))], [{"a": 1, "b": {"a": 2, "b": None}}]),
        ({"a": 1, "tags": ["x", "y"]}, [{"a": 1, "tags": ["x", "y"]}]),
        (Row(1, "x"), [{"a": 1, "b": "x"}]),
        ({"a": [1, 2], "b": ["x", "y"]}, [{"a": 1, "b": "x"}, {"a": 2, "b": "y"}]),
        ({"a": [1, 2], "b": ["x"]}, [{"a": [1, 2], "b": ["x"]}]),
        ({"people": [{"a": 1}, {"a": 2}]}, [{"a": 1}, {"a": 2}]),
        ([1, 2], [{"value": 1}, {"value": 2}]),
        ([], []),
        ([{"n": 10**400}], [{"n": 10**400}]),
    ],
)
def test_data_has_these_rows(data: Any, rows: list[dict[str, Any]]) -> None:
    assert cells(data) == rows


def test_models_are_rows() -> None:
    pydantic = pytest.importorskip("pydantic")
    model = pydantic.create_model("M", a=(int, ...), b=(str | None, None))
    found = read('[{"a": 1}, {"a": 2, "b": "x"}]', of(list[model]))
    assert [row["a"] for row in cells(found.data)] == [1, 2]
    assert cells(found.data[0]) == [{"a": 1, "b": None}]
    assert cells(pydantic.RootModel[list[model]]([model(a=1)])) == [{"a": 1, "b": None}]


def test_what_was_read_with_the_short_form_is_a_frame_with_its_types() -> None:
    found = read('[{"n": "1", "x": 2}, {"n": 3, "x": null}]', parse("[n int, x float?]", {}))
    frame = to_frame(found.data)
    assert list(frame.columns) == ["n", "x"]
    assert [str(kind) for kind in frame.dtypes] == ["int64", "float64"]


@pytest.mark.parametrize("data", ["text", 3, None, [{"a": 1}, 2], ["x", {"a": 1}], Row])
def test_what_is_no_table_says_so_in_one_line(data: Any) -> None:
    with pytest.raises(CommandError, match="no table"):
        to_frame(data)


def test_without_pandas_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pandas", None)
    with pytest.raises(ZaiError, match=r"pip install 'zai-magics\[data\]'"):
        to_frame([])
