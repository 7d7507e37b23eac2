"""Waiting for a media job: when it is asked for, what is survived, how it ends."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest
from loopback import Clock, Loopback, error, http

from zai_magics import errors as e
from zai_magics import jobs
from zai_magics.client import Client
from zai_magics.types import Job

JOB = Job(id="7-8", model="cogvideox-3", prompt="A bird")
DONE = replace(JOB, state="done", urls=("https://a.test/v.mp4",))


class Service:
    """Gives these states in turn, the last for ever; an exception is raised. Notes when."""

    def __init__(self, clock: Clock, *states: Job | Exception) -> None:
        self.clock, self.states = clock, list(states)
        self.polled: list[float] = []

    def __call__(self, job: Job) -> Job:
        self.polled.append(self.clock.now - 1000)
        state = self.states.pop(0) if len(self.states) > 1 else self.states[0]
        if isinstance(state, Exception):
            raise state
        return state


def test_a_job_is_asked_for_after_1_2_3_5_and_then_every_10_seconds(clock: Clock) -> None:
    service = Service(clock, *[JOB] * 7, DONE)
    seen = list(jobs.wait(JOB, service, clock.timing))
    assert service.polled == [1, 3, 6, 11, 21, 31, 41, 51]
    assert seen[-1] == (DONE, 51)


def test_the_time_shown_goes_on_every_second(clock: Clock) -> None:
    seen = [s for _, s in jobs.wait(JOB, Service(clock, *[JOB] * 5, DONE), clock.timing)]
    assert sorted(set(seen)) == list(range(32)) and max(clock.slept) <= 1


def test_a_job_that_is_done_is_not_waited_for(clock: Clock) -> None:
    assert list(jobs.wait(DONE, Service(clock, JOB), clock.timing)) == [(DONE, 0)]
    assert not clock.slept


PASSING = [
    e.ConnectionFailed("no network", outcome="unsent"),
    e.TimedOut("silent"),
    e.RateLimited("slow down", outcome="busy"),
    e.ServerError("inside", outcome="unknown"),
    e.BadAnswer("a web page"),
]


@pytest.mark.parametrize("failure", PASSING, ids=lambda f: type(f).__name__)
def test_a_poll_that_fails_for_now_is_survived(clock: Clock, failure: Exception) -> None:
    service = Service(clock, failure, JOB, failure, DONE)
    assert list(jobs.wait(JOB, service, clock.timing))[-1][0] == DONE


@pytest.mark.parametrize(
    "failure",
    [e.AuthenticationError("key"), e.NotFound("gone"), e.BalanceError("money")],
    ids=lambda f: type(f).__name__,
)
def test_a_poll_that_is_refused_for_good_ends_the_waiting(clock: Clock, failure: Exception) -> None:
    with pytest.raises(type(failure)):
        list(jobs.wait(JOB, Service(clock, failure), clock.timing))


def test_the_end_of_the_patience_loses_nothing(clock: Clock) -> None:
    with pytest.raises(e.JobPending, match=r"15 min; nothing is lost: %zai wait 7-8") as caught:
        list(jobs.wait(JOB, Service(clock, JOB), clock.timing))
    assert caught.value.job_id == "7-8" and 900 <= clock.now - 1000 <= 911


def test_the_trouble_of_the_last_poll_is_said_at_the_end(clock: Clock) -> None:
    trouble = e.ConnectionFailed("cannot connect to api.z.ai; check the network")
    with pytest.raises(e.JobPending, match=r"\(cannot connect to api\.z\.ai\)"):
        list(jobs.wait(JOB, Service(clock, trouble), clock.timing, patience=30))


def test_a_failed_job_says_its_reason(clock: Clock) -> None:
    failed = replace(JOB, state="failed", error="unsafe prompt")
    with pytest.raises(e.JobFailed, match=r"job 7-8 failed: unsafe prompt; ") as caught:
        list(jobs.wait(JOB, Service(clock, JOB, failed), clock.timing))
    assert caught.value.job_id == "7-8"


def test_an_interrupt_ends_the_waiting_at_once(clock: Clock) -> None:
    def stop(seconds: float) -> None:
        raise KeyboardInterrupt

    clock.sleep = stop  # type: ignore[method-assign]
    with pytest.raises(KeyboardInterrupt):
        list(jobs.wait(JOB, Service(clock, JOB), clock.timing))


def test_a_real_job_is_waited_for_through_a_failing_network(
    connect: Callable[..., tuple[Client, Loopback]], clock: Clock
) -> None:
    pending, page = http({"task_status": "PROCESSING"}), http(b"<html>", 200)
    done = http({"task_status": "SUCCESS", "video_result": [{"url": "https://a.test/v.mp4"}]})
    client, server = connect(
        http({"id": "7-8", "task_status": "PROCESSING"}),
        pending,
        *[page] * 4,
        *[error("1234", 500)] * 4,
        done,
    )
    job = client.video("A bird")
    *_, (last, _) = jobs.wait(job, client.video_result, clock.timing)
    assert last.urls == ("https://a.test/v.mp4",)
    assert [a.method for a in server.asked] == ["POST"] + ["GET"] * 10
