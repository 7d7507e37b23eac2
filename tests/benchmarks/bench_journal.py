"""What the journal costs: `python -m pytest tests/benchmarks -m long`, or run it.

A turn is written through `Conversations.add`, as a chat does it when it ends; the peer appends the
same turn as a line of JSON to an open file. Process CPU, both in turns in one process, medians.
"""

from __future__ import annotations

import gc
import json
import os
import random
import statistics
import string
import tempfile
import time
from pathlib import Path

import pytest

from zai_magics.conversation import Place, Turn
from zai_magics.conversations import Conversations
from zai_magics.journal import Asked, Journal
from zai_magics.retry import Timing
from zai_magics.types import Call, Reply, Usage

TURNS, EDGE, SIZE = 1_000, 20, 5_000

# what -> the figure not to exceed
LIMITS = {
    "a turn / an appended line": 10.0,
    "last 20 / first 20": 1.5,
    "search of 1,000 turns, ms": 100.0,
}


def text(words: list[str], size: int) -> str:
    """About so many letters of made words."""
    return " ".join(random.choices(words, k=size // 7))


def measure() -> dict[str, float]:
    """The figures by what they are of."""
    random.seed(7)
    words = ["".join(random.choices(string.ascii_lowercase, k=6)) for _ in range(5_000)]
    journal = Journal(Path(tempfile.mkdtemp()))
    scope = "/home/someone/notebooks/lesson.ipynb"
    held = Conversations(journal, lambda: scope, Timing, print)
    mine, line = [], []
    with open(journal.store.folder.parent / f"{os.getpid()}.jsonl", "w", encoding="utf-8") as file:
        gc.disable()
        for number in range(TURNS):
            user, answer = text(words, SIZE // 10), text(words, SIZE - SIZE // 10)
            messages = held.current.request(user)
            call = Call("glm-4.7", Usage(1_000, 400, 900, 210), 0.0014, "stop", 2.1)
            reply = Reply(answer, call, asked=messages)
            asked = Asked(
                os.urandom(16), time.time(), "chat", "https://api", scope, "glm-4.7",
                messages, {"temperature": 0.2, "stream": True}, "main", f"cell-{number}",
            )  # fmt: skip
            turn = Turn(user, reply, "glm-4.7", Place(f"cell-{number}"), params=dict(asked.params))
            started = time.process_time_ns()
            held.add(asked, reply, turn.state, turn)
            mine.append(time.process_time_ns() - started)
            started = time.process_time_ns()
            facts = {"at": asked.at, "cell": asked.cell, "model": asked.model, "cost": reply.cost}
            file.write(json.dumps({**facts, "user": user, "reply": str(reply)}) + "\n")
            file.flush()
            line.append(time.process_time_ns() - started)
            if not number % 50:
                gc.collect()
        gc.enable()
    started = time.process_time()
    with journal.write() as db:
        journal.search.index(db)
        found = journal.search.find(db, words[0], 20)
    searched = time.process_time() - started
    assert found
    middle = statistics.median
    return {
        "a turn / an appended line": middle(mine) / middle(line),
        "last 20 / first 20": middle(mine[-EDGE:]) / middle(mine[:EDGE]),
        "search of 1,000 turns, ms": searched * 1000,
        "a turn, us": middle(mine) / 1000,
    }


@pytest.mark.long
def test_the_journal_costs_what_it_may() -> None:
    found = measure()
    assert {k: v for k, v in found.items() if v > LIMITS.get(k, v)} == {}


if __name__ == "__main__":
    for name, figure in measure().items():
        print(f"{name:30} {figure:8.2f}   at most {LIMITS.get(name, '-')}")
