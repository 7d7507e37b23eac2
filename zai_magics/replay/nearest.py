"""The text most like another one, and what differs between the two, word by word."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable
from typing import TypeVar

T = TypeVar("T")
_WORD = re.compile(r"\w+")
_CLOSE = 8  # candidates that are compared word by word
_WORDS = 300  # of a text that is compared
_SHOWN, _AROUND = 160, 3


def nearest(text: str, known: Iterable[tuple[str, T]]) -> tuple[str, T] | None:
    """`nearest("a b c", [("a b d", 1), ("x", 2)])` is `("a b d", 1)`; None if all are unlike it.

    Ten thousand texts take a tenth of a second: by the words that they share first, then in order.
    """
    wanted = _words(text)
    scored = sorted(
        ((_shared(wanted, _words(other)), -place, other, what)
         for place, (other, what) in enumerate(known)),
        key=lambda found: found[:2],
        reverse=True,
    )[:_CLOSE]  # fmt: skip
    close = [(_likeness(text, other), place, other, what) for score, place, other, what in scored
             if score]  # fmt: skip
    if not close:
        return None
    *_, other, what = max(close, key=lambda found: found[:2])
    return other, what


def changes(old: str, new: str) -> str:
    """What differs, with a few words around it: `What is [-a-]{+the+} p value`."""
    before, after = old.split()[:_WORDS], new.split()[:_WORDS]
    shown: list[str] = []
    for what, a, b, c, d in difflib.SequenceMatcher(None, before, after, False).get_opcodes():
        if what == "equal":
            same = before[a:b]
            long = len(same) > 2 * _AROUND + 1
            shown += [*same[:_AROUND], "…", *same[-_AROUND:]] if long else same
        else:
            gone, come = " ".join(before[a:b]), " ".join(after[c:d])
            shown.append((f"[-{gone}-]" if gone else "") + (f"{{+{come}+}}" if come else ""))
    line = " ".join(shown)
    return line if len(line) <= _SHOWN else line[: _SHOWN - 1] + "…"


def _words(text: str) -> frozenset[str]:
    return frozenset(_WORD.findall(text[:4000].casefold()))


def _shared(wanted: frozenset[str], other: frozenset[str]) -> float:
    common = len(wanted & other)
    return common / (len(wanted) + len(other) - common) if common else 0.0


def _likeness(text: str, other: str) -> float:
    old, new = text.split()[:_WORDS], other.split()[:_WORDS]
    return difflib.SequenceMatcher(None, old, new, False).ratio()
