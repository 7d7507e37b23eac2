"""What a map costs: `python -m pytest tests/benchmarks -m long`, or run it.

Rows of answers that take 50 ms, beside a bare aiohttp client in turn: rows a second and processor
time, at 64 and 256 at once, from the frame to the frame with every answer in the journal.
"""

from __future__ import annotations

import asyncio
import json
import os
import resource
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parents[1] / "many"))

from capped import Capped

ROWS = 5_000
TURNS = 3
SECONDS = 0.05

# what -> the figure to reach or not to exceed
AT_LEAST = {"rows a second / aiohttp at 64": 0.85, "rows a second / aiohttp at 256": 0.45}
AT_MOST = {"CPU / aiohttp at 64": 6.0, "CPU / aiohttp at 256": 6.0, "MB for 10,000 rows": 200.0}


def timed(act: Callable[[], object]) -> tuple[float, float]:
    """Seconds on the wall, and of processor."""
    wall, cpu = time.perf_counter(), time.process_time()
    act()
    return time.perf_counter() - wall, time.process_time() - cpu


def peer(url: str, at_once: int) -> None:
    """As many requests with aiohttp, their answers read as JSON."""
    import aiohttp

    async def run() -> None:
        left = [f"row {n}" for n in range(ROWS)]
        connector = aiohttp.TCPConnector(limit=at_once)
        async with aiohttp.ClientSession(connector=connector) as client:

            async def ask() -> None:
                while left:
                    message = {"role": "user", "content": left.pop()}
                    body = {"model": "glm-4.7", "messages": [message]}
                    async with client.post(f"{url}/chat/completions", json=body) as answer:
                        json.loads(await answer.read())

            await asyncio.gather(*(ask() for _ in range(at_once)))

    asyncio.run(run())


def ours(at_once: int, turn: str, rows: int = ROWS) -> None:
    """A map, as a cell does it."""
    import pandas

    from zai_magics.options import MapOptions
    from zai_magics.session import Session

    session = Session()
    frame = pandas.DataFrame({"n": range(rows)})
    options = MapOptions(concurrency=at_once)
    last = list(session.map(frame, f"row {{{{ n }}}} of {turn}", options))[-1]
    assert last.failed == 0 and last.done == rows
    session.close()


def measured() -> dict[str, float]:
    """Every ratio: the median of turns that are taken alternately."""
    os.environ["ZAI_API_KEY"] = "0123456789abcdef0123456789abcdef.ABCDEFGHIJKLMNOP"
    found = {"MB for 10,000 rows": grown()}  # first: what was once needed is never given back
    for at_once in (64, 256):
        rates, cpus = [], []
        for turn in range(TURNS):
            with tempfile.TemporaryDirectory() as home, Capped(seconds=SECONDS) as service:
                os.environ.update(ZAI_HOME=home, ZAI_BASE_URL=service.url)
                theirs = timed(partial(peer, service.url, at_once))
                mine = timed(partial(ours, at_once, f"{at_once} {turn}"))
                rates.append(theirs[0] / mine[0])
                cpus.append(mine[1] / theirs[1])
        found[f"rows a second / aiohttp at {at_once}"] = statistics.median(rates)
        found[f"CPU / aiohttp at {at_once}"] = statistics.median(cpus)
    return found


def grown() -> float:
    """What a map of 10,000 rows adds to the process."""
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    with tempfile.TemporaryDirectory() as home, Capped() as service:
        os.environ.update(ZAI_HOME=home, ZAI_BASE_URL=service.url)
        ours(64, "memory", 10_000)
    return (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024


@pytest.mark.long
def test_a_map_is_as_fast_as_it_should_be() -> None:
    found = measured()
    print(found)
    for what, figure in AT_LEAST.items():
        assert found[what] >= figure, what
    for what, figure in AT_MOST.items():
        assert found[what] <= figure, what


if __name__ == "__main__":
    for what, figure in measured().items():
        print(f"{what:36} {figure:8.3f}  ({AT_LEAST.get(what) or AT_MOST.get(what)})")
