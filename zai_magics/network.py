"""One request over httpx: connections, proxies, and failures by their right names.

httpx is imported at the first request. Redirects are off, compression is not asked for, and no
request, response or key is held by an error.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from . import tls
from ._version import __version__
from .body import SILENCE, Body
from .endpoint import Endpoint, is_loopback
from .errors import APIError, BadAnswer, ConnectionFailed, TimedOut, ZaiError, one_line
from .retry import Timing
from .secret import SANDBOX, Key

if TYPE_CHECKING:
    import httpx

CONNECT_TIMEOUT = 10.0
PACKET = 64 * 1024
_HEADERS = {
    "Accept-Encoding": "identity",
    "Accept-Language": "en-US,en",
    "User-Agent": f"zai-magics/{__version__}",
}


class Network:
    """The connections to one endpoint: `with network.open("GET", "/models") as answer: …`.

    Keeps one httpx client for the endpoint; everything else (paid requests, media files) goes
    over a client of its own, without kept connections and, for media, without auth.
    """

    def __init__(
        self,
        endpoint: Endpoint,
        key: Key,
        *,
        transport: httpx.BaseTransport | None = None,
        timing: Timing | None = None,
    ) -> None:
        self.endpoint = endpoint
        self.key = Key(SANDBOX, "the sandbox") if endpoint.sandbox else key
        self.timing = timing or Timing()
        self._transport = transport
        self._kept: httpx.Client | None = None
        self._bearer: httpx.Auth | None = None

    @contextmanager
    def open(
        self, method: str, path: str, body: Sequence[bytes] | None = None, *, fresh: bool = False
    ) -> Iterator[Body]:
        """Send one request to the endpoint and give its answer, already known to be a 2xx.

        `body` is JSON in pieces.

        `fresh` uses a new connection, so that a paid request never dies of a stale one.
        Raises ConnectionFailed, TimedOut, or what the service's refusal means.
        """
        client = self._client(self.endpoint.url) if fresh else self._keep()
        headers, content = {}, None
        if body is not None:
            headers["Content-Type"] = "application/json"
            content = body[0] if len(body) == 1 else _packets(body)
            headers["Content-Length"] = str(sum(map(len, body)))  # or it would go out chunked
        url = self.endpoint.url + path
        try:
            with self._failures(url):
                request = client.build_request(
                    method, _parsed(url), content=content, headers=headers
                )
                answer = client.send(request, auth=self._auth(), stream=True)
                try:
                    yield self._checked(Body(answer, self.timing, self.key, masked(url)))
                finally:
                    answer.close()
        finally:
            if fresh:
                client.close()

    @contextmanager
    def fetch(self, url: str) -> Iterator[Body]:
        """Get a media file: no auth, no cookies, a client of its own."""
        client = self._client(url)
        try:
            with self._failures(url), client.stream("GET", url) as answer:
                yield self._checked(Body(answer, self.timing, self.key, masked(url)))
        finally:
            client.close()

    def close(self) -> None:
        """Close the kept connections."""
        if self._kept is not None:
            self._kept.close()
            self._kept = None

    def _keep(self) -> httpx.Client:
        if self._kept is None:
            self._kept = self._client(self.endpoint.url)
        return self._kept

    def _auth(self) -> httpx.Auth:
        if self._bearer is None:
            self._bearer = _bearer(self.key)
        return self._bearer

    def _client(self, url: str) -> httpx.Client:
        import httpx

        here = is_loopback(urlsplit(url).hostname or "")
        verify = tls.no_tls() if here and url.startswith("http:") else tls.context()
        try:
            return httpx.Client(
                transport=self._transport,
                verify=verify,
                trust_env=not here,  # a proxy of the environment is never asked for this machine
                timeout=httpx.Timeout(SILENCE, connect=CONNECT_TIMEOUT),
                headers=_HEADERS,
                follow_redirects=False,
            )
        except (ImportError, ValueError, httpx.InvalidURL) as error:
            detail = one_line(_CREDENTIALS.sub("//", str(error)), 160)
        raise ConnectionFailed(
            f"the proxy of the environment cannot be used ({detail}); "
            "check HTTPS_PROXY and ALL_PROXY",
            outcome="refused",
        )

    def _checked(self, body: Body) -> Body:
        answer = body.answer
        if 300 <= answer.status_code < 400:
            target = _host(answer.headers.get("location", "")) or "elsewhere"
            raise APIError(
                f"{body.where} redirects to {one_line(target, 80)}, which is not followed; "
                "check ZAI_BASE_URL",
                status=answer.status_code,
            )
        if not 200 <= answer.status_code < 300:
            raise body.fault()
        return body

    @contextmanager
    def _failures(self, url: str) -> Iterator[None]:
        """httpx's exceptions as this package's, and every message without the key.

        What is raised is new and carries no frame and no exception from below: their locals
        hold bodies and headers, which a verbose traceback prints.
        """
        import httpx

        try:
            yield
            return
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            failure: ZaiError = _failure(httpx, error, masked(url))
        except ZaiError as error:
            failure = error
        failure = self._cleaned(failure)
        try:
            raise failure from None
        finally:
            failure.__context__ = None

    def _cleaned(self, failure: ZaiError) -> ZaiError:
        """The same error without the key and without a traceback."""
        made = type(failure).__new__(type(failure))
        made.args = tuple(self.key.redact(a) if isinstance(a, str) else a for a in failure.args)
        vars(made).update(self.key.clean(vars(failure)))
        return made


def _packets(pieces: Iterable[bytes]) -> Iterator[bytes]:
    """The same bytes, each about as much as is sent at once, put together only then."""
    packet = bytearray()
    for piece in pieces:
        packet += piece
        if len(packet) >= PACKET:
            yield bytes(packet)
            packet.clear()
    yield bytes(packet)


@functools.lru_cache(maxsize=64)
def _parsed(url: str) -> httpx.URL:
    """Reading a URL is a twentieth of a call, and chats all have the same."""
    import httpx

    return httpx.URL(url)


def _bearer(key: Key) -> httpx.Auth:
    """An httpx.Auth that reads the key at the last moment; tracebacks cannot print it."""
    import httpx

    class Bearer(httpx.Auth):
        def auth_flow(self, request: httpx.Request) -> Iterator[httpx.Request]:  # type: ignore[override]
            request.headers["Authorization"] = f"Bearer {key.reveal()}"
            yield request

    return Bearer()


def _failure(httpx: Any, error: Exception, where: str) -> ConnectionFailed | BadAnswer:
    detail = one_line(_CREDENTIALS.sub("//", str(error)), 160) or type(error).__name__
    if isinstance(error, (httpx.ConnectTimeout, httpx.PoolTimeout)):
        message = (
            f"no connection to {where} within {CONNECT_TIMEOUT:.0f} s; check the network or proxy"
        )
        return TimedOut(message, outcome="unsent")
    if isinstance(error, httpx.TimeoutException):
        return TimedOut(f"{where} was silent for {SILENCE:.0f} s; run the cell again")
    if isinstance(error, (httpx.ConnectError, httpx.ProxyError, httpx.UnsupportedProtocol)):
        hint = (
            "set SSL_CERT_FILE to your network's certificates"
            if "CERTIFICATE" in detail.upper()
            else "check the network, proxy or ZAI_BASE_URL"
        )
        return ConnectionFailed(f"cannot connect to {where} ({detail}); {hint}", outcome="unsent")
    if isinstance(error, (httpx.LocalProtocolError, httpx.InvalidURL)):
        return ConnectionFailed(f"this request cannot be sent ({detail})", outcome="refused")
    if isinstance(error, httpx.DecodingError):
        return BadAnswer(f"the answer of {where} cannot be decoded ({detail})")
    return ConnectionFailed(f"the connection to {where} broke ({detail}); run the cell again")


_CREDENTIALS = re.compile(r"//[^/@\s]+@")


def _host(url: str) -> str:
    try:
        return urlsplit(url).hostname or ""
    except ValueError:
        return ""


def masked(url: str) -> str:
    """A URL fit for a message: host and path, no credentials, no query."""
    parts = urlsplit(url)
    return one_line(f"{parts.hostname or ''}{parts.path}", 120)
