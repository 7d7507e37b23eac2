"""An order whose answer was lost, refused or failed: nothing is bought again by itself."""

from __future__ import annotations

import itertools
import re
import shutil
from pathlib import Path
from typing import Any

import pytest
from books import restart
from bought import ORDERS, say, states
from shell_cells import Cells
from shop import Drop, Refuse, Shop, drop, interrupt

from zai_magics.errors import CommandError, MaybeCharged

FILE = Path("zai-home/journal.db")


@pytest.mark.parametrize("line", ORDERS)
@pytest.mark.parametrize("kernel", ["same kernel", "new kernel"])
def test_a_lost_answer_is_an_order_that_only_again_buys_anew(
    cells: Cells, shop: Shop, line: str, kernel: str
) -> None:
    shop.on_order = drop
    ran = cells.run(f"%zai {line}", "1")
    assert isinstance(ran.error, MaybeCharged) and shop.bought == 1
    assert "may have been made and charged" in ran.out and "--again" in ran.out
    if kernel == "new kernel":
        restart(cells)
    shop.on_order = lambda number: None
    table = say(cells, "jobs")
    assert "#1" in table and "unknown" in table and line.split()[-1] in table
    for _ in range(2):
        ran = cells.run(f"%zai {line}", "1")
        assert isinstance(ran.error, MaybeCharged) and shop.bought == 1
        assert "order #1" in ran.out and "--again" in ran.out
        assert re.search(r"\d{4}-\d\d-\d\d \d\d:\d\d", ran.out)
    ran = cells.run(line.replace(" ", " -o made --again ", 1).join(["%zai ", ""]), "1")
    assert ran.ok and shop.bought == 2
    ran = cells.run(f"%zai {line}", "1")
    assert ran.ok and shop.bought == 2, "what --again bought is shown"


@pytest.mark.parametrize("line", ORDERS)
def test_an_unknown_order_that_is_forgotten_may_be_made_anew(
    cells: Cells, shop: Shop, line: str
) -> None:
    shop.on_order = drop
    assert not cells.run(f"%zai {line}", "1").ok
    shop.on_order = lambda number: None
    say(cells, "log --forget 1")
    assert "no orders" in say(cells, "jobs")
    assert cells.run(f"%zai {line}", "1").ok and shop.bought == 2


@pytest.mark.parametrize("line", ORDERS)
@pytest.mark.parametrize(("code", "status"), [("1301", 400), ("1113", 429), ("401", 401)])
def test_a_refusal_is_no_order(cells: Cells, shop: Shop, line: str, code: str, status: int) -> None:
    def refuse(number: int) -> None:
        if number == 1:
            raise Refuse(code, status)

    shop.on_order = refuse
    assert not cells.run(f"%zai {line}", "1").ok and shop.bought == 1
    assert states(cells) == []
    assert cells.run(f"%zai {line}", "1").ok and shop.bought == 2


@pytest.mark.parametrize("line", ORDERS)
def test_an_inner_error_of_the_service_is_unknown(cells: Cells, shop: Shop, line: str) -> None:
    def fail(number: int) -> None:
        raise Refuse("500", 500)

    shop.on_order = fail
    ran = cells.run(f"%zai {line}", "1")
    assert isinstance(ran.error, MaybeCharged) and shop.bought == 1
    assert states(cells) == ["unknown"]


@pytest.mark.parametrize("line", ORDERS)
def test_the_order_is_written_before_it_is_sent(cells: Cells, shop: Shop, line: str) -> None:
    seen: list[list[tuple[Any, ...]]] = []

    def look(number: int) -> None:
        import sqlite3

        other = sqlite3.connect("zai-home/journal.db")
        seen.append(other.execute("select state, job from calls").fetchall())
        other.close()

    shop.on_order = look
    shop.on_poll = look
    assert cells.run(f"%zai {line}", "1").ok
    assert seen[0] == [("submitting", "")]
    if line.startswith("video"):
        assert seen[1] == [("submitted", "job-1")]
    assert states(cells) == ["done"]


