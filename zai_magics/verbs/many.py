"""Many questions at once: what is recorded first, the rest of the service, and every answer written
down as it comes.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Sequence
from contextlib import AbstractContextManager, nullcontext
from typing import TYPE_CHECKING, Any

from ..concurrency import MOST, START, Concurrency
from ..errors import (
    AuthenticationError,
    BalanceError,
    BudgetError,
    JournalError,
    KeyMissing,
    QuotaError,
)
from ..interrupts import held_back
from ..journal import facts
from ..pool import Ended, Pool
from ..purse import Purse
from ..retry import is_final
from .question import Asker, Question

if TYPE_CHECKING:
    from ..client import Client
    from ..session import Session

Lease = Callable[[], AbstractContextManager[Any]]
"""What a request has while it runs, of a limit that others share."""
# Of these every other request would come to the same end.
_STOPS = (AuthenticationError, BalanceError, QuotaError, BudgetError, KeyMissing)


class Many:
    """`for ended in many.run(questions): …` gives those that ended since the last look, empty lists
    in between. Closing it, as an interrupt does, keeps what has come, whether it was given or not.

    `strict`: a refusal that is not about a question's own words ends everything, unless others of
    the same model were answered. `at_once` limits the requests under way.
    """

    def __init__(
        self, session: Session, asker: Asker, purse: Purse, at_once: int | None, *, strict: bool
    ) -> None:
        self._session, self._asker, self._purse, self._strict = session, asker, purse, strict
        self._most = at_once or MOST
        self.gates: dict[str, Concurrency] = {}
        self.lease: Lease = nullcontext

    def run(self, questions: Sequence[Question]) -> Generator[list[Question], None, None]:
        """Ask them. Raises ZaiError for what ends everything."""
        client, timing = self._session.connection.clients(), self._session.timing
        self.gates = {model: self.gate(model) for model in {q.model for q in questions}}
        pool = Pool(questions, self._ask, client, self.gates, timing, self._ends_all)
        running = pool.run()
        try:
            for ended in running:
                yield self._kept(ended, pool.fatal is not None)
        finally:
            with held_back():
                self._purse.close()
                running.close()
                self._kept(pool.rest(), True)
                self._remember()

    def _ask(self, client: Client, question: Question) -> bool:
        with self.lease():
            return self._asker.ask(client, question)

    def _kept(self, ended: Sequence[Ended[Question]], all_ends: bool) -> list[Question]:
        """The questions that have come to their end, and every call of these written down. What
        ended without an answer because everything did was never asked.
        """
        with held_back():
            self._write([one.row for one in ended])
            for row, done, error in ended:
                if done and (row.reply is not None or not all_ends):
                    row.error = error or row.error
        over = (one.row for one in ended if one.done)
        return [row for row in over if row.reply is not None or row.error is not None]

    def _ends_all(self, error: Exception, answered: bool) -> bool:
        """Whether no other question can be answered after this."""
        return isinstance(error, _STOPS) or (self._strict and is_final(error) and not answered)

    def _write(self, questions: Sequence[Question]) -> None:
        """All their calls in one transaction."""
        new = [(question, list(question.calls)) for question in questions if question.calls]
        if not new:
            return
        journal = self._session.journal
        try:
            with journal.write() as db:
                for _, calls in new:
                    for asked, reply in calls:
                        journal.calls.chat(db, asked, reply, "complete")
        except JournalError as error:
            self._session.warn(str(error))
        for question, calls in new:  # one that is not over may have got another meanwhile
            del question.calls[: len(calls)]
            for _, reply in calls:
                self._session.spent.add(reply.cost)

    def gate(self, model: str) -> Concurrency:
        """Of as many at once as this model was found to take when it was last asked."""
        known = self._in_journal(lambda db: facts.number(db, self._fact(model)))
        clock, limited = self._session.timing.clock, bool(known and known < self._most)
        return Concurrency(clock, known or START, self._most, full=limited)

    def _remember(self) -> None:
        learned = {m: g.allowed for m, g in self.gates.items() if g.full}

        def write(db: Any) -> None:
            for model, allowed in learned.items():
                facts.set_number(db, self._fact(model), allowed)

        if learned:
            self._in_journal(write, to_write=True)

    def _fact(self, model: str) -> str:
        return f"at once: {self._session.connection.seller()} {model}"

    def _in_journal(self, act: Callable[[Any], Any], to_write: bool = False) -> Any:
        journal = self._session.journal
        try:
            with journal.write() if to_write else journal.read() as db:
                return act(db)
        except JournalError as error:
            self._session.warn(str(error))
            return None
