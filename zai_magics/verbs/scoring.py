"""Scores: the user's own function, called once for each answer."""

from __future__ import annotations

import inspect
import math
from collections.abc import Mapping
from numbers import Number
from typing import Any

from .. import expression
from ..errors import CommandError, one_line
from ..grid import Variant
from ..types import Reply


class Scoring:
    """`score, wrong = scoring.of(reply, variant)`: a number, or None and why there is none."""

    def __init__(self, function: Any, names: Mapping[str, Any]) -> None:
        self._function = _named(function, names) if function is not None else None
        self._takes_both = self._function is not None and _takes_two(self._function)
        self.stopped = False  # what has no score by then gets none
        self._known: dict[int, tuple[Reply, float | None, str]] = {}

    def of(self, reply: Reply, variant: Variant) -> tuple[float | None, str]:
        """True is 1, False 0; None where the function gives none, or fails."""
        if self._function is None:
            return None, ""
        if id(reply) not in self._known:
            if self.stopped:
                return None, ""
            self._known[id(reply)] = (reply, *self._called(reply, variant))
        return self._known[id(reply)][1:]

    def _called(self, reply: Reply, variant: Variant) -> tuple[float | None, str]:
        assert self._function is not None
        try:
            facts = (variant.facts(),) if self._takes_both else ()
            made = self._function(reply, *facts)
        except Exception as error:
            return None, one_line(f"the score failed: {type(error).__name__}: {error}", 200)
        if made is None:
            return None, ""
        try:
            number = float(made) if isinstance(made, Number) or hasattr(made, "item") else math.nan
        except (TypeError, ValueError):
            number = math.nan
        if not math.isfinite(number):
            return None, one_line(f"the score is no number but {made!r}", 200)
        return number, ""


def _named(score: Any, names: Mapping[str, Any]) -> Any:
    """The function that --score names. Raises CommandError for what cannot be called."""
    found = score
    if isinstance(score, str):
        shown = f"--score {one_line(score, 40)}"
        found = expression.evaluate(score, names, shown, "write def score(reply): … first")
    if not callable(found):
        raise CommandError(f"--score takes a function of a reply, not a {type(found).__name__}")
    if not (_can_take(found, 1) or _can_take(found, 2)):
        raise CommandError(
            "--score takes a function of a reply, or of a reply and what varies: "
            "def score(reply): …"
        )
    return found


def _can_take(function: Any, count: int) -> bool:
    """Whether it can be called with so many values."""
    try:
        inspect.signature(function).bind(*range(count))
    except TypeError:
        return False
    except ValueError:  # one that is written in C
        pass
    return True


def _takes_two(function: Any) -> bool:
    """Whether it wants to be told what varies, too."""
    return not _can_take(function, 1)
