"""Tables arrive as text that can be read back, bounded and the same every time."""

from __future__ import annotations

import csv
import sys
from typing import Any

import pytest

pd = pytest.importorskip("pandas")
np = pytest.importorskip("numpy")

from zai_magics.attach import from_value, is_attachable, table_text  # noqa: E402
from zai_magics.errors import PromptError  # noqa: E402


def part(text: str, title: str) -> list[list[str]]:
    """The rows of one of the text's CSV parts, its heading first."""
    body = text.split(f"\n{title}:\n", 1)[1].split("\n\n")[0]
    return list(csv.reader(body.splitlines()))


@pytest.fixture
def frame() -> Any:
    """Twenty rows of what frames usually hold."""
    return pd.DataFrame(
        {
            "n": range(20),
            "x": np.linspace(0, 1, 20) / 3,
            "word": ["a,b", 'c"d'] * 10,
            "when": pd.date_range("2024-01-01", periods=20, tz="Europe/Berlin"),
            "kind": pd.Categorical(["u", "v", "u", "u"] * 5),
            "gone": [None, 1.5] * 10,
            "list": [[1, {"a": 2}]] * 20,
        }
    )


def test_the_rows_of_a_table_can_be_read_back_a_small_one_whole(frame: Any) -> None:
    text = table_text(frame[["n", "x"]], "df")
    assert text.startswith("df: pandas DataFrame, 20 rows x 2 columns\n")
    _, *found = part(text, "rows")
    assert [float(row[2]) for row in found] == list(frame["x"])
    frame = pd.concat([frame, frame.tail(1)])
    text = table_text(frame, "df")
    for title, rows in (("first rows", frame.head(5)), ("last rows", frame.tail(5))):
        heading, *found = part(text, title)
        assert heading == ["(index)", *frame.columns]
        assert [int(row[0]) for row in found] == list(rows.index)
        assert [int(row[1]) for row in found] == list(rows["n"])
        assert [float(row[2]) for row in found] == list(rows["x"])
        assert [row[3] for row in found] == list(rows["word"])
        assert [pd.Timestamp(row[4]) for row in found] == list(rows["when"])
        assert [row[7] for row in found] == ["[1, {'a': 2}]"] * 5


def test_the_columns_are_counted(frame: Any) -> None:
    _, *columns = part(table_text(frame, "df"), "columns")
    assert [(c[0], c[2], c[3]) for c in columns] == [
        ("n", "20", "20"),
        ("x", "20", "20"),
        ("word", "20", "2"),
        ("when", "20", "20"),
        ("kind", "20", "2"),
        ("gone", "10", "1"),
        ("list", "20", "?"),
    ]
    assert columns[3][1] == str(frame["when"].dtype) and columns[4][1] == "category"


def test_the_measures_are_those_of_pandas(frame: Any) -> None:
    text = table_text(frame, "df")
    heading, *found = part(text, "measures")
    told = {row[0]: dict(zip(heading[1:], row[1:], strict=True)) for row in found}
    expected = frame.describe()
    for name in ("n", "x", "gone"):
        for key, value in told[name].items():
            assert float(value) == pytest.approx(expected.loc[key, name], rel=1e-5), (name, key)
    assert pd.Timestamp(told["when"]["max"]) == frame["when"].max()
    assert ["kind", "u (15), v (5)"] in part(text, "most frequent")


def test_the_same_table_gives_the_same_bytes_whatever_is_set(frame: Any) -> None:
    before = table_text(frame, "df")
    with pd.option_context(
        "display.precision", 1, "display.max_rows", 2, "display.max_columns", 1,
        "display.max_colwidth", 3, "display.float_format", "{:.0f}".format,
        "display.date_dayfirst", True, "display.show_dimensions", False,
    ), np.printoptions(precision=1, threshold=1):  # fmt: skip
        assert table_text(frame.copy(), "df") == before


def test_the_table_is_left_as_it_is(frame: Any) -> None:
    before = frame.copy(deep=True)
    table_text(frame, "df")
    pd.testing.assert_frame_equal(frame, before)


class Silent:
    """Has no text."""

    def __str__(self) -> str:
        raise RuntimeError("no text")

    __repr__ = __str__


class Unequal(Silent):
    """Cannot even be counted."""

    __hash__ = None  # type: ignore[assignment]

    def __eq__(self, other: object) -> bool:
        raise RuntimeError("not comparable")


