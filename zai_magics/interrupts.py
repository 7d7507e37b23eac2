"""Ctrl-C, kept out of what must be done as a whole, and not lost."""

from __future__ import annotations

import signal
import threading
import time
import traceback
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any

from .errors import Interrupted

PATIENCE = 2.0  # seconds after which a second press is no longer kept waiting


@contextmanager
def held_back() -> Iterator[None]:
    """`with held_back(): …`: an interrupt that comes meanwhile is raised when the block ends, or at
    once when the user presses again PATIENCE seconds later.

    In other threads, where no interrupt ever comes, and where something else than Python looks
    after the signal, it does nothing.
    """
    before = signal.getsignal(signal.SIGINT)
    if threading.current_thread() is not threading.main_thread() or not callable(before):
        yield
        return
    pressed: list[float] = []

    def wait(number: int, frame: FrameType | None) -> None:
        pressed.append(time.monotonic())
        if pressed[-1] - pressed[0] > PATIENCE:
            before(number, frame)

    try:
        signal.signal(signal.SIGINT, wait)
    except ValueError:  # an embedded Python, whose main thread is another
        yield
        return
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)
        if pressed:
            signal.raise_signal(signal.SIGINT)


def last_words(snapshots: Generator[Any, None, None], stopped: str) -> Iterator[Any]:
    """What a verb still has to say when it is interrupted. It ends with the verb's own Interrupted,
    or one of these words where everything was said already.
    """
    try:
        yield snapshots.throw(KeyboardInterrupt())
        yield from snapshots
    except Interrupted:
        raise
    except (KeyboardInterrupt, StopIteration):
        pass
    raise Interrupted(stopped) from None


def without_frames(error: BaseException) -> None:
    """Take the frames out of an error and of those behind it. They hold each other, and the thread
    that they ran in, which would be garbage that only Python code can collect: an interrupt that
    comes meanwhile is lost in it.
    """
    link: BaseException | None = error
    while link is not None:
        traceback.clear_frames(link.__traceback__)
        link.__traceback__ = None
        link = link.__cause__ or link.__context__
