"""`video` and `wait`: a prompt becomes a job at the service, the job becomes a clip."""

from __future__ import annotations

from collections.abc import Generator, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from .. import jobs, media, prompt
from ..client import Client
from ..errors import CommandError, Interrupted, JobFailed, JobPending, ZaiError
from ..options import VideoOptions
from ..types import Clip, Job, Progress, Request
from ..wire import media as wire
from .common import MAYBE_CHARGED, dry_run, expanded, paid_for, progress, target

if TYPE_CHECKING:
    from ..session import Session


def clip(
    session: Session, text: str, options: VideoOptions, names: Mapping[str, Any]
) -> Generator[Progress | Clip | Request, None, None]:
    """Progress with price and job id, then the clip. The order is sent once."""
    if len(options.attach) > 2:
        raise CommandError("a video takes one frame or two (-a FIRST -a LAST), not more")
    said = expanded(session, text, options, names, options.attach)
    params = options.params([prompt.image(a) for a in options.attach])
    model = options.model or session.settings.video_model
    if options.dry_run:
        yield dry_run(session, wire.VIDEOS, {"model": model, "prompt": said, **params})
        return
    session.client()  # without a key nothing is shown as being made
    first = progress(session, "video", model, said)
    yield replace(first, step="sending the order")
    job = _order(session, said, model, params)
    yield from _finish(session, job, replace(first, job_id=job.id), options.save)


def wait(session: Session, job_id: str, save: str | None) -> Generator[Progress | Clip, None, None]:
    """Take up a job again, one of this kernel or any id of this account."""
    session.client()
    job = session.jobs.get(job_id) or Job(id=job_id)
    first = progress(session, "video", job.model, job.prompt)
    yield from _finish(session, job, replace(first, job_id=job.id), save)


def _order(session: Session, said: str, model: str, params: Mapping[str, Any]) -> Job:
    try:
        job = session.client().video(said, model=model, **params)
    except KeyboardInterrupt:
        raise Interrupted(MAYBE_CHARGED) from None
    session.jobs[job.id] = job
    session.spent.add(session.price(model))
    return job


def _finish(
    session: Session, job: Job, first: Progress, save: str | None
) -> Generator[Progress | Clip, None, None]:
    """Wait for a job and fetch its clip. However it ends, the job's id is said."""
    client, clock = session.client(), session.timing.clock
    started = clock()
    now = job
    try:
        for now, elapsed in jobs.wait(job, client.video_result, session.timing):
            session.jobs[job.id] = now
            yield replace(first, elapsed=elapsed)
        yield replace(first, elapsed=clock() - started, step="fetching the clip")
        made = _fetch(session, client, now, first, save)
        yield replace(made, elapsed=clock() - started)
    except KeyboardInterrupt:
        raise Interrupted(
            f"stopped waiting; job {job.id} goes on at the service: %zai wait {job.id}"
        ) from None
    except (JobFailed, JobPending):
        raise
    except ZaiError as error:
        raise paid_for(error, f"the job is not lost: %zai wait {job.id}") from None


def _fetch(session: Session, client: Client, job: Job, first: Progress, save: str | None) -> Clip:
    kept = media.download(client.network, job.urls[0], target(session, save, job.prompt or job.id))
    return Clip(
        path=kept.path,
        url=job.urls[0],
        prompt=job.prompt,
        model=job.model,
        cost=first.price,
        mime=kept.mime,
        sandbox=client.network.endpoint.sandbox,
        poster=_poster(client, job),
        job_id=job.id,
    )


def _poster(client: Client, job: Job) -> bytes:
    """The clip's cover; a clip without one is a clip all the same."""
    try:
        return media.fetch(client.network, job.cover_url) if job.cover_url else b""
    except ZaiError:
        return b""
