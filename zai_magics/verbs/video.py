"""`video` and `wait`: a prompt becomes a job at the service, the job becomes a clip."""

from __future__ import annotations

from collections.abc import Generator, Iterable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from .. import jobs, media
from ..client import Client
from ..errors import (
    CommandError,
    Interrupted,
    JobFailed,
    JobPending,
    MediaError,
    NotFound,
    PromptError,
    ZaiError,
    one_line,
)
from ..journal import Record
from ..options import VideoOptions
from ..orders import Order, job_of, of_job
from ..types import Clip, Job, Picture, Pictures, Progress, Request
from ..wire import media as wire
from . import image
from .common import buy, dry_run, expanded, given, no_unknown, paid_for, progress, target

if TYPE_CHECKING:
    from ..session import Session

Snapshots = Generator[Progress | Clip | Job | Request, None, None]


class _Ordered(NamedTuple):
    """A job that is to become a file: its order's number in the journal (0: none), what is shown
    of it, where the file is wanted, and whether an earlier run may have fetched it already.
    """

    number: int
    job: Job
    first: Progress
    save: str | None
    seen: bool = True


def clip(
    session: Session, text: str, options: VideoOptions, names: Mapping[str, Any], cell: str
) -> Snapshots:
    """Progress with price and job id, then the clip. The order is sent once.

    A clip that this notebook has bought with the same request is shown again, free; one that is
    being made is waited for. With `background` the last snapshot is the job.
    """
    if len(options.attach) > 2:
        raise CommandError("a video takes one frame or two (-a FIRST -a LAST), not more")
    said = expanded(session, text, options, names, options.attach)
    frames = [_frame(a, names) for a in options.attach]
    model = options.model or session.settings.video_model
    body = given({"model": model, "prompt": said or None, **options.params(frames)})
    if why := wire.impossible(model, fps=options.fps, duration=options.duration):
        raise CommandError(f"{why}; nothing was sent")
    where = session.connection
    order = Order("video", body, said, where.seller(), where.price(model), frames, cell)
    had = [] if options.again else session.orders.had(order)
    newest = next((r for r in had if r.state in ("done", "submitted")), None)
    if options.dry_run:
        yield dry_run(session, wire.VIDEOS, order, 1, int(newest is not None), options.again)
        return
    first = progress(session, "video", model, said)
    if newest is not None and newest.state == "done":
        session.orders.shown(order, newest)
        yield session.orders.kept.clip(
            newest, target(session, options.save, said), bool(options.save)
        )
        return
    if newest is None and not options.again:
        place = target(session, options.save, said)
        made, note = session.replay.clip(session.orders, order, place, bool(options.save))
        if made is not None:
            session.warn(note)
            yield made
            return
    if newest is None:
        no_unknown(had)
        with session.replay.explained(session.orders.asked(order), options.again):
            session.connection.client()  # without a key nothing is shown as being made
        yield replace(first, step="sending the order")
        after = None if options.again else max((r.id for r in had), default=0)
        number, job = _bought(session, order, after)
    else:
        number, job = newest.id, job_of(newest)
        first = replace(first, price=0.0, step="ordered before, waiting for it")
    first = replace(first, job_id=job.id)
    if options.background:
        yield first
        yield job
        return
    seen = newest is not None
    ordered = _Ordered(number, job, first, options.save, seen)
    yield from _finish(session, session.connection.client(), ordered)
    session.lost.discard(order.key)


def _frame(given: str, names: Mapping[str, Any]) -> str:
    """The URL of a frame: of a picture's path or URL, or of an image of the notebook."""
    from .. import attach

    found = attach.attachment(given, names)
    if found.kind != "image":
        raise PromptError(f"-a {one_line(given, 60)} is no image; a video begins with one")
    return found.url


def wait(
    session: Session, job_id: str, save: str | None, client: Client | None = None
) -> Generator[Progress | Clip | Picture | Pictures, None, None]:
    """Take up an order again: a job's id, any of this account, or `#N`, a number of the journal.

    `client` is another one than the session's, for use in a thread of its own.
    """
    record = _record(session, job_id)
    place = target(session, save, record.prompt if record else job_id)
    # A failed job is asked about once more: the word of one poll is not the end of it.
    asked = ("submitted", "failed") if record is not None and record.job else ("submitted",)
    if record is not None and record.state not in asked:
        if record.state == "failed":
            raise JobFailed(f"job {job_id} failed: {record.result.get('error')}", job_id=job_id)
        no_unknown([record])
        if record.kind == "video":
            yield session.orders.kept.clip(record, place, bool(save))
        else:
            yield _one_or_all(session.orders.kept.pictures(record, place, bool(save)))
        return
    seller = session.connection.seller()
    if record is not None and record.endpoint != seller:
        raise CommandError(
            f"{job_id} was ordered at {record.endpoint}, and requests go to {seller}; "
            "switch back first (%zai shows where they go)"
        )
    client = client or session.connection.client()
    if record is not None and record.kind == "image":
        yield _one_or_all(image.fetch(session, record, save))
        return
    job = job_of(record) if record else session.jobs.get(job_id, Job(id=job_id))
    first = progress(session, "video", job.model, job.prompt)
    first = replace(first, job_id=job.id, price=record.cost if record else first.price)
    yield from _finish(session, client, _Ordered(record.id if record else 0, job, first, save))


