"""A limit in US dollars over many requests at once: none is sent that could pass it."""

from __future__ import annotations

import threading

from .catalogue import dollars
from .errors import BudgetError

_POLL = 0.1  # seconds between looks whether everything was stopped


class Purse:
    """`purse.hold(0.02)` before a request that costs so much at most, `purse.settle(0.02, 0.001)`
    when it has ended. Without a limit (None) nothing is ever held back.

    `hint` says how to get more. `hold` waits for others that are under way: what they do not need
    is left for this one. Raises BudgetError when there is not enough even so, and when the purse
    was closed.
    """

    def __init__(self, limit: float | None, hint: str = "") -> None:
        self.limit, self.spent, self._hint = limit, 0.0, hint
        self._held = 0.0
        self._closed = False
        self._changed = threading.Condition()

    def hold(self, most: float) -> None:
        """Set so much aside."""
        with self._changed:
            while not self._closed and self.limit is not None:
                if self.spent + self._held + most <= self.limit:
                    break
                if self.spent + most > self.limit or not self._held:
                    raise BudgetError(self._reached(most))
                self._changed.wait(_POLL)
            if self._closed:
                raise BudgetError("stopped; run the cell again to go on")
            self._held += most

    def settle(self, most: float, cost: float | None) -> None:
        """It cost so much; None: nobody knows, so all of it is spent."""
        with self._changed:
            self._held = max(0.0, self._held - most)
            self.spent += most if cost is None else cost
            self._changed.notify_all()

    def close(self) -> None:
        """Whoever waits goes away."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()

    def _reached(self, most: float) -> str:
        limit = dollars(self.limit)
        return (
            f"{dollars(self.spent) if self.spent else '$0'} of {limit} is spent, and the next "
            f"request may cost {dollars(most)}; {self._hint}"
        )
