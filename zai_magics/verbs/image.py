"""`image`: a prompt becomes pictures, each one a paid request that is sent once."""

from __future__ import annotations

import os
from collections.abc import Generator, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from .. import media
from ..errors import CommandError, Interrupted, ZaiError
from ..journal import Record
from ..options import ImageOptions
from ..orders import Order
from ..types import Picture, Pictures, Progress, Request
from ..wire import media as wire
from .common import (
    buy,
    dry_run,
    expanded,
    fetch_again,
    given,
    no_unknown,
    paid_for,
    progress,
    target,
)

if TYPE_CHECKING:
    from ..session import Session

Links = Sequence[Sequence[str]]


def pictures(
    session: Session, text: str, options: ImageOptions, names: Mapping[str, Any], cell: str
) -> Generator[Progress | Picture | Pictures | Request, None, None]:
    """Progress, then the pictures so far after each one; what is made is kept whatever follows.

    Pictures that this notebook has bought with the same request come first, and are free.
    """
    if not 1 <= options.n <= 100:
        raise CommandError(f"-n takes 1 to 100 pictures, not {options.n}")
    said = expanded(session, text, options, names)
    model = options.model or session.settings.image_model
    body = given({"model": model, "prompt": said, **options.params()})
    where = session.connection
    order = Order("image", body, said, where.seller(), where.price(model), cell=cell)
    had = [] if options.again else session.orders.had(order)
    if options.dry_run:
        there = sum(record.state in ("done", "submitted") for record in had)
        yield dry_run(session, wire.IMAGES, order, options.n, there, options.again)
        return
    first = progress(session, "image", model, said)
    made = Pictures(_stored(session, order, options, had))
    for record in had:
        if record.state == "submitted" and len(made) < options.n:
            yield replace(first, made=made, step="fetching what was bought before")
            made = Pictures((*made, *_fetched(session, order, options, record)))
    if not options.again:
        place, left = target(session, options.save, said), options.n - len(made)
        orders, there = session.orders, bool(options.save)
        found = session.replay.pictures(orders, order, place, there, left, had)
        made = Pictures((*made, *found))
    if len(made) < options.n:
        no_unknown(had)
        with session.replay.explained(session.orders.asked(order), options.again, len(made)):
            session.connection.client()  # without a key nothing is shown as being made
    after = None if options.again else max((r.id for r in had), default=0)
    for number in range(len(made) + 1, options.n + 1):
        yield replace(first, made=made, step=f"{number} of {options.n}" if options.n > 1 else "")
        bought, fetched = _bought(session, order, options, after)
        after = None if after is None else bought
        made = Pictures((*made, *fetched))
    yield made[0] if options.n == 1 == len(made) else made


def fetch(session: Session, record: Record, save: str | None) -> Iterator[Picture]:
    """The pictures of an order whose links are known, but whose files were never fetched."""
    order = Order("image", {"model": record.model}, record.prompt, record.endpoint, record.cost)
    return _fetched(session, order, ImageOptions(save=save), record)


def _stored(
    session: Session, order: Order, options: ImageOptions, had: Sequence[Record]
) -> list[Picture]:
    """The newest pictures that are there, at most as many as asked for, oldest first."""
    found: list[Picture] = []
    place = target(session, options.save, order.prompt)
    for record in had:
        if record.state == "done" and len(found) < options.n:
            found = session.orders.kept.pictures(record, place, bool(options.save)) + found
            session.orders.shown(order, record)
    return found[-options.n :]


def _bought(
    session: Session, order: Order, options: ImageOptions, after: int | None
) -> tuple[int, Iterator[Picture]]:
    """The order's number in the journal, and its pictures as they are fetched."""
    client, started = session.connection.client(), session.timing.clock()
    order = replace(order, uid=os.urandom(16))

    def send() -> Links:
        return client.image_links(order.prompt, model=order.body["model"], **order.params)

    number, links = buy(session, order, send, lambda links: ({"links": links}, ""), after)
    return number, _kept(session, order, options, number, links, order.price, started)


def _fetched(
    session: Session, order: Order, options: ImageOptions, record: Record
) -> Iterator[Picture]:
    """Paid for by an earlier run, which was stopped before the file was there."""
    links, started = record.result.get("links") or [], session.timing.clock()
    for made in _kept(session, order, options, record.id, links, 0.0, started, True):
        yield replace(made, stored=True)


def _kept(
    session: Session,
    order: Order,
    options: ImageOptions,
    number: int,
    links: Links,
    cost: float | None,
    started: float,
    again: bool = False,
) -> Iterator[Picture]:
    """Fetch the pictures behind the links and keep them; `again`: a run before may have."""
    network = session.connection.client().network
    made = []
    for url, revised in links:
        try:
            place = target(session, options.save, order.prompt)
            kept = media.keep(media.fetch(network, url), place, again)
        except ZaiError as error:
            hint = f"it is paid for: {fetch_again(number)}; its link: {url}"
            raise paid_for(error, hint) from None
        except KeyboardInterrupt:
            hint = f"stopped; it is paid for: {fetch_again(number)}; its link: {url}"
            raise Interrupted(hint) from None
        made.append(
            Picture(
                path=kept.path,
                url=url,
                prompt=order.prompt,
                model=order.body["model"],
                cost=cost,
                mime=kept.mime,
                elapsed=session.timing.clock() - started,
                sandbox=network.endpoint.sandbox,
                revised_prompt=revised,
            )
        )
    session.orders.done(number, {"links": list(links)}, made)
    session.lost.discard(order.key)
    yield from made
