"""One kernel and one sandbox for all tests of this folder; a scripted server for each test."""

from __future__ import annotations

import itertools
from collections.abc import Iterator

import pytest
from running import Kernel, ask
from scripted import Server

from zai_magics.sandbox import Sandbox

_numbers = itertools.count(1)


@pytest.fixture(scope="session")
def sandbox() -> Iterator[Sandbox]:
    """The product's own sandbox."""
    with Sandbox(pace=0.002, video_seconds=1.2) as made:
        yield made


@pytest.fixture(scope="session")
def shared(sandbox: Sandbox, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Kernel]:
    """The kernel that the tests share, the extension loaded."""
    folder = tmp_path_factory.mktemp("kernel")
    with Kernel(folder, {"ZAI_BASE_URL": sandbox.base_url}) as kernel:
        assert kernel.run("%load_ext zai_magics").status == "ok"
        yield kernel


@pytest.fixture
def kernel(shared: Kernel, sandbox: Sandbox) -> Kernel:
    """The shared kernel with a new conversation, asking the sandbox."""
    ask(shared, sandbox.base_url)
    assert shared.run("%zai new").status == "ok"
    return shared


@pytest.fixture
def cell() -> str:
    """A cell id that no other test has."""
    return f"cell-{next(_numbers)}"


@pytest.fixture
def server(kernel: Kernel) -> Iterator[Server]:
    """A raw server that the kernel asks instead of the sandbox."""
    with Server() as made:
        ask(kernel, made.url, "test-key")
        yield made
