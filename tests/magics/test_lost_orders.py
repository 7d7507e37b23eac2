"""An order whose answer was lost, refused or failed: nothing is bought again by itself."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest
from books import restart, shown
from shell_cells import Cells
from shop import KEY, Refuse, Shop, drop

from zai_magics.errors import MaybeCharged

ORDERS = ["image a cat", "video a bird"]


@pytest.fixture
def shop(cells: Cells, monkeypatch: pytest.MonkeyPatch) -> Iterator[Shop]:
    """A scripted service that the shell is asking."""
    monkeypatch.setenv("ZAI_API_KEY", KEY)
    with Shop() as made:
        cells.zai.session.base_url, cells.zai.session.timing = made.url, made.timing
        yield made


def say(cells: Cells, line: str) -> str:
    ran = cells.run(f"%zai {line}", "said")
    assert ran.ok, ran.out
    return shown(ran)


def states(cells: Cells) -> list[str]:
    """The states of all orders, oldest first."""
    journal = cells.zai.session.journal
    with journal.read() as db:
        return [state for (state,) in db.execute("select state from calls order by id")]


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
