r"""Formulas in Markdown: `$…$`, `$$…$$`, `\(…\)` and `\[…\]`, found before anything else reads
their underscores and asterisks, and marked so that MathJax typesets them and nothing else.
"""

from __future__ import annotations

import re
from html import escape
from typing import TYPE_CHECKING

from ..plain import plain
from . import dollars, tex

if TYPE_CHECKING:
    from markdown_it import MarkdownIt
    from markdown_it.rules_block import StateBlock
    from markdown_it.rules_inline import StateInline
    from markdown_it.token import Token

    from .parser import Budget

LONGEST = tex.LONGEST
_BREAKS = ["paragraph", "reference", "blockquote", "list"]
# The first delimiter that is not behind a backslash; other escapes are stepped over in pairs.
_ENDS = {
    "$": re.compile(r"(?:[^\\$]|\\.)*?(?=\$)", re.DOTALL),
    "$$": re.compile(r"(?:[^\\$]|\\.|\$(?!\$))*?(?=\$\$)", re.DOTALL),
    # Stopping at a second opener keeps ten thousand of them from reading on and on.
    "\\(": re.compile(r"(?:[^\\]|\\[^()])*?(?=\\\))", re.DOTALL),
    "\\[": re.compile(r"(?:[^\\]|\\[^\[\]])*?(?=\\\])", re.DOTALL),
}
_LAST_LINE = {"$$": re.compile(r"\$\$\s*([.,;]?)\s*$"), "\\[": re.compile(r"\\\]\s*([.,;]?)\s*$")}


def install(md: MarkdownIt) -> None:
    """Teach a parser formulas; its output needs `html` for the tokens `math` and `math_block`."""
    md.inline.ruler.before("escape", "math", _inline)
    md.block.ruler.before("fence", "math_block", _block, {"alt": _BREAKS})


def html(token: Token, budget: Budget) -> str:
    r"""Return a formula's token as HTML: marked for MathJax, or as code when it is refused.

    The delimiters stay in the text, so that a formula nobody typesets reads as its source.
    """
    display = token.info == "display"
    formula = tex.without_labels(token.content)
    if token.meta.get("open") or not tex.harmless(formula) or not budget.spend_formula():
        shown = f"<code>{escape(token.markup + token.content + token.meta.get('end', ''))}</code>"
    else:
        left, right = ("\\[", "\\]") if display else ("\\(", "\\)")
        inner = escape(left + formula + right)
        shown = f'<span class="mathjax_process tex2jax_process">{inner}</span>'
    return f"<p>{shown}{escape(plain(token.meta.get('tail', '')))}</p>\n" if token.block else shown


def _inline(state: StateInline, silent: bool) -> bool:
    opener = _opener(state.src, state.pos)
    if not opener:
        return False
    start = state.pos + len(opener)
    limit = min(state.posMax, start + LONGEST)
    closed = state.src.find(_closer(opener), start, limit) >= 0
    found = _ENDS[opener].match(state.src, start, limit) if closed else None
    content = found[0] if found else state.src[start : state.posMax]
    end = start + len(content) + len(opener)
    before = state.src[state.pos - 1 : state.pos]
    if found and not _accepted(opener, content, before, state.src[end : end + 1]):
        return False
    if not found and not _begun(state, opener, content):
        return False
    if not silent:
        token = state.push("math", "", 0)
        token.content, token.markup = content, opener
        token.info = "display" if opener in ("$$", "\\[") else ""
        token.meta = {"end": _closer(opener)} if found else {"open": True}
    state.pos = end if found else state.posMax
    return True


def _opener(src: str, at: int) -> str:
    if src[at] == "\\":
        return src[at : at + 2] if src[at + 1 : at + 2] in ("(", "[") else ""
    if src[at] != "$" or src[at - 1 : at] == "$":
        return ""
    run = len(src[at : at + 3]) - len(src[at : at + 3].lstrip("$"))
    return "$" * run if run < 3 else ""  # $$$ is how restaurants are priced


def _closer(opener: str) -> str:
    return {"\\(": "\\)", "\\[": "\\]"}.get(opener, opener)


def _accepted(opener: str, content: str, before: str, after: str) -> bool:
    if opener == "$":
        return dollars.is_formula(content, before, after)
    if opener == "$$":
        return after != "$" and dollars.is_display(content)
    if opener == "\\[":
        return dollars.is_bracketed(content, after)
    return dollars.is_display(content)


def _begun(state: StateInline, opener: str, content: str) -> bool:
    """While a text grows, a formula that is still being written is shown as code."""
    if state.src != state.env.get("unfinished"):
        return False
    return len(content) < LONGEST and (opener[0] == "\\" or dollars.looks_begun(content))


def _block(state: StateBlock, start: int, end: int, silent: bool) -> bool:
    opener = _block_opener(state, start)
    last = _last_line(state, start, end, opener) if opener else -1
    if last < 0:
        return False
    is_open = last == end
    content, tail = _content(state, start, last, opener, is_open)
    if not dollars.is_display(content) and not (is_open and not content.strip()):
        return False
    if not silent:
        token = state.push("math_block", "", 0)
        token.content, token.markup, token.info = content, opener, "display"
        token.map, token.block = [start, min(last + 1, end)], True
        token.meta = {"open": True} if is_open else {"end": _closer(opener), "tail": tail}
        state.line = min(last + 1, end)
    return True


def _block_opener(state: StateBlock, line: int) -> str:
    if state.sCount[line] - state.blkIndent >= 4:
        return ""
    first = state.src[state.bMarks[line] + state.tShift[line] : state.eMarks[line]]
    opener = first[:2]
    closed_at_once = opener in _LAST_LINE and (_closer(opener) in first[2:] or first[2:3] == "$")
    return opener if opener in _LAST_LINE and not closed_at_once else ""


def _last_line(state: StateBlock, start: int, end: int, opener: str) -> int:
    """Return the line that closes a formula; -1 when none does within a formula's length.

    `end`, a line behind the last, means a text that still grows and may yet close it.
    """
    begin = state.bMarks[start] + state.tShift[start] + len(opener)
    at = state.src.find(_closer(opener), begin, begin + LONGEST)
    if at < 0:
        still = state.env.get("growing") and end == state.lineMax
        return end if still and len(state.src) - begin < LONGEST else -1
    line = start + state.src.count("\n", begin, at)
    if line >= end or state.src.find("\n" + opener, begin, at) >= 0:
        return -1
    outside = any(
        state.sCount[n] < state.blkIndent and not state.isEmpty(n) for n in range(start + 1, line)
    )
    whole = state.src[state.bMarks[line] : state.eMarks[line]]
    return line if not outside and _LAST_LINE[opener].search(whole) else -1


def _content(
    state: StateBlock, start: int, last: int, opener: str, is_open: bool
) -> tuple[str, str]:
    whole = state.getLines(start, last + (not is_open), state.blkIndent, False).strip()[2:]
    found = None if is_open else _LAST_LINE[opener].search(whole)
    return (whole[: found.start()], found[1]) if found else (whole, "")
