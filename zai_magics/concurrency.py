"""How many requests an account takes at once: learned from refusals, since no header says it.

The service limits concurrent requests, not requests a minute, and answers 1302 or 1303 to one too
many; an overloaded service (1305, 1312, 5xx) says nothing about the account.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

START = 4  # requests at once of a model that was never asked before
MOST = 64
_PROBE = 20  # answers after which one request more is tried, twice as many after each refusal
_LONGEST_PROBE = 2_000
_PAUSE, _LONGEST_PAUSE = 1.0, 30.0  # seconds, when not even one request is taken
_LOST = 16  # failures in a row, or twice as many as run at once: then the service is down
_PAUSES = 8  # in a row without an answer


@dataclass(slots=True)
class Concurrency:
    """The requests of one model: `if not gate.wait(): n = gate.start()`, then `gate.ended(n)` or
    `gate.refused(n)`, or `gate.failed()` for what says nothing about the account.

    `allowed` is how many may run at once by now, never more than `most`. Not safe for threads:
    who shares it has a lock.
    """

    clock: Callable[[], float]
    allowed: int = START
    most: int = MOST
    running: int = 0
    full: bool = False  # whether the account's limit was ever met
    _answers: int = 0  # since the number was changed
    _probe: int = _PROBE
    _paused_until: float = 0.0
    _pause: float = field(default=_PAUSE)
    _failures: int = 0  # in a row
    _pauses: int = 0  # in a row

    def __post_init__(self) -> None:
        self.allowed = max(1, min(self.allowed, self.most))

    def wait(self) -> float | None:
        """0 when one more may be sent now, else the seconds to wait; None until one has ended."""
        if self.running >= self.allowed:
            return None
        return max(0.0, self._paused_until - self.clock())

    @property
    def is_down(self) -> bool:
        """Whether it has come to nothing for so long that nothing more should be sent."""
        return self._pauses >= _PAUSES

    def start(self) -> int:
        """One is sent; gives how many are under way with it."""
        self.running += 1
        return self.running

    def ended(self) -> None:
        """It was answered."""
        self._pause, self._failures, self._pauses = _PAUSE, 0, 0
        self._answers += 1
        used = self.running >= self.allowed
        self.running -= 1
        if self.allowed >= self.most or not used:
            return
        if not self.full or self._answers >= self._probe:
            self._change(self.allowed + 1)

    def refused(self, number: int, retry_after: float = 0.0) -> None:
        """The account had too many: fewer than this `number` of `start` were taken.

        That many were under way here, so no more than they can have been under way there.
        """
        self.running -= 1
        now = self.clock()
        if number > 1:
            if number <= self.allowed:
                self._probe = min(self._probe * 2, _LONGEST_PROBE) if self.full else self._probe
                self._change(number - 1)
        else:  # somebody else is asking, or the last answer is not yet forgotten there
            self._change(1)
            self._rest()
        self.full = True
        self._paused_until = max(self._paused_until, now + retry_after)

    def failed(self, retry_after: float = 0.0) -> None:
        """It came to nothing for another reason: the service is busy, or the network broken. Only
        where nothing else comes back everyone waits.
        """
        self.running -= 1
        self._failures += 1
        if self._failures >= max(_LOST, 2 * self.allowed):
            self._failures = 0
            self._rest()
        self._paused_until = max(self._paused_until, self.clock() + retry_after)

    def _rest(self) -> None:
        """A pause, twice as long as the one before it."""
        self._paused_until = max(self._paused_until, self.clock() + self._pause)
        self._pause = min(self._pause * 2, _LONGEST_PAUSE)
        self._pauses += 1

    def _change(self, allowed: int) -> None:
        self.allowed, self._answers = allowed, 0
