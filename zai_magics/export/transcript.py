"""`.md`: a transcript to read. Prompts stand in fences, answers are the Markdown they are, but for
pictures, which become links, and tags, which become text.
"""

from __future__ import annotations

import re
from pathlib import Path

from markdown_it import MarkdownIt
from markdown_it.token import Token

from ..conversation import Conversation
from ..errors import one_line
from ..render import safe
from ..render.steps import line
from ..steps import steps_of
from .common import VERSION, begins_with, marks
from .harmless import harmless

MARK = "<!-- zai_magics export "
_MARKUP = re.compile(r"([\\`*_\[\]<>&|~$#!:@])")
_TICKS = re.compile(r"`+")
_SENTINEL = "zai"


def text(conversation: Conversation) -> str:
    """System prompt, then each turn under its number: prompt, answer, a quiet line."""
    blocks = [f"{MARK}{VERSION} -->", f"# Conversation {_inline(conversation.name)}"]
    if conversation.system:
        blocks += ["System prompt:", _verbatim(conversation.system)]
    for at, turn in enumerate(conversation.turns):
        blocks.append(f"## {at + 1}")
        if turn.prompt:
            blocks.append(_verbatim(turn.prompt))
        if turn.rounds:
            calls = (line(call) for step in steps_of(turn.rounds) for call in step.calls)
            blocks.append(_verbatim("\n".join(calls)))
        if turn.reply.strip():
            blocks.append(_answer(turn.reply))
        if quiet := " · ".join(map(_inline, marks(conversation, at))):
            blocks.append(f"*{quiet}*")
    return "\n\n".join(blocks) + "\n"


def is_ours(path: Path) -> bool:
    """Whether a file begins as these transcripts do."""
    return begins_with(path, MARK)


def _inline(text: str) -> str:
    """A name as text of a line in which nothing is markup."""
    return _MARKUP.sub(r"\\\1", one_line(text, 200))


def _verbatim(text: str) -> str:
    """A text in a fence that is longer than any in it."""
    clean = safe.plain(text)
    fence = "`" * (max([2, *map(len, _TICKS.findall(clean))]) + 1)
    return f"{fence}text\n{clean}\n{fence}"


def _answer(reply: str) -> str:
    """An answer's Markdown, kept from swallowing what follows it, and from fetching anything where
    it is shown.

    An answer that was cut off may end in an open code block, which is closed. One that cannot be
    kept from it is shown as text.
    """
    clean = safe.plain(reply).rstrip("\n")
    shown = harmless(clean) if len(clean) <= safe.MARKDOWN_LIMIT else None
    if shown is None:
        return _verbatim(clean)
    for closed in (shown, f"{shown}\n{_open_fence(shown)}"):
        if _ends(closed):
            return closed
    return _verbatim(clean)


def _ends(text: str) -> bool:
    """Whether a heading behind the text would be a heading of the document."""
    last = _blocks(f"{text}\n\n# {_SENTINEL}")[-3:]
    if [token.type for token in last] != ["heading_open", "inline", "heading_close"]:
        return False
    return last[0].level == 0 and last[1].content == _SENTINEL


def _open_fence(text: str) -> str:
    fences = [t.markup for t in _blocks(text) if t.type == "fence"]
    return fences[-1] if fences else ""


def _blocks(text: str) -> list[Token]:
    """The blocks alone: what stands inside a paragraph does not reach beyond it."""
    return MarkdownIt("commonmark").disable("inline").parse(text)
