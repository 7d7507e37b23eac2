"""Which of several conversations a cell belongs to, whichever of them is current.

Pure: a cell that is run again finds the conversation that it acted on before, so that running all
cells ends as it did the first time.
"""

from __future__ import annotations

from collections.abc import Iterable

from .conversation import Conversation, Place, Turn


def of_turn(
    known: Iterable[Conversation], now: Conversation, place: Place | None, begun: bool
) -> Conversation:
    """The one that a cell's turn goes to: where it is already, else the current one, `now`.

    A current one that was `begun` in this kernel and is still empty, or into which the cells of
    another are being asked again, takes the cell's turn too: that is what it was begun for.
    """
    if place is None or (begun and not now.turns) or turn_at(now, place):
        return now
    for one in known:
        turn = turn_at(one, place)
        native = turn and turn.asked_in == one.name and not turn.named  # no copy in a fork
        if native and _are_apart(one, now):
            return one
    return now


def of_system(
    known: Iterable[Conversation], now: Conversation, place: Place | None, begun: bool
) -> Conversation:
    """The one whose system prompt a cell sets, by the same rule."""
    empty = begun and not now.turns and not now.settings
    if place is None or empty or any(s.place == place for s in now.settings):
        return now
    for one in known:
        if (place, one.name) in one.settings and _are_apart(one, now):
            return one
    return now


def turn_at(one: Conversation, place: Place) -> Turn | None:
    """The turn of a conversation that this place made."""
    at = one.index(place)
    return one.turns[at] if at < len(one.turns) else None


def _are_apart(one: Conversation, other: Conversation) -> bool:
    """Whether no cell has acted on both."""
    turns = {t.place for t in one.turns if t.place}
    settings = {s.place for s in one.settings}
    return turns.isdisjoint(t.place for t in other.turns) and settings.isdisjoint(
        s.place for s in other.settings
    )
