"""The command that sets a limit to what may be spent."""

from __future__ import annotations

import math
import re
import time

from ..errors import CommandError, one_line
from ..journal.budgets import EVERY, Limit
from .stage import Said, Stage

_AMOUNT = re.compile(r"\$?\s*(\d{1,9}(?:\.\d{1,6})?|\.\d{1,6})\s*(?:USD|\$)?", re.I)


class Budgeting(Stage):
    """It is kept in the journal, which all kernels share."""

    def do_budget(self, text: str, said: Said, names: Said, quiet: bool) -> None:
        """Set it, end it, or show how it stands."""
        word, every = text.strip(), bool(said.get("every"))
        budget = self.session.budget
        if word.lower() == "off":
            there = budget.end(every)
            self._say(f"{'no' if there else 'there was no'} budget of {_whose(every)}{_now(there)}")
            return
        if word:
            budget.put(_amount(word), every)
        found = budget.limits()
        lines = [_line(limit) for limit in found]
        if lines and self.session.connection.is_free():
            lines.append("what the sandbox is asked costs nothing and never counts")
        none = "no budget is set; %zai budget 2.00 sets one for this notebook, --all for all"
        self._say("; ".join(lines) or none)


def _line(limit: Limit) -> str:
    whose = _whose(limit.scope == EVERY)
    since = time.strftime("%Y-%m-%d %H:%M", time.localtime(limit.since))
    held = f", ${limit.reserved:.4f} set aside for requests without a known end"
    return (
        f"budget of {whose}: ${limit.spent:.4f} of {_usd(limit.usd)} spent since {since}"
        f"{held if limit.reserved else ''}"
    )


def _usd(amount: float) -> str:
    """A limit as it was set, in cents where it can be."""
    return f"${amount:.2f}" if round(amount, 2) == amount else f"${amount:.6f}".rstrip("0")


def _whose(every: bool) -> str:
    return "all notebooks" if every else "this notebook"


def _now(there: bool) -> str:
    return " any more" if there else "; nothing has changed"


def _amount(word: str) -> float:
    found = _AMOUNT.fullmatch(word)
    value = float(found.group(1)) if found else math.nan
    if not math.isfinite(value):
        shown = one_line(word, 40)
        raise CommandError(f"%zai budget takes US dollars such as 2.00, or off, not {shown!r}")
    return value
