"""Deltas gather here: a growing answer, its snapshots, and the reply that it becomes."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from itertools import accumulate

from . import catalogue
from .errors import BadAnswer, one_line
from .text import whole
from .types import Call, Delta, Draft, Json, Reply, Source, Step, ToolCall, Usage
from .wire import chat as wire

TEXT_LIMIT = 8 * 1024 * 1024

_TICK = 0.05  # seconds between two records of how far an answer had come
_NOTES = {
    "length": "cut off at max_tokens; raise --max-tokens and run the cell again",
    "sensitive": "stopped by the service's content filter; rephrase the prompt",
    "network_error": "the service lost its own connection; run the cell again",
    "model_context_window_exceeded": "the conversation no longer fits into the model; %zai new",
}
_NO_TEXT = "only thinking came, no text; raise --max-tokens or use --think off"
_INCOMPLETE = "incomplete: the stream ended early; run the cell again"
_FINE = {"stop", "tool_calls"}


class Answer:
    """A reply in the making: `answer.add(delta)`, then `answer.draft()` or `answer.reply(…)`.

    `seconds` of `add` is the time since the request, for how long the thinking took. `clean` takes
    the key out of what a server sends back.
    Raises BadAnswer beyond 8 MB of text or 128 calls.
    """

    def __init__(
        self, model: str, *, sandbox: bool = False, clean: Callable[[str], str] = str
    ) -> None:
        self.model = model
        self.sandbox = sandbox
        self._clean = clean
        self.usage: Usage | None = None
        self.finish_reason = ""
        self.request_id = ""
        self.unreadable = 0
        self.ended = False
        self.thought_for = 0.0
        self.sources: tuple[Source, ...] = ()
        self._pieces: list[str] = []
        self._thoughts: list[str] = []
        self._calls: dict[int, ToolCall] = {}
        self._arguments: dict[int, list[str]] = {}
        self._size = 0
        self._times: list[tuple[float, int, int]] = []
        self._next = 0.0

    @property
    def empty(self) -> bool:
        """Whether nothing has come that a user could see or that costs to lose."""
        return not (self._pieces or self._thoughts or self._calls or self.usage)

    @property
    def complete(self) -> bool:
        """Whether the service has said that this is the end."""
        return bool(self.finish_reason or self.ended)

    def add(self, delta: Delta, seconds: float = 0.0) -> None:
        """Take in what one event adds."""
        text = delta.text
        if text:
            self._pieces.append(text)
            self._size += _bytes(text)
        if delta.thinking:
            self._thoughts.append(delta.thinking)
            self._size += _bytes(delta.thinking)
            self.thought_for = seconds
        for index, call in delta.tool_calls:
            self._add_call(index, call)
        if seconds >= self._next:
            self._times.append((seconds, len(self._pieces), len(self._thoughts)))
            self._next = seconds + _TICK
        if delta.usage:
            self.usage = delta.usage
        if delta.sources:
            self.sources = delta.sources
        if delta.finish_reason:
            self.finish_reason = self._clean(delta.finish_reason)
        if delta.raw and not self.request_id:
            self._name(delta.raw)
        if self._size > TEXT_LIMIT:
            raise BadAnswer("the answer is larger than 8 MB; it was stopped", outcome="refused")
        if len(self._calls) > wire.CALLS:
            many = f"the answer calls more than {wire.CALLS} functions; none was run"
            raise BadAnswer(f"{many}; run the cell again", outcome="refused")

    @property
    def pace(self) -> str:
        """When which part came, as JSON: milliseconds since the request, letters of the answer and
        of the thinking there were then, and again; twenty times a second at most.
        """
        letters, thought = ([0, *accumulate(map(len, p))] for p in (self._pieces, self._thoughts))
        found = [(int(t * 1000), letters[n], thought[m]) for t, n, m in self._times]
        return json.dumps([n for three in found for n in three], separators=(",", ":"))

    def draft(self, notice: str = "", steps: tuple[Step, ...] = ()) -> Draft:
        """The answer so far, after these steps."""
        return Draft(
            self.model,
            self._pieces,
            self._thoughts,
            len(self._pieces),
            len(self._thoughts),
            notice,
            self.sandbox,
            self._clean,
            steps,
        )

    def reply(self, elapsed: float, messages: Sequence[Json], note: str = "") -> Reply:
        """The answer as it ends, with its price and what is not as it should be."""
        text, thinking = (self._clean(whole("".join(p))) for p in (self._pieces, self._thoughts))
        calls = tuple(self._whole_calls())
        call = Call(
            self.model.removesuffix("+sandbox"),
            self.usage,
            0.0 if self.sandbox else self._cost(bool(text)),
            self.finish_reason,
            elapsed,
            self.thought_for,
            self.request_id,
            note or self._note(text),
            self.sandbox,
        )
        reply = Reply(text, call, thinking, calls, messages)
        reply.sources = tuple(Source(*map(self._clean, found)) for found in self.sources)
        return reply

    def _cost(self, spoke: bool) -> float | None:
        """US dollars; None where tokens were made and not counted."""
        usage = self.usage
        if usage is not None and spoke and not usage.completion:
            return None
        cost = catalogue.cost(self.model, usage)
        return cost + catalogue.SEARCH if cost is not None and self.sources else cost

    def _whole_calls(self) -> Iterator[ToolCall]:
        """The calls, each with an id of its own: gateways send none, or one for all."""
        seen: set[str] = set()
        for place in sorted(self._calls):
            call = self._calls[place]
            own = call.id if call.id and call.id not in seen else f"{call.id or 'call'}_{place}"
            seen.add(own)
            yield call._replace(id=own, arguments=self._clean("".join(self._arguments[place])))

    def _note(self, text: str) -> str:
        reason = self.finish_reason
        if not self.complete:
            return _INCOMPLETE
        only_thought = self._thoughts and not self._calls and not text.strip()
        if only_thought and reason in ("", "stop", "length"):
            return _NO_TEXT
        if reason in _NOTES:
            return _NOTES[reason]
        if reason and reason not in _FINE:
            return f"the service ended it with {one_line(reason, 60)!r}"
        if self.unreadable:
            return (
                f"{self.unreadable} piece(s) of the stream could not be read; words may be missing"
            )
        if not text and not self._calls:
            return "the service sent an empty answer; run the cell again"
        return ""

    def _add_call(self, index: int, call: ToolCall) -> None:
        had = self._calls.get(index, ToolCall("", "", ""))
        self._arguments.setdefault(index, []).append(call.arguments)
        self._size += sum(map(_bytes, call))
        clean = self._clean
        self._calls[index] = ToolCall(clean(call.id or had.id), clean(call.name or had.name), "")

    def _name(self, event: Json) -> None:
        """The answer's id and the model that answered stand in every event; once is enough."""
        number, model = event.get("request_id") or event.get("id"), event.get("model")
        if isinstance(number, str):
            self.request_id = self._clean(number)
        if isinstance(model, str) and model:
            # The same object for the same name: it stays as long as the reply.
            self.model = self.model if model == self.model else self._clean(model)
            self.sandbox = self.sandbox or catalogue.is_sandbox(model)


def _bytes(text: str) -> int:
    return len(text) if text.isascii() else len(text.encode("utf-8", "surrogatepass"))
