"""JSON of a stranger as it is read: a line for each part, where that costs a moment only."""

from __future__ import annotations

import json
import re

# Characters times depth: twice as many may be written, since each part is indented by its depth.
WORK = 2_000_000
DEEPEST = 64  # beyond it the indents are wider than a page
_BRACKET = re.compile(r'"(?:[^"\\]|\\.)*+(?:"|\\?\Z)|[\[{]|[\]}]', re.S)


def indented(text: str) -> str:
    """`indented('{"a":1}')` is '{\\n  "a": 1\\n}'; what is nested too deep for its length is as it
    was written.

    Raises ValueError or RecursionError for what is no JSON.
    """
    found = json.loads(text)
    depth = _depth(text)
    if depth > DEEPEST or len(text) * depth > WORK:
        return text
    return json.dumps(found, indent=2, ensure_ascii=False)


def _depth(text: str) -> int:
    deepest = depth = 0
    for match in _BRACKET.finditer(text):  # strings are passed over whole
        depth += (match[0] in "[{") - (match[0] in "]}")
        deepest = max(deepest, depth)
    return deepest
