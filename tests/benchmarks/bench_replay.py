"""What replay costs: `python -m pytest tests/benchmarks -m long`, or run it.

A journal of 10,000 recorded calls of 1 KB; a recording is found by the whole request, and of one
that is not there the nearest is looked for. Recording: the share of a streamed call's CPU.
"""

from __future__ import annotations

import os
import random
import statistics
import string
import tempfile
import time
from pathlib import Path

import pytest

from zai_magics.errors import ReplayMiss
from zai_magics.gather import Answer
from zai_magics.journal import Asked, Journal
from zai_magics.orders import Orders
from zai_magics.replay import Replay, Source
from zai_magics.retry import Timing
from zai_magics.types import Call, Delta, Reply, Usage
from zai_magics.wire import chat, events

CALLS = 10_000

# what -> the figure not to exceed
LIMITS = {
    "a hit, ms": 5.0,
    "the nearest miss, ms": 300.0,
    "recording / a streamed call": 1.05,
}


def asked(prompt: str) -> Asked:
    """A request as a chat makes it."""
    messages = [{"role": "user", "content": prompt}]
    return Asked(
        os.urandom(16), time.time(), "chat", "https://api", "/n.ipynb", "glm-4.7", messages
    )


def prompts() -> list[str]:
    """Different ones, of some 30 words."""
    random.seed(7)
    words = ["".join(random.choices(string.ascii_lowercase, k=6)) for _ in range(3_000)]
    return [" ".join(random.choices(words, k=30)) for _ in range(CALLS)]


def found(made: list[str]) -> dict[str, float]:
    """A hit, and a miss by one word."""
    journal = Journal(Path(tempfile.mkdtemp()))
    with journal.write() as db:
        for prompt in made:
            call = Call("glm-4.7", Usage(40, 150), 0.001, "stop", 2.0)
            journal.calls.chat(db, asked(prompt), Reply("x" * 800, call), "complete")
    own = Source(journal, Orders(journal, str, Timing, print))
    replay = Replay(own, lambda: "https://api", Timing)
    replay.use("only")
    replay.chat(asked(made[0]))  # the keys are read once
    hits, misses = [], []
    for prompt in random.sample(made, 200):
        before = time.perf_counter()
        assert replay.chat(asked(prompt)) is not None
        hits.append(time.perf_counter() - before)
    for prompt in random.sample(made, 10):
        before = time.perf_counter()
        with pytest.raises(ReplayMiss, match="changed"):
            replay.chat(asked(prompt.rpartition(" ")[0] + " changed"))
        misses.append(time.perf_counter() - before)
    return {
        "a hit, ms": statistics.median(hits) * 1000,
        "the nearest miss, ms": statistics.median(misses) * 1000,
    }


class Unrecorded(Answer):
    """An answer whose times nobody keeps."""

    def add(self, delta: Delta, seconds: float = 0.0) -> None:
        """As before, but always at the beginning."""
        super().add(delta, 0.0)


def streamed(kind: type[Answer], packets: list[bytes]) -> float:
    """The CPU of reading a stream of 2,000 tokens, as `stream.ChatStream` does it."""
    parser, answer, clock = events.EventParser(), kind("glm-4.7"), time.monotonic
    before, started = time.process_time(), clock()
    for number, packet in enumerate(packets):
        clock()
        for data in parser.feed(packet):
            for event in events.objects(data)[0]:
                delta = chat.delta(event)
                if delta is not None:
                    answer.add(delta, number * 0.01 + clock() - started)
    _ = answer.pace
    return time.process_time() - before


def measure() -> dict[str, float]:
    """The figures by what they are of."""
    packet = (
        b'data: {"id":"1","model":"glm-4.7","choices":[{"index":0,"delta":{"role":"assistant",'
        b'"content":"word "}}]}\n\n'
    )
    packets = [packet] * 2_000
    times: dict[type[Answer], list[float]] = {Answer: [], Unrecorded: []}
    for _ in range(40):
        for kind in times:
            times[kind].append(streamed(kind, packets))
    share = min(times[Answer]) / min(times[Unrecorded])
    return {**found(prompts()), "recording / a streamed call": share}


@pytest.mark.long
def test_replay_is_as_fast_as_promised() -> None:
    figures = measure()
    assert {k: v for k, v in figures.items() if v > LIMITS.get(k, v)} == {}, figures


if __name__ == "__main__":
    for name, figure in measure().items():
        print(f"{name:32} {figure:7.2f}   at most {LIMITS.get(name, '-')}")
