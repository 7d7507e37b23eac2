"""The command about money: what was spent and saved, from the journal."""

from __future__ import annotations

import datetime
from collections.abc import Sequence
from importlib.util import find_spec
from typing import Any

from .. import catalogue
from ..errors import CommandError, one_line
from ..journal import costs
from ..journal.costs import Bill
from ..text import plural
from ..types import Table
from .stage import Said, Stage
from .tables import spent

ROWS = 20
_COLUMNS = ("calls", "prompt", "cached", "completion", "thinking", "cost", "unknown", "saved")


class Spending(Stage):
    """It reads the journal."""

    def do_cost(self, text: str, said: Said, names: Said, quiet: bool) -> Any:
        """What was spent, as a table; a DataFrame where pandas is there."""
        by, rows, here = said.get("by") or "model", said.get("rows", ROWS), said.get("here")
        since = _begin(said["since"]) if said.get("since") else 0.0
        if rows < 0:
            raise CommandError(f"-n takes how many rows to show, not {rows}")
        scope = self.session.scope()
        with self.session.journal.read() as db:
            found = costs.bills(db, by, scope if here else "", since)
            mine = costs.total(found if here else costs.bills(db, by, scope, since))
        own = [f"this notebook: {_cost(mine) or '$0'}", f"this kernel: {spent(self.session)}"]
        table = _table(found, by, rows, own)
        value = _frame(found, by) if find_spec("pandas") else table
        return self._give(value, quiet, table)


def _begin(day: str) -> float:
    """When a day begins here, in seconds since 1970."""
    try:
        return datetime.datetime.combine(
            datetime.date.fromisoformat(str(day).strip()), datetime.time()
        ).timestamp()
    except (ValueError, OverflowError, OSError):
        said = one_line(str(day), 40)
        raise CommandError(f"--since takes a day such as 2026-11-02, not {said!r}") from None


def _table(found: Sequence[Bill], by: str, rows: int, own: Sequence[str]) -> Table:
    """The first groups and the sum of all; under it what the figures leave out."""
    if not found:
        return Table((), (), "", "the journal has no such calls; %zai log lists all")
    names = _names([bill.name if by == "notebook" else bill.notebook for bill in found])
    about: list[tuple[str, ...]] = [
        (names[bill.name],) if by == "notebook" else (_named(bill.name), names[bill.notebook])
        for bill in found
    ]
    priced = {bill.name for bill in found if not bill.sandbox}
    about = [
        (f"{first} (sandbox)" if bill.sandbox and bill.name in priced else first, *rest)
        for bill, (first, *rest) in zip(found, about, strict=True)
    ]
    whole = costs.total(found)
    wide = by == "conversation"
    lines = [(*a[: 1 + wide], *_figures(bill)) for a, bill in zip(about, found, strict=True)]
    total = ("total", *[""] * wide, *_figures(whole))
    columns = (by, *["notebook"] * wide, *_COLUMNS)
    if len(lines) > rows:
        own = [f"{rows} of {plural(len(lines), 'row')} (-n shows more)", *own]
    own = [*own, "cached tokens are part of prompt, thinking of completion"]
    note = "; ".join([*own, *_left_out(found, whole), catalogue.prices_of()])
    return Table(columns, (*lines[:rows], total), "", note)


def _figures(bill: Bill) -> tuple[str, ...]:
    tokens = (bill.prompt, bill.cached, bill.completion, bill.thinking)
    unknown = str(bill.unknown or "")
    return (
        str(bill.calls),
        *(f"{n:,}" if n else "" for n in tokens),
        _cost(bill),
        unknown,
        _saved(bill),
    )


def _cost(bill: Bill) -> str:
    """What is not known is never left out of sight, however much is."""
    if bill.sandbox:
        return "sandbox"
    if bill.known is None:
        return "unknown"
    if not bill.calls:
        return ""
    return _sum(bill.cost) + " + unknown" * bool(bill.unknown)


def _saved(bill: Bill) -> str:
    if not bill.again or bill.sandbox:
        return ""
    if bill.known_saved is None:
        return "unknown"
    return _sum(bill.saved) + " + unknown" * bool(bill.unsaved)


def _sum(dollars: float) -> str:
    return catalogue.dollars(dollars) if dollars else "$0"


def _left_out(found: Sequence[Bill], whole: Bill) -> list[str]:
    """What the sum does not have, and what to do about it."""
    said = []
    if whole.unpriced:
        calls = plural(whole.unpriced, "call")
        said.append(f"{calls} of unknown price: write the model's into {catalogue.own().path}")
    if lost := whole.unknown - whole.unpriced - whole.open:
        said.append(f"{plural(lost, 'call')} ended before the tokens were counted")
    if whole.open:
        price = f" ({_sum(whole.charged)})" if whole.charged else ""
        said.append(f"{plural(whole.open, 'order')} may have been charged{price}: see %zai jobs")
    if whole.again and not whole.calls:
        said.append("all was shown again and nothing asked, so there are no calls")
    if whole.unsaved:
        again = plural(whole.unsaved, "answer")
        said.append(f"saved leaves out {again} shown again, of models whose price is not known")
    if any(bill.sandbox for bill in found):
        said.append("the sandbox is not in the total")
    return said


def _named(name: str) -> str:
    return one_line(name, 60) or "(none)"


def _names(paths: Sequence[str]) -> dict[str, str]:
    """Notebooks by the names of their files, or by their paths where two have the same."""
    short = {path: path.replace("\\", "/").rstrip("/").rpartition("/")[2] for path in paths}
    many = list(short.values())
    return {p: _named(n if many.count(n) == 1 else p) for p, n in short.items()}


def _frame(found: Sequence[Bill], by: str) -> Any:
    """The groups as a pandas DataFrame, without the sum; what is unknown is NA."""
    import pandas

    columns: dict[str, Any] = {by: [bill.name for bill in found]}
    if by == "conversation":
        columns["notebook"] = [bill.notebook for bill in found]
    columns["sandbox"] = [bill.sandbox for bill in found]
    for name in _COLUMNS:
        columns[name] = [getattr(bill, name) for bill in found]
    columns["cost"] = pandas.array([bill.known for bill in found], dtype="Float64")
    columns["saved"] = pandas.array([bill.known_saved for bill in found], dtype="Float64")
    return pandas.DataFrame(columns)
