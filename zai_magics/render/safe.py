"""Foreign text made safe: the one place where text from a server becomes HTML.

Answers, thinking, tool names and results, error bodies, model names, file names: whatever a
server can say goes through `plain`, `escape`, `attribute` or `markdown`, and whatever the package
shows as HTML stands inside `page`. How Markdown is parsed is in `parser` and its siblings.
"""

from __future__ import annotations

import re
from html import escape as _entities

from ..plain import plain

__all__ = ["attribute", "escape", "markdown", "page", "plain"]

# A longer text is shown as it is: a reader of megabytes is not helped by headings, and the
# kernel would be busy for tens of seconds.
MARKDOWN_LIMIT = 1_000_000

_PLAIN_STYLE = "white-space:pre-wrap;overflow-wrap:anywhere"
# What MathJax starts at, wherever a page lets it: a pair of dollars, \( \[ \begin \ref.
_TYPESETTABLE = re.compile(r"\$[^$]*\$|\\[(\[]|\\(?:begin|(?:eq)?ref)\b")
_DELIMITER = re.compile(r"\$|\\(?=[(\[]|(?:begin|(?:eq)?ref)\b)")


def escape(text: str) -> str:
    """Return a name, label or message as HTML text that means nothing but itself.

        f"<b>{escape(model)}</b>"

    Everything is shown, nothing is Markdown. A text that MathJax could typeset gets an empty
    `<span></span>` behind each delimiter: formulas may not reach across elements, so such a text
    stays text even outside `page`, looks the same and copies the same. Inside double quotes it
    is safe as well, but there the spans would be read; use `attribute`.
    """
    html = _entities(plain(text), quote=True)
    return _DELIMITER.sub(r"\g<0><span></span>", html) if _TYPESETTABLE.search(html) else html


def attribute(text: str) -> str:
    """Return the text for the inside of a double-quoted attribute: `title="{attribute(name)}"`.

    Not for addresses: whether an `href` or `src` may be followed is not decided here.
    """
    return _entities(plain(text), quote=True).replace("\n", "&#10;")


def markdown(text: str) -> str:
    """Return a foreign Markdown text as an HTML fragment, to be put inside `page`.

        page(markdown(reply))

    CommonMark with tables, strikethrough, check boxes and formulas. HTML in it is shown, not
    obeyed; images are named, never fetched; links go to http, https and mailto alone, and the
    host can be seen. A text of more than a million characters is shown as it is.
    """
    clean = plain(text)
    if len(clean) > MARKDOWN_LIMIT:
        return verbatim(clean)
    from .parser import Budget, render

    return render(clean, {"zai": Budget(len(clean))})


def verbatim(text: str) -> str:
    """Return the text as a block of its own, every character and line break as it came."""
    return f'<div style="{_PLAIN_STYLE}">{_entities(plain(text), quote=True)}</div>\n'


def page(html: str) -> str:
    """Return safe HTML in the wrapper that every output of this package has.

    MathJax typesets nothing inside but the formulas that `markdown` marked, so a text about
    "$5 and $6" stays one. The markers are classes, which an untrusted notebook keeps.
    """
    return f'<div class="zai mathjax_ignore tex2jax_ignore">{html}</div>'
