"""Replay: what was recorded is given again instead of being asked for.

off (always ask), auto (what is recorded comes free, the rest is asked) or only (no network: what
is not recorded fails). A recording is a call of this machine's journal, or of a pack.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal, NamedTuple

from .. import catalogue
from ..errors import JournalError, ReplayMiss, one_line
from ..journal import Asked, Journal, Record
from ..orders import Order, Orders
from ..retry import Timing
from ..types import Clip, Picture
from .recorded import Recorded

Mode = Literal["off", "auto", "only"]
ASK = "%zai replay off asks for it"
_ALIKE = "an attachment differs from the recorded one in its bytes, not in its form"


class Source(NamedTuple):
    """Where recordings are looked for: a journal, and the pack that it came from ("" for none)."""

    journal: Journal
    orders: Orders
    pack: str = ""


@dataclass(frozen=True, slots=True)
class Found:
    """A call that answers, and whether it was asked with the very same bytes."""

    source: Source
    record: Record
    exact: bool = True


class Replay:
    """`replay.chat(asked)` is the recorded answer, or None where it is to be asked for.

    `own` is this machine's journal; `seller` says who would be asked, since under auto what the
    sandbox said is no answer of the service. `speed` is as for `Recorded`.
    """

    def __init__(self, own: Source, seller: Callable[[], str], timing: Callable[[], Timing]):
        self._own, self._seller, self._timing = own, seller, timing
        self.mode: Mode = "off"
        self.speed = 1.0
        self.pack: Source | None = None
        self._execution = 0
        self._repeats: Counter[bytes] = Counter()
        self._askers: dict[bytes, list[str]] = {}

    def begin_cell(self) -> None:
        """A cell is run: what it asks for again and again is counted from here."""
        self._execution += 1
        self._repeats.clear()

    def use(self, mode: Mode, pack: Source | None = None) -> None:
        """From now on."""
        if self.pack is not None and self.pack is not pack:
            self.pack.journal.close()
        self.mode, self.pack = mode, pack
        self._askers.clear()

    def chat(self, asked: Asked) -> Recorded | None:
        """The answer to a chat. Raises ReplayMiss under only."""
        if self.mode == "off":
            return None
        key = asked.known_by
        place = self._place(key, asked.cell)
        for source in self._sources():
            found = self._chosen(source, asked, key, *place)
            if found is not None:
                return self._recorded(found, asked)
        self._missed(asked.kind, asked.prompt, asked)
        return None

    def pictures(
        self,
        orders: Orders,
        order: Order,
        target: Path,
        there: bool,
        wanted: int,
        had: Sequence[Record] = (),
    ) -> list[Picture]:
        """So many recorded pictures beside those of `had`, or as many as there are. Raises
        ReplayMiss under only, where there are too few.
        """
        if self.mode == "off" or wanted < 1:
            return []
        made: list[Picture] = []
        for found in _others(self._ordered(orders, order), had):
            made = [*found.source.orders.kept.pictures(found.record, target, there), *made]
            orders.shown(order, found.record, found.source is self._own)
            if len(made) >= wanted:
                return made[-wanted:]
        self._missed(order.kind, order.prompt)
        return made

    def clip(
        self, orders: Orders, order: Order, target: Path, there: bool
    ) -> tuple[Clip | None, str]:
        """The recorded clip, and what is to be said of it. Raises ReplayMiss under only, where
        there is none.
        """
        if self.mode == "off":
            return None, ""
        for found in self._ordered(orders, order):
            orders.shown(order, found.record, found.source is self._own)
            made = found.source.orders.kept.clip(found.record, target, there)
            return made, "" if found.exact else _ALIKE
        self._missed(order.kind, order.prompt)
        return None, ""

    def _sources(self) -> list[Source]:
        if self.pack is None:
            return [self._own]
        return [self.pack] if self.mode == "only" else [self.pack, self._own]

    def _is_answer(self, source: Source, record: Record) -> bool:
        return source.pack != "" or self.mode == "only" or record.endpoint == self._seller()

    def _place(self, key: bytes, cell: str) -> tuple[int, int, str]:
        """Of those who ask for the same: the how-manieth cell this is, and the how-manieth time
        that it does in this execution.
        """
        again = self._repeats[key]
        self._repeats[key] += 1
        who = cell or f"#{self._execution}"
        askers = self._askers.setdefault(key, [])
        if who not in askers:
            askers.append(who)
        return askers.index(who), again, cell

    def _chosen(
        self, source: Source, asked: Asked, key: bytes, asker: int, again: int, cell: str
    ) -> Found | None:
        """Which of several recorded answers: that of the same cell, else of the cell that asked as
        many others had before, as in a notebook that asks the same twice.
        """
        with suppress(JournalError), source.journal.read() as db:
            recordings = source.journal.recordings
            known = [r for r in recordings.chats(db, key) if self._is_answer(source, r)]
            exact = bool(known)
            if not known and self.mode == "only" and asked.has_files():
                alike = recordings.alike(db, asked.likeness)
                known = [r for r in alike if self._is_answer(source, r)]
            if known:
                return Found(source, _choose(known, asker, again, cell), exact)
        return None

    def _ordered(self, orders: Orders, order: Order) -> Iterator[Found]:
        """The recorded orders for the same, newest first; those with the very same frames first."""
        asked = orders.asked(order)
        for source in self._sources():
            with suppress(JournalError), source.journal.read() as db:
                alike = source.journal.recordings.alike(db, asked.likeness)
                known = [r for r in reversed(alike) if self._is_answer(source, r)]
                same = source.journal.recordings.asks_with
                exact = [r for r in known if same(db, r, asked.messages)]
                rest = [r for r in known if r not in exact] if self.mode == "only" else []
            yield from (Found(source, r, r in exact) for r in [*exact, *rest])

    def _recorded(self, found: Found, asked: Asked) -> Recorded:
        journal, record = found.source.journal, found.record
        with journal.read() as db:
            reply, pace = journal.calls.reply(db, record), journal.calls.pace(db, record.id)
        saved = reply.call.saved if reply.call.replayed else reply.cost
        words = f"recorded {time.strftime('%Y-%m-%d', time.gmtime(record.at))}"
        worth = "" if reply.sandbox else f", {_worth(saved)}"
        call = replace(reply.call, cost=0.0, saved=saved, replayed=words + worth)
        call = replace(call, note=call.note if found.exact else _ALIKE)
        reply.call = call
        whole = asked.params.get("stream") is False
        return Recorded(reply, pace, self._timing(), speed=self.speed, whole=whole)

    def _missed(self, kind: str, prompt: str, asked: Asked | None = None) -> None:
        """Raises ReplayMiss under only, with what is recorded and most like it."""
        if self.mode == "only":
            raise ReplayMiss(self._nearest(kind, prompt, asked))

    def _nearest(self, kind: str, prompt: str, asked: Asked | None) -> str:
        from . import nearest

        known: list[tuple[str, tuple[Journal, int]]] = []
        for source in self._sources():
            journal = source.journal
            with suppress(JournalError), journal.read() as db:
                found = journal.recordings.prompts(db, kind)
                known += [(text, (journal, number)) for text, number in found]
        place = f"in {self.pack.pack}" if self.pack else "in the journal"
        close = nearest.nearest(prompt, known)
        if close is None:
            return (
                f"nothing like this {kind} is recorded {place}, and replay only asks nobody; {ASK}"
            )
        text, (journal, number) = close
        if text != prompt:
            differs = nearest.changes(text, prompt)
        else:
            with journal.read() as db:
                differs = _beside(journal.calls.get(db, number), asked)
        return f"this {kind} is not recorded {place}; the nearest differs: {differs}; {ASK}"


def _others(found: Iterator[Found], had: Sequence[Record]) -> Iterator[Found]:
    """Those whose files are not among what was given; a pack may have what the journal has."""
    given = Counter(name for record in had for name in record.blobs())
    seen: dict[str, Counter[str]] = {}
    for one in found:
        left = seen.setdefault(one.source.pack, Counter(given))
        names = one.record.blobs()
        if all(left[name] for name in names):
            left.subtract(names)
            continue
        given.update(names)
        yield one


def _choose(known: Sequence[Record], asker: int, again: int, cell: str) -> Record:
    """The newest of this cell's own; else of the cells that asked the one in turn, its newest."""

    def nth(some: Sequence[Record]) -> Record:
        return next((r for r in reversed(some) if r.result.get("nth", 0) == again), some[-1])

    own = [r for r in known if cell and r.cell == cell]
    if own:
        return nth(own)
    cells: dict[str, list[Record]] = {}
    for record in known:
        # Without an id each run is a cell of its own, which begins with what it asks first.
        who = record.cell or f"#{record.id - record.result.get('nth', 0)}"
        cells.setdefault(who, []).append(record)
    groups = list(cells.values())
    return nth(groups[min(asker, len(groups) - 1)])


def _beside(record: Record | None, asked: Asked | None) -> str:
    """What differs where the words are the same."""
    if record is None or asked is None:
        return "its options"
    if record.model != asked.model:
        return f"-m {one_line(record.model, 60)} was asked, not {asked.model}"
    old, new = record.params, asked.params
    names = [n for n in {**old, **new} if n != "stream" and old.get(n) != new.get(n)]
    if names:
        one = names[0]
        was, now = (one_line(str(p.get(one, "nothing")), 60) for p in (old, new))
        return f"{one_line(one, 40)} was {was}, and is {now}"
    return "the turns before it, the system prompt or an attachment"


def _worth(saved: float | None) -> str:
    if saved is None:
        return "its price is not known"
    return f"would have cost {catalogue.dollars(saved)}" if saved else "free"
