"""A request that was not sent -> HTML and text: parameters as JSON, messages as they read."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from ..types import Json, Request
from . import parts, safe

_LONG = 400


def html(value: Request) -> str:
    """Where it would go, the parameters, every message under its role, and the size and price."""
    lead = f"<div><b>POST</b> {safe.escape(value.url)}</div>"
    shown = safe.markdown(f"`````json\n{_parameters(value.body)}\n`````")
    said = "".join(parts.quiet([role]) + safe.verbatim(text) for role, text in _messages(value))
    return safe.page(lead + shown + said + parts.quiet(_facts(value)))


def plain(value: Request) -> str:
    """The same for a terminal."""
    said = "".join(f"\n[{role}]\n{text}" for role, text in _messages(value))
    facts = " · ".join(filter(None, _facts(value)))
    return safe.plain(f"POST {value.url}\n{_parameters(value.body)}{said}\n{facts}")


def _facts(value: Request) -> list[str]:
    size = f"about {parts.count(value.tokens)} tokens" if value.tokens else ""
    return ["nothing was sent", size, value.price]


def _parameters(body: Json) -> str:
    return _json({name: given for name, given in body.items() if name != "messages"})


def _messages(value: Request) -> Iterator[tuple[str, str]]:
    """Role and words of every message; what is more than words as JSON."""
    for message in value.body.get("messages", ()):
        role, content = message.get("role", ""), message.get("content")
        if isinstance(content, str) and len(message) == 2:
            yield role, content
        elif isinstance(content, (list, tuple)) and len(message) == 2:
            yield role, "\n".join(p["text"] if "text" in p else _json(p) for p in content)
        else:
            yield role, _json({k: v for k, v in message.items() if k != "role"})


def _json(value: Any) -> str:
    return json.dumps(_shortened(value), indent=2, ensure_ascii=False)


def _shortened(value: Any) -> Any:
    """JSON with embedded files named by their size only."""
    if isinstance(value, dict):
        return {k: _shortened(v) for k, v in value.items()}
    if isinstance(value, (list, tuple)):
        return [_shortened(v) for v in value]
    if isinstance(value, str) and value.startswith("data:") and len(value) > _LONG:
        return f"{value[:40]}… ({len(value) / 1024:.0f} KB)"
    return value
