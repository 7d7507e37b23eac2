"""A session of its own for each test, and services that limit, fail and count."""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from zai_magics.retry import Timing
from zai_magics.session import Session

sys.path.insert(0, str(Path(__file__).parents[1] / "client"))  # loopback

from capped import Capped

FAST = 40.0  # times as fast as the clock on the wall: pauses take no time


@pytest.fixture
def serve(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., Capped]]:
    """`service = serve(cap=20)`: a service of its own, which the environment names."""
    made: list[Capped] = []

    def start(**asked: Any) -> Capped:
        service = Capped(**asked).__enter__()
        made.append(service)
        monkeypatch.setenv("ZAI_BASE_URL", service.url)
        return service

    yield start
    for service in made:
        service.__exit__()


@pytest.fixture
def session(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Session]:
    """A session with a journal of its own, whose pauses pass quickly; no thread outlives it."""
    monkeypatch.setenv("ZAI_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("ZAI_API_KEY", "0123456789abcdef0123456789abcdef.ABCDEFGHIJKLMNOP")
    monkeypatch.chdir(tmp_path)
    before = threading.active_count()
    made = Session(timing=hurried())
    yield made
    made.close()
    assert threading.active_count() <= before  # an earlier test may have left one that ends


def hurried() -> Timing:
    """A clock that runs FAST, so that a pause of seconds passes while a thread looks twice."""
    import time

    return Timing(clock=lambda: time.monotonic() * FAST, sleep=lambda seconds: None)