def _one_or_all(made: Iterable[Picture]) -> Picture | Pictures:
    pictures = Pictures(made)
    return pictures[0] if len(pictures) == 1 else pictures


def _record(session: Session, job_id: str) -> Record | None:
    """What the journal knows of a job's id or of `#N`."""
    if not job_id.startswith("#"):
        return session.orders.of_job(job_id)
    number = job_id[1:]
    found = session.orders.get(int(number)) if number.isdecimal() and len(number) < 16 else None
    if found is None or found.kind not in ("image", "video"):
        raise CommandError(f"there is no order {job_id}; %zai jobs lists them")
    return found


def _bought(session: Session, order: Order, after: int | None) -> tuple[int, Job]:
    client = session.connection.client()

    def send() -> Job:
        return client.video(order.prompt, model=order.body["model"], **order.params)

    number, job = buy(session, order, send, lambda job: (of_job(job), job.id), after)
    session.jobs[job.id] = job
    return number, job


def _finish(
    session: Session, client: Client, ordered: _Ordered
) -> Generator[Progress | Clip, None, None]:
    """Wait for a job and fetch its clip. However it ends, the job's id is said."""
    number, job, first, *_ = ordered
    clock = client.timing.clock
    started = clock()
    now = job
    try:
        for now, elapsed in jobs.wait(job, client.video_result, client.timing):
            if now is not job:  # the service knows it: what somebody typed may be no job
                session.jobs[job.id] = now
            yield replace(first, elapsed=elapsed)
        yield replace(first, elapsed=clock() - started, step="fetching the clip")
        ordered = ordered._replace(job=now)
        made = session.fetching.run(lambda: _kept(session, client, ordered, started))
        yield made
    except KeyboardInterrupt:
        raise Interrupted(
            f"stopped waiting; job {job.id} goes on at the service: %zai wait {job.id}"
        ) from None
    except JobFailed as error:
        session.orders.failed(number, str(error))
        raise
    except JobPending:
        raise
    except ZaiError as error:
        if isinstance(error, NotFound) and not number:  # an id that somebody typed
            say = (
                f"there is no job {job.id} at {session.connection.seller()}; %zai jobs lists yours"
            )
            error.args = (say,)
            raise
        raise paid_for(error, f"the job is not lost: %zai wait {job.id}") from None


def _kept(session: Session, client: Client, ordered: _Ordered, started: float) -> Clip:
    """The clip, fetched, or stored where another kernel was faster."""
    number, job, first, save, seen = ordered
    place = target(session, save, job.prompt or job.id)
    record = session.orders.get(number) if number else None
    if record is not None and record.state == "done":
        return session.orders.kept.clip(record, place, bool(save))
    job, kept = _downloaded(client, job, place, seen)
    made = Clip(
        path=kept.path,
        url=job.urls[0],
        prompt=job.prompt,
        model=job.model,
        cost=first.price,
        mime=kept.mime,
        elapsed=client.timing.clock() - started,
        sandbox=client.network.endpoint.sandbox,
        poster=_poster(client, job),
        job_id=job.id,
    )
    session.orders.done(number, of_job(job), [made])
    return made


def _downloaded(client: Client, job: Job, place: Path, seen: bool) -> tuple[Job, media.Kept]:
    """The file, and the job as it is then: a link that has expired is asked for again, once."""
    try:
        return job, media.download(client.network, job.urls[0], place, seen)
    except MediaError:
        again = client.video_result(job)
        if again.state != "done" or again.urls == job.urls:
            raise
    return again, media.download(client.network, again.urls[0], place, seen)


def _poster(client: Client, job: Job) -> bytes:
    """The clip's cover; a clip without one is a clip all the same."""
    try:
        return media.fetch(client.network, job.cover_url) if job.cover_url else b""
    except ZaiError:
        return b""
