"""The last line of a growing text: what is half written should not flash as raw marks."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from markdown_it.rules_core import StateCore

_HALF_LINK = re.compile(r"!?\[([^\[\]\n]*)\]\([^()\s]*$")
_HALF_FORMULA = re.compile(r"\\[(\[](?:[^\\]|\\[^)\]])*$")
_BOLD = re.compile(r"(?:(?<=[\s(\[\"'>:—|])|^)\*\*(?=\S)")


def mend_last(state: StateCore) -> None:
    """Close what the last paragraph of a growing text has opened: a step of the parser.

    A text that ends with a newline is left alone, since its last paragraph may be complete.
    """
    if not state.env.get("growing") or state.src.endswith("\n"):
        return
    for token in reversed(state.tokens):
        if token.nesting == 0:
            if token.type == "inline":
                token.content = mended(token.content)
                state.env["unfinished"] = token.content
            return


def mended(content: str) -> str:
    """Return a paragraph whose end is still to come, with its open marks closed for now.

    mended("see [the docs](https://exa")   # 'see the docs'
    mended("this is **very")               # 'this is **very**'
    """
    if content.count("`") % 2:
        return content[:-1] if content.endswith("`") else content + "`"
    if _HALF_FORMULA.search(content):
        return content
    content = _HALF_LINK.sub(r"\1", content)
    if content.count("**") % 2 == 0:
        return content
    if content.endswith("**"):
        return content[:-2]
    opened = content.rfind("**")
    return content.rstrip("* ") + "**" if _BOLD.match(content, opened) else content
