"""`chat`: a prompt becomes a turn of the conversation."""

from __future__ import annotations

import json
from collections.abc import Generator, Iterable, Mapping
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any

from .. import budget, catalogue
from ..conversation import Conversation, Place, estimate
from ..errors import CommandError, Interrupted, ZaiError
from ..options import ChatOptions
from ..types import Draft, Json, Reply, Request
from ..wire import chat as wire
from .common import composed, no_key
from .exchange import Exchange
from .plan import Plan

if TYPE_CHECKING:
    from ..attach import Attachment
    from ..schema import Schema
    from ..session import Session
    from .calling import Calling

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
        raise _with_hint(trouble, plan.model) from None


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
    attached = (*_attached(options, names), *inserted)
    for one in attached:
        no_key(session, one.text)
    where = _where(session, options, place)
    wanted = _wanted(options, names)
    system = options.system if options.system is not None else where.system
    no_key(session, system)
    user = wire.user_content(said, attached)
    before = where.turns[: where.index(place)]
    said_before = [content for turn in before for content in turn.contents()]
    model, note = _model(session, options, user, said_before)
    params_of = partial(_params, options, calling, wanted, model)
    params = params_of(model)
    if wanted:
        from .. import schema

        system = "\n\n".join(filter(None, (system, schema.instructions(wanted))))
    # A tool's defaults and a schema's descriptions are the notebook's, too.
    no_key(session, f"{system} {json.dumps(params, ensure_ascii=False, default=str)}")
    skip = where.beyond(_room(model, params, user, system), place)
    elsewhere = "" if options.alone else _elsewhere(session, options, where)
    notes = (*(a.note for a in attached), note, elsewhere, _left_out(skip, model))
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


def _attached(options: ChatOptions, names: Mapping[str, Any]) -> list[Attachment]:
    """What `-a` names."""
    if not options.attach:
        return []
    from .. import attach

    found = []
    for given in options.attach:
        if isinstance(given, attach.Attachment):
            found.append(given)
        elif isinstance(given, str):
            found.append(attach.attachment(given, names))
        else:
            found.append(attach.from_value(given, type(given).__name__))
    return found


def _wanted(options: ChatOptions, names: Mapping[str, Any]) -> Schema | None:
    """What `--schema` asks for."""
    if options.schema is None:
        return None
    from .. import schema

    if isinstance(options.schema, str):
        return schema.parse(options.schema, names)
    return schema.of(options.schema, names)


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


def _params(
    options: ChatOptions, calling: Calling | None, wanted: Schema | None, first: str, model: str
) -> Json:
    """The request's parameters beside its messages, for the first model or one that goes on for it,
    which reads images and searches nothing.
    """
    known = catalogue.entry(model)
    reads_images = known is not None and known.kind != "chat"
    if model != (options.model or model) and known and options.max_tokens:
        options = replace(options, max_tokens=min(options.max_tokens, known.max_output))
    web = options.web and model == first
    if web and reads_images:
        raise CommandError(f"{model} has no web search; leave --web or the image out")
    offered = [*(calling.requests() if calling else ()), *([wire.WEB_SEARCH] if web else ())]
    params = options.params(model)
    if offered:
        params = {"tools": offered, **params}
    if wanted and not offered and not reads_images:
        params = {"response_format": {"type": "json_object"}, **params}
    if wanted and not options.think:  # it would be paid for, and the answer is data
        params = {**wire.thinking("off", known.thinks if known else "switch"), **params}
    return params


def _where(session: Session, options: ChatOptions, place: Place | None) -> Conversation:
    """The conversation that this becomes a turn of."""
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
    so = f"so {vision} {'would be' if options.dry_run else 'was'} asked"
    if seen := _seen([user]):
        return vision, f"{wanted} reads no {' or '.join(f'{one}s' for one in seen)}, {so}"
    if seen := _seen(before):
        one = " and ".join(f"{'an' if one == 'image' else 'a'} {one}" for one in seen)
        why = f"an earlier turn has {one}, which {wanted} cannot read, {so}"
        return vision, f"{why}; --alone asks without it, %zai new begins anew"
    return wanted, ""


def _seen(contents: Iterable[Content]) -> list[str]:
    """What there is in messages that is no plain text: image, file, video, each once."""
    found: dict[str, None] = {}
    for parts in contents:
        if isinstance(parts, (list, tuple)):
            kinds = [str(p.get("type")).removesuffix("_url") for p in parts if isinstance(p, dict)]
            # Parts of text alone are for the vision model, too; a journal may have them.
            found |= dict.fromkeys(
                [k for k in ("image", "file", "video") if k in kinds] or ["image"]
            )
    return list(found)


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
    price = "; ".join(filter(None, (price, plan.note, left)))
    return Request(session.connection.endpoint().url + wire.PATH, body, tokens, price)
