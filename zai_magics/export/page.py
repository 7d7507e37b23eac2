"""`.html`: one page that fetches nothing and runs nothing, for light and dark."""

from __future__ import annotations

import re
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from typing import Any

from ..conversation import Conversation
from ..errors import one_line
from ..render import safe
from ..render.bundle import bundle
from .common import VERSION, begins_with

MARK = '<!doctype html><meta charset="utf-8"><meta name="generator" content="zai_magics export '
_COLOURED = re.compile(r'<span class="([a-z0-9]{1,4})">')

# No style, picture, script or form of anybody else, should one ever slip through.
_POLICY = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'"
_PAGE = """\
:root { color-scheme: light dark; }
body { margin: 2rem auto; padding: 0 1rem; max-width: 48rem; background: #fff; color: #1f2328;
  font: 16px/1.55 system-ui, sans-serif; overflow-wrap: anywhere; }
h1 { font-size: 1.6rem; }
.zai h1 { font-size: 1.35em; } .zai h2 { font-size: 1.2em; } .zai h3 { font-size: 1.05em; }
pre, code { font: 13.5px/1.5 ui-monospace, Menlo, Consolas, monospace; }
table { border-collapse: collapse; }
th, td { border: 1px solid rgba(128, 128, 128, .4); padding: 3px 10px; }
blockquote { margin: 1em 0; padding-left: 1em; border-left: 3px solid rgba(128, 128, 128, .4); }
a { color: #0550ae; }
"""
_DARK = "body { background: #16181d; color: #e3e6ea; }\na { color: #79b8ff; }\n"
_STYLES = ("default", "native")


def text(conversation: Conversation) -> str:
    """The conversation's HTML, as a notebook shows it, with the colours that a notebook adds.

    Formulas stay as they were written: nothing is there to typeset them.
    """
    body = bundle(conversation)["text/html"]
    title = f"Conversation {one_line(conversation.name, 200)}"
    return (
        f'{MARK}{VERSION}">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{_POLICY}">\n'
        '<meta name="viewport" content="width=device-width">\n'
        f"<title>{safe.attribute(title)}</title>\n<style>\n{_css(body)}</style>\n"
        f"<body>\n<h1>{safe.escape(title)}</h1>\n{body}\n</body>\n"
    )


def is_ours(path: Path) -> bool:
    """Whether a file begins as these pages do."""
    return begins_with(path, MARK)


def _css(body: str) -> str:
    light, dark = ("".join(_rules(body, style)) for style in _STYLES)
    return f"{_PAGE}{light}@media (prefers-color-scheme: dark) {{\n{_DARK}{dark}}}\n"


def _rules(body: str, style_name: str) -> Iterator[str]:
    """A Pygments style's rules for the classes of coloured code that the page has."""
    style: Any = import_module("pygments.styles").get_style_by_name(style_name)
    names: dict[Any, str] = import_module("pygments.token").STANDARD_TYPES
    used = set(_COLOURED.findall(body))
    for kind, name in names.items():
        if name in used:
            look = style.style_for_token(kind)
            said = f"color: #{look['color']}" if look["color"] else "color: inherit"
            said += "; font-weight: 600" if look["bold"] else ""
            said += "; font-style: italic" if look["italic"] else ""
            yield f".highlight .{name} {{ {said} }}\n"
