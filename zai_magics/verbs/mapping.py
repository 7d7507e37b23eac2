"""`map`: the prompt is a template over a DataFrame's rows, and a new DataFrame comes back."""

from __future__ import annotations

from collections import Counter
from collections.abc import Generator, Mapping, Sequence
from contextlib import nullcontext
from dataclasses import replace
from itertools import islice
from typing import TYPE_CHECKING, Any

from .. import budget, catalogue, frames
from ..errors import CommandError, Interrupted, ReplayMiss, ZaiError
from ..interrupts import held_back
from ..options import MapOptions
from ..tally import Tally
from ..text import plural
from ..types import Request
from ..wire import chat as wire
from .limits import limits
from .many import Lease, Many
from .pilot import drawn, projected
from .question import Asker, Question
from .results import ERROR, Count, columns, fields, head, is_over
from .template import Template

if TYPE_CHECKING:
    from ..session import Session

_HEAD, _LOOKED_AT = 5, 200  # of so many rows the first that are over are shown while it runs
_ERRORS = 3  # kinds of errors that are counted
_NOT_RECORDED = "this row is not recorded, and replay only asks nobody"


def mapped(
    session: Session,
    frame: Any,
    text: str,
    options: MapOptions,
    names: Mapping[str, Any],
    cell: str = "",
    lease: Lease = nullcontext,
    part: bool = False,
) -> Generator[Tally | Request, None, None]:
    """How it stands, again and again, then the whole with its frame.

    An interrupt, or an error that is not a row's own, gives the frame as far as it came, then
    raises. What was answered is not asked again. Each request has a `lease` while it runs. A `part`
    of a frame may have no row that can be asked.
    """
    run = _Run(session, frame, text, options, names, cell, part)
    run.lease = lease
    if options.dry_run:
        yield run.dry_run()
        return
    trouble = yield from run.asked()
    yield run.whole()
    if trouble is not None:
        raise trouble from None


