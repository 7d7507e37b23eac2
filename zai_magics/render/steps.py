"""What came before an answer's last words -> HTML and text: tool calls in their order, and the
sources of a web search.
"""

from __future__ import annotations

import json
from collections.abc import Sequence

from ..errors import one_line
from ..text import plural
from ..types import Called, Draft, Source, Step
from . import links, parts, safe
from .indented import indented

_NAME = 64
_SHORT, _INDENTED, _LONGEST = 60, 20_000, 50_000
_PICTURE = "max-width:480px;height:auto;margin:4px 0"
_DATA = ("data:image/png;base64,", "data:image/jpeg;base64,")


def html(steps: Sequence[Step]) -> str:
    """The words of every round, and its calls folded with what they gave."""
    return "".join(
        (safe.markdown(step.text) if step.text else "") + "".join(map(_call, step.calls))
        for step in steps
    )


def plain(step: Step) -> str:
    """One round for a terminal: its words, and a line a call."""
    return safe.plain("\n".join(filter(None, (step.text, *map(line, step.calls)))))


def line(call: Called) -> str:
    """A call in one line: `weather({"city": "Oslo"}) → 12 °C · 0.2 s`."""
    shown = f"{name(call.name)}({_short(_inner(call.arguments))})"
    if not (call.result or call.error):
        return f"{shown} …"
    gave = f"not run: {_short(call.error)}" if call.error and not call.elapsed else ""
    gave = gave or (f"failed: {_short(call.error)}" if call.error else _short(call.result))
    return f"{shown} → {gave}" + (
        f" · {parts.seconds(call.elapsed)}" if call.elapsed >= 0.05 else ""
    )


def name(given: str) -> str:
    """A tool's name in one line: a model may name what is none, with lines of its own in it."""
    return one_line(given, _NAME)


def notice(draft: Draft) -> str:
    """What is being done, in one line: "calling weather …"."""
    called = [call.name for step in draft.steps[-1:] for call in step.calls[-1:]]
    said = draft.notice
    for one in filter(None, called):
        said = said.replace(one, name(one))
    return one_line(said)


def sources(found: Sequence[Source]) -> str:
    """The pages that a web search found, as links whose hosts can be seen."""
    rows = "".join(f"<li>{_link(source)}</li>" for source in found)
    title = f"{plural(len(found), 'source')} of the web search"
    return parts.fold(title, f'<ol style="margin:0">{rows}</ol>') if rows else ""


def sources_plain(found: Sequence[Source]) -> str:
    """The same as lines."""
    return safe.plain("\n".join(f"[{n}] {s.title} {s.url}" for n, s in enumerate(found, 1)))


def _call(call: Called) -> str:
    inside = bounded(_pretty(call.arguments)) + bounded(call.error or call.result)
    picture = call.image if call.image.startswith(_DATA) else ""
    shown = f'<img src="{safe.attribute(picture)}" style="{_PICTURE}">' if picture else ""
    return parts.fold(line(call), inside, call.table) + shown


def bounded(text: str) -> str:
    """As it is, but not megabytes of it."""
    more = f"… ({len(text) - _LONGEST:,} more characters)" if len(text) > _LONGEST else ""
    return safe.verbatim(text[:_LONGEST] + more)


def _link(source: Source) -> str:
    host = links.host(source.url)
    words = safe.escape(source.title or source.url)
    about = " · ".join(filter(None, (host or source.url, source.when)))
    if host:
        words = (
            f'<a href="{safe.attribute(source.url)}" target="_blank" rel="noopener noreferrer">'
            f"{words}</a>"
        )
    return f"{words} {parts.quiet_words(about)}"


def _inner(arguments: str) -> str:
    """`city="Oslo"` of `{"city": "Oslo"}`; what is no object, or very long, as it is."""
    if len(arguments) > _LONGEST:  # it is made at every painting
        return arguments
    try:
        given = json.loads(arguments)
    except (ValueError, RecursionError):
        return arguments
    if not isinstance(given, dict):
        return arguments
    return ", ".join(f"{k}={json.dumps(v, ensure_ascii=False)}" for k, v in given.items())


def _pretty(arguments: str) -> str:
    """With a line for each part; a long one as it was written, since its end is cut."""
    try:
        return arguments if len(arguments) > _INDENTED else indented(arguments)
    except (ValueError, RecursionError):
        return arguments


def _short(text: str) -> str:
    words = " ".join(text[: _SHORT * 4].split())
    return words if len(words) <= _SHORT and len(text) <= _SHORT * 4 else words[: _SHORT - 1] + "…"
