"""What many requests may cost: `--max-cost` and the budget together, and what an answer may be."""

from __future__ import annotations

from collections.abc import Iterable
from math import inf
from typing import TYPE_CHECKING

from .. import budget
from ..catalogue import dollars
from ..errors import BudgetError
from ..purse import Purse

if TYPE_CHECKING:
    from ..session import Session
    from .question import Question

# Of what is left at most one part in so many is set aside for an answer whose length nobody has
# limited, so that others can run beside it; but as many tokens as nearly all answers need.
_PARTS, _ENOUGH, _LONGEST = 32, 1024, 16_384
_MORE = "a higher --max-cost goes on where this ends"
_RAISE = "a higher %zai budget goes on where this ends"


def limits(
    session: Session, max_cost: float | None, questions: Iterable[Question]
) -> tuple[Purse, int, str]:
    """The purse, the tokens that an answer may have (0: as many as it likes), and what is to be
    said of that. One question of each model is enough. Raises
    BudgetError for a model whose price is not known.
    """
    if session.connection.is_free():
        return Purse(None), 0, ""
    held = [(max(0.0, limit.left), _RAISE) for limit in session.budget.limits()]
    most, hint = min([*held, (inf if max_cost is None else max_cost, _MORE)])
    if most == inf:
        return Purse(None), 0, ""
    of_models = {question.model: question for question in questions}
    found = [_tokens(question, most) for question in of_models.values()]
    tokens = min(filter(None, found), default=0)
    if not tokens:
        return Purse(most, hint), 0, ""
    said = f"at most {tokens:,} tokens an answer, to stay within {dollars(most)} (--max-tokens)"
    return Purse(most, hint), tokens, said


def _tokens(question: Question, most: float) -> int:
    """How long an answer to this one may be; 0 where that is said, or costs nothing."""
    bounds = budget.bounds_of(question.model, question.messages, question.params)
    if bounds is None:
        raise BudgetError(
            f"the price of {question.model} is not known, so no limit can be kept; "
            "put it into models.toml beside the journal"
        )
    if "max_tokens" in question.params or not bounds.each:
        return 0
    fair = int((most / _PARTS - bounds.prompt) / bounds.each)
    return min(bounds.tokens, _LONGEST, max(_ENOUGH, fair))
