"""The text most like another one, and what differs between the two, word by word."""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from operator import itemgetter
from typing import TypeVar

T = TypeVar("T")
_FEW, _LIKELY = 24, 500  # threes that are looked for first, candidates that have most of them
_CLOSE = 8  # candidates that are compared word by word
_WORDS = 300  # of a text that is compared
_LETTERS = 300  # of a text's beginning and end
_ALIKE = 0.4  # of their letters by threes; "How is the weather?" and "wether today" are so
_SHOWN, _AROUND = 160, 3
WHITE = "white space alone"


def nearest(text: str, known: Iterable[tuple[str, T]]) -> list[T]:
    """`nearest("a bc d", [("a bc e", 1), ("x", 2), ("a bc e", 3)])` is `[1, 3]`: all that is known
    by the text most like it. Nothing if all are unlike it.

    Three letters after each other are compared and not words, so that a slip of the pen does not
    hide a likeness. Ten thousand texts take a tenth of a second.
    """
    texts: dict[str, list[T]] = {}
    for other, what in known:
        texts.setdefault(other, []).append(what)
    wanted = _threes(_line(text))
    places = {other: place for place, other in enumerate(texts)}
    scored = ((_alike(wanted, other), -places[other], other) for other in _likely(wanted, texts))
    close = sorted((one for one in scored if one[0] >= _ALIKE), reverse=True)[:_CLOSE]
    if not close:
        return []
    *_, best = max((score + _in_order(text, other), place, other) for score, place, other in close)
    return texts[best]


def changes(old: str, new: str) -> str:
    """What differs, with a few words around it: `What is [a → the] p value`."""
    before, after = old.split()[:_WORDS], new.split()[:_WORDS]
    if before == after and old.split() == new.split():
        return WHITE
    shown: list[str] = []
    for what, a, b, c, d in difflib.SequenceMatcher(None, before, after, False).get_opcodes():
        if what == "equal":
            same = before[a:b]
            long = len(same) > 2 * _AROUND + 1
            shown += [*same[:_AROUND], "…", *same[-_AROUND:]] if long else same
        else:
            shown.append(_mark(" ".join(before[a:b]), " ".join(after[c:d])))
    line = " ".join(shown)
    return line if len(line) <= _SHOWN else line[: _SHOWN - 1] + "…"


def _mark(gone: str, come: str) -> str:
    if gone and come:
        return f"[{gone} → {come}]"
    return f"[without: {gone}]" if gone else f"[added: {come}]"


def _likely(wanted: set[str], texts: Iterable[str]) -> list[str]:
    """Those that have the most of a few of the wanted threes: looking for these takes a quarter of
    the time of taking a text apart.
    """
    few = sorted(wanted)[:: len(wanted) // _FEW + 1]
    scored = [(sum(map(_line(other).__contains__, few)), other) for other in texts]
    scored.sort(key=itemgetter(0), reverse=True)
    return [other for _, other in scored[:_LIKELY]]


def _line(text: str) -> str:
    """A text's letters without what tells nothing, of a long one its beginning and its end."""
    line = " ".join(text[:_LETTERS].casefold().split())
    if len(text) > _LETTERS:
        line += " ".join(text[_LETTERS:][-_LETTERS:].casefold().split())
    return f" {line} "


def _threes(line: str) -> set[str]:
    return {line[at : at + 3] for at in range(len(line) - 2)}


def _alike(wanted: set[str], other: str) -> float:
    threes = _threes(_line(other))
    return 2 * len(wanted & threes) / (len(wanted) + len(threes))


def _in_order(text: str, other: str) -> float:
    old, new = text.split()[:_WORDS], other.split()[:_WORDS]
    return difflib.SequenceMatcher(None, old, new, False).ratio()