@pytest.mark.parametrize("line", ORDERS)
def test_a_kernel_that_died_while_ordering_leaves_an_unknown_order(
    cells: Cells, shop: Shop, line: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    from zai_magics.orders import Orders

    class Died(BaseException):
        """As a kill would, it is handled nowhere."""

    def die(*_: Any) -> None:
        raise Died

    with monkeypatch.context() as patch:
        patch.setattr(Orders, "submitted", die)
        assert not cells.run(f"%zai {line}", "1").ok
    assert states(cells) == ["submitting"]
    restart(cells)
    assert "unknown: may have been charged" in say(cells, "jobs")
    ran = cells.run(f"%zai {line}", "1")
    assert isinstance(ran.error, MaybeCharged) and shop.bought == 1


AMBIGUOUS = [(408, ""), (409, ""), (425, ""), (499, ""), (303, ""), (502, "1302"), (504, "1301")]


@pytest.mark.parametrize(("status", "code"), AMBIGUOUS)
def test_what_a_proxy_says_after_an_order_is_no_refusal(
    cells: Cells, shop: Shop, status: int, code: str
) -> None:
    def fail(number: int) -> None:
        raise Refuse(code, status)

    shop.on_order = fail
    assert isinstance(cells.run("%zai image a cat", "1").error, MaybeCharged)
    assert shop.bought == 1 and states(cells) == ["unknown"]
    shop.on_order = lambda number: None
    assert isinstance(cells.run("%zai image a cat", "1").error, MaybeCharged) and shop.bought == 1


@pytest.mark.parametrize("line", ORDERS)
@pytest.mark.parametrize("seen", ["by the order", "by a chat before it"])
def test_where_the_journal_was_broken_an_order_is_refused_once(
    cells: Cells, shop: Shop, line: str, seen: str
) -> None:
    shop.on_order = drop
    assert not cells.run(f"%zai {line}", "1").ok and shop.bought == 1
    shop.on_order = lambda number: None
    cells.zai.session.journal.close()
    FILE.write_bytes(b"garbage!" * 100)
    for beside in FILE.parent.glob("journal.db-*"):
        beside.unlink()
    restart(cells)
    if seen == "by a chat before it":
        assert cells.run("%zai chat hi", "0").ok and shop.bought == 2
    bought = shop.bought
    ran = cells.run(f"%zai {line}", "1")
    assert isinstance(ran.error, CommandError) and "was broken" in str(ran.error)
    assert shop.bought == bought
    assert cells.run(f"%zai {line}", "1").ok and shop.bought == bought + 1


@pytest.mark.parametrize("lost", ["the order's row", "the journal"])
def test_an_order_whose_row_is_gone_when_the_answer_comes_is_written_anew(
    cells: Cells, shop: Shop, lost: str
) -> None:
    journal = cells.zai.session.journal

    def lose(number: int) -> None:
        if lost == "the journal":
            journal.close()
            shutil.rmtree(FILE.parent)
        else:
            with journal.write() as db:
                db.execute("delete from calls")

    shop.on_order, shop.nap, shop.polls = lose, interrupt, 99
    assert not cells.run("%zai video a bird", "1").ok
    assert states(cells) == ["submitted"] and "job-1" in say(cells, "jobs")
    shop.nap, shop.polls = (lambda seconds: None), 0
    assert cells.run("%zai video a bird", "1").ok and shop.bought == 1


def test_a_lost_answer_is_written_down_although_the_row_is_gone(cells: Cells, shop: Shop) -> None:
    def lose(number: int) -> None:
        with cells.zai.session.journal.write() as db:
            db.execute("delete from calls")
        raise Drop

    shop.on_order = lose
    assert not cells.run("%zai image a cat", "1").ok
    assert states(cells) == ["unknown"]


@pytest.mark.parametrize("line", ORDERS)
def test_without_a_journal_a_file_that_is_not_fetched_is_not_bought_again(
    cells: Cells, shop: Shop, line: str
) -> None:
    FILE.parent.write_text("in the way")
    shop.nap, shop.polls, shop.on_file = interrupt, 99, drop
    ran = cells.run(f"%zai {line}", "1")
    assert not ran.ok and shop.bought == 1
    if line.startswith("image"):
        assert "run the cell again to fetch" not in str(ran.error) and "--again" in str(ran.error)
    shop.nap, shop.polls, shop.on_file = (lambda seconds: None), 0, (lambda path: None)
    if line.startswith("video"):
        assert "job-1" in say(cells, "jobs")
    assert isinstance(cells.run(f"%zai {line}", "1").error, MaybeCharged) and shop.bought == 1


@pytest.mark.parametrize("times", [1, 2])
def test_one_poll_of_a_gateway_in_trouble_does_not_fail_a_job(
    cells: Cells, shop: Shop, monkeypatch: pytest.MonkeyPatch, times: int
) -> None:
    poll, polls = shop._poll, itertools.count(1)

    def troubled(job: str) -> dict[str, Any]:
        return {"status": "error", "message": "timed out"} if next(polls) <= times else poll(job)

    monkeypatch.setattr(shop, "_poll", troubled)
    assert cells.run("%zai video a bird", "1").ok and shop.bought == 1
    assert states(cells) == ["done"]


def test_a_failed_job_that_was_none_is_taken_up_again_by_wait(cells: Cells, shop: Shop) -> None:
    shop.fails = "upstream"
    assert not cells.run("%zai video a bird", "1").ok and states(cells) == ["failed"]
    assert not cells.run("%zai wait job-1", "2").ok
    shop.fails = ""
    assert cells.run("%zai wait job-1", "2").ok and states(cells) == ["done"]
    assert cells.run("%zai video a bird", "1").ok and shop.bought == 1


def test_what_is_done_stays_done_whatever_a_slower_kernel_says(cells: Cells, shop: Shop) -> None:
    assert cells.run("%zai video a bird", "1").ok
    cells.zai.session.orders.failed(1, "of another kernel")
    assert states(cells) == ["done"]
    assert cells.run("%zai video a bird", "1").ok and shop.bought == 1


@pytest.mark.parametrize("line", ORDERS)
def test_a_renamed_or_copied_notebook_has_what_its_cells_bought(
    cells: Cells, shop: Shop, line: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("JPY_SESSION_NAME", str(tmp_path / "a.ipynb"))
    assert cells.run(f"%zai {line}", "cell").ok
    monkeypatch.setenv("JPY_SESSION_NAME", str(tmp_path / "b.ipynb"))
    restart(cells)
    assert cells.run(f"%zai {line}", "cell").ok and shop.bought == 1
    assert cells.run(f"%zai {line}", "another cell").ok and shop.bought == 2


def test_an_answer_with_hundreds_of_links_gives_the_picture_that_was_ordered(
    cells: Cells, shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    def order(path: str, body: dict[str, Any]) -> tuple[int, Any]:
        shop.sold.append((path, body))
        return 200, {"data": [{"url": shop._link(f"picture-{n}.png")} for n in range(500)]}

    monkeypatch.setattr(shop, "order", order)
    said = say(cells, "image a cat")
    assert "500 links for 1 picture" in said and "look at your bill" in said
    restart(cells)
    say(cells, "image a cat")
    assert len(shop.asked) == shop.bought == 1
    assert "500 links" not in say(cells, "")
