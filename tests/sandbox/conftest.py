"""A running sandbox with a clock of its own, and clients that talk to it over real HTTP."""

from __future__ import annotations

import socket
from collections.abc import Callable, Iterator
from types import SimpleNamespace
from typing import Any

import httpx
import pytest

from zai_magics.sandbox import Sandbox

KEY = {"Authorization": "Bearer sandbox"}


@pytest.fixture(autouse=True)
def no_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    """Loopback is reached directly, whatever the machine's environment says."""
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.lower(), raising=False)


@pytest.fixture
def time() -> SimpleNamespace:
    """`time.now` is the sandbox's clock; `time.waits` are the pauses that it made."""
    return SimpleNamespace(now=100.0, waits=[])


@pytest.fixture
def sandbox(time: SimpleNamespace) -> Iterator[Sandbox]:
    """A sandbox that never really waits."""
    made = Sandbox(pace=0, clock=lambda: time.now, pause=time.waits.append)
    with made:
        yield made


@pytest.fixture
def http(sandbox: Sandbox) -> Iterator[httpx.Client]:
    """A client with the right key, at the general base."""
    with httpx.Client(base_url=sandbox.base_url, headers=KEY, timeout=20) as client:
        yield client


@pytest.fixture
def ask(http: httpx.Client) -> Callable[..., httpx.Response]:
    """`ask("hello", stream=True)`: one user message to glm-4.7."""

    def send(prompt: str, **more: Any) -> httpx.Response:
        messages = [{"role": "user", "content": prompt}]
        body = {"model": "glm-4.7", "messages": messages} | more
        return http.post("/chat/completions", json=body)

    return send


@pytest.fixture
def answer(ask: Callable[..., httpx.Response]) -> Callable[..., Any]:
    """`answer("hello")`: the text of the whole answer."""

    def send(prompt: str, **more: Any) -> Any:
        return ask(prompt, **more).json()["choices"][0]["message"]["content"]

    return send


@pytest.fixture
def raw(sandbox: Sandbox) -> Callable[[bytes], bytes]:
    """Send bytes as they are and read all that comes until the connection ends."""

    def send(data: bytes) -> bytes:
        port = httpx.URL(sandbox.base_url).port or 0
        with socket.create_connection(("127.0.0.1", port), timeout=10) as connection:
            connection.sendall(data)
            connection.shutdown(socket.SHUT_WR)
            received = b""
            while piece := connection.recv(65536):
                received += piece
        return received

    return send
