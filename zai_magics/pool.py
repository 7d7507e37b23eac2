"""Many requests at once: threads with a client each, as many as the account takes.

    pool = Pool(rows, ask, client, {"glm-4.7": Concurrency(clock)}, timing)
    for ended in pool.run():           # lists of what has ended since the last look
        ...

`ask(client, row)` sends one request of a row and says whether the row has ended with it. The one
layer of retries here: too many at once lowers the limit and costs the row nothing, what passes is
tried again at the end of the queue, and a row that has failed FAILURES times has failed.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Generator, Mapping, Sequence
from typing import Generic, NamedTuple, Protocol, TypeVar

from .client import Client
from .concurrency import Concurrency
from .errors import ZaiError
from .interrupts import held_back, without_frames
from .retry import PATIENCE, Timing, is_full, passes
from .schedule import Schedule

_TICK = 0.1  # seconds between looks at what has ended, where nothing has
_GATHER = 0.005  # seconds in which more may end, to be looked at (and written down) together
_POLL = 0.05  # seconds that a pause is waited for at most, before the clock is looked at
_END = 0.9  # seconds that the threads are given to end


class Row(Protocol):
    """What is asked: all of one model share a limit."""

    @property
    def model(self) -> str:
        """The model's id."""


R = TypeVar("R", bound=Row)


class Ended(NamedTuple, Generic[R]):
    """A request that has come to an end, and with it the row if it is `done`."""

    row: R
    done: bool
    error: Exception | None = None


