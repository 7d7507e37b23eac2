"""JSON that is not quite JSON: comments, a comma too many, a Python dict.

Only what can mean one thing is mended. `ast.literal_eval` would read Python's literals as well,
but a long or deep text can exhaust the interpreter there.
"""

from __future__ import annotations

import json
import re
from typing import Any

# Each token matches to its end or to the end of the text, so that nothing is ever read twice.
_TOKEN = re.compile(
    r"""(?P<text>"(?:[^"\\]++|\\(?:.|\Z))*+(?:"|\Z))"""
    r"""|(?P<quoted>(?<![\w"])'(?:[^'\\]++|\\(?:.|\Z))*+(?:'|\Z))"""
    r"""|(?P<remark>//[^\n]*+|/\*.*?(?:\*/|\Z))"""
    r"""|(?P<bracket>[\[\]{}])|(?P<comma>,)|(?P<word>\b(?:True|False|None)\b)""",
    re.S,
)
_WORDS = {"True": "true", "False": "false", "None": "null"}
_ESCAPE = re.compile(r"""\\x([0-9a-fA-F]{2})|\\'|\\.|"|[^\\"]++""", re.S)


def loads(text: str) -> Any:
    """`json.loads`, or what it gives for the mended text. Raises ValueError, RecursionError."""
    try:
        return json.loads(text, strict=False)
    except json.JSONDecodeError:
        if not text.strip().startswith(("{", "[")):
            raise
        return json.loads(mended(text), strict=False)


def mended(text: str) -> str:
    """`{'a': None, /* one */ "b": [1,],}` as JSON: `{"a": null,  "b": [1]}`."""
    pieces: list[str] = []
    at, comma = 0, -1
    for match in _TOKEN.finditer(text):
        between = text[at : match.start()]
        pieces.append(between)
        comma = -1 if between.strip() else comma
        at, kind, token = match.end(), match.lastgroup, match.group()
        if kind == "remark":
            token = " "
        elif kind == "quoted":
            token = _requoted(token)
        elif kind == "word":
            token = _WORDS[token]
        if kind == "bracket" and token in "]}" and comma >= 0:
            pieces[comma] = ""
        if kind != "remark":
            comma = len(pieces) if kind == "comma" else -1
        pieces.append(token)
    pieces.append(text[at:])
    return "".join(pieces)


def end_of(text: str, start: int) -> int | None:
    """Where the bracket at `start` is closed, None when it is not."""
    depth = 0
    for match in _TOKEN.finditer(text, start):
        if match.lastgroup == "bracket":
            depth += 1 if match.group() in "[{" else -1
            if depth == 0:
                return match.end()
    return None


def _requoted(token: str) -> str:
    """A text in Python's single quotes, in double ones."""

    def piece(match: re.Match[str]) -> str:
        if match.group(1):
            return f"\\u00{match.group(1)}"
        found = match.group()
        return {"\\'": "'", '"': '\\"'}.get(found, found)

    inner = token[1:-1] if token.endswith("'") and len(token) > 1 else token[1:]
    return '"' + _ESCAPE.sub(piece, inner) + '"'
