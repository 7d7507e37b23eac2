"""A thousand turns in one kernel: what each of them costs, and what stays in memory."""

from __future__ import annotations

import json
import statistics
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from running import Kernel
from scripted import DONE, HEAD, Peer, Server, delta
from survivors import LOAD, Notebook

SIZE = 5_000  # characters of a turn, question and answer together
EDGE = 20
SLOWER = 1.5  # the journal's write among the last turns, against the first
WATCH = """
import gc, time
from pathlib import Path
_mine, _whole, _began = [], [], [0]
def _watch():
    held = get_ipython().zai_magics.session.conversations
    add = held.add
    def timed(*given):
        started = time.process_time_ns()
        add(*given)
        _mine.append(time.process_time_ns() - started)
    held.add = timed
    events = get_ipython().events
    events.register('pre_run_cell', lambda *_: _began.append(time.process_time_ns()))
    events.register('post_run_cell', lambda *_: _whole.append(time.process_time_ns() - _began[-1]))
def _size():
    gc.collect()
    status = Path('/proc/self/status')
    lines = status.read_text().splitlines() if status.exists() else []
    return next((int(line.split()[1]) * 1024 for line in lines if line.startswith('VmRSS')), 0)
_watch()
"""
WORDS = ("data", "plot", "mean", "model", "table", "index", "value", "group", "column", "sample")


def text(size: int, number: int) -> str:
    """Words that are other ones in every turn."""
    made = [f"[{number}]"]
    while sum(map(len, made)) + len(made) < size:
        made.append(WORDS[(len(made) * 7 + number * len(made)) % len(WORDS)])
    return " ".join(made)


def answering(size: int) -> Callable[[Peer], None]:
    """A service that answers in some twenty pieces; it forgets what it was asked."""
    asked = iter(range(10**9))

    def script(peer: Peer) -> None:
        answer = text(size, next(asked))
        peer.request = b""
        step = len(answer) // 20 + 1
        frames = [delta(answer[i : i + step]) for i in range(0, len(answer), step)]
        peer.send(HEAD + b"".join(frames) + delta(finish="stop") + DONE)

    return script


def measure(folder: Path, turns: int, size: int = SIZE) -> dict[str, Any]:
    """Ask so many times in one kernel, as cells that leave their replies in Out."""
    with Server() as server:
        server.script = answering(size * 9 // 10)
        notebook = Notebook(folder, server.url)
        with Kernel(folder, {**notebook.environ, "ZAI_API_KEY": "test-key"}) as kernel:
            assert kernel.run(LOAD).status == "ok"
            assert kernel.run(WATCH).status == "ok"
            sizes = [0]
            for number in range(turns):
                ask(kernel, number, size)
                if number + 1 == EDGE:
                    sizes = [kernel.value("_size()")]
            sizes.append(kernel.value("_size()"))
            mine, whole = kernel.value("_mine"), kernel.value("_whole")
            assert kernel.value("len([v for v in Out.values() if v])") >= min(turns, 800)
    assert len(mine) == turns
    assert notebook.rows("select count(*) from turns") == [(turns,)]
    whole = [spent for spent in whole if spent > 1_000_000]  # without the cells that only look
    return {
        "turns": turns,
        "text": (turns - EDGE) * size,
        "grown": sizes[1] - sizes[0],
        "journal, us, first and last": edges(mine),
        "turn, us, first and last": edges(whole[:turns]),
    }


def ask(kernel: Kernel, number: int, size: int) -> None:
    """One cell."""
    run = kernel.run(f"%%zai chat\n{text(size // 10, number)}", f"cell-{number}")
    assert run.status == "ok", run.of("error")
    run.messages.clear()


def edges(spent: list[int]) -> tuple[float, float]:
    """The middle of the first turns and of the last ones, in microseconds."""
    return (statistics.median(spent[:EDGE]) / 1000, statistics.median(spent[-EDGE:]) / 1000)


def kept_by_ipython(folder: Path, turns: int) -> int:
    """What as many cells with a value of that size leave behind without the package."""
    with Kernel(folder, {}) as kernel:
        assert kernel.run(f"{LOAD}\n{WATCH}").status == "ok"  # the same imports
        kernel.run("class Kept(str):\n    def _ipython_display_(self): pass")
        kernel.run(
            "get_ipython().register_magic_function(lambda _, cell: Kept(cell * 9), 'cell', 'keep')"
        )
        sizes = [0]
        for number in range(turns):
            run = kernel.run(f"%%keep\n{text(SIZE // 10, number)}", f"cell-{number}")
            assert run.status == "ok"
            if number + 1 == EDGE:
                sizes = [kernel.value("_size()")]
        return int(kernel.value("_size()")) - sizes[0]


# What a full context takes does not grow with the session, and IPython keeps every cell's source.
@pytest.mark.parametrize(
    ("turns", "growth"), [(60, 2_500_000), pytest.param(1000, 3_500_000, marks=pytest.mark.long)]
)
def test_a_long_session_stays_light(tmp_path: Path, turns: int, growth: int) -> None:
    folders = [tmp_path / "with", tmp_path / "alone"]
    for folder in folders:
        folder.mkdir()
    found = measure(folders[0], turns)
    print(json.dumps(found, indent=1))
    first, last = found["journal, us, first and last"]
    assert last <= SLOWER * first
    if not Path("/proc/self/status").exists():
        pytest.skip("memory is read from /proc")
    alone = kept_by_ipython(folders[1], turns)
    assert found["grown"] - alone <= growth, f"{found['grown']:,}, and IPython alone {alone:,}"
