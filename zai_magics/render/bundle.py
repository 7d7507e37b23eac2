"""Any value or snapshot -> the MIME bundle that a front-end shows and the notebook keeps.

`text/html` and `text/plain` together, never `text/markdown`: every viewer that was tried takes
the HTML, and JupyterLab would put Markdown into the page unsanitized.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from ..comparison import Comparison
from ..conversation import Conversation, Transcript
from ..steps import steps_of
from ..tally import Tally
from ..text import plural
from ..types import (
    Clip,
    Code,
    Fix,
    Job,
    Note,
    Picture,
    Pictures,
    Progress,
    Reply,
    Request,
    Table,
)
from . import code, comparison, parts, pieces, request, safe, tally
from . import reply as replies
from . import steps as rounds

Bundle = dict[str, Any]
_HEAD, _TAIL = 300, 1200  # characters of a long prompt that a transcript shows


def bundle(value: object, folder: Path | None = None, view: str = "markdown") -> Bundle:
    """`bundle(reply)` is `{"text/html": …, "text/plain": …}` for any of the package's values.

    `folder` is the notebook's, for paths; `view` is how a reply is shown: markdown, text, json.
    Raises TypeError for other values.
    """
    folder = folder or Path.cwd()
    if isinstance(value, Reply):
        return both(replies.html(value, view), replies.plain(value))
    if isinstance(value, Code):
        return both(code.html(value), code.plain(value))
    if isinstance(value, Fix):
        return both(code.fix_html(value), code.fix_plain(value))
    if isinstance(value, Picture):
        return both(pieces.picture(value, folder), pieces.plain(value, folder))
    if isinstance(value, Pictures):
        return both(pieces.gallery(value, folder), pieces.gallery_plain(value, folder))
    if isinstance(value, Clip):
        return both(pieces.clip(value, folder), pieces.plain(value, folder))
    if isinstance(value, Progress):
        html = pieces.progress(value, folder, over=True)
        return both(html, pieces.progress_plain(value, over=True))
    if isinstance(value, Comparison):
        return both(comparison.html(value), comparison.plain(value))
    if isinstance(value, Tally):
        return both(tally.html(value), tally.plain(value))
    if isinstance(value, Request):
        return both(request.html(value), request.plain(value))
    if isinstance(value, Transcript):
        return _transcript(value)
    if isinstance(value, Conversation):
        return _transcript(Transcript(value), whole=True)
    if isinstance(value, Job):
        return bundle(Note(_job(value)))
    if isinstance(value, Table):
        return _table(value)
    if isinstance(value, Note):
        return both(safe.page(parts.quiet([value.text])), safe.plain(value.text))
    raise TypeError(f"a {type(value).__name__} is not shown by zai_magics")


def both(html: str, plain: str) -> Bundle:
    """HTML and text together."""
    return {"text/html": html, "text/plain": plain}


def _table(value: Table) -> Bundle:
    title = f"<div><b>{safe.escape(value.title)}</b></div>" if value.title else ""
    note = parts.quiet([value.note]) if value.note else ""
    html = safe.page(title + parts.table(value.columns, value.rows) + note)
    lines = (value.title, parts.plain_table(value.columns, value.rows), value.note)
    return both(html, safe.plain("\n".join(filter(None, lines))))


def _job(job: Job) -> str:
    state = f"failed: {job.error}" if job.state == "failed" else job.state
    return f"job {job.id} · {job.model} · {state} · %zai wait {job.id}"


def _transcript(value: Transcript, whole: bool = False) -> Bundle:
    """A conversation to be read; long prompts are shortened, unless the `whole` is wanted."""
    conversation = value.conversation
    turns = conversation.turns
    if not turns:
        return bundle(Note(f"the conversation {conversation.name!r} has no turns yet"))
    html, lines = [], []
    if conversation.system:
        html.append(parts.fold("system prompt", safe.verbatim(conversation.system)))
        lines.append(f"system: {conversation.system}")
    for i, turn in enumerate(turns):
        marks = [plural(turn.attachments, "attachment")] if turn.attachments else []
        marks += [turn.state] if turn.state != "complete" else []
        if conversation.stale(i):
            again = ": run its cell again" if turn.place and i not in value.gone else ""
            marks.append(f"older than its context{again}")
        marks += ["its cell is gone"] if i in value.gone else []
        html.append(parts.quiet([f"{i + 1}", turn.model, *marks]))
        asked = turn.prompt if whole else _glimpse(turn.prompt)
        steps = steps_of(turn.rounds)
        html.append(_asked(asked) + rounds.html(steps) + safe.markdown(turn.reply))
        said = ", ".join(marks)
        lines.append(f"[{i + 1}] {asked}{f' ({said})' if said else ''}")
        lines += [*map(rounds.plain, steps), str(turn.reply)]
    if value.note:
        html.append(parts.quiet([value.note]))
        lines.append(value.note)
    return both(safe.page("".join(html)), safe.plain("\n\n".join(lines)))


def _glimpse(prompt: str) -> str:
    """A prompt with a table or a file in it by its beginning and its end, where the question is."""
    if len(prompt) <= _HEAD + _TAIL + 100:
        return prompt
    left = len(prompt) - _HEAD - _TAIL
    return f"{prompt[:_HEAD]}\n… {left:,} characters …\n{prompt[-_TAIL:]}"


def _asked(prompt: str) -> str:
    style = (
        "background:rgba(128,128,128,0.12);border-radius:6px;padding:6px 10px;margin:2px 0 6px 0;"
        "white-space:pre-wrap"
    )
    return f'<div style="{style}">{safe.escape(prompt)}</div>'