class _Run:
    """One map under way."""

    def __init__(
        self,
        session: Session,
        frame: Any,
        text: str,
        options: MapOptions,
        names: Mapping[str, Any],
        cell: str,
        part: bool,
    ) -> None:
        self._session, self._options = session, options
        self.lease: Lease = nullcontext
        template = Template(session, text, options, names)
        frames.columns(frame)
        total = frames.count(frame)
        self._places = drawn(total, options.pilot)
        self._frame = frames.taken(frame, self._places) if options.pilot else frame
        self._total, self._different = total, total
        if options.pilot and total:
            self._different = frames.distinct(frame, template.used(frame))
        self._rows = template.questions(frame, self._places, part) if total else []
        self._wanted = template.wanted
        self._own = {id(q): q for q in self._rows if isinstance(q, Question)}
        self._questions = list(self._own.values())
        self._shares = Counter(id(q) for q in self._rows)
        first = self._questions[0] if self._questions else None
        limited = limits(session, options.max_cost, self._questions[:1]) if first else (None, 0, "")
        purse, tokens, said = limited
        self._purse, self._said = purse, said
        self._asker = Asker(session, cell, purse, tokens, "map") if purse else None
        self._started = session.timing.clock()
        self._model = first.model if first else ""
        self._count = Count(len(self._rows) - sum(self._shares[i] for i in self._own))
        self._many: Many | None = None
        old = {c for c in frames.columns(self._frame) if not str(c).startswith("_")}
        taken = sorted(name for name in fields(self._wanted) if name in old)
        self._notes = list(filter(None, [template.note, _replaced(taken)]))

    def asked(self) -> Generator[Tally, None, ZaiError | Interrupted | None]:
        """Ask what is not recorded; what ended it too early is returned, not raised."""
        if self._asker is None or self._purse is None:
            return None
        try:
            missing = yield from self._recorded(self._asker)
            if missing and self._session.replay.mode == "only":
                return self._not_recorded(self._asker, missing)
            at_once = self._options.concurrency
            self._many = Many(self._session, self._asker, self._purse, at_once, strict=True)
            self._many.lease = self.lease
            if not missing:
                return None
            if self._said:
                self._notes.append(self._said)
            running = self._many.run(missing)
            try:
                for ended in running:
                    self._note(ended)
                    yield self.tally()
            finally:
                running.close()
                self._note([q for q in missing if is_over(q)])
        except KeyboardInterrupt:
            return Interrupted(f"stopped: {self._how_far()}; run the cell again to ask the rest")
        except ZaiError as error:
            said = str(error)
            return error if not self._count.over else _told(error, f"{said} ({self._how_far()})")
        return None

    def _recorded(self, asker: Asker) -> Generator[Tally, None, list[Question]]:
        """Those that are to be asked: not answered before."""
        if self._options.again and self._session.replay.mode != "only":
            return self._questions
        missing = []
        for number, question in enumerate(self._questions):
            found = asker.recorded(question)
            if found:
                question.reply, question.stored = found[0].reply, True
                self._note([question])
            else:
                missing.append(question)
            if number % 500 == 499:
                yield self.tally()
        return missing

    def _not_recorded(self, asker: Asker, missing: Sequence[Question]) -> ReplayMiss | None:
        for question in missing:
            question.error = ReplayMiss(_NOT_RECORDED)
        first = f"of the first that is missing: {asker.missed(missing[0])}"
        if self._count.over:
            self._note(missing)
            self._notes.append(first)
            return None
        return ReplayMiss(
            f"none of these {len(missing):,} rows is recorded, and replay only asks nobody; "
            f"{first}; {self._session.replay.step}"
        )

    @property
    def _elapsed(self) -> float:
        return self._session.timing.clock() - self._started

    def _how_far(self) -> str:
        there = sum(isinstance(row, Question) and is_over(row) for row in self._rows)
        return f"{there:,} of {len(self._rows):,} rows are there"

    def _note(self, over: Sequence[Question]) -> None:
        """Count in what is over."""
        with held_back():
            for question in over:
                self._count.add(question, self._shares[id(question)], self._elapsed)

    def tally(self) -> Tally:
        """How it stands."""
        count = self._count
        gates = self._many.gates.values() if self._many else ()
        over = (row for row in islice(self._rows, _LOOKED_AT) if is_over(row))
        return Tally(
            count.model or self._model,
            len(self._rows),
            count.done,
            count.stored,
            count.failed,
            count.cost,
            count.unknown,
            self._elapsed,
            count.seconds_for(len(self._questions) - count.over),
            sum(gate.running for gate in gates),
            self._session.connection.is_free(),
            *head(list(islice(over, _HEAD)), self._wanted),
            tuple(self._notes),
            replayed=self._session.replay.mode != "off" and count.stored > 0,
        )

    def whole(self) -> Tally:
        """How it ended, with the frame."""
        new = columns(self._rows, self._wanted)
        errors = Counter(message for message in new[ERROR][0] if message is not None)
        shared = sum(self._shares[id(q)] - 1 for q in self._questions if q.reply is not None)
        notes = [
            *self._notes,
            f"{plural(shared, 'row')} asked what another asked: its answer is theirs"
            if shared
            else "",
            self._projected() if self._options.pilot else "",
        ]
        return replace(
            self.tally(),
            frame=frames.joined(self._frame, new),
            notes=tuple(filter(None, notes)),
            errors=tuple(errors.most_common(_ERRORS)),
        )

    def _projected(self) -> str:
        """What all rows would cost and take, from those of the pilot."""
        rest = self._total - len(self._rows)
        replies = [q.reply for q in self._questions if q.reply is not None]
        if not replies or rest <= 0:
            return ""
        gates = list(self._many.gates.values()) if self._many else []
        if self._many and not gates:  # nothing had to be asked: as many as are known to be taken
            gates = [gate for gate in [self._many.gate(self._model)] if gate.full]
        at_once = max((gate.allowed for gate in gates), default=0)
        said = projected(replies, self._different, at_once, self._session.connection.is_free())
        return (
            f"all {self._total:,} rows would {said}; without --pilot the other {rest:,} are asked"
        )

    def dry_run(self) -> Request:
        """The first row's request, and what all of them come to."""
        if not self._questions:
            raise CommandError("the frame has no rows; there is nothing to send")
        first = self._questions[0]
        body = wire.body(first.messages, first.model, first.params)
        tokens = [budget.prompt_tokens(q.messages, q.params, 0) // 4 for q in self._questions]
        known = catalogue.entry(first.model)
        price = catalogue.dollars(None)
        if known is not None and known.input is not None:
            price = catalogue.dollars(sum(tokens) * known.input / catalogue.MILLION)
        said = f"the first of {len(self._questions):,} requests; {price} for all prompts"
        said = "; ".join((said, *filter(None, (*self._notes, self._said))))
        return Request(self._session.connection.endpoint().url + wire.PATH, body, tokens[0], said)


def _told(error: ZaiError, words: str) -> ZaiError:
    """The same error with other words."""
    error.args = (words, *error.args[1:])
    return error


def _replaced(names: Sequence[str]) -> str:
    if not names:
        return ""
    those = f"columns {', '.join(names)}" if len(names) > 1 else f"the column {names[0]}"
    return f"the answers stand in the place of {those}; the frame that was given keeps its own"
