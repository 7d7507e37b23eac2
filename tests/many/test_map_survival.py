"""A map that is killed or interrupted loses nothing that was written and asks for it no more."""

from __future__ import annotations

import gc
import os
import random
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import pandas
import pytest
from capped import Capped

from zai_magics.client import Client
from zai_magics.errors import Interrupted
from zai_magics.journal import Journal
from zai_magics.options import MapOptions
from zai_magics.render.live import show
from zai_magics.session import Session
from zai_magics.tally import Tally
from zai_magics.verbs.question import Asker, Question

Serve = Callable[..., Capped]
WORKER = Path(__file__).with_name("worker.py")


class Watching:
    """A painter that looks at every snapshot."""

    def __init__(self, look: Callable[[Any], None] = lambda snapshot: None) -> None:
        self.look, self.last = look, None

    def paint(self, snapshot: Any) -> None:
        self.last = snapshot
        self.look(snapshot)

    def finish(self) -> None:
        pass

    def withdraw(self) -> None:
        pass


@contextmanager
def pressed(after: list[float]) -> Iterator[None]:
    """Interrupts after so many seconds each, of which none comes later than this block."""
    gc.collect()  # what other tests left takes Python code to collect, where an interrupt is lost
    timers = [threading.Timer(s, os.kill, (os.getpid(), signal.SIGINT)) for s in after]
    for timer in timers:
        timer.start()
    with suppress(KeyboardInterrupt):
        yield
    with suppress(KeyboardInterrupt):
        for timer in timers:
            timer.join()
    for timer in timers:
        timer.join()


def written(home: Path) -> set[str]:
    journal = Journal(home)
    with journal.read() as db:
        rows = db.execute("select m.text from calls c join messages m on m.id = c.prompt")
        found = {text for (text,) in rows}
    journal.close()
    return found


def killed_at(service: Capped, answers: int, rows: int) -> None:
    """A kernel that is killed when the service has answered so often."""
    process = subprocess.Popen([sys.executable, str(WORKER), str(rows)], stdout=subprocess.PIPE)
    try:
        while process.poll() is None and service.counts()["answered"] < answers:
            pass
    finally:
        process.kill()
        process.communicate()


def finished(rows: int) -> list[int]:
    """A kernel that runs to its end: rows that are there, stored, failed."""
    command = [sys.executable, str(WORKER), str(rows)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    return list(map(int, done.stdout.split()))


@pytest.mark.parametrize(
    "rows", [150, *(pytest.param(2_000, marks=pytest.mark.long) for _ in range(3))]
)
def test_a_killed_map_goes_on_and_asks_for_nothing_that_was_written(
    serve: Serve, session: Session, tmp_path: Path, rows: int
) -> None:
    service = serve(cap=10, seconds=0.05)
    killed_at(service, rows * 2 // 5, rows)
    before, answered = written(tmp_path / "home"), service.counts()["answered"]
    assert rows // 4 < len(before) < rows
    assert answered - len(before) <= 2 * 10  # those that were on their way to the file
    assert finished(rows) == [rows, len(before), 0]
    counts = service.counts()
    assert counts["rows"] == rows and not before & set(counts["twice"])
    assert len(written(tmp_path / "home")) == rows


@pytest.mark.skipif(os.name == "nt", reason="no process can send itself an interrupt there")
@pytest.mark.parametrize("presses", [1, 2])
@pytest.mark.parametrize("cycles", [4, pytest.param(100, marks=pytest.mark.long)])
def test_every_answer_that_came_is_in_the_journal_however_often_it_is_interrupted(
    serve: Serve, session: Session, monkeypatch: pytest.MonkeyPatch, cycles: int, presses: int
) -> None:
    serve(cap=64, seconds=0.004)
    came: set[str] = set()
    ask = Asker.ask

    def noted(self: Asker, client: Client, question: Question) -> bool:
        over = ask(self, client, question)
        came.add(str(question.messages[-1]["content"]))
        return over

    monkeypatch.setattr(Asker, "ask", noted)
    chance = random.Random(cycles * presses)
    frame = pandas.DataFrame({"n": range(cycles * 1_000)})
    for cycle in range(cycles):
        first = chance.uniform(0.05, 0.2)
        some = frame[cycle * 1_000 : cycle * 1_000 + 1_000]
        with pressed([first, first + chance.uniform(0.002, 0.06)][:presses]):
            show(session.map(some, "row {{ n }}", MapOptions()), Watching())
    with session.journal.read() as db:
        rows = db.execute("select m.text from calls c join messages m on m.id = c.prompt")
        assert {text for (text,) in rows} == came


def test_a_map_that_ends_early_leaves_no_thread_to_be_collected_as_garbage(
    serve: Serve, session: Session
) -> None:
    """An interrupt that comes while that is done, which takes Python code, is lost."""
    serve(cap=4, seconds=0.03)
    frame = pandas.DataFrame({"n": range(100)})
    gc.collect()
    gc.disable()
    try:
        for _ in session.map(frame, "row {{ n }}", MapOptions(concurrency=8)):
            pass
        with pytest.raises(Interrupted):
            running = session.map(frame, "another {{ n }}", MapOptions())
            while not next(running).done:
                pass
            running.throw(KeyboardInterrupt())
            for _ in running:
                pass
        threads = [one for one in gc.get_objects() if isinstance(one, threading.Thread)]
    finally:
        gc.enable()
    assert not [one for one in threads if one.name.startswith("zai-asking")]


@pytest.mark.skipif(os.name == "nt", reason="no process can send itself an interrupt there")
@pytest.mark.parametrize("cycles", [8, pytest.param(200, marks=pytest.mark.long)])
def test_an_interrupt_anywhere_ends_it_and_leaves_nothing_behind(
    serve: Serve, session: Session, cycles: int
) -> None:
    service = serve(cap=8, seconds=0.03)
    frame = pandas.DataFrame({"n": range(100_000)})
    list(session.map(frame[:5], "warm {{ n }}", MapOptions()))
    gc.collect()  # what other tests left takes Python code to collect, where an interrupt is lost
    threads, files = threading.active_count(), set(os.listdir("/proc/self/fd"))
    chance = random.Random(cycles)
    for cycle in range(cycles):
        some = frame[cycle * 400 : cycle * 400 + 400]
        pressed: list[float] = []

        def press(pressed: list[float] = pressed) -> None:
            pressed.append(time.monotonic())
            os.kill(os.getpid(), signal.SIGINT)

        timer = threading.Timer(chance.uniform(0.03, 0.25), press)
        watching = Watching()
        with pytest.raises(Interrupted):
            timer.start()
            show(session.map(some, "row {{ n }}", MapOptions()), watching)
        # The second is for a machine that does nothing else, which runs the long battery.
        assert time.monotonic() - pressed[0] < (1.0 if cycles > 8 else 20)
        timer.join()
        assert not [t for t in threading.enumerate() if t.name.startswith("zai-asking")]
        assert threading.active_count() == threads
        assert watching.last is None or isinstance(watching.last, Tally)
    assert len(set(os.listdir("/proc/self/fd")) - files) <= 1
    again = list(session.map(frame[:20], "row {{ n }}", MapOptions()))[-1]
    assert isinstance(again, Tally) and again.failed == 0 and again.done == 20
    assert service.counts()["answered"] > 0
