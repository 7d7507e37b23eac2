"""A fresh in-process shell for each test, in front of a real sandbox on loopback."""

from __future__ import annotations

import atexit
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from IPython.core.interactiveshell import InteractiveShell
from shell_cells import Cells
from shop import KEY, Shop
from traitlets.config import Config

from zai_magics.retry import Timing
from zai_magics.sandbox import Sandbox


@pytest.fixture(scope="module")
def server() -> Iterator[Sandbox]:
    """One sandbox for the tests of a file, so that its ledger has room; it never waits."""
    with Sandbox(pace=0, video_seconds=0.0, pause=lambda seconds: None) as sandbox:
        yield sandbox


@pytest.fixture(scope="session")
def profile(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """IPython's own folder; one for all, because it fills it with twenty folders."""
    return tmp_path_factory.mktemp("ipython")


@pytest.fixture
def shell(profile: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """A fresh IPython without the extension, in an empty folder, without a key."""
    for name in ("ZAI_API_KEY", "Z_AI_API_KEY", "ZAI_BASE_URL", "JPY_SESSION_NAME"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("IPYTHONDIR", str(profile))
    monkeypatch.setenv("ZAI_HOME", str(tmp_path / "zai-home"))
    monkeypatch.chdir(tmp_path)
    config = Config()
    config.HistoryManager.enabled = False
    InteractiveShell.clear_instance()
    made = InteractiveShell.instance(config=config)
    made.run_line_magic("colors", "nocolor")
    yield made
    InteractiveShell.clear_instance()
    # Kept, it would hold every shell until the end, and collect garbage once for each of them.
    atexit.unregister(made.atexit_operations)


@pytest.fixture
def bare(shell: Any, server: Sandbox) -> Iterator[Cells]:
    """The extension loaded, no endpoint chosen, no key."""
    shell.run_cell("%load_ext zai_magics")
    yield Cells(shell, server)
    shell.run_cell("%unload_ext zai_magics")


@pytest.fixture
def cells(bare: Cells) -> Cells:
    """The same, talking to the sandbox, and never waiting."""
    bare.zai.session.connection.base_url = bare.sandbox.base_url
    now = [0.0]
    bare.zai.session.timing = Timing(
        clock=lambda: now[0], sleep=lambda seconds: now.append(now.pop() + seconds)
    )
    return bare


@pytest.fixture
def shop(cells: Cells, monkeypatch: pytest.MonkeyPatch) -> Iterator[Shop]:
    """A scripted service that the shell is asking."""
    monkeypatch.setenv("ZAI_API_KEY", KEY)
    with Shop() as made:
        cells.zai.session.connection.base_url, cells.zai.session.timing = made.url, made.timing
        yield made
