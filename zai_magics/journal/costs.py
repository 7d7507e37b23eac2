"""What calls have cost: sums by model, day, conversation or notebook. No text is read for them."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

from .. import catalogue
from ..reply import Usage
from .rows import COLUMNS, LATEST, as_number, as_object, as_text, as_usage, record

# Of a chat this is enough, and ten thousand of them are read in a moment.
_FEW = "c.at, c.kind, c.notebook, c.conversation, c.endpoint, c.model, c.result, c.cost"
_DEAREST = 1e11  # US dollars; beyond it a row is damaged
_SHOWN_AGAIN = ("replay", "stored")
_OPEN = ("submitting", "unknown")  # orders that were sent and got no answer


@dataclass(slots=True)
class Bill:
    """What the calls of one group have cost: `prompt`, `cached` (a part of it), `completion` and
    `thinking` (a part of it) are tokens, `cost` and `saved` US dollars, `unknown` calls.

    `cost` is the sum of what is known. Among the unknown are `unpriced` calls, of models without a
    price, and `open` orders, whose end is not known and which may have cost `charged`. `again`
    counts what was shown again instead of asked or bought, which is no call, and `unsaved` how
    many of those had an unknown price. A conversation's name is its `notebook`'s own.
    """

    name: str = ""
    notebook: str = ""
    sandbox: bool = False
    calls: int = 0
    prompt: int = 0
    cached: int = 0
    completion: int = 0
    thinking: int = 0
    cost: float = 0.0
    unknown: int = 0
    unpriced: int = 0
    open: int = 0
    charged: float = 0.0
    again: int = 0
    saved: float = 0.0
    unsaved: int = 0

    @property
    def known(self) -> float | None:
        """The cost, None where the price of no call is known."""
        return None if self.unknown and self.unknown == self.calls else self.cost

    @property
    def known_saved(self) -> float | None:
        """The same of what was saved."""
        return None if self.again and self.unsaved == self.again else self.saved


class _Call(NamedTuple):
    """A row; `price` is that of an order which `may` have been charged."""

    at: float
    kind: str
    notebook: str
    conversation: str
    sandbox: bool
    model: str
    usage: Usage | None = None
    cost: float | None = None
    may: bool = False
    price: float = 0.0
    saved: float | None = None


def bills(
    db: sqlite3.Connection, by: str = "model", notebook: str = "", since: float = 0.0
) -> list[Bill]:
    """`bills(db, "day")`: the groups, the dearest first, days and conversations the newest first;
    the sandbox's are groups of their own, behind the others.

    Of one notebook, or of all; `since` is in seconds since 1970. Raises KeyError for another `by`.
    """
    key_of = BY[by]
    groups: dict[tuple[str, str, bool], Bill] = {}
    for call in _calls(db, notebook):
        if call.at >= since:
            key = (*key_of(call), call.sandbox)
            _add(groups.get(key) or groups.setdefault(key, Bill(*key)), call)
    found = list(groups.values())  # in the order of their newest calls
    if by == "day":
        found.sort(key=lambda g: g.name, reverse=True)
    elif by != "conversation":
        found.sort(key=lambda g: (g.cost, g.calls), reverse=True)
    return sorted(found, key=lambda g: g.sandbox)


def total(groups: Iterable[Bill]) -> Bill:
    """All of them together, but for the sandbox's, which cost nothing."""
    whole = Bill("total")
    for group in groups:
        if not group.sandbox:
            for name in _SUMS:
                setattr(whole, name, getattr(whole, name) + getattr(group, name))
    return whole


def _calls(db: sqlite3.Connection, notebook: str) -> Iterator[_Call]:
    """The calls, newest first, without what was only taken over from a file."""
    mine, given = (" and c.notebook = ?", (notebook,)) if notebook else ("", ())
    orders = "c.kind in ('image', 'video')"
    chats = f"select {_FEW} from calls c where not {orders} and c.kind != 'restored'{mine}"
    for row in db.execute(f"{chats} order by c.id desc", given):
        yield _chat(*row)
    for row in db.execute(f"select {COLUMNS} from calls c where {orders}{mine}", given):
        yield _order(row)


def _chat(
    at: Any, kind: Any, notebook: Any, named: Any, endpoint: Any, model: Any, result: Any, cost: Any
) -> _Call:
    """A chat, or what was shown again. One whose price was unknown has the one that is known by
    now.
    """
    facts, known = as_object(result), as_number(cost, _DEAREST)
    model = as_text(facts.get("answered")) or as_text(model)
    about = (as_number(at, LATEST) or 0.0, as_text(kind), as_text(notebook), as_text(named))
    sandbox = endpoint == "sandbox"
    if kind in _SHOWN_AGAIN:
        saved = as_number(facts.get("saved"), _DEAREST)
        return _Call(*about, sandbox, model, saved=saved)
    usage = as_usage(facts.get("usage"))
    if known is None:
        known = 0.0 if sandbox else catalogue.cost(model, usage)
    return _Call(*about, sandbox, model, usage, known)


def _order(row: tuple[Any, ...]) -> _Call:
    """A picture or clip. Of one whose end is not known nobody can say whether it was charged."""
    order = record(row, {})
    about = (order.at, order.kind, order.notebook, order.conversation)
    sandbox = order.endpoint == "sandbox"
    price = catalogue.each(order.model) if order.cost is None else order.cost
    if sandbox or order.state == "failed":
        return _Call(*about, sandbox, order.model, cost=0.0)
    if order.state in _OPEN:
        return _Call(*about, sandbox, order.model, may=True, price=price or 0.0)
    return _Call(*about, sandbox, order.model, cost=price)


def _add(bill: Bill, call: _Call) -> None:
    """Count one call in."""
    if call.kind in _SHOWN_AGAIN:
        bill.again += 1
        bill.saved += call.saved or 0.0
        bill.unsaved += call.saved is None
        return
    bill.calls += 1
    bill.cost += call.cost or 0.0
    bill.unknown += call.cost is None
    bill.open += call.may
    bill.charged += call.price
    if call.cost is None and not call.may:
        # With tokens, nothing but a price is missing.
        bill.unpriced += bool(call.usage) or catalogue.cost(call.model, Usage()) is None
    if call.usage:
        bill.prompt += call.usage.prompt
        bill.cached += min(call.usage.cached, call.usage.prompt)
        bill.completion += call.usage.completion
        bill.thinking += min(call.usage.thinking, call.usage.completion)


def _day(at: float) -> str:
    """The local day, "" for a time that is not known."""
    return time.strftime("%Y-%m-%d", time.localtime(at)) if at else ""


# What calls are put together by: the group's name, and the notebook that it is said of.
BY: Mapping[str, Callable[[_Call], tuple[str, str]]] = {
    "model": lambda call: (call.model, ""),
    "day": lambda call: (_day(call.at), ""),
    "conversation": lambda call: (call.conversation, call.notebook),
    "notebook": lambda call: (call.notebook, ""),
}
_SUMS = (
    *("calls", "prompt", "cached", "completion", "thinking"),
    *("cost", "unknown", "unpriced", "open", "charged", "again", "saved", "unsaved"),
)
