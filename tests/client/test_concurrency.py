"""How many requests an account takes at once, found out against a service that is simulated."""

from __future__ import annotations

import heapq
import random

import pytest

from zai_magics.concurrency import Concurrency


class Simulated:
    """Rows that are asked one by one against a service with a cap; `now` is its time."""

    def __init__(self, cap: int, rows: int, seconds: float, refusal: float = 0.4) -> None:
        self.cap, self.rows, self.seconds, self.refusal = cap, rows, seconds, refusal
        self.now, self.requests, self.busy, self.answered = 0.0, 0, 0, 0
        self.events: list[tuple[float, int, bool, int]] = []
        self.chance = random.Random(3)

    def run(self, gate: Concurrency) -> None:
        """Until every row has its answer."""
        while self.answered < self.rows:
            wait = gate.wait()
            waiting = self.rows - self.answered - gate.running
            if waiting > 0 and wait == 0.0:
                self._send(gate)
            elif self.events and self._is_next(wait if waiting > 0 else None):
                self._receive(gate)
            else:
                assert wait, "nobody is under way and nothing may be sent"
                self.now += wait

    def _is_next(self, wait: float | None) -> bool:
        """Whether an answer comes before the next may be sent."""
        return not wait or self.events[0][0] <= self.now + wait

    def _send(self, gate: Concurrency) -> None:
        number, self.requests = gate.start(), self.requests + 1
        taken = self.busy < self.cap
        self.busy += taken
        takes = self.seconds * self.chance.uniform(0.9, 1.1) if taken else self.refusal
        heapq.heappush(self.events, (self.now + takes, self.requests, taken, number))

    def _receive(self, gate: Concurrency) -> None:
        self.now, _, taken, number = heapq.heappop(self.events)
        if taken:
            self.busy, self.answered = self.busy - 1, self.answered + 1
            gate.ended()
        else:
            gate.refused(number)


@pytest.mark.parametrize(
    ("cap", "rows", "a_row", "of_ideal"),
    [(20, 2_000, 1.10, 1.3), (1, 200, 1.3, 1.3), (3, 500, 1.2, 1.3), (10**6, 2_000, 1.0, 1.3)],
)
@pytest.mark.parametrize("refusal", [0.005, 0.4])
def test_a_cap_is_found_and_used(
    cap: int, rows: int, a_row: float, of_ideal: float, refusal: float
) -> None:
    service = Simulated(cap, rows, 0.25, refusal)
    gate = Concurrency(lambda: service.now)
    service.run(gate)
    assert service.requests <= a_row * rows
    ideal = rows * 0.25 / min(cap, gate.most)
    print(cap, refusal, service.requests / rows, service.now / ideal)
    assert service.now <= of_ideal * ideal
    assert gate.running == 0
