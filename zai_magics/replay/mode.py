"""Replay: what was recorded is given again instead of being asked for.

off (always ask), auto (what is recorded comes free, the rest is asked) or only (no network: what
is not recorded fails). A recording is a call of this machine's journal, or of a pack.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path
from typing import Literal

from .. import catalogue
from ..errors import JournalError, KeyMissing, ReplayMiss
from ..journal import Asked, Record
from ..orders import Order, Orders
from ..retry import Timing
from ..types import Clip, Picture, Reply
from . import missed
from .found import Found, Source, choose, others
from .recorded import Recorded

Mode = Literal["off", "auto", "only"]


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
        for source in self.sources():
            found = self._chosen(source, asked, key, *place)
            if found is not None:
                return self._recorded(found, asked)
        self._missed(asked)
        return None

    def keys(self) -> set[bytes]:
        """By what every chat that `kept` may find is known."""
        found: set[bytes] = set()
        for source in self.sources() if self.mode != "off" else [self._own]:
            with suppress(JournalError), source.journal.read() as db:
                found |= source.journal.recordings.keys(db)
        return found

    def kept(self, asked: Asked, notebook: str, place: int = 0, n: int = 1) -> Reply | None:
        """One of the newest `n` whole answers to the very same request, by its `place` among them:
        without replay those that this notebook was given before.
        """
        for source in self.sources() if self.mode != "off" else [self._own]:
            with suppress(JournalError), source.journal.read() as db:
                found = source.journal.recordings.chats(db, asked.known_by)
                known = [r for r in found if self.is_answer(source, r)]
                if self.mode == "off":
                    known = [r for r in known if r.notebook == notebook]
                if place < len(known):
                    return source.journal.calls.reply(db, known[-n:][place])
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
        for found in others(self._ordered(orders, order), had):
            made = [*found.source.orders.kept.pictures(found.record, target, there), *made]
            orders.shown(order, found.record, found.source is self._own)
            if len(made) >= wanted:
                return made[-wanted:]
        self._missed(orders.asked(order), len(made) + sum(r.state == "done" for r in had))
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
            return made, found.note
        self._missed(orders.asked(order))
        return None, ""

    def foretold(self, asked: Asked) -> str:
        """Whether a request that is not sent is recorded, in words; "" where replay is off."""
        if self.mode == "off":
            return ""
        found = False
        for source in self.sources():
            with suppress(JournalError), source.journal.read() as db:
                recordings = source.journal.recordings
                known = [] if asked.key else recordings.chats(db, asked.known_by)
                known = known or recordings.alike(db, asked.likeness)
                found = found or any(self.is_answer(source, r) for r in known)
        if found:
            return "recorded: it would come from there, free"
        return "not recorded: " + ("it would fail" if self.mode == "only" else "it would be asked")

    def sources(self) -> list[Source]:
        """Where recordings are looked for, one after the other."""
        if self.pack is None:
            return [self._own]
        return [self.pack] if self.mode == "only" else [self.pack, self._own]

    def is_answer(self, source: Source, record: Record) -> bool:
        """Whether what was recorded there answers what is asked here."""
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
            known = [r for r in recordings.chats(db, key) if self.is_answer(source, r)]
            exact = bool(known)
            if not known and self.mode == "only" and asked.has_files():
                alike = recordings.alike(db, asked.likeness)
                known = [r for r in alike if self.is_answer(source, r)]
            if known:
                record, last = choose(known, asker, again, cell)
                return Found(source, record, exact, len(known) if last and len(known) > 1 else 0)
        return None

    def _ordered(self, orders: Orders, order: Order) -> Iterator[Found]:
        """The recorded orders for the same, newest first; those with the very same frames first."""
        asked = orders.asked(order)
        for source in self.sources():
            with suppress(JournalError), source.journal.read() as db:
                alike = source.journal.recordings.alike(db, asked.likeness)
                known = [r for r in reversed(alike) if self.is_answer(source, r)]
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
        call = replace(call, note=found.note or call.note)
        reply.call = call
        whole = asked.params.get("stream") is False
        return Recorded(reply, pace, self._timing(), speed=self.speed, whole=whole)

    @property
    def pace(self) -> str:
        """How fast recorded answers come, in words, where it is not as they did."""
        if self.speed == 1:
            return ""
        return f"; shown {self.speed:g} times as fast" if self.speed else "; shown at once"

    @property
    def step(self) -> str:
        """What to do under only about what is not recorded, "" where there is a network."""
        if self.mode != "only":
            return ""
        file = f" {self.pack.pack}" if self.pack else ""
        return f"%zai replay auto{file} asks what is not recorded, with a key"

    def missed(self, asked: Asked) -> str:
        """What is recorded and most like it, in words."""
        return missed.told(self, asked)

    @contextmanager
    def explained(self, asked: Asked, again: bool, had: int = 0) -> Iterator[None]:
        """A missing key is said together with why a request needs one under auto."""
        try:
            yield
        except KeyMissing as error:
            if self.mode != "auto" or again:
                raise
            raise KeyMissing(f"{missed.told(self, asked, had)}; to ask for it: {error}") from None

    def _missed(self, asked: Asked, had: int = 0) -> None:
        """Raises ReplayMiss under only, with what is recorded and most like it; `had` are those
        that are recorded of what is to be several.
        """
        if self.mode == "only":
            raise ReplayMiss(f"{missed.told(self, asked, had)}; {self.step}")


def _worth(saved: float | None) -> str:
    if saved is None:
        return "its price is not known"
    return f"would have cost {catalogue.dollars(saved)}" if saved else "free"
