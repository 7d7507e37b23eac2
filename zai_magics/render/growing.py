"""A text that is still arriving, rendered again and again without beginning again.

Blocks that can no longer change are rendered once and kept; only the last is rendered anew. The
last painting of a finished text should come from `safe.markdown`, which knows the whole of it.
"""

from __future__ import annotations

import re
from dataclasses import replace
from html import escape
from typing import TYPE_CHECKING, Any

from ..plain import plain, settled
from . import safe
from .highlight import CLOSING, LONGEST, colours, opening
from .parser import Budget, parser

if TYPE_CHECKING:
    from markdown_it.token import Token

# An open block longer than this is rendered again only when it has grown by a fifth; until
# then what is new stands below it without markup. Nothing is ever held back.
_LONG_BLOCK = 6000
_LONG_CODE = 2000
_FENCE = re.compile(r"( {0,3})(`{3,}|~{3,})(.*)\n")
# A line that begins like this is no list item, however it goes on.
_SURE = re.compile(r"[^\W\d_]|\*\*")
_SURE_AFTER_BLANK = re.compile(r"[^-+*\d\s]")


class Growing:
    """Renders the longer and longer beginnings of one text.

        growing = Growing()
        for snapshot in replies:
            show(page(growing.html(snapshot.text)))

    A text that does not continue the former one begins anew. For ordinary Markdown the last
    result equals `safe.markdown(text)`; it differs where a link's definition came after its use,
    and while one block of many thousand characters is still open.
    """

    def __init__(self) -> None:
        self._raw = ""
        self._begin()

    def _begin(self) -> None:
        self._read = 0  # characters of the raw text that were taken in, cleaned
        self._kept: list[str] = []
        self._tail = ""  # the clean text since the last block kept
        self._code: _OpenCode | None = None
        self._long: tuple[int, str] = (0, "")  # an open block: its length when last rendered
        self._references: dict[str, Any] = {}
        self._budget = Budget(0)

    def html(self, text: str) -> str:
        """Return safe HTML for the text so far, to be put inside `safe.page`."""
        if not text.startswith(self._raw):
            self._begin()
        self._raw = text
        if len(text) > safe.MARKDOWN_LIMIT:
            return safe.markdown(text)
        sure = max(self._read, settled(text))
        new, unsure = plain(text[self._read : sure]), plain(text[sure:])
        self._read = sure
        self._budget.size = len(text)
        if self._code:
            return self._in_code(self._code, new, unsure)
        self._tail += new
        return self._at_block(unsure)

    def _in_code(self, code: _OpenCode, new: str, unsure: str) -> str:
        rest = code.feed(new)
        if rest is None:
            self._code = code
            return "".join(self._kept) + code.html(unsure)
        self._keep(code.whole())
        self._code, self._tail = None, rest
        return self._at_block(unsure)

    def _at_block(self, unsure: str) -> str:
        text = self._tail + unsure
        rendered, shown = self._long
        if rendered > _LONG_BLOCK and rendered <= len(text) < rendered * 1.2:
            rest = text[rendered:]
            return "".join(self._kept) + shown + (safe.verbatim(rest) if rest.strip() else "")
        budget = replace(self._budget)
        env: dict[str, Any] = {
            "zai": budget,
            "growing": True,
            "references": dict(self._references),
        }
        tokens = parser().parse(text, env)
        first = _open_block(tokens, self._tail)
        if first:
            self._keep(_render(tokens[:first], env))
            self._budget = replace(budget)
            text = self._forget(_line(tokens[first]), env["references"], unsure)
        opened = _FENCE.match(self._tail)
        if opened and tokens[first].type == "fence":
            return self._in_code(_OpenCode(opened), self._tail[opened.end() :], unsure)
        shown = _render(tokens[first:], env)
        self._long = (len(text), shown)
        return "".join(self._kept) + shown

    def _forget(self, line: int, references: dict[str, Any], unsure: str) -> str:
        """Drop the lines before the open block, but not the link definitions among them."""
        for label, entry in references.items():
            if entry["map"][1] <= line:
                self._references.setdefault(label, {**entry, "map": [0, 0]})
        at = 0
        for _ in range(line):
            at = self._tail.index("\n", at) + 1
        self._tail = self._tail[at:]
        return self._tail + unsure

    def _keep(self, html: str) -> None:
        self._kept.append(html)
        self._long = (0, "")


class _OpenCode:
    """A fenced block that grows: each line is read once, colours are renewed ever more rarely."""

    def __init__(self, opened: re.Match[str]) -> None:
        indent, marks, self._info = opened.groups()
        self._indent = re.compile(f" {{0,{len(indent)}}}")
        self._end = re.compile(rf" {{0,3}}{re.escape(marks[0])}{{{len(marks)},}}[ \t]*")
        self._begun_end = re.compile(rf" {{0,3}}{re.escape(marks[0])}*[ \t]*")
        self._code = self._line = ""
        self._coloured = (0, "")

    def feed(self, new: str) -> str | None:
        """Take in more text; return what stands behind the closing fence, None while it is open."""
        lines = (self._line + new).split("\n")
        self._line = lines.pop()
        for at, line in enumerate(lines):
            if self._end.fullmatch(line):
                self._code += "".join(map(self._dedent, lines[:at]))
                return "\n".join([*lines[at + 1 :], self._line])
        self._code += "".join(map(self._dedent, lines))
        return None

    def html(self, unsure: str) -> str:
        """Return the block as far as it has come; `unsure` is shown but not taken in."""
        line = self._line + unsure
        last = "" if self._begun_end.fullmatch(line) else self._indent.sub("", line, count=1)
        if len(self._code) <= _LONG_CODE:
            return opening(self._info) + colours(self._code + last, self._info) + CLOSING
        done, shown = self._coloured
        if len(self._code) > done * 1.5 and len(self._code) <= LONGEST:
            done, shown = len(self._code), colours(self._code, self._info)
            self._coloured = (done, shown)
        return opening(self._info) + shown + escape(self._code[done:] + last) + CLOSING

    def whole(self) -> str:
        """Return the closed block with all its colours."""
        return opening(self._info) + colours(self._code, self._info) + CLOSING

    def _dedent(self, line: str) -> str:
        return self._indent.sub("", line, count=1) + "\n"


def _render(tokens: list[Token], env: dict[str, Any]) -> str:
    return str(parser().renderer.render(tokens, parser().options, env))


def _open_block(tokens: list[Token], tail: str) -> int:
    """Return the index of the first token of the block that may still change; 0 when it is all.

    Whatever stands before a block that has surely begun is final. A line still being written
    may turn out to be the next item of the list before it ("2" becomes "2. then").
    """
    starts = [i for i, token in enumerate(tokens) if token.level == 0 and token.nesting >= 0]
    if len(starts) < 2:
        return 0
    complete = tail.count("\n")
    begun = tail[tail.rfind("\n") + 1 :]
    after_blank = tail[: len(tail) - len(begun)].endswith("\n\n")
    if _SURE.match(begun) or (after_blank and _SURE_AFTER_BLANK.match(begun)):
        complete += 1
    return max((i for i in starts if _line(tokens[i]) < complete), default=0)


def _line(token: Token) -> int:
    return token.map[0] if token.map else 0
