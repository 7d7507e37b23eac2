"""`chat`: a prompt becomes a turn of the conversation."""

from __future__ import annotations

import os
from collections.abc import Generator, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from .. import catalogue, prompt
from ..client import ChatStream
from ..conversation import Conversation, Place, Turn, estimate
from ..errors import CommandError, Interrupted, ZaiError
from ..journal import Asked
from ..options import ChatOptions
from ..types import Draft, Json, Reply, Request
from ..wire import chat as wire
from .common import expanded, no_key

if TYPE_CHECKING:
    from ..session import Session

Content = str | tuple[Json, ...]
CONTEXT = 128_000  # tokens, for a model that the catalogue does not know
ANSWER = 16_384  # tokens kept free for an answer whose length nobody has limited


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
    context = _context(session, options, place)
    no_key(session, options.system or context.system)
    content = wire.user_content(said, [prompt.image(a) for a in options.attach])
    user: Content = content if isinstance(content, str) else tuple(content)
    before = context.turns[: context.index(place)]
    model, note = _model(session, options, user, [turn.user for turn in before])
    params = options.params(model)
    skip = context.beyond(_room(model, params, user, options.system or context.system), place)
    carried = context.context(user, place, options.system, skip)
    messages = list(carried)
    elsewhere = "" if options.alone else _elsewhere(session, options, context)
    note = "; ".join(filter(None, (note, elsewhere, _left_out(skip, model))))
    if options.dry_run:
        yield _dry_run(session, messages, model, params, note)
        return
    with session.client().stream(messages, model=model, **params) as stream:
        asked_at = session.timing.now()
        trouble = yield from _drafts(stream)
    if trouble is None or not stream.answer.empty:
        reply = stream.reply(_ending(trouble))
        reply = reply if reply.note else stream.reply(note)
        reply.asked = carried  # not a list of its own for every reply
        reply.call = replace(reply.call, conversation="" if options.alone else context.name)
        session.spent.add(reply.cost)
        beside = {k: v for k, v in stream.request.items() if k not in ("messages", "model")}
        if carried.past and carried.past.turn.params == beside:
            beside = carried.past.turn.params  # turns that are asked alike have them once
        asked = Asked(
            os.urandom(16),
            asked_at,
            "chat",
            session.seller(),
            session.scope(),
            model,
            messages,
            beside,
            reply.call.conversation,
            place.cell if place else "",
        )
        turn = Turn(
            user,
            reply,
            reply.model,
            place,
            reply.thinking,
            _state(trouble),
            params=beside,
            asked_in=reply.call.conversation,
            named=options.conversation is not None,
            past=carried.past,
            at=asked_at,
            tokens=sum(reply.usage[:2]) - reply.usage.thinking if reply.usage else 0,
        )
        trouble = _written(session, asked, reply, turn, options.alone) or trouble
        yield reply
    if trouble is not None:
        raise _with_hint(trouble, model) from None


def _written(
    session: Session, asked: Asked, reply: Reply, turn: Turn, alone: bool
) -> Interrupted | None:
    """Write the turn down before it is shown as the value; an interrupt waits for that."""
    try:
        session.conversations.add(asked, reply, turn, alone)
        return None
    except KeyboardInterrupt:
        session.conversations.add(replace(asked, again=True), reply, turn, alone)
    return Interrupted("stopped; the answer is kept")


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


def _context(session: Session, options: ChatOptions, place: Place | None) -> Conversation:
    if options.alone:
        if options.conversation:
            raise CommandError("--alone is without a conversation; leave -c or --alone out")
        return Conversation()
    return session.conversations.home(place, options.conversation)


def _model(
    session: Session, options: ChatOptions, user: Content, before: Iterable[Content]
) -> tuple[str, str]:
    """The model to ask, and what to say when it is not the one that was expected."""
    wanted = options.model or session.settings.model
    known = catalogue.entry(wanted)
    if known is None or known.kind != "chat":
        return wanted, ""
    vision = session.settings.vision_model
    if not isinstance(user, str):
        return vision, f"{wanted} reads no images, so {vision} was asked"
    if any(not isinstance(content, str) for content in before):
        why = f"an earlier turn has an image, which {wanted} cannot read, so {vision} was asked"
        return vision, f"{why}; --alone asks without it, %zai new begins anew"
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
        meant = f"; did you mean {near}?" if near else ";"
        said = str(error).replace("modelCode:", "the model").partition("; ")[0]  # without its step
        error.args = (f"-m {model}: {said}{meant} %zai models lists them",)
    return error


def _room(model: str, params: Json, user: Content, system: str) -> int:
    """Tokens that the turns before this one may have: the model's context without the answer's
    and the prompt's.
    """
    known = catalogue.entry(model)
    context = known.context if known and known.context else CONTEXT
    asked = params.get("max_tokens")
    answer = asked if isinstance(asked, int) else ANSWER
    taken = estimate([{"content": user}, {"content": system}])
    return max(0, context - min(answer, context // 2) - taken)


def _elsewhere(session: Session, options: ChatOptions, context: Conversation) -> str:
    """Said of a turn that stays in its conversation although another one is current."""
    now = session.conversation.name
    if options.conversation is not None or context.name == now:
        return ""
    return f"asked in {context.name}, where this cell's turn is; -c {now} asks it in {now}"


def _left_out(turns: int, model: str) -> str:
    if not turns:
        return ""
    first = "the first turn was" if turns == 1 else f"the first {turns} turns were"
    return f"{first} left out: the conversation is longer than what {model} takes (%zai new)"


def _dry_run(
    session: Session, messages: Sequence[Json], model: str, params: Json, note: str
) -> Request:
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
    price = f"{price}; {note}" if note else price
    return Request(session.endpoint().url + wire.PATH, body, tokens, price)
