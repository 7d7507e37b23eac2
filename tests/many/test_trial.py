"""Scores compared: where a mean lies, and what chance alone would make of the pairs."""

from __future__ import annotations

import random

import pytest

from zai_magics import trial


def one(variant: trial.Scores, baseline: trial.Scores) -> trial.Difference:
    (found,) = trial.compared([(variant, baseline)])
    assert found is not None
    return found


@pytest.mark.parametrize(
    ("values", "shares", "low", "high"),
    [
        ([1.0, 2, 3, 4, 5, 6, 7, 8], False, 2.4522, 6.5478),  # 4.5 -+ 2.3646 * 2.4495 / sqrt(8)
        ([3.0, 5.0], False, -8.706, 16.706),  # 4 -+ 12.706 * 1.4142 / sqrt(2)
        ([float(n) for n in range(6)], False, 0.5367, 4.4633),  # 2.5 -+ 2.5706 * 1.8708 / sqrt(6)
        ([1.0, 1.0, 1.0], True, 0.4385, 1.0),  # Wilson's, of 3 in 3
        ([1.0] * 8 + [0.0] * 2, True, 0.4902, 0.9433),  # of 8 in 10
    ],
)
def test_the_interval_of_a_mean_is_the_textbooks(
    values: list[float], shares: bool, low: float, high: float
) -> None:
    assert trial.interval(values, shares=shares) == pytest.approx((low, high), abs=2e-3)


def test_what_says_nothing_of_how_far_others_may_be_off_has_no_interval() -> None:
    assert trial.interval([3.0]) is None and trial.interval([4.0, 4.0, 4.0]) is None


@pytest.mark.parametrize("draw", ["gauss", "coin"])
@pytest.mark.parametrize("count", [2, 3, 5, 10])
def test_an_interval_holds_the_mean_nineteen_times_in_twenty(draw: str, count: int) -> None:
    chance, held, mean = random.Random(count), 0, 0.0 if draw == "gauss" else 0.8
    for _ in range(1_000):
        if draw == "gauss":
            values = [chance.gauss(0, 1) for _ in range(count)]
        else:
            values = [float(chance.random() < 0.8) for _ in range(count)]
        low, high = trial.interval(values, shares=draw == "coin") or (1.0, 0.0)
        held += low <= mean <= high
    assert held >= (930 if draw == "gauss" else 850)  # no interval of two answers is exact


@pytest.mark.parametrize("pairs", [1, 3, 5])
def test_a_few_pairs_show_no_difference_however_large(pairs: int) -> None:
    words = one([1.0] * pairs, [0.0] * pairs).words
    assert "no difference to be seen at this n" in words and "takes 6 at least" in words


def test_six_pairs_that_all_go_one_way_show_it() -> None:
    up, none = [1.0, 2, 1, 2, 1, 2], [0.0] * 6
    assert one(up, none).words == "1.50 higher (1.00 to 2.00, 6 pairs)"
    assert one(none, up).words == "1.50 lower (1.00 to 2.00, 6 pairs)"
    assert one(none, none).words == "no difference to be seen at this n (6 pairs)"
    small = one([x / 1_000 for x in up], none).words
    assert small == "0.0015 higher (0.001 to 0.002, 6 pairs)"


def test_what_is_compared_beside_it_takes_a_clearer_difference() -> None:
    good, base = [1.0] * 9, [0.0] * 9
    among = trial.compared([(good, base), *[(base, base)] * 9])[0]
    assert among is not None and one(good, base).p < among.p <= 0.05
    six = trial.compared([(good[:6], base), *[(base, base)] * 9])[0]
    assert six is not None and "6 pairs, which takes 9 at least" in six.words
    many = trial.compared([(good, base), *[(base[:2], base)] * 9])[0]
    assert many is not None and many.p == one(good, base).p  # those could have shown nothing


def test_pairs_without_a_score_do_not_count() -> None:
    found = trial.compared([([1.0, None, 1.0], [0.0, 0.0, None]), ([None], [0.0])])
    assert found[0] is not None and found[0].pairs == 1 and found[1] is None


@pytest.mark.parametrize("count", [6, 9, 20])
def test_chance_alone_is_called_a_difference_one_time_in_twenty_and_never_against_its_interval(
    count: int,
) -> None:
    chance, called = random.Random(count), 0
    for _ in range(120):
        found = one([chance.gauss(0, 1) for _ in range(count)], [0.0] * count)
        assert found.interval is not None
        low, high = found.interval
        assert (found.p <= 0.05) == (low > 0 or high < 0)
        called += found.p <= 0.05
    assert called <= 12


def test_a_true_difference_is_found_in_many_pairs() -> None:
    chance = random.Random(6)
    base = [chance.gauss(0, 1) for _ in range(60)]
    found = one([b + 0.6 + chance.gauss(0, 0.5) for b in base], base)
    assert "higher" in found.words and found.interval is not None
    assert 0.4 < found.interval[0] < 0.6 < found.interval[1] < 0.8
