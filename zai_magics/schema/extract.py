"""An answer's words -> the JSON in them: the whole text, a fenced block, or amid prose.

Every function passes over the text once: an answer of megabytes is no more than slow.
"""

from __future__ import annotations

import json
import re
from collections import deque
from typing import Any, NamedTuple

from ..text import whole
from .loose import end_of, loads

# Where JSON begins: an object with a first key, or a list whose first element is plain.
# All repeats are bounded or possessive, so that no text is searched more than a few times.
_KEY = r"""(?:"[^"\n]{0,200}"|'[^'\n]{0,200}')\s*+:"""
_STRONG = rf"""\{{\s*+(?://[^\n]{{0,200}}\n\s*+){{0,5}}+{_KEY}|\[\s*+[{{\["'\]]|\{{\s*+\}}"""
_WEAK = r"\[\s*+(?:-?[0-9][0-9.eE+-]{0,40}|true|false|null|NaN)\s*+[,\]]"
_START = re.compile(f"(?P<strong>{_STRONG})|{_WEAK}")
_FENCE = re.compile(r"(?:```|~~~)[^\n`]*\n\s*\Z")
_THINKING = re.compile(r"\s*<think>.*?(?:</think>|\Z)", re.S)
_TRIES = 1000  # json counts the lines before every error that it finds
_KEPT = 100
_DECODER = json.JSONDecoder(strict=False)  # a line end within a text is read as one


class Found(NamedTuple):
    """A piece of JSON: `value`, or what is wrong with it in `broken`; `cut` when it never ends."""

    value: Any
    length: int
    fenced: bool = False
    broken: str = ""
    cut: bool = False


def find(text: str) -> list[Found]:
    """The JSON in a text, in the order that it should be tried in: `find('so: {"a": 1}')`.

    The whole text, if it is JSON; else fenced blocks before others, the later before the earlier.
    What is left in a thinking part is not the answer. Broken JSON is never searched for pieces
    that happen to be whole: a part of an answer would pass for all of it.
    """
    text = whole(str(text)).lstrip("\ufeff")
    text = _THINKING.sub("", text, count=1) if text.lstrip().startswith("<think>") else text
    try:
        value = loads(text)
        if isinstance(value, str):  # JSON as a text of JSON
            value = loads(value)
        if isinstance(value, (dict, list)):
            return [Found(value, len(text))]
    except (ValueError, RecursionError):
        pass
    found = _amid(text)
    if found and found[-1].cut:
        return [found[-1]]  # the last word is cut off: what came before it was a draft
    return sorted(
        reversed(found),
        key=lambda f: (bool(f.broken), not f.fenced, not f.broken and not f.value),
    )


def _amid(text: str) -> deque[Found]:
    """The last pieces of JSON in a text, from left to right."""
    found: deque[Found] = deque(maxlen=_KEPT)
    at = failed = 0
    while failed < _TRIES and (match := _START.search(text, at)):
        start = match.start()
        fenced = bool(_FENCE.search(text, max(0, start - 60), start))
        try:
            value, at = _DECODER.raw_decode(text, start)
            found.append(Found(value, at - start, fenced))
            continue
        except json.JSONDecodeError as error:
            why, stopped = f"{error.msg} at line {error.lineno}, column {error.colno}", error.pos
        except RecursionError:
            why, stopped = "nested too deeply", len(text)
        except ValueError:
            why, stopped = "a number with too many digits", len(text)
        failed += 1
        if not match.group("strong"):
            at = max(stopped, start + 1)
            continue
        end = end_of(text, start)
        found.append(_mended(text, start, end, fenced, why))
        if end is None:
            break
        at = end
    return found


def _mended(text: str, start: int, end: int | None, fenced: bool, why: str) -> Found:
    """JSON that is not quite: with comments, last commas, Python's quotes; else what is wrong."""
    if end is None:
        return Found(
            None, len(text) - start, fenced, f"the JSON is cut off or broken ({why})", True
        )
    try:
        return Found(loads(text[start:end]), end - start, fenced)
    except (ValueError, RecursionError):
        return Found(None, end - start, fenced, f"the JSON is broken ({why})")
