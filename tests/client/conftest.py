"""Clients that talk to a scripted server on loopback, with a clock that never waits."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack

import pytest
from loopback import KEY, Answer, Clock, Loopback

from zai_magics.client import Client

PROXIES = ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY")
NAMES = ("ZAI_API_KEY", "Z_AI_API_KEY", "ZAI_BASE_URL", "SSL_CERT_FILE", "SSL_CERT_DIR")
BUNDLES = ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE")


@pytest.fixture(autouse=True)
def plain_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """No key, endpoint, proxy or certificates from the machine that runs the tests."""
    for name in (*NAMES, *BUNDLES, *PROXIES, *map(str.lower, PROXIES)):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def clock() -> Clock:
    """`clock.now`, and `clock.slept`: the waits that were made."""
    return Clock()


@pytest.fixture
def serve() -> Iterator[Callable[..., Loopback]]:
    """`server = serve(reply("Hi"))`: a running server that ends with the test."""
    with ExitStack() as stack:
        yield lambda *answers, **more: stack.enter_context(Loopback(*answers, **more))


@pytest.fixture
def connect(
    serve: Callable[..., Loopback], clock: Clock
) -> Iterator[Callable[..., tuple[Client, Loopback]]]:
    """`client, server = connect(reply("Hi"))`: a client of such a server."""
    with ExitStack() as stack:

        def made(*answers: Answer) -> tuple[Client, Loopback]:
            server = serve(*answers)
            client = Client(KEY, base_url=server.url, timing=clock.timing)
            return stack.enter_context(client), server

        yield made
