"""One thread at a time, and no interrupt that keeps the others out."""

from __future__ import annotations

import itertools
import sys
import threading
from collections.abc import Callable
from functools import partial
from types import FrameType
from typing import Any

import pytest

from zai_magics import mutex
from zai_magics.mutex import Mutex


def interrupted_at(line: int, act: Callable[[], object]) -> bool:
    """Run `act` with an interrupt at the so-manieth line of the mutex; False if it has fewer."""
    left = line

    def at_line(frame: FrameType, event: str, _: Any) -> Any:
        nonlocal left
        if event == "line":
            left -= 1
            if not left:
                sys.settrace(None)
                raise KeyboardInterrupt
        return at_line

    before = sys.gettrace()
    sys.settrace(lambda frame, *_: at_line if frame.f_code.co_filename == mutex.__file__ else None)
    try:
        act()
    except KeyboardInterrupt:
        return True
    finally:
        sys.settrace(before)
    return False


def is_free(one: Mutex) -> bool:
    """Whether another thread has its turn."""
    turn = threading.Thread(target=one.run, args=(int,), daemon=True)
    turn.start()
    turn.join(5)
    return not turn.is_alive()


def test_wherever_an_interrupt_comes_another_thread_has_its_turn() -> None:
    for line in itertools.count(1):
        one = Mutex()
        if not interrupted_at(line, partial(one.run, int)):
            break
        assert is_free(one), f"held for ever after an interrupt at line {line}"
    assert line > 5


def test_an_interrupt_between_the_taking_and_the_block_lets_go_of_it() -> None:
    class Late:
        """Taken, and the signal is looked at before the block has begun, as in Python 3.14."""

        def __init__(self) -> None:
            self.lock = threading.RLock()
            self.release = self.lock.release
            self.late = True

        def __enter__(self) -> None:
            self.lock.acquire()
            if self.late:
                raise KeyboardInterrupt

        def __exit__(self, *exc: object) -> None:
            self.lock.release()

    one, late = Mutex(), Late()
    one._lock = late  # type: ignore[assignment]
    with pytest.raises(KeyboardInterrupt):
        one.run(int)
    late.late = False
    assert is_free(one)


def test_one_thread_at_a_time_is_within_and_what_it_makes_or_raises_comes_out() -> None:
    one, inside, entered = Mutex(), threading.Event(), threading.Event()

    def first() -> str:
        inside.set()
        assert not entered.wait(0.2), "two at once"
        return "made"

    def second() -> None:
        inside.wait(5)
        one.run(entered.set)

    other = threading.Thread(target=second, daemon=True)
    other.start()
    assert one.run(first) == "made"
    other.join(5)
    assert entered.is_set()
    with pytest.raises(ZeroDivisionError):
        one.run(lambda: 1 / 0)
    assert is_free(one)
