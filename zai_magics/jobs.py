"""Waiting for a media job: when to ask, what to say meanwhile, when to give up waiting.

Giving up waiting loses nothing: the job goes on at the service, and `wait` takes it up again.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from .errors import JobFailed, JobPending, ZaiError
from .retry import Timing
from .types import Job

POLLS = (1.0, 2.0, 3.0, 5.0)
SLOWEST_POLL = 10.0
TICK = 1.0
PATIENCE = 900.0
_PASSING = ("unsent", "busy", "unknown")


def wait(
    job: Job, ask: Callable[[Job], Job], timing: Timing, patience: float = PATIENCE
) -> Iterator[tuple[Job, float]]:
    """The job and the seconds waited, about once a second until it is done.

    `ask` gets the job's newest state; it is called after 1, 2, 3, 5 s, then every 10 s. A failing
    network is survived until the patience (seconds) runs out. Raises JobFailed, JobPending.
    """
    started = timing.clock()
    polls = iter(POLLS)
    trouble = ""
    while True:
        elapsed = timing.clock() - started
        if job.state == "failed":
            raise JobFailed(
                f"job {job.id} failed: {job.error}; change the prompt and run the cell again",
                job_id=job.id,
            )
        yield job, elapsed
        if job.state == "done":
            return
        if elapsed >= patience:
            why = f" ({trouble})" if trouble else ""
            raise JobPending(
                f"job {job.id} is still running after {elapsed / 60:.0f} min{why}; "
                f"nothing is lost: %zai wait {job.id}",
                job_id=job.id,
            )
        yield from _pause(job, next(polls, SLOWEST_POLL), timing, started)
        try:
            job, trouble = ask(job), ""
        except ZaiError as error:
            trouble = _passing(error)


def _pause(job: Job, seconds: float, timing: Timing, started: float) -> Iterator[tuple[Job, float]]:
    """Sleep in steps of a second, so that the time shown goes on."""
    until = timing.clock() + seconds
    while (left := until - timing.clock()) > 0:
        timing.sleep(min(TICK, left))
        yield job, timing.clock() - started


def _passing(error: ZaiError) -> str:
    """The message of an error that may pass; one that will not is raised."""
    if error.outcome not in _PASSING:
        raise error
    return str(error).partition(";")[0]
