"""One question of many, without a conversation: its requests until the answer fits its schema."""

from __future__ import annotations

import os
import random
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from math import inf
from typing import TYPE_CHECKING

from .. import budget
from ..errors import BadAnswer, SchemaError, ZaiError
from ..gather import Answer
from ..journal import Asked
from ..types import Json, Reply, Usage
from .parameters import with_hint

if TYPE_CHECKING:
    from ..client import Client
    from ..purse import Purse
    from ..schema import Schema
    from ..session import Session

REPAIRS = 2  # corrections that are asked for, of an answer that does not fit its schema


@dataclass(slots=True, eq=False)
class Question:
    """What is asked, and what has come of it: `.reply`, or the `.error` that it ended with.

    `calls` are the requests that were answered and are not yet written down; `answer` grows while
    one is under way. `stored` says that the reply had been bought before.
    """

    model: str
    messages: list[Json]
    params: Json
    wanted: Schema | None = None
    reply: Reply | None = None
    error: Exception | None = None
    stored: bool = False
    answer: Answer | None = None
    calls: list[tuple[Asked, Reply]] = field(default_factory=list)
    _tail: list[Json] = field(default_factory=list)
    _before: list[Reply] = field(default_factory=list)

    def take(self, reply: Reply) -> bool:
        """An answer has come; whether it is the last. One that does not fit is asked for again,
        with what was wrong.
        """
        problems = self._problems(reply)
        if problems and len(self._before) < REPAIRS and reply.finish_reason != "length":
            from .. import schema

            said = {"role": "assistant", "content": str(reply).strip() or "(nothing)"}
            self._tail += [said, {"role": "user", "content": schema.repair(problems)}]
            self._before.append(reply)
            return False
        if problems:
            cut = reply.finish_reason == "length"
            what = "it was cut off at max_tokens; raise --max-tokens" if cut else problems[0]
            self.error = SchemaError(f"the answer does not fit --schema: {what}")
        elif not reply.strip() or reply.finish_reason == "network_error":
            self.error = BadAnswer(reply.note or "the service sent an empty answer")
        self.reply = self._total(reply)
        return True

    def begin_anew(self) -> None:
        """Forget what was asked about an earlier answer."""
        self._tail, self._before, self.error, self.reply = [], [], None, None

    def asked(self, made: Callable[..., Asked], params: Json | None = None) -> Asked:
        """Its next request, as the journal keeps it."""
        beside = self.params if params is None else params
        messages = [*self.messages, *self._tail]
        return made(self.model, messages, beside, after=len(self._tail))

    def _problems(self, reply: Reply) -> tuple[str, ...]:
        if self.wanted is None:
            return ()
        from .. import schema

        read = schema.read(str(reply), self.wanted)
        if not read.problems:
            reply.typed = read.data
        return read.problems

    def _total(self, reply: Reply) -> Reply:
        """The answer with what all its requests took together."""
        if not self._before:
            return reply
        every = [*self._before, reply]
        costs, used = [r.cost for r in every], [r.usage for r in every if r.usage]
        call = replace(
            reply.call,
            usage=sum(used, Usage()) if used else None,
            cost=None if None in costs else sum(c for c in costs if c is not None),
            elapsed=sum(r.elapsed for r in every),
        )
        made = Reply(str(reply), call, reply.thinking, (), self.messages)
        made.typed = reply.typed
        return made


class Asker:
    """`asker.ask(client, question)` sends one request, in any thread; `asker.recorded(question)`
    looks for what was answered before.

    `tokens` is what an answer may have at most where a limit is set and nobody said; `verb` is what
    the run is called in the journal.
    """

    def __init__(
        self, session: Session, cell: str, purse: Purse, tokens: int | None = None, verb: str = ""
    ) -> None:
        self._batch = f"{verb} {os.urandom(4).hex()}" if verb else ""
        self._session, self._purse, self._tokens = session, purse, tokens
        self._known = session.replay.keys()
        self._budgeted, self._look_again = True, -inf
        # The system's own would let another of the threads go first, each time.
        self._chance = random.Random(os.urandom(16))
        self._seller, self._scope, self._cell = session.connection.seller(), session.scope(), cell

    def ask(self, client: Client, question: Question) -> bool:
        """Whether the question has come to its end. Raises ZaiError for a request without an
        answer.
        """
        asked = question.asked(self._asked, self._limited(question.params))
        most = self._most(asked)
        self._purse.hold(most)
        cost: float | None = 0.0
        try:
            cost = None
            reply = self._reply(client, question, asked)
            cost = reply.cost
        except ZaiError as error:
            cost = None if error.outcome == "unknown" else 0.0
            raise with_hint(error, asked.model) from None
        finally:
            self._purse.settle(most, cost)
        if reply.finish_reason != "length":  # nobody would know that it could be longer
            asked = replace(asked, params=question.params)
        question.calls.append((asked, reply))
        return question.take(reply)

    def recorded(self, question: Question, n: int = 1) -> list[Question]:
        """The question answered, up to `n` times, by what is recorded. Raises ReplayMiss under
        replay only.
        """
        found: list[Question] = []
        limited = self._limited(question.params)
        # An answer that was cut at the limit on its length is as long as another would be.
        ways = [question.params, limited] if limited != question.params else [limited]
        for params in ways:
            if question.asked(self._asked, params).known_by not in self._known:
                continue
            for place in range(n - len(found)):
                one = replace(question, messages=question.messages)
                one.begin_anew()
                if self._answered(one, params, place, n):
                    found.append(one)
        return found

    def missed(self, question: Question) -> str:
        """What is recorded and most like it, in words."""
        return self._session.replay.missed(question.asked(self._asked))

    def _answered(self, one: Question, params: Json, place: int, n: int) -> bool:
        while True:
            asked = one.asked(self._asked, params)
            reply = self._session.replay.kept(asked, self._scope, place, n)
            if reply is None:
                return False
            if one.take(reply):
                one.stored = True
                return one.error is None
            place, n = 0, 1  # the corrections of one answer

    def _reply(self, client: Client, question: Question, asked: Asked) -> Reply:
        stream, held = self._session.send(asked, client, not self._has_budget())
        stream.single = True
        trouble: ZaiError | None = None
        with stream:
            try:
                question.answer = stream.answer
                for _ in stream:
                    pass
            except ZaiError as error:
                trouble = error
        if trouble is not None:
            lost = trouble.outcome == "unknown" or not stream.answer.empty
            if lost:
                self._session.budget.settle(held, None)
            else:
                self._session.budget.release(held)
            raise trouble
        reply = stream.reply()
        self._session.budget.settle(held, reply.cost)
        return reply

    def _has_budget(self) -> bool:
        """Looked up once a second, not for each of a thousand requests."""
        now = self._session.timing.clock()
        if now >= self._look_again:
            self._look_again = now + 1.0
            self._budgeted = bool(self._session.budget.limits())
        return self._budgeted

    def _limited(self, params: Json) -> Json:
        return {"max_tokens": self._tokens, **params} if self._tokens else params

    def _most(self, asked: Asked) -> float:
        if self._purse.limit is None:
            return 0.0
        bounds = budget.bounds_of(asked.model, asked.messages, asked.params)
        return bounds.prompt + bounds.tokens * bounds.each if bounds else 0.0

    def _asked(self, model: str, messages: list[Json], params: Json, after: int) -> Asked:
        return Asked(
            self._chance.randbytes(16),
            self._session.timing.now(),
            "chat",
            self._seller,
            self._scope,
            model,
            messages,
            params,
            "",
            self._cell,
            after=after,
            batch=self._batch,
        )
