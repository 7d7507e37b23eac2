"""What is recorded for a request, and which of several recordings it is to be."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from ..journal import Journal, Record
from ..orders import Orders

ALIKE = "an attachment differs from the recorded one in its bytes, not in its form"


class Source(NamedTuple):
    """Where recordings are looked for: a journal, and the pack that it came from ("" for none)."""

    journal: Journal
    orders: Orders
    pack: str = ""


@dataclass(frozen=True, slots=True)
class Found:
    """A call that answers, whether it was asked with the very same bytes, and where it is the last
    of several that were given already, how many.
    """

    source: Source
    record: Record
    exact: bool = True
    used_up: int = 0

    @property
    def note(self) -> str:
        """What is to be said of it."""
        again = f"recorded {self.used_up} times, and this is the last again" if self.used_up else ""
        return again if self.exact else ALIKE


def others(found: Iterator[Found], had: Sequence[Record]) -> Iterator[Found]:
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


def choose(known: Sequence[Record], asker: int, again: int, cell: str) -> tuple[Record, bool]:
    """The newest of this cell's own; else of the cells that asked the one in turn, its newest. Says
    whether there is none in turn any more, and it is the last again.
    """

    def nth(some: Sequence[Record], over: bool = False) -> tuple[Record, bool]:
        found = next((r for r in reversed(some) if r.result.get("nth", 0) == again), None)
        return (some[-1], True) if found is None else (found, over)

    own = [r for r in known if cell and r.cell == cell]
    if own:
        return nth(own)
    cells: dict[str, list[Record]] = {}
    for record in known:
        # Without an id each run is a cell of its own, which begins with what it asks first.
        who = record.cell or f"#{record.id - record.result.get('nth', 0)}"
        cells.setdefault(who, []).append(record)
    groups = list(cells.values())
    return nth(groups[min(asker, len(groups) - 1)], asker >= len(groups))
