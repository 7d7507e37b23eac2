"""What requests go out by: straight to the server, or httpx's client where a proxy may be asked.

httpx is imported at the first request. Redirects are off, and compression is not asked for.
"""

from __future__ import annotations

import re
from functools import partial
from typing import TYPE_CHECKING, Any, Protocol
from urllib.parse import urlsplit

from . import tls
from .endpoint import is_loopback
from .errors import ConnectionFailed, one_line
from .http import HEADERS, LIMITS, Request, Response
from .line import Line, traced

if TYPE_CHECKING:
    import httpx

CREDENTIALS = re.compile(r"//[^/@\s]+@")


class Sender(Protocol):
    """Kept connections: `response = sender.send(request)`, its body not yet read."""

    def send(self, request: Request) -> Response:
        """Send it and wait for the head of the answer."""

    def close(self) -> None:
        """Close the connections that are kept."""


def sender(url: str, transport: httpx.BaseTransport | None, line: Line) -> Sender:
    """For requests to this server. httpx's client finds proxies and is a third of a call, so that
    it sends only where there may be one.
    """
    if transport is None and not _proxied(url):
        from .direct import Direct

        return Direct(_verify(url), line)
    return _ByClient(client(url, transport), line)


class _ByClient:
    def __init__(self, client: httpx.Client, line: Line) -> None:
        self._client, self._line = client, line

    def send(self, request: Request) -> Response:
        return response(self._client.send(self._request(request), stream=True))

    def _request(self, request: Request) -> httpx.Request:
        """Not the client's own `build_request`, which would send cookies."""
        import httpx

        told = {"trace": partial(traced, self._line)} if self._line.turn is not None else {}
        return httpx.Request(
            request.method,
            request.url,
            headers=request.headers(),
            content=request.content(),
            extensions={**LIMITS, **told},
        )

    def close(self) -> None:
        self._client.close()


def response(answer: httpx.Response) -> Response:
    """The same of httpx."""
    stream = answer.extensions.get("network_stream")
    return Response(
        answer.status_code,
        dict(answer.headers),
        answer.iter_raw(),
        answer.close,
        stream.get_extra_info("socket") if stream is not None else None,
    )


def client(url: str, transport: httpx.BaseTransport | None) -> httpx.Client:
    """httpx's own. Raises ConnectionFailed for a proxy that cannot be used."""
    import httpx

    try:
        return httpx.Client(
            transport=transport,
            verify=_verify(url),
            trust_env=not _is_here(url),
            timeout=limits(),
            headers=HEADERS,
            follow_redirects=False,
        )
    except (ImportError, ValueError, httpx.InvalidURL) as error:
        detail = one_line(CREDENTIALS.sub("//", str(error)), 160)
    raise ConnectionFailed(
        f"the proxy of the environment cannot be used ({detail}); check HTTPS_PROXY and ALL_PROXY",
        outcome="refused",
    )


def limits() -> httpx.Timeout:
    """How long is waited for a connection, and for each piece of an answer."""
    import httpx

    return httpx.Timeout(**LIMITS["timeout"])


def _is_here(url: str) -> bool:
    """Whether it is this machine, for which a proxy of the environment is never asked."""
    return is_loopback(urlsplit(url).hostname or "")


def _verify(url: str) -> Any:
    return tls.no_tls() if _is_here(url) and url.startswith("http:") else tls.context()


def _proxied(url: str) -> bool:
    """Whether the environment, or the system's settings, may name a proxy for it."""
    from urllib.request import getproxies

    found = {} if _is_here(url) else getproxies()
    return any(name in found for name in ("http", "https", "all"))
