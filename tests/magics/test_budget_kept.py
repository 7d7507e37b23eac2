"""What was spent, or may have been, is not lost from a budget by what happens around it."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from books import shown
from shell_cells import Cells
from shop import KEY, Refuse, Shop
from test_budget import budget, spent
from till import Till

from zai_magics.budget import Budget
from zai_magics.errors import BudgetError
from zai_magics.journal import budgets


@pytest.fixture
def asking(cells: Cells, monkeypatch: pytest.MonkeyPatch) -> Iterator[Till]:
    """A service that charges, which the shell is asking."""
    monkeypatch.setenv("ZAI_API_KEY", KEY)
    with Till() as made:
        cells.zai.session.connection.base_url = made.url
        yield made


def after(till: Till, act: Callable[[], object]) -> None:
    """Have this happen while a request is on its way."""
    answer = till.answer

    def doing(body: dict[str, Any]) -> tuple[int, bytes]:
        act()
        return answer(body)

    till.answer = doing  # type: ignore[method-assign]


def left_by_a_killed_kernel(cells: Cells, usd: float) -> None:
    """A reservation whose end nobody knows."""
    with cells.zai.session.journal.write() as db:
        row = (os.urandom(16), cells.zai.session.scope(), usd, 1.0)
        db.execute("insert into reservations values (?, ?, ?, ?)", row)


@pytest.mark.parametrize(
    ("first", "then", "off"),
    [("--all 1", "5", "off"), ("1", "--all 5", "--all off"), ("--all 1", "", "off")],
    ids=["this one's", "that of all", "one that was never set"],
)
def test_ending_one_budget_gives_nothing_back_to_another(
    cells: Cells, first: str, then: str, off: str
) -> None:
    budget(cells, first)
    budget(cells, then)
    left_by_a_killed_kernel(cells, 0.9)
    budget(cells, off)
    cells.zai.session.connection.base_url = None
    (limit,) = cells.zai.session.budget.limits()
    assert (limit.usd, limit.left) == (1.0, pytest.approx(0.1))


def test_one_that_was_ended_begins_anew(cells: Cells) -> None:
    budget(cells, "--all 5")
    budget(cells, "1")
    left_by_a_killed_kernel(cells, 0.9)
    budget(cells, "off")
    budget(cells, "1")
    found = {limit.usd: limit.left for limit in cells.zai.session.budget.limits()}
    assert found == {1.0: 1.0, 5.0: pytest.approx(4.1)}


@pytest.mark.parametrize("content", [b"rubbish " * 2000, None], ids=["broken", "deleted"])
def test_a_journal_that_is_lost_under_a_budget_lets_nothing_pass_until_it_is_set_anew(
    cells: Cells, asking: Till, content: bytes | None
) -> None:
    budget(cells, "1")
    store = cells.zai.session.journal.store
    store.close()
    for part in ("", "-wal", "-shm"):
        Path(f"{store.path}{part}").unlink(missing_ok=True)
    if content:
        store.path.write_bytes(content)
    for _ in range(2):
        ran = cells.run("%zai chat hi", "1")
        assert isinstance(ran.error, BudgetError) and not asking.bodies
        assert "%zai budget" in str(ran.error)
    budget(cells, "1")
    assert cells.run("%zai chat hi", "1").ok and asking.bodies


@pytest.mark.parametrize("lost", ["locked", "broken", "deleted"])
def test_a_new_kernel_that_cannot_read_the_budget_sends_nothing(
    cells: Cells, asking: Till, monkeypatch: pytest.MonkeyPatch, lost: str
) -> None:
    budget(cells, "1")
    session = cells.zai.session
    store = session.journal.store
    store.close()
    if lost == "locked":
        monkeypatch.setattr(store, "_open", refusing)
    else:
        for part in ("", "-wal", "-shm"):
            Path(f"{store.path}{part}").unlink(missing_ok=True)
    if lost == "broken":
        store.path.write_bytes(b"rubbish " * 2000)
    session.budget = Budget(
        session.journal, session.scope, lambda: session.timing, lambda: False, session.warn
    )  # as a new kernel has it
    ran = cells.run("%zai chat hi", "1")
    assert isinstance(ran.error, BudgetError) and not asking.bodies
    if lost != "locked":
        assert "no budget of this notebook any more" in shown(cells.run("%zai budget off", "2"))
        assert cells.run("%zai chat hi", "1").ok and asking.bodies


def refusing() -> sqlite3.Connection:
    raise sqlite3.OperationalError("database is locked")


def test_one_that_another_kernel_has_ended_is_ended_here(cells: Cells, asking: Till) -> None:
    budget(cells, "0")
    session = cells.zai.session
    other = Budget(session.journal, session.scope, lambda: session.timing, lambda: False, print)
    assert other.end(every=False)
    assert cells.run("%zai chat hi", "1").ok


@pytest.mark.parametrize("status", [408, 409, 499, 500, 502, 503, 504])
@pytest.mark.parametrize("code", ["", "1302"])
def test_a_gateways_error_after_the_charge_counts_and_is_not_sent_again(
    cells: Cells, shop: Shop, status: int, code: str
) -> None:
    def fail(number: int) -> None:
        raise Refuse(code, status)

    shop.on_order = fail
    budget(cells, "1")
    assert not cells.run("%zai chat --max-tokens 300 hi", "1").ok
    assert shop.bought == 1 and spent(cells)[0] > 300 * 2.2e-6


def test_several_pictures_of_one_request_are_set_aside(cells: Cells, shop: Shop) -> None:
    budget(cells, "0.05")
    ran = cells.run("%zai image --param n=4 a cat", "1")
    assert isinstance(ran.error, BudgetError) and not shop.sold
    assert cells.run("%zai image --param n=3 a cat", "1").ok
    assert spent(cells) == (pytest.approx(0.045), 0.0)
    assert cells.zai.session.spent.dollars == pytest.approx(0.045)
    with cells.zai.session.journal.read() as db:
        assert db.execute("select cost from calls where kind = 'image'").fetchone()[0] == 0.045


@pytest.mark.skipif(os.name == "nt", reason="links take a privilege there")
def test_a_notebook_reached_through_a_link_has_the_same_budget(
    cells: Cells, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "folder").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "folder")
    session = cells.zai.session
    monkeypatch.setattr(session, "_folder", tmp_path / "folder")
    scope = session.scope()
    monkeypatch.setattr(session, "_folder", tmp_path / "link")
    assert session.scope() == scope


def test_a_request_counts_where_it_was_sent_from(cells: Cells, asking: Till) -> None:
    budget(cells, "1")
    session, was = cells.zai.session, cells.zai.session.scope()
    after(asking, lambda: setattr(session, "_folder", Path("/elsewhere")))
    assert cells.run("%zai chat --max-tokens 1000 hi", "1").ok
    with session.journal.read() as db:
        (limit,) = budgets.limits(db, was)
    assert limit.spent == pytest.approx(asking.charged) and not limit.reserved


def test_what_is_damaged_stays_damaged_when_something_is_added(cells: Cells, asking: Till) -> None:
    budget(cells, "1")
    path = cells.zai.session.journal.store.path

    def damage() -> None:
        db = sqlite3.connect(path)
        db.execute("update budgets set spent = 'abc'")
        db.commit()
        db.close()

    after(asking, damage)
    cells.run("%zai chat --max-tokens 100 hi", "1")
    with pytest.raises(BudgetError, match="damaged"):
        cells.zai.session.budget.limits()
    ran = cells.run("%zai", "2")
    assert ran.ok and "endpoint" in shown(ran) and "is damaged" in shown(ran)