NASTY = {
    "empty": pd.DataFrame(),
    "no columns": pd.DataFrame(index=range(3)),
    "no rows": pd.DataFrame(columns=["a", "b"]),
    "doubled names": pd.DataFrame([[1, "x", 2.5]], columns=["a", "a", "a"]),
    "names of any kind": pd.DataFrame(
        [[1, 2, 3, 4]], columns=[None, 1.5, ("a", 1), pd.Timestamp(0)]
    ),
    "objects": pd.DataFrame({"x": [Silent(), Unequal(), [Silent()], {"k": Unequal()}]}),
    "nested": pd.DataFrame({"x": [[1, [2, [3, [4]]]], {"a": {"b": {}}}, {3, 1, 2}, np.arange(99)]}),
    "missing": pd.DataFrame({"x": [None, np.nan, pd.NaT, pd.NA]}, dtype=object),
    "dates": pd.DataFrame(
        {"x": [pd.NaT, pd.Timestamp(0, tz="UTC")], "y": [pd.NaT, pd.Timedelta(1)]}
    ),
    "periods": pd.DataFrame(
        {"x": pd.period_range("2024", periods=3), "y": pd.interval_range(0, 3)}
    ),
    "nullable": pd.DataFrame(
        {"x": pd.array([1, None], "Int64"), "y": pd.array([True, None], "boolean")}
    ),
    "odd numbers": pd.DataFrame({"x": [np.inf, -np.inf, np.nan, 1e308], "y": [1j, 2, 3, 4]}),
    "huge integers": pd.DataFrame({"x": [10**5000, -(10**30), 1]}, dtype=object),
    "letters": pd.DataFrame(
        {"x": ["a\nb\x00\x1b[31m", "\ud800", "\u202eabc", "```"]}, dtype=object
    ),
    "long": pd.DataFrame({"x" * 9000: ["y" * 100_000] * 12}),
    "wide": pd.DataFrame(np.ones((3, 2000)), columns=["n" * 90 + str(i) for i in range(2000)]),
    "levels": pd.DataFrame(
        np.arange(8).reshape(4, 2),
        index=pd.MultiIndex.from_product([["a", "b"], [1, 2]], names=["k", None]),
        columns=pd.MultiIndex.from_tuples([("x", 1), ("y", 2)]),
    ),
    "tuples as labels": pd.DataFrame(
        {"x": [1, 2]}, index=pd.Index([("a", 1), ("b", 2)], tupleize_cols=False)
    ),
    "sparse": pd.DataFrame({"x": pd.arrays.SparseArray([0, 0, 1])}),
    "series": pd.Series([1, 2, None], name="q"),
    "nameless series": pd.Series(["a", "a"]),
    "index": pd.Index(["a", "b"], name="i"),
    "dates as index": pd.date_range("2024", periods=3),
    "levels as index": pd.MultiIndex.from_product([["a"], [1, 2]]),
    "styled": pd.DataFrame({"x": [1]}),
}


@pytest.mark.parametrize("name", NASTY)
def test_any_table_becomes_bounded_text_twice_the_same(name: str) -> None:
    text = table_text(NASTY[name], "t")
    assert text == table_text(NASTY[name], "t")
    assert 0 < len(text.encode()) <= 8000  # encode: no surrogates are left in it
    assert text.isprintable() or set(c for c in text if not c.isprintable()) == {"\n"}
    shape = getattr(NASTY[name], "shape", ())
    assert f"{shape[0]} row" in text.splitlines()[0]


def test_cells_show_what_they_hold() -> None:
    def column(name: str) -> list[str]:
        return [row[1] for row in part(table_text(NASTY[name], "t"), "rows")[1:]]

    assert column("missing") == ["None", "NaN", "NaT", "<NA>"]
    assert column("letters") == ["a\\nb\\x00\\x1b[31m", "\\ud800", "\\u202eabc", "```"]
    assert column("objects")[:2] == [
        "<Silent: RuntimeError: no text>",
        "<Unequal: RuntimeError: no text>",
    ]
    assert column("nested")[:3] == ["[1, [2, [3, [...]]]]", "{'a': {'b': {}}}", "{1, 2, 3}"]
    assert column("nullable") == ["1", "<NA>"]
    assert part(table_text(NASTY["levels"], "t"), "rows")[1] == ["a", "1", "0", "1"]


def test_an_address_in_memory_is_not_told() -> None:
    assert "0x" not in table_text(pd.DataFrame({"x": [object()]}), "t")


