"""Limits in the journal: what is set aside, spent and given back, by several who share the file."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from zai_magics.errors import BudgetError
from zai_magics.journal import Journal, budgets
from zai_magics.journal.budgets import EVERY, Limit

ONE, TWO = "/a/one.ipynb", "/a/two.ipynb"


@pytest.fixture
def journal(tmp_path: Path) -> Iterator[Journal]:
    with closing(Journal(tmp_path)) as made:
        yield made


def put(journal: Journal, usd: float, scope: str = ONE) -> None:
    with journal.write() as db:
        budgets.put(db, scope, usd, 1000.0)


def reserve(
    journal: Journal, most: float, least: float | None = None, scope: str = ONE, uid: bytes = b"1"
) -> float:
    with journal.write() as db:
        return budgets.reserve(db, uid, scope, most, most if least is None else least, 1.0)[0]


def settle(journal: Journal, cost: float | None, uid: bytes = b"1") -> None:
    with journal.write() as db:
        budgets.settle(db, uid, cost)


def limit(journal: Journal, scope: str = ONE, of: str = "") -> Limit:
    with journal.read() as db:
        return next(found for found in budgets.limits(db, scope) if found.scope == (of or scope))


def test_as_much_as_is_left_is_set_aside_and_less_than_is_needed_is_refused(
    journal: Journal,
) -> None:
    put(journal, 1.0)
    assert reserve(journal, 0.6, uid=b"1") == pytest.approx(0.6)
    assert reserve(journal, 0.6, least=0.3, uid=b"2") == pytest.approx(0.4)
    with pytest.raises(BudgetError, match=r"needs \$0.01"):
        reserve(journal, 0.6, least=0.01, uid=b"3")
    assert limit(journal).left == pytest.approx(0.0)


def test_what_was_settled_is_spent_and_the_rest_is_there_again(journal: Journal) -> None:
    put(journal, 1.0)
    reserve(journal, 0.6)
    settle(journal, 0.2)
    assert limit(journal)[3:] == (pytest.approx(0.2), 0.0)
    settle(journal, 0.2)  # once is enough
    assert limit(journal).spent == pytest.approx(0.2)


def test_an_unknown_end_is_all_of_it_and_a_release_is_nothing(journal: Journal) -> None:
    put(journal, 1.0)
    reserve(journal, 0.6)
    settle(journal, None)
    assert limit(journal).spent == pytest.approx(0.6)
    reserve(journal, 0.4)
    with journal.write() as db:
        budgets.release(db, b"1")
    settle(journal, None)
    assert limit(journal)[3:] == (pytest.approx(0.6), 0.0)


def test_two_who_share_the_file_share_what_is_left(journal: Journal, tmp_path: Path) -> None:
    put(journal, 1.0)
    with closing(Journal(tmp_path)) as other:
        assert reserve(other, 0.7, uid=b"o") == pytest.approx(0.7)
        with pytest.raises(BudgetError):
            reserve(journal, 0.4)
        settle(other, 0.1, uid=b"o")
    assert reserve(journal, 0.4) == pytest.approx(0.4)


def test_the_nearest_of_two_limits_holds_and_both_are_charged(journal: Journal) -> None:
    put(journal, 1.0)
    put(journal, 0.5, EVERY)
    assert reserve(journal, 0.8, least=0.1) == pytest.approx(0.5)
    settle(journal, 0.5)
    assert limit(journal).spent == limit(journal, of=EVERY).spent == pytest.approx(0.5)
    with pytest.raises(BudgetError):
        reserve(journal, 0.1, scope=TWO)


def test_another_notebooks_limit_is_not_this_ones(journal: Journal) -> None:
    put(journal, 0.1)
    put(journal, 1.0, TWO)
    reserve(journal, 1.0, scope=TWO)
    assert reserve(journal, 0.1, uid=b"2") == pytest.approx(0.1)


def test_setting_it_again_keeps_what_was_spent_and_ending_it_does_not(journal: Journal) -> None:
    put(journal, 1.0)
    reserve(journal, 0.6)
    settle(journal, 0.6)
    put(journal, 2.0)
    assert limit(journal)[1:4] == (2.0, 1000.0, pytest.approx(0.6))
    with journal.write() as db:
        assert budgets.end(db, ONE) and not budgets.end(db, ONE)
    put(journal, 2.0)
    assert limit(journal).spent == 0.0


@pytest.mark.parametrize("ended", [ONE, EVERY])
def test_ending_one_leaves_what_is_set_aside_under_the_other(journal: Journal, ended: str) -> None:
    put(journal, 1.0)
    put(journal, 1.0, EVERY)
    reserve(journal, 0.6)
    with journal.write() as db:
        budgets.end(db, ended)
    other = EVERY if ended == ONE else ONE
    assert limit(journal, of=other).left == pytest.approx(0.4)
    settle(journal, None)
    assert limit(journal, of=other).left == pytest.approx(0.4)


@pytest.mark.parametrize("what", ["usd", "spent"])
@pytest.mark.parametrize("value", ["x", -1.0, float("inf"), b"1"])
def test_a_damaged_limit_lets_nothing_pass(journal: Journal, what: str, value: object) -> None:
    put(journal, 1.0)
    with journal.write() as db:
        db.execute(f"update budgets set {what} = ?", (value,))
    with pytest.raises(BudgetError, match="damaged"):
        reserve(journal, 0.1)
    settle(journal, 0.1)
    with pytest.raises(BudgetError, match="damaged"):
        limit(journal)


def test_what_is_set_aside_and_damaged_lets_nothing_pass(journal: Journal) -> None:
    put(journal, 1.0)
    reserve(journal, 0.1)
    with journal.write() as db:
        db.execute("update reservations set usd = 'x'")
    with pytest.raises(BudgetError, match="damaged"):
        reserve(journal, 0.1, uid=b"2")


def test_another_journal_has_another_mark(journal: Journal, tmp_path: Path) -> None:
    def marks(one: Journal) -> list[int]:
        with one.write() as db:
            return [
                budgets.mark(db),
                budgets.put(db, ONE, 1.0, 1.0),
                budgets.put(db, ONE, 2.0, 1.0),
            ]

    with closing(Journal(tmp_path / "other")) as other:
        first, second = marks(journal), marks(other)
    assert first[0] == second[0] == 0 and first[1] == first[2] != second[1] == second[2]
