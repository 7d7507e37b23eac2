"""The Markdown parser: markdown-it set up so that nothing foreign comes out as markup.

The allow-list of the output is decided here: the rules that are on, and for every token that
could carry foreign text into HTML, how it is written.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from html import escape
from typing import TYPE_CHECKING, Any

from ..plain import plain
from . import links, math, unfinished
from .highlight import code_block

if TYPE_CHECKING:
    from markdown_it import MarkdownIt
    from markdown_it.rules_block import StateBlock
    from markdown_it.rules_core import StateCore
    from markdown_it.token import Token

    BlockRule = Callable[[StateBlock, int, int, bool], bool]

_DEEPEST = 16  # a list in a list counts two
_COLUMNS = 100
_CELLS = 20_000
_DEFINITIONS = 200
_PARAGRAPH = 20_000  # characters; what is longer was not written to be read as Markdown
_TASK = re.compile(r"\[([ xX])\](?=\s)")
_BREAKS = ["paragraph", "reference", "blockquote", "list"]


@dataclass
class Budget:
    """What one text may still cost: formulas to typeset, characters of addresses and of code.

    One short definition (`[a]: https://…`) can be used ten thousand times; without this a small
    text would become a page of many megabytes.
    """

    size: int
    formulas: int = 500
    addresses: int = 0
    code: int = 200_000

    def spend_address(self, length: int) -> bool:
        """Count an address; False when the text has used far more than it brought."""
        self.addresses += length
        return self.addresses <= 4 * self.size + 20_000

    def spend_code(self, length: int) -> bool:
        """Count a code block; False when the text has had its share of colours."""
        self.code -= length
        return self.code >= 0

    def spend_formula(self) -> bool:
        """Count a formula; False when the page should not typeset any more of them."""
        self.formulas -= 1
        return self.formulas >= 0


def render(clean: str, env: dict[str, Any]) -> str:
    """Return clean text (see `plain`) as HTML; `env["zai"]` is its `Budget`."""
    return str(parser().render(clean, env))


@cache
def parser() -> MarkdownIt:
    """Return the parser, built when the first text needs it: the import takes 30 ms."""
    from markdown_it import MarkdownIt
    from markdown_it.rules_block import blockquote, list_block, reference, table

    class Parser(MarkdownIt):
        """markdown-it with this package's answer to what may be a link."""

        def validateLink(self, url: str) -> bool:
            return links.allowed(url)

    md = Parser("commonmark", {"html": False, "xhtmlOut": False, "maxNesting": _DEEPEST + 4})
    md.enable(["table", "strikethrough"]).disable(["html_block", "html_inline"])
    md.block.ruler.at("table", _bounded_table(table), {"alt": ["paragraph", "reference"]})
    md.block.ruler.at("blockquote", _bounded_depth(blockquote), {"alt": _BREAKS})
    md.block.ruler.at("list", _bounded_depth(list_block), {"alt": _BREAKS[:3]})
    md.block.ruler.at("reference", _bounded_definitions(reference))
    math.install(md)
    md.core.ruler.after("block", "zai_long", _leave_long_paragraphs)
    md.core.ruler.after("block", "zai_unfinished", unfinished.mend_last)
    md.core.ruler.push("zai_tasks", _check_boxes)
    md.core.ruler.push("zai_links", links.spell_out)
    for name, rule in _WRITTEN.items():
        md.add_render_rule(name, rule)
    return md


def _bounded_depth(rule: BlockRule) -> BlockRule:
    """Past its own limit markdown-it drops text without a word; here it becomes a paragraph."""

    def bounded(state: StateBlock, start: int, end: int, silent: bool) -> bool:
        return state.level < _DEEPEST and rule(state, start, end, silent)

    return bounded


def _bounded_definitions(rule: BlockRule) -> BlockRule:
    """Older versions read the rest of the paragraph again for every link definition in it."""

    def bounded(state: StateBlock, start: int, end: int, silent: bool) -> bool:
        known = state.env.get("references", ())
        return len(known) < _DEFINITIONS and rule(state, start, end, silent)

    return bounded


def _leave_long_paragraphs(state: StateCore) -> None:
    """Pairing marks takes older versions quadratic time, so there is an end to it."""
    for token in state.tokens:
        if token.type == "inline" and len(token.content) > _PARAGRAPH:
            token.type = "text"


def _bounded_table(rule: BlockRule) -> BlockRule:
    """A row of one character gets as many cells as the head has: bound what that multiplies."""

    def bounded(state: StateBlock, start: int, end: int, silent: bool) -> bool:
        if start + 2 > end or not rule(state, start, end, True):
            return False
        columns = state.src.count("|", state.bMarks[start + 1], state.eMarks[start + 1])
        if columns > _COLUMNS:
            return False
        last = min(start + 2 + _CELLS // max(1, columns), end)
        rows_too_many = last < end and all(not state.isEmpty(n) for n in range(start, last))
        return not rows_too_many and (silent or rule(state, start, end, False))

    return bounded


def _check_boxes(state: StateCore) -> None:
    """Write `- [x] done` with a check-box character: nothing to click, nothing to lose."""
    opened = ["list_item_open", "paragraph_open", "inline"]
    for at in range(2, len(state.tokens)):
        token = state.tokens[at]
        if token.type == "inline" and [t.type for t in state.tokens[at - 2 : at + 1]] == opened:
            first = token.children[0] if token.children else None
            found = _TASK.match(first.content) if first and first.type == "text" else None
            if first and found:
                first.content = "☐☑"[found[1] != " "] + first.content[3:]


def _text(_: Any, tokens: Sequence[Token], at: int, options: Any, env: Any) -> str:
    # An entity (&#x202E;) brings back what `plain` took out, hence once more.
    content = tokens[at].content
    return escape(content if content.isascii() else plain(content))


def _image(_: Any, tokens: Sequence[Token], at: int, options: Any, env: Any) -> str:
    return escape(plain(links.shown_image(tokens[at], env["zai"])))


def _code(_: Any, tokens: Sequence[Token], at: int, options: Any, env: Any) -> str:
    code = tokens[at].content
    return code_block(code, tokens[at].info, coloured=env["zai"].spend_code(len(code)))


def _formula(_: Any, tokens: Sequence[Token], at: int, options: Any, env: Any) -> str:
    return math.html(tokens[at], env["zai"])


def _cell(_: Any, tokens: Sequence[Token], at: int, options: Any, env: Any) -> str:
    # JupyterLab aligns the cells of HTML outputs to the right unless each says otherwise.
    token = tokens[at]
    align = str(token.attrs.get("style", "")).removeprefix("text-align:")
    align = align if align in ("right", "center") else "left"
    return f'<{token.tag} style="text-align:{align}">'


_WRITTEN = {
    "text": _text,
    "image": _image,
    "fence": _code,
    "code_block": _code,
    "math": _formula,
    "math_block": _formula,
    "td_open": _cell,
    "th_open": _cell,
    # Never produced while HTML is off; should that ever change, it is shown as text.
    "html_inline": _text,
    "html_block": _text,
}
