"""A chat's answer as it comes: events -> deltas, what is tried again, and when it is whole."""

from __future__ import annotations

from collections.abc import Generator, Iterator
from types import TracebackType

from .body import Body
from .errors import BadAnswer, ConnectionFailed, IncompleteAnswer, TimedOut, ZaiError
from .gather import Answer
from .http import SILENCE
from .network import Network
from .retry import Attempts, Timing, doubt
from .types import Delta, Json, Reply
from .wire import chat, events


class ChatStream:
    """A reply as it comes: iterate for deltas, then call `reply()`.

    Raises IncompleteAnswer when it breaks off after words have come; `reply()` then has those.
    A delta with a `notice` says that the service is busy and the request will be sent again.
    Close it (or use `with`) to stop early; what had come is still in `reply()` and `answer`.
    """

    kind = "chat"
    once = False  # not to be sent again where nobody knows whether it was charged
    single = False  # not to be sent again at all: somebody else does

    def __init__(self, network: Network, timing: Timing, body: Json, content: list[bytes]) -> None:
        sandbox, clean = network.endpoint.sandbox, network.key.redact
        self.answer = Answer(body["model"], sandbox=sandbox, clean=clean)
        self.request = body
        self._content = content
        self._network = network
        self._timing = timing
        self._started = timing.clock()
        self._ended: float | None = None
        self._deltas = self._run()

    def __iter__(self) -> Iterator[Delta]:
        return self._deltas

    def __enter__(self) -> ChatStream:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the connection, whether or not the answer has ended."""
        self._deltas.close()
        if self._ended is None:
            self._ended = self._timing.clock()

    @property
    def elapsed(self) -> float:
        """Seconds since the request, or until the end."""
        until = self._timing.clock() if self._ended is None else self._ended
        return until - self._started

    @property
    def pace(self) -> str:
        """When which part came."""
        return self.answer.pace

    def reply(self, note: str = "") -> Reply:
        """The reply as far as it came; `note` overrides what it says about its end."""
        return self.answer.reply(self.elapsed, self.request["messages"], note)

    def _run(self) -> Generator[Delta, None, None]:
        attempts = Attempts("paid" if self.once else "chat", self._timing)
        while True:
            try:
                yield from self._once()
                return
            except ZaiError as error:
                if self.once:
                    doubt(error)
                again = self.answer.empty and not self.single
                wait = attempts.after(error) if again else None
                if wait is None:
                    if self.answer.empty or error.outcome == "refused":
                        raise
                    raise IncompleteAnswer(f"the answer broke off: {error}") from None
                notice = str(error)
            yield Delta(notice=f"{notice.partition(';')[0]}; trying again in {wait:.0f} s")
            self._timing.sleep(wait)

    def _once(self) -> Iterator[Delta]:
        try:
            with self._network.open("POST", chat.PATH, self._content) as body:
                self.answer.sandbox = self.answer.sandbox or body.sandbox
                yield from self._events(body) if body.is_stream else self._whole(body)
        except ConnectionFailed:
            if not self.answer.complete:  # what breaks behind the last word is no loss
                raise
        self._ended = self._timing.clock()

    def _whole(self, body: Body) -> Iterator[Delta]:
        """An answer that is no stream, asked for as such or not."""
        whole = chat.completion(body.json())
        self.answer.add(whole, self.elapsed)
        self.answer.ended = True
        yield whole

    def _events(self, body: Body) -> Iterator[Delta]:
        parser = events.EventParser()
        answer, clock, started = self.answer, self._timing.clock, self._started
        pieces = body.pieces()
        useful = clock()
        for packet in pieces:
            now = clock()
            for delta in self._deltas_in(parser.feed(packet), body):
                if delta.text or delta.thinking or delta.tool_calls:
                    useful = now
                answer.add(delta, now - started)
                yield delta
            if answer.ended:
                break
            if now - useful > SILENCE:
                raise TimedOut(f"nothing useful came for {SILENCE:.0f} s; run the cell again")
        for delta in self._deltas_in(parser.close(), body):
            answer.add(delta, clock() - started)
            yield delta
        if not answer.complete:
            raise BadAnswer("the stream ended too early; run the cell again")
        body.drain(pieces)

    def _deltas_in(self, found: list[bytes], body: Body) -> Iterator[Delta]:
        for data in found:
            if data == b"[DONE]":
                self.answer.ended = True
                return
            objects, bad = events.objects(data)
            self.answer.unreadable += bad
            for event in objects:
                if "error" in event or "code" in event:
                    body.check(event)
                delta = chat.delta(event)
                if delta is None:
                    self.answer.unreadable += 1
                else:
                    yield delta
