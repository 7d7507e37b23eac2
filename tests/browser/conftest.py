"""The fixtures of the browser tests: one server of each kind, a fresh page for every notebook."""

from __future__ import annotations

import importlib.util
from collections.abc import Iterator
from contextlib import ExitStack
from typing import TYPE_CHECKING

import pytest
from lab import Server, chromium, chromium_path
from page import FrontEnd

if TYPE_CHECKING:
    from playwright.sync_api import Browser


@pytest.hookimpl(tryfirst=True)  # before the marks are asked for
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Whatever uses the browser is marked so; nobody has to remember it."""
    for item in items:
        if not {"browser", "front_end"}.isdisjoint(getattr(item, "fixturenames", ())):
            item.add_marker("browser")


def start(kind: str, factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server for the whole run, or a skip that says what is missing."""
    module = {"lab": "jupyterlab", "notebook": "notebook"}[kind]
    for needed in (module, "ipykernel", "playwright"):
        if importlib.util.find_spec(needed) is None:
            pytest.skip(f"browser tests need {needed}: install the `browser` extra")
    if chromium_path() is None:
        pytest.skip("browser tests need Chromium on the PATH, or its path in ZAI_CHROMIUM")
    with Server(kind, factory.mktemp(kind)) as server:
        yield server


@pytest.fixture(scope="session")
def lab_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """JupyterLab's server, started once."""
    yield from start("lab", tmp_path_factory)


@pytest.fixture(scope="session")
def notebook7_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """Notebook 7's server, started once."""
    yield from start("notebook", tmp_path_factory)


# Not for the session: while playwright runs, asyncio.run() fails everywhere in this process.
@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """A headless Chromium for the tests of one file."""
    with chromium() as browser:
        yield browser


@pytest.fixture
def lab(lab_server: Server, browser: Browser, request: pytest.FixtureRequest) -> Iterator[FrontEnd]:
    """JupyterLab: `notebook = lab.open([code("1 + 1")])`."""
    with ExitStack() as stack:
        yield FrontEnd(lab_server, browser, request.node.name, stack)


@pytest.fixture
def notebook7(
    notebook7_server: Server, browser: Browser, request: pytest.FixtureRequest
) -> Iterator[FrontEnd]:
    """Notebook 7: `notebook = notebook7.open([code("1 + 1")])`."""
    with ExitStack() as stack:
        yield FrontEnd(notebook7_server, browser, request.node.name, stack)


@pytest.fixture(params=["lab", "notebook7"])
def front_end(request: pytest.FixtureRequest) -> FrontEnd:
    """Both, one after the other: a test that takes this runs twice."""
    chosen: FrontEnd = request.getfixturevalue(request.param)
    return chosen