class Pool(Generic[R]):
    """Rows under way; `run` gives what ends, in the order in which it does.

    `run` raises the error of what is no failure of a row: one that `ends_all(error, answered)`,
    `answered` saying whether any row of this model was, a service that has answered nobody for
    minutes, or a fault of the program. Nothing is sent after it. `stop` ends everything within a
    second, from the thread that runs it; closing `run` does, too.
    """

    def __init__(
        self,
        rows: Sequence[R],
        ask: Callable[[Client, R], bool],
        client: Callable[[], Client],
        gates: Mapping[str, Concurrency],
        timing: Timing,
        ends_all: Callable[[Exception, bool], bool] = lambda error, answered: False,
    ) -> None:
        self._rows, self._ask, self._client = rows, ask, client
        self._gates, self._ends_all = gates, ends_all
        self._answered_by: set[str] = set()  # models
        self._schedule = Schedule([row.model for row in rows], timing)
        self._left = len(rows)
        self._threads: list[threading.Thread] = []
        self._clients: list[Client] = []
        self._idle = 0
        self._stopped = False
        self.fatal: Exception | None = None
        # An interrupt can come inside of a Condition's own `with`, and would leave it locked.
        self._lock = threading.RLock()
        self._changed = threading.Condition(self._lock)
        self._turns = threading.Lock()
        self._ended: list[Ended[R]] = []
        self._news = threading.Lock()  # not to be had while there are none

    def run(self) -> Generator[list[Ended[R]], None, None]:
        """What has ended since the last look, in lists; empty ones while nothing does."""
        left = len(self._rows)
        try:
            with self._lock:
                self._grow()
            while left:
                ended = self._look()
                yield ended
                left -= sum(one.done for one in ended)
                del self._ended[: len(ended)]
                if self.fatal is not None:
                    raise self.fatal
        finally:
            with held_back():  # what still comes is kept, however often the button is pressed
                self.stop()

    def stop(self) -> None:
        """Send nothing more and end what is under way."""
        with self._lock:
            self._stopped = True
            self._changed.notify_all()
            clients = list(self._clients)
        for client in clients:
            client.cut()
        until = time.monotonic() + _END
        for thread in self._threads:  # one that is finding out an address ends later by itself
            thread.join(max(0.0, until - time.monotonic()))
        self._threads.clear()

    def rest(self) -> list[Ended[R]]:
        """What has ended and was not given, or was given last: `run` may have been interrupted
        before anybody looked at it.
        """
        return list(self._ended)

    def _look(self) -> list[Ended[R]]:
        """At least one, where there is one soon."""
        if not self._ended:
            self._news.acquire(timeout=_TICK)
        if self._ended:
            time.sleep(_GATHER)
        return self.rest()

    def _grow(self) -> None:
        """One thread more, where one could be used and none is waiting."""
        most = min(sum(gate.most for gate in self._gates.values()), self._left)
        can = any(self._schedule.has(m) and gate.wait() == 0 for m, gate in self._gates.items())
        if can and not self._idle and len(self._threads) < most and not self._stopped:
            name = f"zai-asking-{len(self._threads)}"
            thread = threading.Thread(target=self._work, name=name, daemon=True)
            self._threads.append(thread)
            thread.start()

    def _work(self) -> None:
        """One thread: a client of its own, and requests until there are none."""
        client = None
        while (taken := self._next()) is not None:
            number, place = taken
            try:
                if client is None:
                    client = self._opened()
                done = self._ask(client, self._rows[number])
            except Exception as error:
                if isinstance(error, ZaiError):  # a fault of the program shows where
                    without_frames(error)
                self._failed(number, place, error)
            else:
                self._answered(number, done)
            finally:
                if client is not None:
                    client.rest()
        if client is not None:
            client.close()

    def _opened(self) -> Client:
        client = self._client()
        client.take_turns(self._turns)
        with self._changed:
            self._clients.append(client)
            if self._stopped:
                client.cut()
        return client

    def _next(self) -> tuple[int, int] | None:
        """The next row to be asked, and how many requests are under way with it."""
        with self._changed:
            while self._left and not self._stopped:
                wait = self._schedule.due()
                for model, gate in self._gates.items():
                    pause = gate.wait() if self._schedule.has(model) else None
                    if pause == 0:
                        taken = self._schedule.take(model), gate.start()
                        self._grow()
                        return taken
                    wait = _sooner(wait, pause)
                self._idle += 1
                self._changed.wait(None if wait is None else min(wait, _POLL))
                self._idle -= 1
        return None

    def _answered(self, number: int, done: bool) -> None:
        row = self._rows[number]
        with self._changed:
            self._gates[row.model].ended()
            self._schedule.answered()
            self._answered_by.add(row.model)
            if not done:
                self._schedule.put_back(number)
            self._end(Ended(row, done))

    def _failed(self, number: int, place: int, error: Exception) -> None:
        row, pause = self._rows[number], getattr(error, "retry_after", None) or 0.0
        with self._changed:
            gate = self._gates[row.model]
            answered = row.model in self._answered_by
            # Nobody sits and waits for an hour without a word.
            ends_all = pause > PATIENCE or self._ends_all(error, answered)
            if is_full(error):
                gate.refused(place, pause)
                if place > 1 and not ends_all:  # it is no fault of the row
                    self._schedule.put_back(number)
                    self._changed.notify()
                    return
            elif passes(error) and not ends_all:
                gate.failed(pause)
            else:
                gate.ended()
            may = passes(error) and not (ends_all or gate.is_down or self._stopped)
            if may and self._schedule.put_off(number, error, pause):
                self._changed.notify()
                return
            fault = not isinstance(error, ZaiError)
            if (ends_all or gate.is_down or fault) and not self._stopped:
                self.fatal, self._stopped = error, True
                self._changed.notify_all()
            self._end(Ended(row, True, error))

    def _end(self, ended: Ended[R]) -> None:
        """Tell of it; whoever waits may go on."""
        self._left -= ended.done
        self._ended.append(ended)
        if self._news.locked():
            self._news.release()
        if self._left:
            self._changed.notify()
        else:
            self._changed.notify_all()


def _sooner(one: float | None, other: float | None) -> float | None:
    return min((w for w in (one, other) if w is not None), default=None)
