"""An answer's Markdown, so written that no preview of it fetches a picture or obeys a tag.

Code stays as it is. Whether that went well is looked up in parsers that disagree about what is
code; where one of them still finds a picture or a tag, the answer is not to be shown as Markdown.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from itertools import groupby

from markdown_it import MarkdownIt
from markdown_it.token import Token

_SUSPECT = re.compile(r"!\[|<[A-Za-z/!?]")
# Left to right, as a parser reads: what is escaped, code, an address, and what is to be changed.
_PIECES = re.compile(
    r"\\[!-/:-@\[-`{-~]|(?P<ticks>`+)|<(?:https?://|mailto:)[^\s<>`]*>"
    r"|(?P<bangs>!+)\[(?P<empty>(?=\]))?|<(?P<tag>(?=[A-Za-z/!?]))"
)
_TICKS = re.compile(r"`+")
_BLANK = re.compile(r"\n[ \t>]*(?=\n)")
# Some previews take formulas out before they look for code, so `$`$` has no code in it.
_FORMULA = re.compile(r"\$\$.*?\$\$|\$(?:(?!\n[ \t>]*\n)[^$])*\$", re.S)
_REMOTE = {"image", "html_inline", "html_block"}
# Characters: it is parsed several times, and pairing marks takes a parser longer than linear time.
_LONG, _PARAGRAPH = 100_000, 20_000


def harmless(text: str) -> str | None:
    """The same Markdown with pictures as links and tags as text, None where that cannot be done.

    harmless("![a](http://x)")   # "[a](http://x)"
    """
    if not _SUSPECT.search(text):
        return text
    if len(text) > _LONG:
        return None
    code = {n for t in _parser().parse(text) if t.type in ("fence", "code_block") for n in _rows(t)}
    rows = text.split("\n")
    parts = []
    for is_code, numbers in groupby(range(len(rows)), code.__contains__):
        part = "\n".join(rows[n] for n in numbers)
        parts.append(part if is_code else "".join(_outside_code(part)))
    written = "\n".join(parts)
    return None if any(map(_has_remote, (written, _FORMULA.sub(" ", written)))) else written


def _outside_code(text: str) -> Iterator[str]:
    at = 0
    spans = _spans(text)
    while found := _PIECES.search(text, at):
        yield text[at : found.start()]
        at = found.end()
        if found["ticks"]:
            at = spans.get(found.start(), at)
            yield text[found.start() : at]
        elif found["bangs"]:
            # Of several marks one would make the link a picture again.
            yield r"\!" * (len(found["bangs"]) - 1) + "["
            yield "image" if found["empty"] is not None else ""
        elif found["tag"] is not None:
            yield r"\<"
        else:
            yield found.group()
    yield text[at:]


def _spans(text: str) -> dict[int, int]:
    """Where a run of backticks could open code, and where that code ends: behind the next run of
    as many, in the same paragraph.
    """
    ends = [found.start() for found in _BLANK.finditer(text)]
    waiting: dict[int, tuple[int, int]] = {}  # by length: the next run of it, read backwards
    spans: dict[int, int] = {}
    for run in reversed(list(_TICKS.finditer(text))):
        while ends and ends[-1] > run.start():
            ends.pop()
            waiting.clear()
        length = run.end() - run.start()
        if length in waiting:
            spans[run.start()] = waiting[length][1]
        waiting[length] = run.span()
    return spans


def _has_remote(text: str) -> bool:
    for parser in (_parser(), _parser().enable(["table", "strikethrough"])):
        blocks = parser.disable("inline").parse(text)
        if any(t.type == "inline" and len(t.content) > _PARAGRAPH for t in blocks):
            return True
        if any(t.type in _REMOTE for t in _all(parser.enable("inline").parse(text))):
            return True
    return False


def _all(tokens: Iterable[Token]) -> Iterator[Token]:
    for token in tokens:
        yield token
        yield from _all(token.children or ())


def _rows(token: Token) -> range:
    return range(*(token.map or (0, 0)))


def _parser() -> MarkdownIt:
    return MarkdownIt("commonmark")
