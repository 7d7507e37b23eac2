"""What may be spent, as the journal keeps it: of two kernels' journals over one file."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from kernels import ONE, OTHER, Kernel, two

from zai_magics.errors import BudgetError
from zai_magics.journal.budgets import EVERY, Limit


@pytest.fixture
def kernels(tmp_path: Path) -> Iterator[tuple[Kernel, Kernel]]:
    """Two of one notebook."""
    with two(tmp_path) as both:
        yield both


@pytest.fixture
def one(kernels: tuple[Kernel, Kernel]) -> Kernel:
    """One of them."""
    return kernels[0]


def test_a_limit_holds_in_its_notebook_alone_and_says_since_when(one: Kernel) -> None:
    assert one.limits() == {}
    one.put(2.0, now=1234.0)
    assert one.limits() == {ONE: Limit(ONE, 2.0, 1234.0, 0.0, 0.0)}
    one.scope = OTHER
    assert one.limits() == {}


def test_setting_it_again_keeps_what_was_spent_and_set_aside_and_since_when(one: Kernel) -> None:
    one.put(2.0, now=1234.0)
    one.settle(one.reserve(0.5), 0.25)
    one.reserve(0.125)
    one.put(1.0, now=9999.0)
    assert one.limits() == {ONE: Limit(ONE, 1.0, 1234.0, 0.25, 0.125)}
    assert one.limits()[ONE].left == 0.625


def test_one_below_what_was_spent_lets_nothing_pass(one: Kernel) -> None:
    one.put(2.0)
    one.settle(one.reserve(1.0), 1.0)
    one.put(0.5)
    with pytest.raises(BudgetError, match=r"\$0.0000 is left of the budget of \$0.50 \(\$1.0000"):
        one.reserve(0.01)


def test_what_another_kernel_has_set_aside_is_not_there_to_be_spent(
    kernels: tuple[Kernel, Kernel],
) -> None:
    here, there = kernels
    here.put(1.0)
    uid = here.reserve(0.75)
    with pytest.raises(BudgetError, match=r"needs \$0.3000.*\$0.2500 is left.*\$0.7500 reserved"):
        there.reserve(0.3)
    here.release(uid)
    there.reserve(0.3)
    assert here.known() == there.known() == (0.0, 0.3)


def test_one_kernel_may_settle_what_another_has_set_aside(kernels: tuple[Kernel, Kernel]) -> None:
    here, there = kernels
    here.put(1.0)
    there.settle(here.reserve(0.75), 0.5)
    assert here.known() == (0.5, 0.0)


def test_as_much_is_set_aside_as_is_left_where_that_is_enough(one: Kernel) -> None:
    one.put(1.0)
    usd, nearest = one.set_aside(b"1" * 16, 0.75, 0.1)
    assert (usd, nearest.left) == (0.75, 1.0)
    usd, nearest = one.set_aside(b"2" * 16, 0.75, 0.25)
    assert (usd, nearest.left) == (0.25, 0.25)
    assert one.known() == (0.0, 1.0)
    with pytest.raises(BudgetError):
        one.reserve(0.75, 0.001)


def test_a_sum_of_parts_fits_where_their_rounding_alone_is_beyond_it(one: Kernel) -> None:
    one.put(0.3)
    for _ in range(3):
        one.reserve(0.1)  # 0.1 + 0.1 + 0.1 > 0.3
    assert one.known() == (0.0, 0.3)
    assert one.limits()[ONE].reserved <= 0.3, "nothing that is set aside is beyond the limit"


def test_an_unknown_outcome_is_spent_as_a_whole(one: Kernel) -> None:
    one.put(1.0)
    one.settle(one.reserve(0.75), None)
    assert one.known() == (0.75, 0.0)


def test_what_was_released_or_settled_before_is_settled_no_more(one: Kernel) -> None:
    one.put(1.0)
    released, settled = one.reserve(0.25), one.reserve(0.5)
    one.release(released)
    one.settle(released, None)
    one.settle(settled, 0.125)
    one.settle(settled, None)
    assert one.known() == (0.125, 0.0)


def test_releasing_and_settling_touch_no_other_reservation(one: Kernel) -> None:
    one.put(1.0)
    first, second, _ = one.reserve(0.1), one.reserve(0.2), one.reserve(0.4)
    one.release(first)
    one.settle(second, 0.0)
    assert one.known() == (0.0, 0.4)


def test_a_refused_reservation_sets_nothing_aside(one: Kernel) -> None:
    one.put(1.0)
    with pytest.raises(BudgetError):
        one.reserve(2.0)
    assert one.known() == (0.0, 0.0)


def test_that_of_all_counts_what_every_notebook_spends_and_sets_aside(
    kernels: tuple[Kernel, Kernel],
) -> None:
    here, there = kernels
    there.scope = OTHER
    here.put(1.0, EVERY)
    here.put(5.0)
    here.settle(here.reserve(0.5), 0.25)
    there.settle(there.reserve(0.25), None)
    here.reserve(0.125)
    there.reserve(0.0625)
    assert there.limits().keys() == {EVERY}
    assert here.known(EVERY) == there.known(EVERY) == (0.5, 0.1875)
    assert here.known() == (0.25, 0.125), "another notebook's is none of its own"


@pytest.mark.parametrize(("all_have", "it_has"), [(1.0, 5.0), (5.0, 1.0)], ids=["all's", "its"])
def test_of_a_notebooks_limit_and_that_of_all_the_nearer_one_holds(
    one: Kernel, all_have: float, it_has: float
) -> None:
    one.put(all_have, EVERY)
    one.put(it_has)
    with pytest.raises(BudgetError) as refused:
        one.reserve(2.0)
    assert ("of all notebooks" in str(refused.value)) == (all_have < it_has)
    assert ("%zai budget --all USD" in str(refused.value)) == (all_have < it_has)
    usd, nearest = one.set_aside(b"1" * 16, 2.0, 0.0)
    assert usd == 1.0 and nearest.scope == (EVERY if all_have < it_has else ONE)


def test_ending_one_says_whether_there_was_one(one: Kernel) -> None:
    one.put(1.0, EVERY)
    assert not one.end()
    one.put(1.0)
    assert one.end() and not one.end()
    assert one.limits().keys() == {EVERY}
    assert one.end(EVERY) and one.limits() == {}


def test_one_that_was_ended_begins_anew_with_nothing_spent_or_set_aside(one: Kernel) -> None:
    one.put(1.0)
    one.settle(one.reserve(0.5), 0.5)
    one.reserve(0.25)
    one.end()
    one.put(1.0, now=7.0)
    assert one.limits() == {ONE: Limit(ONE, 1.0, 7.0, 0.0, 0.0)}


def test_ending_a_notebooks_leaves_what_it_has_set_aside_to_that_of_all(one: Kernel) -> None:
    one.put(5.0, EVERY)
    one.put(1.0)
    uid = one.reserve(0.75)
    one.end()
    assert sum(one.known(EVERY)) == 0.75
    one.settle(uid, 0.5)  # the request was still on its way
    assert sum(one.known(EVERY)) == 0.5, "what it cost, and once"
    one.put(1.0)
    assert one.known() == (0.0, 0.0)


@pytest.mark.parametrize("limits", [(ONE, OTHER), (EVERY, ONE, OTHER)], ids=["alone", "beside all"])
def test_ending_a_notebooks_leaves_alone_what_another_has_set_aside(
    kernels: tuple[Kernel, Kernel], limits: tuple[str, ...]
) -> None:
    here, there = kernels
    there.scope = OTHER
    for scope in limits:
        here.put(5.0, scope)
    there.reserve(0.5)
    here.end()
    assert {there.known(scope) for scope in limits if scope != ONE} == {(0.0, 0.5)}


def test_ending_that_of_all_leaves_what_counts_for_a_notebook_and_nothing_else(
    kernels: tuple[Kernel, Kernel],
) -> None:
    here, there = kernels
    there.scope = OTHER
    here.put(5.0, EVERY)
    here.put(1.0)
    here.settle(here.reserve(0.25), 0.25)
    here.reserve(0.5)
    there.reserve(0.125)
    here.end(EVERY)
    assert here.known() == (0.25, 0.5)
    here.put(5.0, EVERY)
    assert here.known(EVERY) == (0.0, 0.5), "what only it held was ended with it"


def test_a_request_counts_where_it_was_set_aside_though_its_notebook_is_renamed(
    one: Kernel,
) -> None:
    one.put(1.0)
    uid = one.reserve(0.5)
    one.scope = OTHER
    one.put(1.0)
    one.settle(uid, 0.25)
    assert one.known() == (0.0, 0.0)
    one.scope = ONE
    assert one.known() == (0.25, 0.0)
