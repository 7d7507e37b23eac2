"""A job that is waited for in a thread, while the cell has long returned.

The thread only updates the display that its cell made: what it printed or displayed anew would
land in whatever cell runs then.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Generator
from dataclasses import replace
from typing import Any

from ..client import Client
from ..errors import ZaiError
from ..render.live import Painter
from ..retry import Timing
from ..types import Note


class Background:
    """The threads of one kernel: `background.follow(job, client, verb, painter, done)`."""

    def __init__(self) -> None:
        self._over = threading.Event()
        self._threads: list[threading.Thread] = []
        self._why = ""

    def timing(self, timing: Timing) -> Timing:
        """The same, but its sleep ends when the threads are stopped."""

        over = self._over

        def sleep(seconds: float) -> None:
            if over.wait(seconds):
                raise _Over

        return replace(timing, sleep=sleep)

    def follow(
        self,
        client: Client,
        snapshots: Generator[Any, None, None],
        painter: Painter,
        done: Callable[[Any], None],
    ) -> None:
        """Paint the snapshots as they come; `done` gets the last one."""

        def run() -> None:
            last = None
            try:
                for last in snapshots:
                    painter.paint(last)
                done(last)
            except _Over:
                if self._why:
                    painter.paint(Note(self._why))
            except ZaiError as error:
                painter.paint(Note(f"{type(error).__name__}: {error}"))
            finally:
                snapshots.close()
                client.close()
                painter.finish()

        thread = threading.Thread(target=run, daemon=True, name="zai-video")
        self._threads = [t for t in self._threads if t.is_alive()] + [thread]
        thread.start()

    def stop(self, why: str = "") -> None:
        """End the threads; the jobs go on at the service. `why` is shown in their places."""
        self._why = why
        self._over.set()
        for thread in self._threads:
            thread.join(2.0)
        self._threads.clear()
        self._over = threading.Event()


class _Over(BaseException):
    """The threads are stopped."""
