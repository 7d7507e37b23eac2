"""`%zai cost`: what was spent is there as a table and as a value, and what is unknown is said."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import pytest
from shell_cells import Cells
from shop import Shop

from zai_magics import catalogue
from zai_magics.types import Table


@pytest.fixture(autouse=True)
def no_pandas(monkeypatch: pytest.MonkeyPatch) -> None:
    """As where it is not installed."""
    monkeypatch.setitem(sys.modules, "pandas", None)


def cost(cells: Cells, options: str = "") -> Table:
    """The table that `%zai cost` shows; nothing is sent for it."""
    ran = cells.run(f"%zai cost -o found {options}")
    assert ran.ok and ran.sent == [], ran.out
    table = cells.value("found")
    assert isinstance(table, Table)
    return table


def change(cells: Cells, number: int, **columns: Any) -> None:
    """Other facts of a call in the journal."""
    with cells.zai.session.journal.write() as db:
        for name, value in columns.items():
            db.execute(f"update calls set {name} = ? where id = ?", (value, number))


def test_a_journal_without_calls_says_so(cells: Cells) -> None:
    assert cost(cells).rows == () and "no such calls" in cells.run("%zai cost").out


def test_by_model_with_the_total_last(cells: Cells) -> None:
    cells.run("%zai chat Hi", "1")
    cells.run("%zai chat -m glm-4.6 Hi", "2")
    for number, price in ((1, 0.25), (2, 1.5)):
        result = '{"usage": [1200, 40, 1000, 30]}'
        change(cells, number, endpoint="https://api", cost=price, result=result)
    table = cost(cells)
    assert table.columns == (
        "model", "calls", "prompt", "cached", "completion", "thinking", "cost", "unknown", "saved",
    )  # fmt: skip
    assert table.rows == (
        ("glm-4.6", "1", "1,200", "1,000", "40", "30", "$1.50", "", ""),
        ("glm-4.7", "1", "1,200", "1,000", "40", "30", "$0.25", "", ""),
        ("total", "2", "2,400", "2,000", "80", "60", "$1.75", "", ""),
    )
    assert "this notebook: $1.75; this kernel: $0 in 2 calls" in table.note
    assert f"prices of {catalogue.dated()}" in table.note
    shown = cells.run("%zai cost").out
    assert "glm-4.6" in shown and "total" in shown and "$1.75" in shown


def test_the_sandbox_is_named_and_in_no_total(cells: Cells) -> None:
    cells.run("%zai chat Hi")
    table = cost(cells)
    assert [(row[0], row[1], row[6]) for row in table.rows] == [
        ("glm-4.7", "1", "sandbox"), ("total", "0", ""),
    ]  # fmt: skip
    assert "the sandbox is not in the total" in table.note


def test_a_picture_is_in_it_with_its_price(cells: Cells, shop: Shop) -> None:
    cells.run("%zai image a cat\n%zai image a cat")
    table = cost(cells)
    assert shop.bought == 1
    assert table.rows[0] == ("glm-image", "1", "", "", "", "", "$0.015", "", "$0.015")
    assert "this kernel: $0.0150 in 1 call since" in table.note


def test_an_unknown_price_is_called_so_and_the_next_step_named(cells: Cells, shop: Shop) -> None:
    cells.run("%zai image -m own-model a cat")
    table = cost(cells)
    assert [row[6:8] for row in table.rows] == [("unknown", "1")] * 2
    mine = catalogue.own().path
    assert f"1 call of unknown price: write the model's into {mine}" in table.note
    cells.run("%zai image a dog")
    assert [row[6] for row in cost(cells).rows] == ["$0.015", "unknown", "$0.015 + unknown"]
    mine.write_text('[models]\nown-model = { kind = "image", each = 2 }')
    table = cost(cells)
    assert [row[6] for row in table.rows] == ["$2.00", "$0.015", "$2.02"]
    assert "the model's" not in table.note and f"yours from {mine}" in table.note


@pytest.mark.parametrize(
    ("words", "price"),
    [
        ("image a cat", "$0.015"),
        ("video a bird", "$0.20"),
        ("image -m own-model a cat", "price unknown"),
        ("video -m own-model a bird", "price unknown"),
    ],
)
def test_a_price_is_said_before_and_after_also_when_it_is_unknown(
    cells: Cells, shop: Shop, words: str, price: str
) -> None:
    lines = cells.run(f"x = %zai {words}").out.strip().splitlines()
    assert lines[0].startswith("making") and f" · {price}" in lines[0]
    assert f" · {price} · " in lines[-1] and lines[-1].startswith(("picture", "clip"))


def test_an_order_without_an_answer_may_have_been_charged(cells: Cells, shop: Shop) -> None:
    cells.run("%zai video a bird")
    change(cells, 1, state="unknown")
    table = cost(cells)
    assert table.rows[-1][6:8] == ("unknown", "1")
    assert "1 order may have been charged ($0.20): see %zai jobs" in table.note
    assert "unknown price" not in table.note


def test_a_chat_that_was_cut_off_is_unknown(cells: Cells) -> None:
    cells.run("%zai chat Hi")
    change(cells, 1, endpoint="https://api", cost=None, result="{}")
    assert "1 call ended before the tokens were counted" in cost(cells).note


def test_what_was_saved_is_a_column(cells: Cells) -> None:
    for _ in range(3):
        cells.run("%zai chat Hi")
    for number, kind, saved in ((1, "replay", "0.25"), (2, "stored", "1"), (3, "replay", "null")):
        change(cells, number, kind=kind, endpoint="x", cost=0, result=f'{{"saved": {saved}}}')
    total = cost(cells).rows[-1]
    assert (total[1], total[6], total[7], total[8]) == ("0", "", "", "$1.25 + unknown")


def test_a_saving_of_unknown_price_is_no_zero(
    cells: Cells, monkeypatch: pytest.MonkeyPatch
) -> None:
    cells.run("%zai chat Hi")
    change(cells, 1, kind="replay", endpoint="x", cost=0, result="{}")
    assert cost(cells).rows[0][8] == "unknown"
    monkeypatch.delitem(sys.modules, "pandas")
    pytest.importorskip("pandas")
    cells.run("%zai cost -q -o frame")
    assert cells.value("frame")["saved"].isna().all()


def test_by_day_conversation_and_notebook(cells: Cells, monkeypatch: pytest.MonkeyPatch) -> None:
    one, other = (str(Path(name).absolute()) for name in ("one.ipynb", "other.ipynb"))
    monkeypatch.setenv("JPY_SESSION_NAME", one)
    cells.run("%zai chat Hi", "1")
    cells.run("%zai chat --alone Hi", "2")
    monkeypatch.setenv("JPY_SESSION_NAME", other)
    cells.run("%zai chat Hi", "3")
    for number in (1, 2, 3):
        change(cells, number, endpoint="x", cost=number)
    assert [row[0] for row in cost(cells, "--by notebook").rows] == [
        "one.ipynb", "other.ipynb", "total",
    ]  # fmt: skip
    assert [row[:3] for row in cost(cells, "--by conversation").rows] == [
        ("main", "other.ipynb", "1"), ("(none)", "one.ipynb", "1"), ("main", "one.ipynb", "1"),
        ("total", "", "3"),
    ]  # fmt: skip
    (day, total) = cost(cells, "--by day").rows
    assert len(day[0]) == 10 and day[1:] == total[1:] and total[6] == "$6.00"
    table = cost(cells, "--here")
    assert [row[6] for row in table.rows] == ["$3.00", "$3.00"]
    assert "this notebook: $3.00" in table.note
    assert "this notebook: $3.00" in cost(cells).note


def test_two_notebooks_of_one_name_are_told_apart(cells: Cells) -> None:
    for number, path in enumerate(("/a/x.ipynb", "C:\\b\\x.ipynb", "/c/y.ipynb"), 1):
        cells.run("%zai chat Hi")
        change(cells, number, endpoint="x", notebook=path, cost=10 - number)
    found = [row[0] for row in cost(cells, "--by notebook").rows]
    assert found == ["/a/x.ipynb", "C:\\b\\x.ipynb", "y.ipynb", "total"]


def test_rows_that_are_not_shown_are_counted(cells: Cells) -> None:
    for number, model in enumerate(("a", "b", "c"), 1):
        cells.run("%zai chat Hi")
        change(cells, number, endpoint="x", model=model, cost=number)
    table = cost(cells, "-n 1")
    assert [(row[0], row[6]) for row in table.rows] == [("c", "$3.00"), ("total", "$6.00")]
    assert "1 of 3 rows" in table.note


def test_since_a_day(cells: Cells) -> None:
    for number, at in enumerate((1_600_000_000.0, 1_700_000_000.0), 1):
        cells.run("%zai chat Hi")
        change(cells, number, endpoint="x", at=at, cost=number)
    assert cost(cells, "--since 2022-01-01").rows[-1][6] == "$2.00"
    assert "$2.00" in cost(cells, "--since 2022-01-01").note
    assert cost(cells, "--since 2025-01-01").rows == ()


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ("--by colour", "model, day, conversation, notebook"),
        ("--by", "--by needs a value"),
        ("-n -1", "how many rows"),
        ("--since yesterday", "takes a day such as"),
        ("--since 0001-01-01", "takes a day such as"),
        ("glm-4.7", "takes no words"),
        ("--hre", "did you mean --here"),
    ],
)
def test_what_makes_no_sense_is_a_clear_error(cells: Cells, options: str, said: str) -> None:
    ran = cells.run(f"%zai cost {options}")
    assert not ran.ok and said in ran.out and "Traceback" not in ran.out, ran.out


def test_names_from_elsewhere_are_shown_as_one_harmless_line(cells: Cells) -> None:
    cells.run("%zai chat Hi")
    evil = "<img src=x onerror=alert(1)>\n\x1b[31m" + "y" * 500
    change(cells, 1, endpoint="x", model=evil, cost=1)
    display = cells.run("%zai cost", "1").displays[-1]
    assert "<img" not in display["data"]["text/html"]
    assert "\x1b" not in display["data"]["text/plain"]
    assert len(cost(cells).rows[0][0]) <= 60


def test_a_journal_that_cannot_be_read_is_one_line(cells: Cells) -> None:
    home = catalogue.own().path.parent
    cells.zai.session.journal.close()
    if home.exists():
        home.rename(home.with_name("gone"))
    home.write_text("a file in its place")
    ran = cells.run("%zai cost")
    assert not ran.ok and "the journal" in ran.out and "Traceback" not in ran.out


def test_the_verb_is_a_function_too(cells: Cells) -> None:
    cells.run("%zai chat Hi")
    verb = 'zm.cost("day", here=True, rows=5)'
    assert "sandbox" in cells.run(f"import zai_magics as zm\n{verb}").out
    assert cells.run(f"found = {verb}").out == ""
    assert cells.value("found").columns[0] == "day"
    assert cells.run("found = zm.cost(quiet=True)").out == ""
    assert "by takes model, day" in cells.run('zm.cost("colour")').out


@pytest.mark.parametrize("by", ["model", "day", "conversation", "notebook"])
def test_with_pandas_it_is_a_frame_without_the_total(
    cells: Cells, monkeypatch: pytest.MonkeyPatch, by: str
) -> None:
    monkeypatch.delitem(sys.modules, "pandas")
    pandas = pytest.importorskip("pandas")
    for number, price in enumerate((1.5, None, 0), 1):
        cells.run("%zai chat Hi")
        change(
            cells, number, endpoint="x" if number < 3 else "sandbox", cost=price,
            model=f"m{number}", conversation=f"c{number}", notebook=f"/n{number}",
            at=1.6e9 + number * 1e6,
        )  # fmt: skip
    ran = cells.run(f"%zai cost -o frame --by {by}")
    assert ran.ok and ran.out.count("total") >= 1, ran.out
    frame = cells.value("frame").sort_values(by)
    assert frame.columns[0] == by and "total" not in set(frame[by])
    assert list(frame["sandbox"]) == [False, False, True]
    assert frame["cost"].sum() == 1.5 and frame["cost"].isna().tolist() == [False, True, False]
    assert list(frame["unknown"]) == [0, 1, 0] and frame["prompt"].dtype == "int64"
    assert isinstance(frame, pandas.DataFrame)
