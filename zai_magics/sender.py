"""What requests go out by: httpx's transport alone, or its client where a proxy may be asked.

httpx is imported at the first request. Redirects are off, and compression is not asked for.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import urlsplit

from . import tls
from ._version import __version__
from .body import SILENCE
from .endpoint import is_loopback
from .errors import ConnectionFailed, one_line

if TYPE_CHECKING:
    import httpx

CONNECT_TIMEOUT = 10.0
CREDENTIALS = re.compile(r"//[^/@\s]+@")
HEADERS = {
    "Accept": "*/*",
    "Accept-Encoding": "identity",
    "Accept-Language": "en-US,en",
    "User-Agent": f"zai-magics/{__version__}",
}


class Sender(NamedTuple):
    """One kept connection or a few: `answer = sender.send(request)`, its body not yet read."""

    send: Callable[[httpx.Request], httpx.Response]
    close: Callable[[], None]


def sender(url: str, transport: httpx.BaseTransport | None) -> Sender:
    """For requests to this URL; they carry `limits` themselves. httpx's client finds proxies and
    costs a fifth of a call, so that it sends only where there may be one.
    """
    import httpx

    if transport is None and not _proxied(url):
        made = httpx.HTTPTransport(verify=_verify(url))
        return Sender(made.handle_request, made.close)
    kept = client(url, transport)
    return Sender(lambda request: kept.send(request, stream=True), kept.close)


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

    return httpx.Timeout(SILENCE, connect=CONNECT_TIMEOUT)


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
