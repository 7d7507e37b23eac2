"""A chat's reply and its drafts -> HTML and plain text."""

from __future__ import annotations

from typing import Any

from .. import defaults
from ..catalogue import dollars
from ..notebook import RECORD as RECORD
from ..text import whole
from ..types import Draft, Json, Reply
from . import parts, safe
from . import steps as rounds
from .growing import Growing
from .indented import indented

_GLIMPSE = 280


def facts(reply: Reply) -> list[str]:
    """What the quiet line says: model, tokens, price, time, and which other conversation."""
    usage = reply.usage
    tokens = ""
    if usage is not None:
        details = [f"{parts.count(usage.thinking)} thinking"] if usage.thinking else []
        details += [f"{parts.count(usage.cached)} cached"] if usage.cached else []
        inside = f" ({', '.join(details)})" if details else ""
        tokens = f"{parts.count(usage.prompt)} → {parts.count(usage.completion)} tokens{inside}"
    cost = "not charged" if reply.sandbox else dollars(reply.cost)
    name = reply.call.conversation
    where = f"in {name}" if name not in ("", defaults.CONVERSATION) else ""
    again = reply.call.replayed
    return [reply.model, tokens, again or cost, parts.seconds(reply.elapsed), where]


def html(reply: Reply, view: str = "markdown") -> str:
    """The whole reply: calls and thinking folded, the answer, its sources, what is wrong with it,
    the quiet line.
    """
    return around(reply, _answer(str(reply), view))


def around(reply: Reply, answer: str) -> str:
    """An answer's HTML with what came before it and what is to be said below it."""
    thinking = ""
    if reply.thinking:
        how_long = parts.seconds(reply.call.thought_for)
        thinking = parts.fold(f"Thought for {how_long}", safe.markdown(reply.thinking))
    calls = "".join(
        parts.fold(f"calls {rounds.name(c.name)}", rounds.bounded(c.arguments))
        for c in reply.tool_calls
    )
    return safe.page(
        rounds.html(reply.steps)
        + thinking
        + answer
        + calls
        + rounds.sources(reply.sources)
        + parts.warning(reply.note)
        + parts.quiet(facts(reply), *_badges(reply))
    )


def plain(reply: Reply) -> str:
    """The answer's words, as they are; a line for every call before them."""
    calls = [rounds.plain(step) for step in reply.steps]
    return "\n\n".join((*calls, safe.plain(str(reply)))) if calls else safe.plain(str(reply))


def closing(reply: Reply) -> str:
    """What a terminal shows under the words."""
    badge = parts.marks(_badges(reply))
    note = f"! {reply.note}\n" if reply.note else ""
    found = rounds.sources_plain(reply.sources)
    above = f"{found}\n" if found else ""
    return above + safe.plain(note + badge + " · ".join(filter(None, facts(reply))))


def _badges(reply: Reply) -> list[str]:
    """What an answer is that no model has given now."""
    return parts.badges(bool(reply.call.replayed), reply.sandbox)


def record(reply: Reply) -> Json:
    """The turn as the notebook file carries it, so that it can be read back from there.

    `conversation` is "" for an answer that is no turn of one.
    """
    asked: Any = next((m["content"] for m in reversed([*reply.asked]) if m["role"] == "user"), "")
    images = 0
    if not isinstance(asked, str):
        images = sum("text" not in part for part in asked)
        asked = "\n".join(part["text"] for part in asked if "text" in part)
    return {
        "version": 1,
        "user": whole(asked),
        "attachments": images,
        "reply": whole(str(reply)),
        "model": whole(reply.model),
        "note": whole(reply.note),
        "usage": reply.usage.to_dict() if reply.usage else None,
        "cost": reply.cost,
        "sandbox": reply.sandbox,
        "conversation": whole(reply.call.conversation),
    }


def draft_html(draft: Draft, growing: Growing, view: str = "markdown") -> str:
    """A reply under way. Thinking shows its last words only, until the answer begins."""
    text = draft.text
    before = rounds.html(draft.steps)
    if text:
        above = before + _thought(draft)
        body = growing.html(text) if view == "markdown" else safe.verbatim(text)
        return safe.page(above + body + _notice(draft))
    words = draft.thinking
    if not words:
        return safe.page(before + parts.quiet([rounds.notice(draft) or f"asking {draft.model} …"]))
    glimpse = ("… " if len(words) > _GLIMPSE else "") + words[-_GLIMPSE:]
    style = f"{parts.QUIET};white-space:pre-wrap;font-style:italic"
    return safe.page(
        before
        + parts.quiet([f"thinking … {len(words):,} characters"])
        + f'<div style="{style}">{safe.escape(glimpse)}</div>'
        + _notice(draft)
    )


def _thought(draft: Draft) -> str:
    """While the answer comes, the thinking is only named: sent again each time it would be the
    most of what is sent, and a fold that the reader opened would close at every painting.
    """
    if not draft.n_thoughts:
        return ""
    return f'<div style="{parts.QUIET}">▸ Thought</div>'


def _notice(draft: Draft) -> str:
    return parts.quiet([rounds.notice(draft)]) if draft.notice else ""


def _answer(text: str, view: str) -> str:
    if view == "text":
        return safe.verbatim(text)
    if view == "json":
        try:
            pretty = indented(text)
        except (ValueError, RecursionError):
            return parts.warning("not JSON, shown as text") + safe.verbatim(text)
        return safe.markdown(f"````json\n{pretty}\n````")
    return safe.markdown(text)
