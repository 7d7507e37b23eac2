"""A recorded answer that comes again: as a stream is read, at the pace at which it came."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import replace

from ..gather import Answer
from ..retry import Timing
from ..types import Delta, Reply

LONGEST = 600.0  # seconds that an answer takes at most, whatever a stranger's pack says


class Recorded:
    """Read as `stream.ChatStream` is: iterate for deltas, then `reply()`.

    `pace` is that of `gather.Answer`; `speed` 2 is twice as fast, 0 without waiting.
    """

    kind = "replay"

    def __init__(
        self, reply: Reply, pace: str, timing: Timing, *, speed: float = 1.0, whole: bool = False
    ) -> None:
        self.pace = pace
        self.answer = Answer(reply.model, sandbox=reply.sandbox)
        self._whole = reply
        self._timing, self._speed = timing, speed
        self._times = [] if whole else _times(pace)
        self._started = timing.clock()
        self._deltas = self._run()
        self._ended = False

    def __iter__(self) -> Iterator[Delta]:
        return self._deltas

    def __enter__(self) -> Recorded:
        return self

    def __exit__(self, *exc: object) -> None:
        self._deltas = iter(())

    def reply(self, note: str = "") -> Reply:
        """The answer, as far as it came; it costs nothing."""
        known = self._whole
        part = self.answer.reply(self._timing.clock() - self._started, (), note)
        if self._ended:
            call = replace(known.call, note=note or known.note or part.note)
            made = Reply(str(known), call, known.thinking, part.tool_calls)
            made.sources = known.sources
            return made
        about = known.call
        call = replace(part.call, cost=0.0, replayed=about.replayed, saved=0.0)
        return Reply(str(part), call, part.thinking)

    def _run(self) -> Iterator[Delta]:
        """The parts as they came, and with the last one what is known at the end."""
        known, letters, thoughts = self._whole, 0, 0
        for at, text, thought in self._times:
            if text > letters or thought > thoughts:
                self._wait(at)
                delta = Delta(str(known)[letters:text], known.thinking[thoughts:thought])
                letters, thoughts = max(text, letters), max(thought, thoughts)
                self.answer.add(delta, at)
                yield delta
        self._wait(known.elapsed)
        last = Delta(
            str(known)[letters:],
            known.thinking[thoughts:],
            tuple(enumerate(known.tool_calls)),
            known.finish_reason or "stop",
            known.usage,
            sources=known.sources,
        )
        self.answer.add(last, known.elapsed)
        self._ended = True
        yield last

    def _wait(self, at: float) -> None:
        if self._speed:
            left = min(at, LONGEST) / self._speed - (self._timing.clock() - self._started)
            if left > 0:
                self._timing.sleep(left)


def _times(pace: str) -> list[tuple[float, int, int]]:
    """Seconds, letters and letters of thinking; of what is no pace nothing."""
    try:
        found = json.loads(pace)
    except (ValueError, RecursionError):
        return []
    if not isinstance(found, list) or any(type(n) is not int or n < 0 for n in found):
        return []
    threes: Sequence[tuple[int, int, int]] = list(zip(*[iter(found)] * 3, strict=False))
    return [(ms / 1000, letters, thoughts) for ms, letters, thoughts in threes]
