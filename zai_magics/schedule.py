"""The order in which rows are asked, and when one that failed is asked again. Knows no threads."""

from __future__ import annotations

import heapq
from collections import Counter, deque
from collections.abc import Sequence

from .retry import Timing, is_busy

FAILURES = 8
# Seconds, doubled by each failure, where others are answered meanwhile or none is.
_ALIVE, _SILENT = 0.1, 0.5
_LONGEST = 4.0  # seconds that a row waits at most by itself; a service that is down is the gate's


class Schedule:
    """Rows by their numbers, of which `models` has each one's: `schedule.take("glm-4.7")`. Not safe
    for threads: who shares it has a lock.
    """

    def __init__(self, models: Sequence[str], timing: Timing) -> None:
        self._models, self._timing = models, timing
        self._ready: dict[str, deque[int]] = {model: deque() for model in models}
        for number, model in enumerate(models):
            self._ready[model].append(number)
        self._later: list[tuple[float, int]] = []  # when a row that failed may be asked again
        self._failures: Counter[int] = Counter()
        self._answers = 0
        self._seen: dict[int, int] = {}  # answers there were when a row last failed

    def has(self, model: str) -> bool:
        """Whether a row of this model can be asked now."""
        return bool(self._ready.get(model))

    def take(self, model: str) -> int:
        """The next one."""
        return self._ready[model].popleft()

    def put_back(self, number: int) -> None:
        """It is asked next: its turn was no fault of its own, or it is not over."""
        self._ready[self._models[number]].appendleft(number)

    def due(self) -> float | None:
        """Rows whose pause is over go to the end of the queue; the seconds until the next is."""
        now = self._timing.clock()
        while self._later and self._later[0][0] <= now:
            number = heapq.heappop(self._later)[1]
            self._ready[self._models[number]].append(number)
        return self._later[0][0] - now if self._later else None

    def answered(self) -> None:
        """Some row was."""
        self._answers += 1

    def put_off(self, number: int, error: Exception, pause: float) -> bool:
        """A row failed and is asked again later, after `pause` seconds at least; False when it has
        failed FAILURES times. A service that was too busy for it but had time for others tells
        nothing of it.
        """
        before, self._seen[number] = self._seen.get(number, 0), self._answers
        others = self._answers > before
        if not (others and is_busy(error)):
            self._failures[number] += 1
        if self._failures[number] >= FAILURES:
            return False
        step = _ALIVE if others else _SILENT
        backoff = min(_LONGEST, step * 2 ** self._failures[number])
        wait = max(pause, self._timing.uniform(0.0, backoff))
        heapq.heappush(self._later, (self._timing.clock() + wait, number))
        return True
