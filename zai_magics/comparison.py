"""What `compare` gives: every answer of a grid, with its time, tokens, cost and score."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean
from typing import Any

from . import trial
from .errors import CommandError, ZaiError
from .grid import Variant, varying
from .text import plural
from .trial import Scores
from .types import Draft, Reply

Said = tuple[tuple[str, str], ...]
"""What varies, in words, by name."""


@dataclass(frozen=True, slots=True)
class Sample:
    """One answer of a variant, by `number` from 1: the `reply`, or what went wrong. `draft` is one
    under way, `wrong` what the score function raised.
    """

    variant: Variant
    number: int
    reply: Reply | None = None
    error: str = ""
    stored: bool = False
    score: float | None = None
    wrong: str = ""
    draft: Draft | None = None


@dataclass(frozen=True, slots=True, repr=False)
class Comparison:
    """`c[2]` is the second variant's reply (of several samples, their list), `c.to_frame()` a tidy
    frame with a row for each answer, `c.verdicts` the scores against the baseline, in words.

    While it is `running` it is a snapshot.
    """

    samples: tuple[Sample, ...]
    baseline: int = 0
    scored: bool = False
    running: bool = False
    elapsed: float = 0.0
    sandbox: bool = False
    notes: tuple[str, ...] = ()
    replayed: bool = False

    @property
    def variants(self) -> list[Variant]:
        """What was compared."""
        return list({s.variant.number: s.variant for s in self.samples}.values())

    @property
    def varied(self) -> list[str]:
        """The names of what differs between variants."""
        return varying(self.variants)

    def of(self, number: int) -> list[Sample]:
        """The samples of one variant."""
        return [s for s in self.samples if s.variant.number == number]

    def __repr__(self) -> str:
        variants, answers = plural(len(self.variants), "variant"), plural(len(self), "answer")
        return f"<Comparison of {variants}, {answers}>"

    def __len__(self) -> int:
        return len(self.samples)

    def __iter__(self) -> Iterator[Sample]:
        return iter(self.samples)

    def __getitem__(self, number: int) -> Any:
        found = self.of(number)
        if not found:
            raise IndexError(f"there are variants 1 to {len(self.variants)}, not {number}")
        replies = [s.reply for s in found]
        return replies[0] if len(replies) == 1 else replies

    def counterpart(self, number: int) -> int:
        """The variant whose answers this one's are held against, 0 for none: the baseline, and
        where a value is one of many (data, not a way of asking) that of the same value.
        """
        said = {v.number: v.said() for v in self.variants}
        if self.baseline not in said or number == self.baseline:
            return 0
        levels = {name: len({one[name] for one in said.values()}) for name in self.varied}
        data = {name for name, count in levels.items() if count >= trial.fewest_pairs()}
        base, mine = said[self.baseline], said[number]
        wanted = {name: (mine if name in data else base)[name] for name in mine}
        return next((n for n, one in said.items() if one == wanted and n != number), 0)

    @property
    def unscored(self) -> str:
        """What is to be said of answers without a score, "" for nothing."""
        answered = [s for s in self.samples if s.reply is not None]
        without = [s for s in answered if s.score is None]
        if not self.scored or self.running or not without:
            return ""
        why = next((s.wrong for s in without if s.wrong), "the function gave None")
        return f"{len(without)} of {len(answered)} answers have no score: {why}"

    def scores(self, number: int) -> list[float | None]:
        """One variant's, in the order of its samples."""
        return [s.score for s in self.of(number)]

    def mean(self, number: int) -> tuple[float, tuple[float, float] | None] | None:
        """One variant's mean score and where it lies at 95%; None without a score."""
        known = [s for s in self.scores(number) if s is not None]
        shares = all(s.score in (None, 0, 1) for s in self.samples)  # of True and False
        return (fmean(known), trial.interval(known, shares=shares)) if known else None

    @property
    def verdicts(self) -> list[str]:
        """Each variant against the baseline, in words, and each value of what varies against the
        baseline's over everything else, where that makes pairs enough to show anything; empty
        without scores or a baseline. Chance makes one of all these lines in one table of twenty.
        """
        if not (self.scored and self.baseline) or self.running:
            return []
        base = self.scores(self.baseline)
        pairs: dict[str, tuple[Scores, Scores]] = {
            f"{v.number} against {self.baseline}": (self.scores(v.number), base)
            for v in self.variants
            if v.number != self.baseline
        }
        alone = list(pairs)
        pairs |= self._by_factor()
        found = dict(zip(pairs, trial.compared(pairs.values()), strict=True))
        lines = [f"{n}: {d.words}" for n, d in found.items() if d and d.pairs >= d.needed]
        looked_at = alone if lines else [*found]
        few = {n: d for n in looked_at if (d := found[n]) and 2 <= d.pairs < d.needed}
        if few:
            rest = f"{'others' if lines else 'all'} against {self.baseline}"
            name = next(iter(few)) if len(few) == 1 else rest
            best = max(few.values(), key=lambda d: d.pairs)
            lines.append(f"{name}: {best.words}")
        return lines

    def _by_factor(self) -> dict[str, tuple[Scores, Scores]]:
        """The scores of each value of what varies, and of the baseline's in the same order."""
        base = next((v.said() for v in self.variants if v.number == self.baseline), None)
        if base is None or len(self.varied) < 2:
            return {}
        scores = {(tuple(s.variant.said().items()), s.number): s.score for s in self.samples}
        found: dict[str, tuple[Scores, Scores]] = {}
        for factor in self.varied:
            levels = {v.said()[factor]: None for v in self.variants}
            others = [level for level in levels if level != base[factor]]
            mine, theirs = _paired(scores, factor, base[factor], others)
            for level, its in zip(others, theirs, strict=True):
                found[f"{factor} {level or 'none'} against {base[factor] or 'none'}"] = (its, mine)
        return found

    def to_frame(self) -> Any:
        """A pandas DataFrame, a row for each answer. Raises ZaiError without pandas."""
        try:
            import pandas
        except ImportError:
            raise ZaiError("to_frame needs pandas: pip install 'zai-magics[data]'") from None
        return pandas.DataFrame([_row(sample) for sample in self.samples])


def checked_baseline(number: int | None, most: int) -> int:
    """The baseline's number, 0 for none. Raises CommandError."""
    if number is not None and not 1 <= number <= most:
        raise CommandError(f"--baseline is the number of a variant, 1 to {most}, not {number}")
    return number or 0


def _row(sample: Sample) -> dict[str, Any]:
    reply = sample.reply
    usage = reply.usage if reply is not None else None
    return {
        "variant": sample.variant.number,
        "sample": sample.number,
        **sample.variant.facts(),
        "reply": None if reply is None else str(reply),
        "score": sample.score,
        "seconds": None if reply is None else reply.elapsed,
        "prompt_tokens": usage.prompt if usage else None,
        "completion_tokens": usage.completion if usage else None,
        "cost": None if reply is None else reply.cost,
        "error": sample.error or sample.wrong or None,
    }


def _paired(
    scores: Mapping[tuple[Said, int], float | None], factor: str, base: str, others: Sequence[str]
) -> tuple[list[float | None], list[list[float | None]]]:
    """The scores of the baseline's value, and of each other in the same order."""
    mine = [key for key in scores if dict(key[0])[factor] == base]

    def at(said: Said, number: int, level: str) -> float | None:
        other = tuple((name, level if name == factor else value) for name, value in said)
        return scores.get((other, number))

    return [scores[key] for key in mine], [[at(*key, level) for key in mine] for level in others]
