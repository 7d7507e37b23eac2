"""The saved notebook and its conversations: what comes back by itself in a new kernel, what is
taken in from a file on request, and which turns have lost their cell.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import replace
from pathlib import Path

from . import defaults, notebook
from .conversation import Conversation, Turn
from .conversations import Conversations
from .errors import one_line
from .text import plural


def bring_back(held: Conversations, path: Path | None) -> str:
    """In a new kernel: the notebook's conversations as far as the saved file has their cells, in
    the file's order. Gives what to tell the user, "" for nothing.
    """
    book = notebook.opened(path)
    if book is None:
        return ""
    order = {cell: i for i, cell in enumerate(book.ids())}

    def kept(one: Conversation) -> Conversation:
        there = [(order[t.place.cell], t) for t in one.turns if t.place and t.place.cell in order]
        there.sort(key=lambda found: (found[0], found[1].place or ("", 0)))
        return replace(one, turns=tuple(turn for _, turn in there))

    whole = held.come_back(kept)
    if whole is None:  # a copy, a renamed or a received notebook may carry what is not known here
        return _only_carried(len(book.turns()))
    back = held.current
    return _came_back(whole, back, _gone(whole, book)) if back.turns or back.system else ""


def by_conversation(turns: Sequence[Turn], otherwise: str) -> dict[str, list[Turn]]:
    """A file's turns by the conversations that it names, which are `otherwise` where it does not;
    in the order of their last turns.
    """
    found: dict[str, list[Turn]] = {}
    for turn in turns:
        name = turn.asked_in or otherwise
        found[name] = [*found.pop(name, ()), turn]
    return found


def restore(held: Conversations, turns: Sequence[Turn]) -> dict[str, int]:
    """Take in turns that this notebook's file carries: those that their conversations lack, in the
    file's order. Gives how many are new in each. A current one that stays empty is left for the
    last of them.
    """
    now = held.current
    taken = {
        name: _fill(held, held.named(name), group)
        for name, group in by_conversation(turns, now.name).items()
    }
    if any(taken.values()) and held.named(now.name).turns:
        held.switch(held.named(now.name))
    return taken


def restore_other(held: Conversations, turns: Sequence[Turn], file: str) -> dict[str, int]:
    """Take in the turns of another notebook's file: in conversations of their own, named after the
    file. One that was taken in before is gone on with, but nothing of this notebook's is replaced.
    """
    groups = by_conversation(turns, defaults.CONVERSATION)
    taken = {}
    for name, group in groups.items():
        wanted = one_line(file[-60:] if len(groups) == 1 else f"{file[-30:]} {name[:28]}", 60)
        own = tuple(replace(t, place=None) for t in group)
        name, there = _own_name(held, wanted, own)
        held.switch(held.named(name) if there else Conversation(name, "", own))
        taken[name] = 0 if there else len(own)
    return taken


def _fill(held: Conversations, one: Conversation, turns: Sequence[Turn]) -> int:
    places = {t.place for t in one.turns}
    missing = [replace(t, run=0, asked_in=one.name) for t in turns if t.place not in places]
    if missing:
        order = {t.place: i for i, t in enumerate(turns)}
        merged = sorted((*one.turns, *missing), key=lambda t: order.get(t.place, len(order)))
        held.switch(replace(one, turns=tuple(merged), number=0))
    return len(missing)


def _own_name(held: Conversations, wanted: str, turns: Sequence[Turn]) -> tuple[str, bool]:
    """A name for turns from elsewhere, and whether its conversation begins with them already."""
    words = [(t.user, t.reply) for t in turns]
    name, number = wanted, 1
    while name in (names := held.names()):
        there = held.named(name).turns[: len(words)]
        if [(t.user, str(t.reply)) for t in there] == words:
            break
        number += 1
        name = f"{wanted[:56]} {number}"
    return name, name in names


def gone(conversation: Conversation, path: Path | None) -> frozenset[int]:
    """Which turns (from 0) have lost their cell: those whose cell the notebook no longer has,
    although it was saved after they were asked.
    """
    book = notebook.opened(path)
    return _gone(conversation, book) if book else frozenset()


def below(held: Conversations, cell: str, path: Path | None) -> frozenset[str]:
    """The cells that stand below this one in the saved notebook; of one that is not saved, those
    that were first run after it.
    """
    ids = notebook.cell_ids(path) if path else None
    if ids and cell in ids:
        return frozenset(ids[ids.index(cell) + 1 :])
    return held.ran_after(cell)


def _gone(conversation: Conversation, book: notebook.Book) -> frozenset[int]:
    ids = frozenset(book.ids())
    return frozenset(
        i
        for i, t in enumerate(conversation.turns)
        # A file without any ids says nothing of its cells.
        if ids and t.place and t.place.cell not in ids and t.at < book.saved
    )


def _came_back(stored: Conversation, back: Conversation, gone: Collection[int]) -> str:
    """What to say about a conversation of which so much came back."""
    turns = len(back.turns)
    what = f"{plural(turns, 'turn')} of this notebook" if turns else ""
    what += (" and its system prompt" if what else "its system prompt") if stored.system else ""
    unsaved = len(stored.turns) - turns - len(gone)
    more = f"; {unsaved} more, asked after it was saved: %zai use {stored.name}"
    lost = f"; {plural(len(gone), 'turn')} of deleted cells: in %zai log alone"
    return (
        f"{what} came back ({stored.name}); %zai history shows the conversation, "
        f"%zai new begins another{more if unsaved else ''}{lost if gone else ''}"
    )


def _only_carried(turns: int) -> str:
    if not turns:
        return ""
    are = f"{plural(turns, 'turn')} that {'is' if turns == 1 else 'are'} not in the conversation"
    return f"this file carries {are}; %zai restore takes in what it has, with --dry-run it shows it"
