"""`chat`: a prompt becomes a turn of the conversation."""

from __future__ import annotations

import json
from collections.abc import Generator, Mapping
from functools import partial
from typing import TYPE_CHECKING, Any

from .. import budget, catalogue
from ..conversation import Conversation, Place, estimate
from ..errors import CommandError
from ..journal import Asked
from ..options import ChatOptions
from ..types import Draft, Json, Reply, Request
from ..wire import chat as wire
from .common import FREE_HERE, composed, no_key
from .exchange import Exchange
from .parameters import (
    Content,
    attached,
    chosen_model,
    lone_field,
    request_params,
    wanted_schema,
    with_hint,
)
from .plan import Plan

if TYPE_CHECKING:
    from ..session import Session
    from .calling import Calling

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
    calling = _calling(session, options, names)
    plan = _plan(session, text, options, place, names, calling)
    if options.dry_run:
        yield _dry_run(session, plan)
        return
    exchange = Exchange(session, plan, calling)
    trouble = yield from exchange.run()
    if exchange.reply is not None:
        yield exchange.reply
    if trouble is not None:
        raise with_hint(trouble, plan.model) from None


def _plan(
    session: Session,
    text: str,
    options: ChatOptions,
    place: Place | None,
    names: Mapping[str, Any],
    calling: Calling | None,
) -> Plan:
    """What the turn is to send."""
    said, inserted = composed(session, text, options, names, options.attach)
    attachments = (*attached(options, names), *inserted)
    for one in attachments:
        no_key(session, f"{one.text} {one.url}")  # the key is known in base64, too
    where = _where(session, options, place)
    wanted = wanted_schema(options, names)
    system = options.system if options.system is not None else where.system
    no_key(session, system)
    user = wire.user_content(said, attachments)
    before = where.turns[: where.index(place)]
    said_before = [content for turn in before for content in turn.contents()]
    model, note = chosen_model(session, options, user, said_before)
    params_of = partial(request_params, options, calling, wanted, model)
    params = params_of(model)
    if wanted:
        from .. import schema

        system = "\n\n".join(filter(None, (system, schema.instructions(wanted))))
    # A tool's defaults and a schema's descriptions are the notebook's, too.
    no_key(session, f"{system} {json.dumps(params, ensure_ascii=False, default=str)}")
    skip = where.beyond(_room(model, params, user, system), place)
    elsewhere = "" if options.alone else _elsewhere(session, options, where)
    field = lone_field(options, names)
    notes = (*(a.note for a in attachments), note, elsewhere, field, _left_out(skip, model))
    return Plan(
        where,
        place,
        where.context(user, place, system, skip),
        model,
        params_of,
        "; ".join(filter(None, notes)),
        options.conversation is not None,
        options.alone,
        wanted,
        options.again,
    )


def _calling(session: Session, options: ChatOptions, names: Mapping[str, Any]) -> Calling | None:
    if not options.tool:
        return None
    from .. import tools
    from .calling import Calling

    wanted = [f if isinstance(f, str) else _function_name(f) for f in options.tool]
    own = {name: f for name, f in zip(wanted, options.tool, strict=True) if not isinstance(f, str)}
    known = tools.named(wanted, {**names, **own})
    return Calling(session, known, options.approve or "ask")


def _function_name(function: Any) -> str:
    """The name of what was given as a tool itself."""
    name = getattr(function, "__name__", "")
    if callable(function) and isinstance(name, str) and name.isidentifier():
        return name
    raise CommandError(
        f"a {type(function).__name__} has no name to be called by; write a def around it, or give "
        "its name in the notebook as a text"
    )


def _where(session: Session, options: ChatOptions, place: Place | None) -> Conversation:
    """The conversation that this becomes a turn of."""
    if options.alone:
        if options.conversation:
            raise CommandError("--alone is without a conversation; leave -c or --alone out")
        return Conversation()
    return session.conversations.home(place, options.conversation)


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


def _asked(session: Session, plan: Plan) -> Asked:
    """The first request of a plan, as replay looks for it."""
    params = {name: value for name, value in plan.params(plan.model).items() if value is not None}
    seller, scope = session.connection.seller(), session.scope()
    return Asked(b"", 0.0, "chat", seller, scope, plan.model, [*plan.carried], params)


def _dry_run(session: Session, plan: Plan) -> Request:
    messages = [*plan.carried]
    params = plan.params(plan.model)
    body = wire.body(messages, plan.model, params)
    tokens = estimate(messages)
    known = catalogue.entry(plan.model)
    price = catalogue.dollars(None)
    if known is not None and known.price == "free":
        price = "free"
    elif known is not None and known.input is not None:
        asked = catalogue.dollars(tokens * known.input / catalogue.MILLION)
        price = f"{asked} for the prompt"
        most = params.get("max_tokens")
        if known.output is not None and isinstance(most, int):
            longest = catalogue.dollars(most * known.output / catalogue.MILLION)
            price += f", at most {longest} for {most} tokens of answer"
        price += f" ({known.price})"
    bounds = budget.bounds_of(plan.model, messages, params)
    left = session.budget.said(bounds and bounds.least)
    free = FREE_HERE if session.connection.is_free() else ""
    recorded = "" if plan.again else session.replay.foretold(_asked(session, plan))
    price = "; ".join(filter(None, (price, free, recorded, plan.note, left)))
    return Request(session.connection.endpoint().url + wire.PATH, body, tokens, price)
