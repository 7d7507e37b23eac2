"""One turn's requests, one after the other: the first, and one more for every round of tool calls
and for every answer that does not fit its schema.
"""

from __future__ import annotations

import os
from collections.abc import Generator
from dataclasses import replace
from typing import TYPE_CHECKING

from ..budget import Reserved
from ..conversation import Turn
from ..errors import Interrupted, SchemaError, ToolLimit, ZaiError
from ..journal import Asked
from ..replay import Recorded
from ..steps import rounds_in
from ..stream import ChatStream
from ..types import Call, Draft, Json, Reply, Step, Usage
from .common import given
from .plan import Plan, Trouble, ending, state_of, without_calls

if TYPE_CHECKING:
    from ..schema import Schema
    from ..session import Session
    from .calling import Calling

REPAIRS = 2
_STOPPED = "stopped; what had come is kept, run the cell again to ask anew"
_KEPT = "stopped; the answer is kept"
_CUT = "the answer was cut off at max_tokens, so it is not whole; raise --max-tokens"


class Exchange:
    """`trouble = yield from exchange.run()` gives drafts; then `exchange.reply` is what came."""

    def __init__(self, session: Session, plan: Plan, calling: Calling | None = None) -> None:
        self._session, self._plan, self._calling = session, plan, calling
        self._model, self._note, self._params = plan.model, plan.note, plan.params(plan.model)
        self._steps: list[Step] = []
        # Tool calls and results, which later requests carry, and answers that did not fit with what
        # was wrong, which they do not; in their order.
        self._tail: list[Json] = []
        self._repairs = 0
        self._before: list[tuple[Asked, Reply]] = []
        self.reply: Reply | None = None

    def run(self) -> Generator[Draft, None, Trouble]:
        """Drafts until the last answer has come; what ended it too early is returned."""
        while True:
            trouble, asked, reply = yield from self._ask()
            if reply is None:
                return self._unanswered(asked, trouble)
            if trouble is None and reply.tool_calls and self._calling:
                trouble = self._admitted(reply, self._calling)
                if trouble is not None:
                    return self._end(asked, without_calls(reply, trouble), trouble)
                trouble = yield from self._call(asked, reply, self._calling)
                if trouble is not None:
                    return self._unanswered(self._asked(), trouble, sent=False)
                continue
            if trouble is None and self._plan.wanted and not reply.tool_calls:
                fits, trouble = self._check(reply, self._plan.wanted)
                if trouble is None and not fits:
                    trouble = self._write(asked, reply)
                    if trouble is None:
                        self._before.append((asked, reply))
                        continue
                    asked = replace(asked, again=True)
            return self._end(asked, reply, trouble)

    def _ask(self) -> Generator[Draft, None, tuple[Trouble, Asked, Reply | None]]:
        """Send what there is to send, once; the answer as far as it came, if anything did."""
        asked = self._asked()
        try:
            stream, held = self._session.stream(asked, self._plan.again)
        except (ZaiError, KeyboardInterrupt) as error:
            if not self._before:
                raise
            stopped = Interrupted(_STOPPED, outcome="unsent")
            return error if isinstance(error, ZaiError) else stopped, asked, None
        with stream:
            trouble = yield from self._drafts(stream)
        asked = replace(asked, kind=stream.kind, pace=stream.pace)
        if trouble is not None and stream.answer.empty:
            if trouble.outcome == "unknown":
                self._settle(held, None)
            else:
                self._session.budget.release(held)
            return trouble, asked, None
        reply = stream.reply(ending(trouble))
        note = "; ".join(filter(None, (self._note, held.note)))
        reply = reply if reply.note else stream.reply(note)
        # Of one that was cut off the service may go on to count.
        known = trouble is None or stream.answer.complete
        trouble = self._settle(held, reply.cost if known else None) or trouble
        if held.tokens and reply.finish_reason == "length":
            # Cut by the budget, it is no answer to a request without one.
            asked = replace(asked, params={**asked.params, "max_tokens": held.tokens})
        self._place(reply, asked)
        if not reply.call.replayed:
            self._session.spent.add(reply.cost)
        return trouble, asked, reply

    def _settle(self, held: Reserved, cost: float | None) -> Trouble:
        """An interrupt waits for it, and for the answer to be written down."""
        try:
            self._session.budget.settle(held, cost)
            return None
        except KeyboardInterrupt:
            self._session.budget.settle(held, cost)
        return Interrupted(_KEPT)

    def _asked(self) -> Asked:
        """The next request."""
        session, plan = self._session, self._plan
        beside = given(self._params)
        past = plan.carried.past
        if past and past.turn.params == beside:
            beside = past.turn.params  # turns that are asked alike have them once
        return Asked(
            os.urandom(16),
            session.timing.now(),
            "chat",
            session.connection.seller(),
            session.scope(),
            self._model,
            [*plan.carried, *self._tail],
            beside,
            "" if plan.alone else plan.where.name,
            plan.place.cell if plan.place else "",
            after=len(self._tail),
        )

    def _place(self, reply: Reply, asked: Asked) -> None:
        """What was asked, not as a list of its own for every reply, and the conversation."""
        reply.asked = replace(self._plan.carried, rounds=rounds_in(self._tail))
        reply.call = replace(reply.call, conversation=asked.conversation)

    def _drafts(self, stream: ChatStream | Recorded) -> Generator[Draft, None, Trouble]:
        """Snapshots until the stream ends; what ended it too early is returned, not raised."""
        steps = tuple(self._steps)
        try:
            yield stream.answer.draft(steps=steps)
            for delta in stream:
                yield stream.answer.draft(delta.notice, steps)
        except KeyboardInterrupt:
            return Interrupted(_STOPPED)
        except ZaiError as error:
            return error
        return None

    def _admitted(self, reply: Reply, calling: Calling) -> Trouble:
        try:
            calling.admit(reply)
        except ToolLimit as error:
            return error
        return None

    def _call(
        self, asked: Asked, reply: Reply, calling: Calling
    ) -> Generator[Draft, None, Trouble]:
        """Write an answer down and run its calls; their results go out with the next request."""
        steps, at = tuple(self._steps), len(self._steps)
        trouble = self._write(asked, reply)
        try:
            for step, doing in () if trouble else calling.run(reply):
                self._steps[at:] = [step]
                yield Draft(reply.model, notice=doing, sandbox=reply.sandbox, steps=(*steps, step))
        except KeyboardInterrupt:
            trouble = Interrupted(_STOPPED)
        except ZaiError as error:
            trouble = error
        step, messages = calling.ended(reply)
        self._steps[at:] = [step]
        self._before.append((asked, reply))
        self._tail += messages
        model, self._note = calling.model(self._model, self._note)
        if model != self._model:
            self._model, self._params = model, self._plan.params(model)
        return trouble

    def _check(self, reply: Reply, wanted: Schema) -> tuple[bool, Trouble]:
        """Read the typed value out of the answer, or note what is to be asked again; says whether
        it fits, and what ends the turn if it does not.
        """
        if reply.finish_reason == "length":
            return False, SchemaError(f"{_CUT} and run the cell again")
        from .. import schema

        read = schema.read(str(reply), wanted)
        if not read.problems:
            reply.typed = read.data
            return True, None
        if self._repairs < REPAIRS:
            self._repairs += 1
            self._tail += [
                # The service refuses empty messages.
                {"role": "assistant", "content": str(reply).strip() or "(nothing)"},
                {"role": "user", "content": schema.repair(read.problems)},
            ]
            return False, None
        more = f" (and {len(read.problems) - 1} more)" if len(read.problems) > 1 else ""
        wrong = read.problems[0].replace("the answer: ", "it ", 1)
        return False, SchemaError(
            f"the answer does not fit --schema, also when asked {REPAIRS} times again: "
            f"{wrong}{more}; %zai log has its words; change the prompt, the schema or the model"
        )

    def _end(self, asked: Asked, reply: Reply, trouble: Trouble) -> Trouble:
        """Write the turn down before it is shown as the value; an interrupt waits for that."""
        plan, total = self._plan, self._total(reply)
        turn = Turn(
            plan.carried.user,
            total,
            reply.model,
            plan.place,
            reply.thinking,
            state_of(trouble),
            params=asked.params,
            asked_in=asked.conversation,
            named=plan.named,
            past=plan.carried.past,
            at=asked.at,
            tokens=sum(reply.usage[:2]) - reply.usage.thinking if reply.usage else 0,
            rounds=rounds_in(self._tail),
        )
        self.reply = total
        return self._write(asked, reply, state_of(trouble), turn) or trouble

    def _write(
        self, asked: Asked, reply: Reply, state: str = "complete", turn: Turn | None = None
    ) -> Trouble:
        """An answer that does not end a turn is written down as a call alone."""
        add = self._session.conversations.add
        turn = None if self._plan.alone else turn
        try:
            add(asked, reply, state, turn)
            return None
        except KeyboardInterrupt:
            add(replace(asked, again=True), reply, state, turn)
        return Interrupted(_KEPT)

    def _unanswered(self, asked: Asked, trouble: Trouble, sent: bool = True) -> Trouble:
        """A request without an answer. If it was not the first, what came before it is the turn:
        the answer that was to be corrected, or rounds of calls after which no words came.
        """
        if not self._before:
            return trouble
        before, reply = self._before[-1]
        if not reply.tool_calls:
            self._before.pop()
            return self._end(replace(before, again=True), without_calls(reply, trouble), trouble)
        lost = sent and (trouble is None or trouble.outcome == "unknown")
        call = Call(self._model, cost=None if lost else 0.0, sandbox=reply.sandbox)
        nothing = Reply("", replace(call, note=ending(trouble)))
        self._place(nothing, asked)
        return self._end(asked, nothing, trouble)

    def _total(self, reply: Reply) -> Reply:
        """The answer with what all requests took together, and the steps before it."""
        if not (self._before or self._steps):
            return reply
        all_of_them = [*(r for _, r in self._before), reply]
        used = [r.usage for r in all_of_them if r.usage]
        costs = [r.cost for r in all_of_them]
        call = replace(
            reply.call,
            usage=sum(used, Usage()) if used else None,
            cost=None if None in costs else sum(c for c in costs if c is not None),
            elapsed=sum(r.elapsed for r in all_of_them),
        )
        made = Reply(str(reply), call, reply.thinking, reply.tool_calls)
        made.asked, made.typed = reply.asked, reply.typed
        made.steps = tuple(self._steps)
        made.sources = tuple(dict.fromkeys(s for r in all_of_them for s in r.sources))
        return made
