"""The saved notebook and its conversations: what comes back by itself in a new kernel, what is
taken in from a file on request, and which turns have lost their cell.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from . import notebook
from .conversation import Conversation, Turn
from .conversations import Conversations
from .text import plural


def bring_back(held: Conversations, path: Path | None) -> str:
    """In a new kernel: the notebook's conversations as far as the saved file has their cells, in
    the file's order. Gives what to tell the user, "" for nothing.
    """
    ids = notebook.cell_ids(path) if path else None
    if ids is None:
        return ""
    order = {cell: i for i, cell in enumerate(ids)}

    def kept(one: Conversation) -> Conversation:
        there = [(order[t.place.cell], t) for t in one.turns if t.place and t.place.cell in order]
        there.sort(key=lambda found: (found[0], found[1].place or ("", 0)))
        return replace(one, turns=tuple(turn for _, turn in there))

    whole = held.come_back(kept)
    back = len(held.current.turns)
    return _came_back(whole, back) if whole and (back or whole.system) else ""


def restore(held: Conversations, turns: Sequence[Turn], name: str | None) -> int:
    """Take in turns that a file carries: those that the current conversation lacks, in the file's
    order; under a name they are one of their own. Gives how many are new.
    """
    if name is not None:
        own = tuple(replace(t, place=None) for t in turns)
        held.switch(Conversation(name, "", own))
        return len(own)
    now = held.current
    places = {t.place for t in now.turns}
    missing = [replace(t, run=0) for t in turns if t.place not in places]
    if missing:
        order = {t.place: i for i, t in enumerate(turns)}
        merged = sorted((*now.turns, *missing), key=lambda t: order.get(t.place, len(order)))
        held.switch(replace(now, turns=tuple(merged), number=0))
    return len(missing)


def gone(conversation: Conversation, path: Path | None) -> frozenset[int]:
    """Which turns (from 0) have lost their cell: those whose cell the notebook no longer has,
    although it was saved after they were asked.
    """
    ids = notebook.cell_ids(path) if path else None
    if path is None or ids is None:
        return frozenset()
    saved = os.stat(path).st_mtime
    return frozenset(
        i
        for i, t in enumerate(conversation.turns)
        if t.place and t.place.cell not in ids and t.at < saved
    )


def below(held: Conversations, cell: str, path: Path | None) -> frozenset[str]:
    """The cells that stand below this one in the saved notebook; of one that is not saved, those
    that were first run after it.
    """
    ids = notebook.cell_ids(path) if path else None
    if ids and cell in ids:
        return frozenset(ids[ids.index(cell) + 1 :])
    return held.ran_after(cell)


def _came_back(stored: Conversation, turns: int) -> str:
    """What to say about a conversation of which so many turns came back."""
    what = f"{plural(turns, 'turn')} of this notebook" if turns else ""
    what += (" and its system prompt" if what else "its system prompt") if stored.system else ""
    left = len(stored.turns) - turns
    more = f"; {left} more, whose cells the saved file does not have: %zai use {stored.name}"
    return (
        f"{what} came back ({stored.name}); %zai history shows the conversation, "
        f"%zai new begins another{more if left else ''}"
    )
