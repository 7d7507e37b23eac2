"""What must be done as a whole is not interrupted, and the interrupt is not lost."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import suppress

import pytest

from zai_magics import interrupts


@pytest.fixture(autouse=True)
def handler() -> Iterator[None]:
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    assert signal.signal(signal.SIGINT, before) is signal.default_int_handler


def press() -> None:
    signal.raise_signal(signal.SIGINT)


def test_an_interrupt_comes_when_the_block_has_ended() -> None:
    done = []
    with pytest.raises(KeyboardInterrupt), interrupts.held_back():
        press()
        press()
        done.append("all")
    assert done == ["all"]


def test_an_interrupt_comes_though_the_block_fails() -> None:
    with pytest.raises(KeyboardInterrupt) as raised, interrupts.held_back():
        press()
        raise ValueError("of the block")
    assert isinstance(raised.value.__context__, ValueError)


def test_a_press_after_two_seconds_of_waiting_comes_at_once(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    now = [0.0]
    monkeypatch.setattr("time.monotonic", lambda: now[0])
    done = []
    with pytest.raises(KeyboardInterrupt), interrupts.held_back(), suppress(KeyboardInterrupt):
        press()
        now[0] = 2.0
        press()
        done.append("held back")
        now[0] = 2.1
        press()
        done.append("not held back")
    assert done == ["held back"]


def test_other_threads_and_other_handlers_are_left_alone() -> None:
    found = []

    def look() -> None:
        with interrupts.held_back():
            found.append(signal.getsignal(signal.SIGINT))

    thread = threading.Thread(target=look)
    thread.start()
    thread.join()
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    look()
    signal.signal(signal.SIGINT, signal.default_int_handler)
    assert found == [signal.default_int_handler, signal.SIG_IGN]


def test_where_the_main_thread_is_another_programs_nothing_is_held_back(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def refuse(*given: object) -> None:
        raise ValueError("signal only works in main thread of the main interpreter")

    done = []
    with monkeypatch.context() as patch:
        patch.setattr("signal.signal", refuse)
        with interrupts.held_back():
            done.append("all")
    assert done == ["all"]
