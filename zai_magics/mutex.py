"""A lock that an interrupt cannot leave held: for what the main thread shares with others."""

from __future__ import annotations

import threading
from collections.abc import Callable
from contextlib import suppress
from typing import TypeVar

T = TypeVar("T")


class Mutex:
    """`made = mutex.run(lambda: make(1))`: one thread at a time; what `make` raises comes out.

    Not from within itself. However the call ends, by an interrupt at any line too, another thread
    may have its turn.
    """

    def __init__(self) -> None:
        # Of its kinds the one that knows its holder, so that letting go twice does no harm.
        self._lock = threading.RLock()

    def run(self, act: Callable[[], T]) -> T:
        """What `act` gives, called while no other thread is in here."""
        try:
            with self._lock:
                return act()
        finally:
            # Python 3.14 looks at signals between the taking of a lock and the beginning of the
            # block that gives it back (https://github.com/python/cpython/issues/148874).
            with suppress(RuntimeError):  # not ours: it was given back, as it mostly is
                self._lock.release()
