"""A thread that is kept for what must not be done in the main one, now or in a moment.

Not a thread for each: ipykernel gives every thread that displays something a socket of its own,
some 40 KB that stay for ten seconds, and what was allocated in between keeps their place.
"""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Callable
from contextvars import copy_context
from heapq import heappop, heappush
from queue import Empty, SimpleQueue

Job = Callable[[], None]


class Errand:
    """Something to be done at a time (monotonic seconds), unless it is cancelled before."""

    __slots__ = ("_due", "_job")

    def __init__(self, due: float, job: Job) -> None:
        self._due = due
        self._job: Job | None = job

    def __lt__(self, other: Errand) -> bool:
        return self._due < other._due

    def cancel(self) -> None:
        """It need not be done; what it held is let go at once."""
        self._job = None

    def wait(self) -> float:
        """Seconds until it is due, 0 for one that is or that need not be done."""
        return max(0.0, self._due - time.monotonic()) if self._job else 0.0

    def do(self) -> None:
        """Do it, once."""
        job, self._job = self._job, None
        if job:
            job()


class Hand:
    """`hand.do(job)`, `hand.after(0.5, job).cancel()`; jobs are short.

    The thread is begun with the first job, and sees what its job's giver sees of context variables
    (ipykernel's: which cell is running). `hand.end()` ends it; a next job begins another.
    """

    def __init__(self, name: str) -> None:
        self._name = name
        # Of C, so that an interrupt leaves nothing half done in it, and no lock held.
        self._given: SimpleQueue[Errand | None] = SimpleQueue()
        self._thread: threading.Thread | None = None

    def do(self, job: Job) -> Errand:
        """As soon as the thread is free."""
        return self.after(0.0, job)

    def after(self, seconds: float, job: Job) -> Errand:
        """In so many seconds."""
        context = copy_context()
        errand = Errand(time.monotonic() + seconds, lambda: context.run(job))
        self._given.put(errand)
        if self._thread is None or not self._thread.is_alive():  # a forked process has no copy
            self._thread = threading.Thread(target=self._work, name=self._name, daemon=True)
            self._thread.start()
        return errand

    def end(self) -> None:
        """Do what is due, leave the rest, and end the thread."""
        if self._thread is not None and self._thread.is_alive():
            self._given.put(None)
            self._thread.join(2.0)
        self._thread = None

    def _work(self) -> None:
        waiting: list[Errand] = []
        while True:
            while waiting and not waiting[0].wait():
                try:
                    heappop(waiting).do()
                except Exception:  # said as of any thread, but the others still get their turn
                    args = (*sys.exc_info(), threading.current_thread())
                    threading.excepthook(threading.ExceptHookArgs(args))
            try:
                given = self._given.get(timeout=waiting[0].wait() if waiting else None)
            except Empty:
                continue
            if given is None:
                return
            heappush(waiting, given)
            del given  # it would be held until the next one comes
