"""Scores compared, with the standard library alone: intervals, and a paired comparison in words.

interval([3, 4, 4, 5])                       # (2.7, 5.3): where the mean lies, at 95%
compared([([1, 1, 0], [0, 1, 0])])           # one difference: variant minus baseline, pair by pair

What is drawn is drawn with a fixed seed: the same scores always give the same words.
"""

from __future__ import annotations

import itertools
import random
from collections.abc import Iterable, Sequence
from math import sqrt
from statistics import NormalDist, fmean, stdev
from typing import NamedTuple

DRAWS = 3_999
_EXACT = 12  # pairs, of which every subset is looked at
_LEVEL = 0.05
_NOISE = 1e-9  # part of the differences that their rounding may be
_Z = NormalDist().inv_cdf(1 - _LEVEL / 2)
# Student's t at 97.5% for the first degrees of freedom, where its series is too far off.
_T = (12.706, 4.303, 3.182, 2.776, 2.571)

Scores = Sequence[float | None]


class Difference(NamedTuple):
    """Mean of `pairs` differences, its interval at 95% (None for too few pairs), and how often
    chance alone makes one as large: `p`, adjusted for how much was compared (Holm). With fewer
    pairs than `needed` no difference could be called one, however large.
    """

    mean: float
    interval: tuple[float, float] | None
    p: float
    pairs: int
    needed: int = 0

    @property
    def words(self) -> str:
        """In words, such as "0.30 higher (0.10 to 0.52, 8 pairs)"."""
        if self.p > _LEVEL or self.interval is None:
            more = f", which takes {self.needed} at least" if self.pairs < self.needed else ""
            return f"no difference to be seen at this n ({_pairs(self.pairs)}{more})"
        direction = "higher" if self.mean > 0 else "lower"
        low, high = sorted(map(abs, self.interval))
        size, least, most = (_number(x, abs(self.mean)) for x in (abs(self.mean), low, high))
        return f"{size} {direction} ({least} to {most}, {_pairs(self.pairs)})"


def interval(values: Sequence[float], *, shares: bool = False) -> tuple[float, float] | None:
    """Where the mean lies, at 95%: Student's interval; where the values are `shares`, which can be
    0 or 1 alone, Wilson's. None for fewer than two, and for equal ones that are no shares: those
    say nothing of how far others may be off.
    """
    count = len(values)
    if count < 2:
        return None
    mean = fmean(values)
    if shares:
        square = _Z * _Z / count
        middle = (mean + square / 2) / (1 + square)
        half = _Z * sqrt(mean * (1 - mean) / count + square / (4 * count)) / (1 + square)
        return max(0.0, middle - half), min(1.0, middle + half)
    half = _student(count - 1) * stdev(values) / sqrt(count)
    return (mean - half, mean + half) if half else None


def compared(pairs: Iterable[tuple[Scores, Scores]]) -> list[Difference | None]:
    """Each variant against its baseline, pair by pair; None where no pair has two scores."""
    found = [_difference(*both) for both in pairs]
    known = [d for d in found if d is not None]
    # What has too few pairs is no comparison: those that have enough need not make up for it.
    needed = fewest_pairs(max(1, sum(d.pairs >= fewest_pairs() for d in known)))
    tested = [d for d in known if d.pairs >= needed]
    adjusted = _holm([d.p for d in tested])
    of = {id(d): p for d, p in zip(tested, adjusted, strict=True)}
    return [d and d._replace(p=of.get(id(d), 1.0), needed=needed) for d in found]


def fewest_pairs(comparisons: int = 1) -> int:
    """So few pairs can show no difference beside so many others, however large it is: their signs
    come about by chance.
    """
    return next(n for n in itertools.count(1) if 2 * comparisons / 2**n <= _LEVEL)


def _holm(chances: Sequence[float]) -> list[float]:
    """Adjusted so that chance makes any of them small in one case of twenty."""
    made, largest = [1.0] * len(chances), 0.0
    for rank, place in enumerate(sorted(range(len(chances)), key=chances.__getitem__)):
        largest = max(largest, min(1.0, chances[place] * (len(chances) - rank)))
        made[place] = largest
    return made


def _difference(variant: Scores, baseline: Scores) -> Difference | None:
    both = zip(variant, baseline, strict=False)
    found = [v - b for v, b in both if v is not None and b is not None]
    if not found:
        return None
    mean, noise = fmean(found), _NOISE * fmean(map(abs, found))
    means = _means(found)
    # As often as the mean of a part has the other sign, chance may have given the whole its own.
    against = sum(m <= noise if mean > 0 else m >= -noise for m in means)
    p = min(1.0, 2 * (against + 1) / (len(means) + 1))
    edge = int((len(means) + 1) * _LEVEL / 2)
    where = (means[edge - 1], means[-edge]) if edge else None
    return Difference(mean, where, p, len(found))


def _means(differences: Sequence[float]) -> list[float]:
    """The means of all parts, in order; of many pairs those of drawn parts.

    Where differences are as likely above their centre as below, it lies between any two that
    follow each other equally often (Hartigan 1969): interval and p come from the same ones.
    """
    count = len(differences)
    if count <= _EXACT:
        sizes = range(1, count + 1)
        parts = itertools.chain(*(itertools.combinations(differences, n) for n in sizes))
        return sorted(map(fmean, parts))
    chance = random.Random(2)
    drawn = (format(chance.randrange(1, 2**count), f"0{count}b") for _ in range(DRAWS))
    return sorted(
        fmean(d for d, bit in zip(differences, b, strict=True) if bit == "1") for b in drawn
    )


def _student(freedom: float) -> float:
    """Student's t at 97.5%, by its series in 1 / degrees of freedom (Abramowitz, Stegun 26.7.5)."""
    if freedom <= len(_T):
        return _T[int(freedom) - 1]
    z = _Z
    terms = (
        (z**3 + z) / 4,
        (5 * z**5 + 16 * z**3 + 3 * z) / 96,
        (3 * z**7 + 19 * z**5 + 17 * z**3 - 15 * z) / 384,
    )
    return z + sum(term / freedom**n for n, term in enumerate(terms, 1))


def _number(value: float, like: float) -> str:
    """With two decimals, or two digits where that would show nothing of a small difference."""
    return f"{value:.2f}" if like >= 0.1 else f"{value:.2g}"


def _pairs(count: int) -> str:
    return f"{count} pair{'s' * (count != 1)}"
