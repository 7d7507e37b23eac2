"""When a failed request is sent again: the one layer of retries.

    what is known of the request     chat        paid (image, video)     read (poll, download)
    unsent: nothing was sent         again       again                   again
    busy: refused for now            again       again                   again
    refused: for good                never       never                   never
    unknown: the answer was lost     twice       never                   again

A paid request whose fate is unknown is never sent again: it may have been charged.
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Literal

from .errors import APIError, ContentRefused, ContextTooLong, Outcome, RateLimited, ZaiError

Kind = Literal["chat", "paid", "read"]
ATTEMPTS = 4
PATIENCE = 60.0
_ACCOUNT = ("1302", "1303")  # the account's own requests at once (docs.z.ai, error codes)
_BUSY = ("1305", "1312")  # the service is overloaded, whoever asks
# What a proxy may say after the service has taken the order: see other, timeouts, conflicts.
_AMBIGUOUS = {303, 408, 409, 425, 499}
_AGAIN: Mapping[Kind, Mapping[Outcome, int]] = {
    "chat": {"unsent": ATTEMPTS - 1, "busy": ATTEMPTS - 1, "unknown": 2},
    "paid": {"unsent": ATTEMPTS - 1, "busy": ATTEMPTS - 1},
    "read": {"unsent": ATTEMPTS - 1, "busy": ATTEMPTS - 1, "unknown": ATTEMPTS - 1},
}


@dataclass(frozen=True)
class Timing:
    """Clock (monotonic seconds), sleep, random and the time of day (seconds since 1970) that
    retries, waits and records use; tests pass theirs.
    """

    clock: Callable[[], float] = time.monotonic
    sleep: Callable[[float], None] = time.sleep
    uniform: Callable[[float, float], float] = random.uniform
    now: Callable[[], float] = time.time


@dataclass
class Attempts:
    """The attempts of one request: `wait = attempts.after(error)` until it is None.

    `after` gives the seconds to wait before the next attempt, or None when the error stands:
    after 4 attempts, 60 s after the first failure, or when the service wants a longer pause.
    """

    kind: Kind
    timing: Timing = field(default_factory=Timing)

    def __post_init__(self) -> None:
        self._first: float | None = None
        self._failed = 0
        self._unknown = 0

    def after(self, error: ZaiError) -> float | None:
        """Seconds until the next attempt, None when there is to be none."""
        if self._first is None:  # counted from here, a Retry-After of 60 s can be honoured
            self._first = self.timing.clock()
        self._failed += 1
        self._unknown += error.outcome == "unknown"
        allowed = _AGAIN[self.kind].get(error.outcome, 0)
        count = self._unknown if error.outcome == "unknown" else self._failed
        if count > allowed or self._failed >= ATTEMPTS:
            return None
        wait = self._pause(error)
        spent = self.timing.clock() - self._first
        return wait if spent + wait <= PATIENCE else None

    def _pause(self, error: ZaiError) -> float:
        base = 1.0 if isinstance(error, RateLimited) else 0.5
        jitter = self.timing.uniform(0.0, min(20.0, base * 2 ** (self._failed - 1)))
        return max(getattr(error, "retry_after", None) or 0.0, jitter)


def doubt(error: ZaiError) -> None:
    """Mark what may have been carried out all the same, whatever code a gateway puts into its page:
    `doubt(error)` before a request that is paid for is given up or sent again.
    """
    if isinstance(error, APIError) and (error.status >= 500 or error.status in _AMBIGUOUS):
        error.outcome = "unknown"


def is_full(error: Exception) -> bool:
    """Whether the account had too many requests under way."""
    if not isinstance(error, RateLimited):
        return False
    return error.code in _ACCOUNT or (error.status == 429 and error.code not in _BUSY)


def is_busy(error: Exception) -> bool:
    """Whether the service says that it is, and did nothing."""
    return isinstance(error, ZaiError) and error.outcome == "busy"


def passes(error: Exception) -> bool:
    """Whether the same request may well be answered later."""
    return isinstance(error, ZaiError) and error.outcome != "refused"


def is_final(error: Exception) -> bool:
    """Whether no other row of the same model will be answered either: what is refused is not what
    this row says. `is_final(BalanceError(…))`.
    """
    if not isinstance(error, APIError) or error.outcome != "refused":
        return False
    return error.status != 413 and not isinstance(error, (ContentRefused, ContextTooLong))
