"""The thread that painters keep: what is handed to it, when, and how it ends."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextvars import ContextVar

import pytest

from zai_magics.render.hand import Hand

LIMIT = 10.0
CELL = ContextVar("CELL", default="none")


@pytest.fixture
def hand() -> Iterator[Hand]:
    made = Hand("zai-test")
    yield made
    made.end()


def ran_in(hand: Hand) -> threading.Thread:
    """The thread that does what this hand is given."""
    found: list[threading.Thread] = []
    done = threading.Event()
    hand.do(lambda: (found.append(threading.current_thread()), done.set())[-1])
    assert done.wait(LIMIT)
    return found[0]


def test_all_jobs_are_done_in_one_thread_that_is_not_the_givers(hand: Hand) -> None:
    first, second = ran_in(hand), ran_in(hand)
    assert first is second and first is not threading.current_thread()
    assert first.daemon and first.name == "zai-test"


def test_nothing_is_begun_before_the_first_job() -> None:
    before = threading.active_count()
    Hand("zai-test").end()
    assert threading.active_count() == before


def test_what_is_due_earlier_is_done_earlier(hand: Hand) -> None:
    seen: list[str] = []
    done = threading.Event()
    hand.after(0.4, lambda: (seen.append("later"), done.set())[-1])
    hand.after(0.2, lambda: seen.append("soon"))
    hand.do(lambda: seen.append("now"))
    assert done.wait(LIMIT)
    assert seen == ["now", "soon", "later"]


def test_what_was_cancelled_is_not_done(hand: Hand) -> None:
    seen: list[str] = []
    busy = threading.Event()
    hand.do(lambda: (busy.wait(LIMIT), None)[-1])
    hand.do(lambda: seen.append("cancelled")).cancel()
    busy.set()
    ran_in(hand)
    assert seen == []


def test_a_job_that_fails_is_reported_and_the_next_one_is_done(
    hand: Hand, monkeypatch: pytest.MonkeyPatch
) -> None:
    said: list[str] = []
    monkeypatch.setattr(threading, "excepthook", lambda args: said.append(repr(args.exc_value)))
    first = ran_in(hand)
    hand.do(lambda: (1 // 0, None)[-1])
    assert ran_in(hand) is first
    assert said == ["ZeroDivisionError('integer division or modulo by zero')"]


def test_a_cancelled_job_is_let_go_at_once(hand: Hand) -> None:
    class Held:
        gone = threading.Event()

        def job(self) -> None: ...

        def __del__(self) -> None:
            self.gone.set()

    errand = hand.after(LIMIT * 6, Held().job)
    ran_in(hand)  # it is waiting by now
    errand.cancel()
    assert Held.gone.wait(LIMIT)


def test_a_job_sees_the_context_in_which_it_was_given(hand: Hand) -> None:
    ran_in(hand)  # the thread is older than the context
    seen: list[str] = []
    done = threading.Event()
    token = CELL.set("cell-7")
    hand.do(lambda: (seen.append(CELL.get()), done.set())[-1])
    CELL.reset(token)
    assert done.wait(LIMIT)
    assert seen == ["cell-7"]


def test_a_hand_that_ended_begins_anew_with_the_next_job(hand: Hand) -> None:
    first = ran_in(hand)
    hand.end()
    assert not first.is_alive()
    assert ran_in(hand) is not first
