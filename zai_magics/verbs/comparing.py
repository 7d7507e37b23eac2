"""`compare`: one prompt over models, temperatures, system prompts and values, side by side."""

from __future__ import annotations

from collections.abc import Generator, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from .. import prompt
from ..comparison import Comparison, Sample, checked_baseline
from ..errors import CommandError, Interrupted, ReplayMiss, ZaiError
from ..grid import MOST, Literal, Named, Variant, valued, variants
from ..options import CompareOptions
from ..types import Json, Request
from ..wire import chat as wire
from .common import composed, given, no_key
from .limits import limits
from .many import Many
from .parameters import chosen_model, request_params
from .question import Asker, Question
from .scoring import Scoring

if TYPE_CHECKING:
    from ..session import Session

_STOPPED = "stopped; what had come is kept, run the cell again to ask the rest"
_UNANSWERED = "stopped before its answer was there"
_NOT_RECORDED = "not recorded, and replay only asks nobody"


def compared(
    session: Session,
    text: str,
    options: CompareOptions,
    names: Mapping[str, Any],
    cell: str = "",
) -> Generator[Comparison | Request, None, None]:
    """The table as it fills, then the whole of it.

    An interrupt, or an error that no answer comes after, gives it as far as it came, then raises;
    so does a table without any answer.
    """
    run = _Run(session, text, options, names, cell)
    if options.dry_run:
        yield run.dry_run()
        return
    trouble = yield from run.asked()
    run.stop_scoring(isinstance(trouble, Interrupted))
    whole = run.snapshot(running=False)
    yield whole
    if trouble is not None:
        raise trouble from None
    if not any(s.reply for s in whole.samples):
        raise run.first_error()


