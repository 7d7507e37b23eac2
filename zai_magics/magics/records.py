"""The commands about what is written down: log and jobs."""

from __future__ import annotations

import time
from collections.abc import Sequence
from importlib.util import find_spec
from typing import Any

from ..catalogue import dollars
from ..errors import CommandError
from ..journal import Record
from ..text import plural
from ..types import Table
from .requests import as_one, batch, by_batch, by_turn
from .stage import Said, Stage

MOST = 10_000
ROWS, ENDED = 20, 10
ON_ITS_WAY = 600.0  # seconds that another kernel may still be waiting for an order's answer
_STATES = {
    "submitting": "unknown: may have been charged",
    "unknown": "unknown: may have been charged",
    "submitted": "ordered, being made",
}


class Keeping(Stage):
    """They read the journal."""

    def do_log(self, text: str, said: Said, names: Said, quiet: bool) -> Any:
        """Everything that was ever said, searched."""
        if "open" in said:
            value = self._opened(said["open"])
            if quiet:
                self.formats.shown(value, quiet)
            return value
        if "forget" in said:
            self._forget(said["forget"])
            return None
        scope = self.session.scope() if said.get("here") else ""
        found = self.session.journal.find(text, MOST, scope)
        rows = said.get("rows", ROWS)
        turns = by_turn(found) if text.strip() else by_batch(by_turn(found))
        table = _log_table(turns, rows, text.strip())
        value = _frame(found) if find_spec("pandas") else table
        return self._give(value, quiet, table)

    def do_jobs(self, text: str, said: Said, names: Said, quiet: bool) -> Any:
        """Orders whose end is not known, of this machine, and this notebook's newest others."""
        orders = self.session.orders
        known = [*orders.under_way(), *orders.ended(ENDED)]
        written = {r.job for r in known}
        alone = [job for job in self.session.open_jobs() if job not in written]
        table = _jobs_table(known, alone)
        return self._give(table, quiet)

    def _opened(self, number: int) -> Any:
        """A call's value as it was; IPython shows it like any other."""
        journal = self.session.journal
        with journal.read() as db:
            record = journal.calls.get(db, number)
            if record is None:
                raise CommandError(f"the journal has no call {number}; %zai log lists them")
            if record.kind not in ("image", "video"):
                return journal.calls.reply(db, record)
        if record.state == "failed":
            raise CommandError(f"call {number} failed: {record.result.get('error', '')}"[:200])
        if record.state != "done":
            raise CommandError(f"call {number} has no file yet: %zai wait #{number}")
        return list(self.session.wait(f"#{number}"))[-1]

    def _requests(self, number: int) -> list[int]:
        """The numbers of the requests of a call's turn."""
        journal = self.session.journal
        asked = "c.prompt in (select prompt from calls where id = ?)"
        with journal.read() as db:
            found = journal.calls.newest(db, MOST, asked, (number,))
        turns = ([r.id for r in turn] for turn in by_turn(found))
        return next((turn for turn in turns if number in turn), [number])

    def _forget(self, number: int) -> None:
        record = self.session.orders.get(number)
        if record is not None and record.state == "submitted":
            raise CommandError(f"order #{number} is paid for and not fetched: %zai wait #{number}")
        fresh = record is not None and self.session.timing.now() - record.at < ON_ITS_WAY
        if record is not None and record.state == "submitting" and fresh:
            raise CommandError(f"order #{number} may be on its way yet; forget it in ten minutes")
        gone = None
        for one in self._requests(number):  # an earlier request of a turn asked the same
            gone = self.session.journal.forget(one) or gone
            self.session.conversations.forget(one)
        if gone is None:
            raise CommandError(f"the journal has no call {number}; %zai log lists them")
        files = "; its files beside the notebook are yours to delete" if gone.blobs() else ""
        self._say(f"call {number} is forgotten: {_short(gone.prompt, 60)!r}{files}")


