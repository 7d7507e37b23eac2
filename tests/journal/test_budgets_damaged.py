"""A budget of a journal that is damaged, lost or full: nothing passes that cannot be counted."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from kernels import ONE, Kernel, two

from zai_magics.budget import Budget
from zai_magics.errors import BudgetError, JournalError
from zai_magics.journal import Journal, budgets
from zai_magics.journal.budgets import EVERY
from zai_magics.retry import Timing


@pytest.fixture
def kernels(tmp_path: Path) -> Iterator[tuple[Kernel, Kernel]]:
    """Two of one notebook."""
    with two(tmp_path) as both:
        yield both


@pytest.fixture
def one(kernels: tuple[Kernel, Kernel]) -> Kernel:
    """One of them."""
    return kernels[0]


DAMAGE = [
    "update budgets set usd = 'x'",
    "update budgets set usd = 1e300",
    "update budgets set usd = -1.0",
    "update budgets set spent = 'x'",
    "update budgets set spent = -5.0",
    "update budgets set spent = 9e999",
    "update reservations set usd = 'x'",
    "update reservations set usd = -5.0",
]


@pytest.mark.parametrize("damage", DAMAGE)
@pytest.mark.parametrize("scope", [ONE, EVERY], ids=["its", "all's"])
def test_a_damaged_row_lets_nothing_pass_until_the_budget_is_set_anew(
    one: Kernel, damage: str, scope: str
) -> None:
    one.put(5.0, scope)
    one.reserve(0.5)
    one.damage(damage)
    with pytest.raises(BudgetError, match="damaged") as said:
        one.reserve(0.1)
    assert str(said.value).endswith("--all") == (scope == EVERY)
    assert one.end(scope)
    one.put(5.0, scope)
    assert one.known(scope) == (0.0, 0.0)


@pytest.mark.parametrize("damage", ["update budgets set spent = 'x'", DAMAGE[6]])
def test_what_is_damaged_stays_so_whatever_becomes_of_a_request(one: Kernel, damage: str) -> None:
    one.put(5.0)
    uid = one.reserve(0.5)
    one.damage(damage)
    one.settle(uid, None)  # how much was set aside cannot be said, so neither what was spent
    with pytest.raises(BudgetError, match="damaged"):
        one.limits()


def test_a_damaged_reservation_stays_so_when_one_of_its_two_limits_is_ended(one: Kernel) -> None:
    one.put(5.0, EVERY)
    one.put(5.0)
    one.reserve(0.5)
    one.damage("update reservations set usd = 'x'")
    one.end()
    with pytest.raises(BudgetError, match="damaged"):
        one.limits()
    one.end(EVERY)
    one.put(5.0)
    assert one.known() == (0.0, 0.0)


@pytest.mark.parametrize("since", ["'x'", "-1.0", "1e300"])
def test_a_damaged_time_stops_nobody(one: Kernel, since: str) -> None:
    one.put(5.0)
    one.damage(f"update budgets set since = {since}")
    assert one.limits()[ONE].since == 0.0


def test_a_journal_has_one_mark_from_its_first_limit_on(kernels: tuple[Kernel, Kernel]) -> None:
    here, there = kernels
    with here.journal.read() as db:
        assert budgets.mark(db) == 0
    first = here.put(1.0)
    assert first > 0 and there.put(2.0, EVERY) == first
    here.end()
    with there.journal.read() as db:
        assert budgets.mark(db) == first


def budget_of(kernel: Kernel, said: list[str]) -> Budget:
    return Budget(kernel.journal, lambda: kernel.scope, Timing, lambda: False, said.append)


def broken(journal: Journal) -> None:
    """Rubbish stands where its file was."""
    journal.close()
    for part in ("-wal", "-shm"):
        Path(f"{journal.store.path}{part}").unlink(missing_ok=True)
    journal.store.path.write_bytes(b"rubbish " * 2000)


@pytest.mark.parametrize("anew", [True, False], ids=["set anew", "ended"])
def test_a_kernel_that_has_seen_a_limit_sends_nothing_by_a_journal_begun_anew(
    one: Kernel, anew: bool
) -> None:
    budget = budget_of(one, [])
    budget.put(1.0, every=False)
    broken(one.journal)
    for _ in range(2):
        with pytest.raises(BudgetError, match="gone"):
            budget.limits()
    if anew:
        budget.put(1.0, every=False)
    else:
        budget.end(every=False)
    assert [limit.usd for limit in budget.limits()] == [1.0] * anew


def test_a_limit_that_another_kernel_has_ended_is_ended_here(
    kernels: tuple[Kernel, Kernel],
) -> None:
    budget = budget_of(kernels[0], [])
    budget.put(1.0, every=False)
    assert budget_of(kernels[1], []).end(every=False)
    assert budget.limits() == []


def test_what_cannot_be_written_down_stays_set_aside_and_is_told(
    one: Kernel, monkeypatch: pytest.MonkeyPatch
) -> None:
    said: list[str] = []
    budget = budget_of(one, said)
    budget.put(1.0, every=False)
    held = budget.piece("cogview", 0.5)

    def fail(*_: object) -> None:
        raise JournalError("the disk is full")

    with monkeypatch.context() as patch:
        patch.setattr(one.journal.store, "write", fail)
        budget.release(held)
        budget.settle(held, 0.1)
        with pytest.raises(BudgetError, match="disk is full"):
            budget.piece("cogview", 0.1)
    assert said == ["the disk is full"] * 2 and one.known() == (0.0, 0.5)