def quick(frame: Any, name: str) -> str:
    """The text, made without a loop in Python over the rows or columns that are not shown."""
    calls = 0

    def count(*_: object) -> None:
        nonlocal calls
        calls += 1

    sys.setprofile(count)
    try:
        text = table_text(frame, name)
    finally:
        sys.setprofile(None)
    assert calls < 2_000_000, calls
    return text


def test_ten_million_rows_are_told_quickly_and_honestly() -> None:
    n = 10_000_000
    frame = pd.DataFrame({"i": np.arange(n), "f": np.arange(n) % 7 / 2})
    frame.loc[n - 3, "f"] = -1e6  # between the rows that are looked at
    text = quick(frame, "big")
    assert "10,000,000 rows" in text and "of one row in 10" in text
    _, *columns = part(text, "columns")
    assert columns == [["i", "int64", str(n), ">=1000000"], ["f", "float64", str(n), ">=7"]]
    measures = {row[0]: row for row in part(text, "measures")}
    assert measures["i"][3] == "0" and measures["i"][7] == str(n - 1)
    assert float(measures["f"][3]) == -1e6
    assert int(part(text, "last rows")[-1][1]) == n - 1


def test_ten_thousand_columns_are_told_quickly() -> None:
    text = quick(pd.DataFrame(np.ones((1000, 10_000))), "wide")
    assert "10,000 columns\n9,952 columns after the first 32 are left out" in text
    assert part(text, "columns")[-1][0] == "9999"


def test_huge_words_are_told_quickly() -> None:
    text = quick(pd.DataFrame({"x": ["y" * 10_000_000] * 50}), "t")
    assert len(text.encode()) <= 8000
    assert part(text, "columns")[1][3] == "?", "500 million letters are not compared"


def test_a_series_a_style_and_an_index_are_tables() -> None:
    sent = from_value(pd.DataFrame({"x": [1.5]}).style, "s") if _has_jinja() else None
    assert sent is None or sent.text == table_text(pd.DataFrame({"x": [1.5]}), "s")
    sent = from_value(pd.Series([7], name="q"), "q")
    assert sent.kind == "text" and part(sent.text, "rows") == [["(index)", "q"], ["0", "7"]]
    assert not is_attachable(pd.Series([7]))


def _has_jinja() -> bool:
    import importlib.util

    return importlib.util.find_spec("jinja2") is not None


def test_a_polars_frame_reads_as_one_of_pandas() -> None:
    pl = pytest.importorskip("polars")
    frame = pl.DataFrame(
        {
            "a": [1, None, 3],
            "f": [0.5, float("nan"), None],
            "s": ["x", "y\n", "x"],
            "l": [[1], [], None],
        }
    )
    text = table_text(frame, "p")
    assert text.startswith("p: polars DataFrame, 3 rows x 4 columns\n")
    assert part(text, "rows")[1:] == [
        ["1", "0.5", "x", "[1]"],
        ["None", "NaN", "y\\n", "[]"],
        ["3", "None", "x", "None"],
    ]
    assert [row[2:] for row in part(text, "columns")[1:]] == [
        ["2", "2"],
        ["1", "1"],
        ["3", "2"],
        ["2", "?"],
    ]
    assert part(text, "measures")[1] == ["a", "2", "1.41421", "1", "1.5", "2", "2.5", "3"]
    assert part(table_text(frame["a"], "p"), "rows") == [["a"], ["1"], ["None"], ["3"]]
    assert table_text(pl.DataFrame(), "p").startswith("p: polars DataFrame, 0 rows")
    with pl.Config(tbl_rows=1, fmt_str_lengths=1, float_precision=1):
        assert table_text(frame, "p") == text


def test_a_long_or_wide_polars_frame_is_quick() -> None:
    pl = pytest.importorskip("polars")
    text = quick(pl.DataFrame({"i": pl.int_range(0, 10_000_000, eager=True)}), "big")
    assert "10,000,000 rows" in text and part(text, "measures")[1][7] == "9999999"
    assert len(quick(pl.DataFrame({f"c{i}": [i] for i in range(10_000)}), "wide").encode()) <= 8000


def test_a_lazy_frame_is_to_be_collected() -> None:
    pl = pytest.importorskip("polars")
    with pytest.raises(PromptError, match=r"attach q\.collect\(\)"):
        from_value(pl.DataFrame({"a": [1]}).lazy(), "q")


def test_what_is_no_table_is_refused() -> None:
    with pytest.raises(PromptError, match="not a table"):
        table_text([1, 2], "x")
