"""What is said of a request that is not recorded: what is nearest to it, and what differs."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING

from ..errors import JournalError
from ..journal import Asked, Record
from . import differs, nearest

if TYPE_CHECKING:
    from .found import Source
    from .mode import Replay

_LOOKED_AT = 8  # requests with the same words


def told(replay: Replay, asked: Asked, had: int = 0) -> str:
    """`this chat is not recorded in class.zai; the nearest differs: …`."""
    kind = asked.kind
    place = f"in {replay.pack.pack}" if replay.pack else "in the journal"
    if had:
        return f"no more than {had} of these {kind}s {'is' if had == 1 else 'are'} recorded {place}"
    known: list[tuple[str, tuple[Source, int]]] = []
    for source in replay.sources():
        with suppress(JournalError), source.journal.read() as db:
            found = source.journal.recordings.prompts(db, kind)
            known += [(text, (source, number)) for text, number in found]
    close = nearest.nearest(asked.prompt, known)
    if not close:
        return f"nothing like this {kind} is recorded {place}"
    ways = [_differences(replay, source, number, asked) for source, number in close[:_LOOKED_AT]]
    few = min(filter(None, ways), key=len, default=["something else"])
    return f"this {kind} is not recorded {place}; the nearest differs: {'; '.join(few)}"


def _differences(replay: Replay, source: Source, number: int, asked: Asked) -> list[str]:
    """Of one recorded request; nothing where it cannot be read."""
    journal = source.journal
    with suppress(JournalError), journal.read() as db:
        record = journal.calls.get(db, number)
        if record is None:
            return []
        messages = journal.texts.messages(db, record.asked)
        found = differs.differences(record, messages, record.prompt, asked)
        return [*found, *_who(replay, source, record)]
    return []


def _who(replay: Replay, source: Source, record: Record) -> list[str]:
    """Under auto what somebody else has answered is no answer."""
    if replay.is_answer(source, record):
        return []
    return [
        "the sandbox has answered it" if record.endpoint == "sandbox" else "it was asked elsewhere"
    ]
