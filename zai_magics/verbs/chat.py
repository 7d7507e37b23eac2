"""`chat`: a prompt becomes a turn of the conversation."""

from __future__ import annotations

from collections.abc import Generator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from .. import catalogue, prompt
from ..client import ChatStream
from ..conversation import Conversation, Place, Turn
from ..errors import Interrupted, ZaiError
from ..options import ChatOptions
from ..types import Draft, Json, Reply, Request
from ..wire import chat as wire
from .common import expanded, no_key

if TYPE_CHECKING:
    from ..session import Session

Content = str | tuple[Json, ...]


def turn(
    session: Session,
    text: str,
    options: ChatOptions,
    place: Place | None,
    names: Mapping[str, Any],
) -> Generator[Draft | Reply | Request, None, None]:
    """Drafts as the words come, then the reply, which is by then a turn of the conversation.

    An interrupted or broken answer is given as far as it came and kept, then raised.
    """
    said = expanded(session, text, options, names, options.attach)
    no_key(session, options.system or session.conversation.system)
    content = wire.user_content(said, [prompt.image(a) for a in options.attach])
    user: Content = content if isinstance(content, str) else tuple(content)
    messages = _context(session, options).request(user, place, options.system)
    model, note = _model(session, options, messages)
    params = options.params(model)
    if options.dry_run:
        yield _dry_run(session, messages, model, params)
        return
    with session.client().stream(messages, model=model, **params) as stream:
        trouble = yield from _drafts(stream)
    if trouble is None or not stream.answer.empty:
        reply = stream.reply(_ending(trouble))
        reply = reply if reply.note else stream.reply(note)
        session.spent.add(reply.cost)
        if not options.alone:
            made = Turn(user, str(reply), reply.model, place, reply.thinking, _state(trouble))
            session.conversation = session.conversation.with_turn(made)
        yield reply
    if trouble is not None:
        raise _with_hint(trouble, model) from None


def _drafts(stream: ChatStream) -> Generator[Draft, None, ZaiError | Interrupted | None]:
    """Snapshots until the stream ends; what ended it too early is returned, not raised."""
    try:
        yield stream.answer.draft()
        for delta in stream:
            yield stream.answer.draft(delta.notice)
    except KeyboardInterrupt:
        return Interrupted("stopped; what had come is kept, run the cell again to ask anew")
    except ZaiError as error:
        return error
    return None


def _context(session: Session, options: ChatOptions) -> Conversation:
    return Conversation() if options.alone else session.conversation


def _model(session: Session, options: ChatOptions, messages: Sequence[Json]) -> tuple[str, str]:
    """The model to ask, and what to say when it is not the one that was expected."""
    wanted = options.model or session.settings.model
    known = catalogue.entry(wanted)
    has_images = any(not isinstance(m["content"], str) for m in messages)
    if has_images and known is not None and known.kind == "chat":
        vision = session.settings.vision_model
        return vision, f"{wanted} reads no images, so {vision} was asked"
    return wanted, ""


def _ending(trouble: BaseException | None) -> str:
    if trouble is None:
        return ""
    return "interrupted" if isinstance(trouble, Interrupted) else "incomplete: it broke off here"


def _state(trouble: BaseException | None) -> str:
    if trouble is None:
        return "complete"
    return "interrupted" if isinstance(trouble, Interrupted) else "incomplete"


def _with_hint(error: ZaiError | Interrupted, model: str) -> ZaiError | Interrupted:
    """A refused unknown model gets the nearest known one named."""
    if getattr(error, "status", 0) == 400 and catalogue.entry(model) is None:
        near = catalogue.nearest(model)
        if near:
            error.args = (f"{error} - {model} is not known here; did you mean {near}?",)
    return error


def _dry_run(session: Session, messages: Sequence[Json], model: str, params: Json) -> Request:
    body = wire.body(messages, model, params)
    tokens = estimate(messages)
    known = catalogue.entry(model)
    price = catalogue.dollars(None)
    if known is not None and known.price == "free":
        price = "free"
    elif known is not None and known.input is not None:
        asked = catalogue.dollars(tokens * known.input / catalogue.MILLION)
        price = f"{asked} for the prompt"
        if known.output is not None and isinstance(params.get("max_tokens"), int):
            longest = catalogue.dollars(params["max_tokens"] * known.output / catalogue.MILLION)
            price += f", at most {longest} for {params['max_tokens']} tokens of answer"
        price += f" ({known.price})"
    return Request(session.endpoint().url + wire.PATH, body, tokens, price)


def estimate(messages: Sequence[Json]) -> int:
    """Tokens that messages have, roughly: four bytes of UTF-8 make one, an image about 1,000."""
    total = 0
    for message in messages:
        content = message.get("content") or ""
        parts = [{"text": content}] if isinstance(content, str) else content
        for part in parts:
            text = part.get("text")
            total += 1000 if text is None else len(text.encode("utf-8", "replace")) // 4 + 4
    return total
