"""What a request is made of beside its words: the model, its parameters, the schema, files."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from .. import catalogue
from ..errors import CommandError, Interrupted, ZaiError
from ..options import ChatOptions
from ..types import Json
from ..wire import chat as wire

if TYPE_CHECKING:
    from ..attach import Attachment
    from ..schema import Schema
    from ..session import Session
    from .calling import Calling

Content = str | tuple[Json, ...]


def attached(options: ChatOptions, names: Mapping[str, Any]) -> list[Attachment]:
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


def wanted_schema(options: ChatOptions, names: Mapping[str, Any]) -> Schema | None:
    """What `--schema` asks for."""
    if options.schema is None:
        return None
    from .. import schema

    if isinstance(options.schema, str):
        return schema.parse(options.schema, names)
    return schema.of(options.schema, names)


def lone_field(options: ChatOptions, names: Mapping[str, Any]) -> str:
    """Said of a `--schema` that is one word: it may have been meant as the name of a class."""
    word = options.schema.strip() if isinstance(options.schema, str) else ""
    lone = word.isidentifier() and word not in names
    return f'--schema {word} was taken as one field, "{word} str"' if lone else ""


def request_params(
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


def chosen_model(
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


def with_hint(error: ZaiError | Interrupted, model: str) -> ZaiError | Interrupted:
    """A refused unknown model gets the nearest known one named."""
    if getattr(error, "status", 0) == 400 and catalogue.entry(model) is None:
        near = catalogue.nearest(model)
        meant = f"; did you mean {near}?" if near else ";"
        said = str(error).replace("modelCode:", "the model").partition("; ")[0]  # without its step
        error.args = (f"-m {model}: {said}{meant} %zai models lists them",)
    return error