class _Run:
    """One comparison under way."""

    def __init__(
        self,
        session: Session,
        text: str,
        options: CompareOptions,
        names: Mapping[str, Any],
        cell: str,
    ) -> None:
        self._session, self._options, self._names = session, options, names
        self._text = text
        self._scoring = Scoring(options.score, names)
        self._variants = self._combined()
        total = len(self._variants) * options.n
        if total > MOST:
            raise CommandError(
                f"{total:,} answers are more than a table can show ({MOST}); "
                "%zai map asks a prompt of any number of rows"
            )
        self._baseline = checked_baseline(options.baseline, len(self._variants))
        self._notes: list[str] = []
        self._asked = [(v, self._questions(v)) for v in self._variants]
        first = [questions[0] for _, questions in self._asked]
        self._purse, tokens, said = limits(session, options.max_cost, first)
        self._notes += [said] if said else []
        self._asker = Asker(session, cell, self._purse, tokens, "compare")
        self._started = session.timing.clock()

    def _combined(self) -> list[Variant]:
        options, names = self._options, self._names
        each = {
            name: _named(value, names, f"--each {name}") for name, value in options.each.items()
        }
        systems = [one for given in options.systems for one in _systems(given, names)]
        said = set() if options.raw else prompt.names(self._text)
        unused = next((name for name in each if name not in said), None)
        if unused is not None:
            raise CommandError(f"--each {unused}=…: the prompt has no {{{{ {unused} }}}}")
        return variants(
            options.models or (self._session.settings.model,),
            options.temperatures or (None,),
            systems or [Named(None, "")],
            each,
        )

    def _questions(self, variant: Variant) -> list[Question]:
        """The same question as often as it is asked."""
        options, system = self._options, str(variant.system.value or "")
        names = {**self._names, **{n: v.value for n, v in variant.values.items()}}
        said, attached = composed(self._session, self._text, options, names)
        user = wire.user_content(said, attached)
        own = replace(options, model=variant.model, temperature=variant.temperature)
        model, note = chosen_model(self._session, own, user, ())
        if note and note not in self._notes:
            self._notes.append(note)
        params: Json = given(request_params(own, None, None, model, model))
        no_key(self._session, f"{system} {params}")
        messages: list[Json] = [{"role": "system", "content": system}] if system else []
        messages.append({"role": "user", "content": user})
        return [Question(model, messages, params) for _ in range(options.n)]

    def asked(self) -> Generator[Comparison, None, ZaiError | Interrupted | None]:
        """Ask what is not recorded; what ended it too early is returned, not raised."""
        try:
            missing = self._recorded()
            if missing and self._session.replay.mode == "only":
                for question in missing:
                    question.error = ReplayMiss(_NOT_RECORDED)
                self._notes.append(
                    f"of the first that is missing: {self._asker.missed(missing[0])}"
                )
                return None
            if not missing:
                return None
            at_once = self._options.concurrency
            many = Many(self._session, self._asker, self._purse, at_once, strict=False)
            running = many.run(missing)
            try:
                yield self.snapshot()
                for _ in running:
                    yield self.snapshot()
            finally:
                running.close()
        except KeyboardInterrupt:
            return Interrupted(_STOPPED)
        except ZaiError as error:
            return error
        return None

    def _recorded(self) -> list[Question]:
        """Those that are to be asked: not answered before."""
        anew = self._options.again and self._session.replay.mode != "only"
        missing: list[Question] = []
        for _, questions in self._asked:
            found = [] if anew else self._asker.recorded(questions[0], len(questions))
            for question, known in zip(questions, found, strict=False):
                question.reply, question.stored = known.reply, True
            missing += questions[len(found) :]
        return missing

    def snapshot(self, running: bool = True) -> Comparison:
        """How it stands."""
        samples = [
            self._sample(variant, number, question, running)
            for variant, questions in self._asked
            for number, question in enumerate(questions, 1)
        ]
        return Comparison(
            tuple(samples),
            self._baseline,
            self._options.score is not None,
            running,
            self._session.timing.clock() - self._started,
            self._session.connection.is_free(),
            tuple(self._notes),
            self._session.replay.mode != "off" and any(s.stored for s in samples),
        )

    def _sample(self, variant: Variant, number: int, question: Question, running: bool) -> Sample:
        reply, error = question.reply, question.error
        if reply is None:
            draft = question.answer.draft() if question.answer is not None else None
            said = str(error or ("" if running else _UNANSWERED))
            return Sample(variant, number, error=said, draft=draft)
        score, wrong = self._scoring.of(reply, variant)
        return Sample(variant, number, reply, str(error or ""), question.stored, score, wrong)

    def stop_scoring(self, stopped: bool) -> None:
        """An interrupt is not followed by calls of a function that may take long."""
        self._scoring.stopped = stopped

    def first_error(self) -> Exception:
        """What the first of all went wrong with."""
        asked = (q for _, questions in self._asked for q in questions)
        first = next((q for q in asked if q.error is not None), None)
        if first is not None and isinstance(first.error, ReplayMiss):
            return ReplayMiss(f"{self._asker.missed(first)}; {self._session.replay.step}")
        return (first.error if first else None) or ZaiError(_UNANSWERED)

    def dry_run(self) -> Request:
        """The first request, and how many there are."""
        first = self._asked[0][1][0]
        total = sum(len(questions) for _, questions in self._asked)
        said = "; ".join((f"the first of {total:,} requests", *self._notes))
        body = wire.body(first.messages, first.model, first.params)
        return Request(self._session.connection.endpoint().url + wire.PATH, body, 0, said)


def _named(value: Any, names: Mapping[str, Any], what: str) -> Sequence[Named]:
    """The values of one --each: of its text, or as they are given from Python."""
    if isinstance(value, str):
        return valued(value, names, what)
    values = value.tolist() if hasattr(value, "tolist") else value
    if not isinstance(values, (list, tuple)):
        raise CommandError(f"{what} takes a list of values, not a {type(value).__name__}")
    if not values:
        raise CommandError(f"{what} has no values: the list is empty")
    return [Named(one, str(one)) for one in values]


def _systems(given: Any, names: Mapping[str, Any]) -> Sequence[Named]:
    """The system prompts of one -s: `@terse,@warm` are variables, anything else is one prompt."""
    names_all = isinstance(given, str) and all(p.strip()[:1] == "@" for p in given.split(","))
    if names_all and not isinstance(given, Literal):
        return valued(given, names, "-s")
    return [Named(given, "")]
