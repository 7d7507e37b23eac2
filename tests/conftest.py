"""For every test: a journal of its own, never the user's."""

from __future__ import annotations

from pathlib import Path
from uuid import uuid4

import pytest
import sweep
from hypothesis import settings


def pytest_configure(config: pytest.Config) -> None:
    """Made examples are the same in every run; the long batteries look for new ones."""
    settings.register_profile("same", derandomize=True, database=None)
    settings.load_profile("default" if config.option.markexpr.startswith("long") else "same")


@pytest.fixture(autouse=True)
def own_journal(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    """ZAI_HOME is an empty folder."""
    home = tmp_path_factory.getbasetemp() / "homes" / uuid4().hex  # made only when it is used
    monkeypatch.setenv("ZAI_HOME", str(home))


@pytest.fixture
def zai_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A journal's folder for this test alone, in ZAI_HOME; it is not made yet."""
    home = tmp_path / "zai-home"
    monkeypatch.setenv("ZAI_HOME", str(home))
    return home


@pytest.hookimpl(tryfirst=True)
def pytest_sessionfinish(session: pytest.Session) -> None:
    """No file that any test of any process left has a key in it."""
    factory = getattr(session.config, "_tmp_path_factory", None)
    if hasattr(session.config, "workerinput") or factory is None:
        return
    holding = sweep.found(Path(factory.getbasetemp()))
    if holding:
        print(f"\na key stands in {', '.join(holding[:10])}")
        session.exitstatus = pytest.ExitCode.TESTS_FAILED
