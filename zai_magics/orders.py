"""Orders of pictures and clips: written down before they are sent, followed to the end, and found
again, so that nothing is bought twice and nothing that was paid for is lost.

    submitting -> submitted -> done | failed        unknown: sent, and the answer lost
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from .errors import CommandError, JournalError
from .journal import Asked, Forgiving, Journal, Record, key_of
from .kept import Kept
from .retry import Timing
from .types import Clip, Job, Json, Picture
from .wire import media


@dataclass(frozen=True, slots=True)
class Order:
    """What is to be bought: the request's JSON, the prompt in it, where it goes, the price of a
    piece.

    `uid` makes beginning it twice the same as once.
    """

    kind: str
    body: Json
    prompt: str
    endpoint: str
    price: float | None
    frames: Sequence[str] = ()
    cell: str = ""
    uid: bytes = field(default_factory=lambda: os.urandom(16))

    @property
    def key(self) -> bytes:
        """By what the same request is known again."""
        return key_of(self.endpoint, self.kind, self.body)

    @property
    def total(self) -> float | None:
        """The price of all that it asks for."""
        return None if self.price is None else self.price * media.asked_for(self.body)

    @property
    def params(self) -> Json:
        """The request beside its model and its prompt."""
        return {k: v for k, v in self.body.items() if k not in ("model", "prompt")}


class Orders:
    """The journal's part in buying: `number = orders.begin(order)`, then `submitted`, then `done`.

    A number is 0 where the journal cannot be used, which `warn` was told; the rest then does
    nothing, since what was asked for is bought all the same. `clean` takes the key out of what a
    server says.
    """

    def __init__(
        self,
        journal: Journal,
        scope: Callable[[], str],
        timing: Callable[[], Timing],
        warn: Callable[[str], None],
        clean: Callable[[str], str] = str,
    ) -> None:
        self._journal, self._scope, self._timing, self._warn = journal, scope, timing, warn
        self._clean = clean
        forgiving = Forgiving(journal, warn)
        self._write, self._read = forgiving.write, forgiving.read
        # Where a file is now is written down again.
        self.kept = Kept(journal.blobs, lambda r: self._change(r.id, "done", r.result))

    def had(self, order: Order) -> list[Record]:
        """This notebook's orders for the same, newest first, but for those that failed; also its
        cell's under another name of the notebook, and those without an end of a notebook that is
        no longer there, which may be this one renamed.
        """
        return self._read(lambda db: self._had(db, order), [])

    def of_job(self, job: str) -> Record | None:
        """The order that a job of the service belongs to."""
        return self._read(lambda db: self._journal.calls.of_job(db, job), None)

    def get(self, number: int) -> Record | None:
        """An order by its number in the journal."""
        return self._read(lambda db: self._journal.calls.get(db, number), None)

    def under_way(self) -> list[Record]:
        """Every order of this machine whose end is not known, newest first."""
        return self._read(self._journal.calls.under_way, [])

    def ended(self, limit: int) -> list[Record]:
        """This notebook's newest orders that ended."""
        return self._read(lambda db: self._journal.calls.ended(db, self._scope(), limit), [])

    def begin(self, order: Order, after: int | None = None, again: bool = False) -> int:
        """Write down that this is about to be ordered; on the disk when this returns. `again`:
        it may have been written already.

        Raises CommandError when there is an order for the same with a number greater than
        `after`: another kernel was faster.
        """
        asked = replace(self.asked(order), again=again)

        def write(db: Any) -> int:
            calls = self._journal.calls
            if after is not None and not again:
                newer = [r.id for r in self._had(db, order) if r.id > after]
                if newer:
                    raise CommandError(
                        f"another kernel is ordering this very {order.kind} (#{newer[0]}, "
                        "%zai jobs); run the cell again to show it"
                    )
            return calls.order(db, asked, order.total)

        return self._write(write) or 0

    def asked(self, order: Order) -> Asked:
        """The order as the journal keeps what was asked."""
        said: Any = order.prompt
        if order.frames:
            said = [{"type": "image_url", "image_url": {"url": url}} for url in order.frames]
            said.append({"type": "text", "text": order.prompt})
        return Asked(
            order.uid,
            self._timing().now(),
            order.kind,
            order.endpoint,
            self._scope(),
            order.body["model"],
            [{"role": "user", "content": said}],
            {k: v for k, v in order.params.items() if k != "image_url"},  # which is said
            cell=order.cell,
            key=order.key,
        )

    def submitted(self, number: int, result: Json, job: str = "") -> bool:
        """The service took it: from here on it is charged, and can be fetched at any time with
        what `result` says (`of_job` of a job, or the links of pictures). False where the order is
        not written down, or no longer.
        """
        return self._change(number, "submitted", result, job)

    def unknown(self, number: int, why: str) -> bool:
        """It was sent and the answer lost; False as for `submitted`."""
        return self._change(number, "unknown", {"error": why})

    def failed(self, number: int, why: str) -> None:
        """The service could not make it."""
        self._change(number, "failed", {"error": why})

    def shown(self, order: Order, record: Record, own: bool = True) -> None:
        """What this would have bought was shown again, for nothing; `own`: of this journal."""
        asked, saved, number = self.asked(order), record.cost, record.id if own else 0
        self._write(lambda db: self._journal.calls.shown(db, asked, number, saved))

    def cancel(self, number: int) -> None:
        """Nothing was sent, or the service refused."""
        if number:
            self._write(lambda db: self._journal.calls.cancel(db, number))

    def done(self, number: int, result: Json, made: Sequence[Picture | Clip]) -> None:
        """The files are there; the journal keeps copies of them."""
        if not number:
            return
        try:
            files = [self.kept.keep(m) for m in made]
        except JournalError as error:
            self._warn(str(error))
            return
        self._change(number, "done", {**result, "files": files})

    def _had(self, db: Any, order: Order) -> list[Record]:
        scope = self._scope()

        def ours(r: Record) -> bool:
            if r.notebook == scope or (r.cell and r.cell == order.cell):
                return True
            return r.state != "done" and not os.path.exists(r.notebook)

        return [r for r in self._journal.calls.ordered(db, order.key) if ours(r)]

    def _change(self, number: int, state: str, result: Json, job: str = "") -> bool:
        calls = self._journal.calls
        clean = json.loads(self._clean(json.dumps(result)))
        change = self._write(lambda db: calls.change(db, number, state, clean, job))
        return bool(number and change)


def of_job(job: Job) -> Json:
    """What the journal keeps of a job of the service."""
    return {"urls": list(job.urls), "route": job.route, "cover_url": job.cover_url}


def job_of(record: Record) -> Job:
    """The service's job of an order, as far as it is known."""
    kept = record.result
    made = Job(record.job, record.model, record.prompt, "pending")
    urls, cover = tuple(kept.get("urls", ())), kept.get("cover_url", "")
    return replace(made, route=kept.get("route", made.route), urls=urls, cover_url=cover)
