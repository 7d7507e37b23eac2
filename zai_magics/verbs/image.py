"""`image`: a prompt becomes pictures, each one a paid request that is sent once."""

from __future__ import annotations

from collections.abc import Generator, Iterator, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from .. import media
from ..errors import CommandError, Interrupted, ZaiError
from ..options import ImageOptions
from ..types import Picture, Pictures, Progress, Request
from ..wire import media as wire
from .common import MAYBE_CHARGED, dry_run, expanded, paid_for, progress, target

if TYPE_CHECKING:
    from ..session import Session


def pictures(
    session: Session, text: str, options: ImageOptions, names: Mapping[str, Any]
) -> Generator[Progress | Picture | Pictures | Request, None, None]:
    """Progress, then the pictures so far after each one; what is made is kept whatever follows."""
    if not 1 <= options.n <= 100:
        raise CommandError(f"-n takes 1 to 100 pictures, not {options.n}")
    said = expanded(session, text, options, names)
    model = options.model or session.settings.image_model
    if options.dry_run:
        body = {"model": model, "prompt": said, **options.params()}
        yield dry_run(session, wire.IMAGES, body, options.n)
        return
    made = Pictures()
    session.client()  # without a key nothing is shown as being made
    first = progress(session, "image", model, said)
    for number in range(1, options.n + 1):
        yield replace(first, made=made, step=f"{number} of {options.n}" if options.n > 1 else "")
        made = Pictures((*made, *_order(session, said, model, options)))
    yield made[0] if options.n == 1 == len(made) else made


def _order(session: Session, said: str, model: str, options: ImageOptions) -> Iterator[Picture]:
    client, clock = session.client(), session.timing.clock
    started = clock()
    try:
        links = client.image_links(said, model=model, **options.params())
    except KeyboardInterrupt:
        raise Interrupted(MAYBE_CHARGED) from None
    cost = session.price(model)
    session.spent.add(cost)
    for url, revised in links:
        try:
            kept = media.keep(media.fetch(client.network, url), target(session, options.save, said))
        except ZaiError as error:
            raise paid_for(error, f"the picture is paid for, its link: {url}") from None
        except KeyboardInterrupt:
            raise Interrupted(f"stopped; the picture is paid for, its link: {url}") from None
        yield Picture(
            path=kept.path,
            url=url,
            prompt=said,
            model=model,
            cost=cost,
            mime=kept.mime,
            elapsed=clock() - started,
            sandbox=client.network.endpoint.sandbox,
            revised_prompt=revised,
        )