def _log_table(turns: Sequence[Sequence[Record]], most: int, words: str) -> Table:
    """A line for each turn, with its last request's number and words and what all of it cost."""
    rows = tuple(
        (
            str(r.id),
            _when(r.at),
            ", ".join((r.kind, *_about(r, len(turn)))),
            r.answered,
            _excerpt(r.prompt, words, 60),
            _excerpt(r.reply, words, 80) or ", ".join(_names(r)),
            "sandbox" if r.endpoint == "sandbox" else dollars(r.cost),
        )
        for turn in turns[:most]
        for r in (as_one(turn),)
    )
    about = f" with {_short(words, 60)!r}" if words else ""
    if not rows:
        return Table((), (), "", f"the journal has no calls{about}")
    total = len(turns)
    shown = f"the newest {len(rows)} of {total}" if total > len(rows) else plural(total, "call")
    note = f"{shown}{about}; %zai log --open N brings one back, --forget N removes it"
    columns = ("n", "at", "kind", "model", "prompt", "reply", "cost")  # as in the DataFrame
    return Table(columns, rows, "", note)


def _about(last: Record, requests: int) -> list[str]:
    """What is not as with any other call: how it ended, how many requests it took."""
    ended = [] if last.state in ("complete", "done") else [last.state]
    ended += [batch(last).partition(" ")[0]] if batch(last) else []
    return [*ended, *([plural(requests, "request")] if requests > 1 else [])]


def _jobs_table(records: Sequence[Record], alone: Sequence[str]) -> Table:
    """`alone` are jobs that only this kernel knows, as without a journal."""
    if not records and not alone:
        return Table((), (), "", "no orders are under way; %zai video and %zai image make them")
    rows = tuple(
        (
            r.job or f"#{r.id}",
            r.kind,
            _STATES.get(r.state, r.state),
            r.model,
            _short(r.prompt, 60),
            _when(r.at),
            "sandbox" if r.endpoint == "sandbox" else dollars(r.cost),
            r.notebook.replace("\\", "/").rpartition("/")[2],
        )
        for r in records
    )
    note = "%zai wait ID takes one up again, free"
    if any(r.state in ("submitting", "unknown") for r in records):
        note += (
            "; unknown: it was sent and no answer came, so look at your bill on z.ai. "
            "--again in its cell orders anew, %zai log --forget N forgets order #N"
        )
    if alone:
        note += f"; not in the journal, known to this kernel alone: {', '.join(alone)}"
    columns = ("id", "kind", "state", "model", "prompt", "ordered", "price", "notebook")
    return Table(columns, rows, "", note)


def _frame(found: Sequence[Record]) -> Any:
    """The calls as a pandas DataFrame, newest first, one row a call; times are UTC."""
    import pandas

    return pandas.DataFrame(
        {
            "n": [r.id for r in found],
            "at": pandas.to_datetime([r.at for r in found], unit="s", utc=True),
            "kind": [r.kind for r in found],
            "state": [r.state for r in found],
            "model": [r.answered for r in found],
            "prompt": [r.prompt for r in found],
            "reply": [r.reply for r in found],
            "prompt_tokens": [_tokens(r, 0) for r in found],
            "completion_tokens": [_tokens(r, 1) for r in found],
            "cost": pandas.array([r.cost for r in found], dtype="Float64"),
            "elapsed": [r.result.get("elapsed") for r in found],
            "conversation": [r.conversation for r in found],
            "notebook": [r.notebook for r in found],
            "cell": [r.cell for r in found],
        }
    )


def _tokens(record: Record, place: int) -> int | None:
    usage = record.usage()
    return usage[place] if usage else None


def _names(record: Record) -> list[str]:
    return [f["path"].replace("\\", "/").rpartition("/")[2] for f in record.files()]


def _when(at: float) -> str:
    return time.strftime("%Y-%m-%d %H:%M", time.localtime(at))


def _excerpt(text: str, words: str, limit: int) -> str:
    """The part of a text where the first of the words stands, its beginning without one."""
    first = words.split()[0].casefold() if words.split() else ""
    at = text.casefold().find(first)
    if at < limit // 2:
        return _short(text, limit)
    return "…" + _short(text[at - limit // 3 :], limit)


def _short(text: str, limit: int) -> str:
    line = " ".join(text[: limit * 4].split())
    return line if len(line) <= limit else line[: limit - 1] + "…"
