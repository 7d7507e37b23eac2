"""One request over httpx: what goes out, what comes, and failures by their right names.

httpx is imported at the first request. Redirects are off, compression is not asked for, and no
request, response or key is held by an error.
"""

from __future__ import annotations

import functools
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from .body import SILENCE, Body
from .endpoint import Endpoint
from .errors import APIError, BadAnswer, ConnectionFailed, TimedOut, ZaiError, one_line
from .interrupts import without_frames
from .line import Line
from .retry import Timing
from .secret import SANDBOX, Key
from .sender import CONNECT_TIMEOUT, CREDENTIALS, HEADERS, Sender, client, limits, sender

if TYPE_CHECKING:
    import httpx

PACKET = 64 * 1024


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
        self._kept: Sender | None = None
        self.line = Line()

    @contextmanager
    def open(
        self, method: str, path: str, body: Sequence[bytes] | None = None, *, fresh: bool = False
    ) -> Iterator[Body]:
        """Send one request to the endpoint and give its answer, already known to be a 2xx.

        `body` is JSON in pieces.

        `fresh` uses a new connection, so that a paid request never dies of a stale one.
        Raises ConnectionFailed, TimedOut, or what the service's refusal means.
        """
        chosen = self._sender() if fresh else self._keep()
        headers, content = {**HEADERS}, None
        if body is not None:
            headers["Content-Type"] = "application/json"
            content = body[0] if len(body) == 1 else _packets(body)
            headers["Content-Length"] = str(sum(map(len, body)))  # or it would go out chunked
        url = self.endpoint.url + path
        try:
            with self._failures(url):
                answer = chosen.send(self._request(method, url, headers, content))
                try:
                    yield self._checked(Body(answer, self.timing, self.key, masked(url)))
                finally:
                    answer.close()
        finally:
            if fresh:
                chosen.close()

    def _request(self, method: str, url: str, headers: dict[str, str], content: Any) -> Any:
        """With the key, in a frame of its own that no traceback shows: what is raised above it
        carries none.
        """
        import httpx

        headers = {**headers, "Authorization": f"Bearer {self.key.reveal()}"}
        told = {"timeout": limits().as_dict(), **(self.line.watched() or {})}
        return httpx.Request(
            method, _parsed(url), headers=headers, content=content, extensions=told
        )

    @contextmanager
    def fetch(self, url: str) -> Iterator[Body]:
        """Get a media file: no auth, no cookies, a client of its own."""
        made = client(url, self._transport)
        try:
            with self._failures(url), made.stream("GET", url) as answer:
                yield self._checked(Body(answer, self.timing, self.key, masked(url)))
        finally:
            made.close()

    def close(self) -> None:
        """Close the kept connections."""
        if self._kept is not None:
            self._kept.close()
            self._kept = None

    def _keep(self) -> Sender:
        if self._kept is None:
            self._kept = self._sender()
        return self._kept

    def _sender(self) -> Sender:
        return sender(self.endpoint.url, self._transport)

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
        except (httpx.HTTPError, httpx.InvalidURL, ZaiError) as error:
            ours = error if isinstance(error, ZaiError) else _failure(httpx, error, masked(url))
            failure = self._cleaned(ours)
            without_frames(error)
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


def _failure(httpx: Any, error: Exception, where: str) -> ConnectionFailed | BadAnswer:
    detail = one_line(CREDENTIALS.sub("//", str(error)), 160) or type(error).__name__
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


def _host(url: str) -> str:
    try:
        return urlsplit(url).hostname or ""
    except ValueError:
        return ""


def masked(url: str) -> str:
    """A URL fit for a message: host and path, no credentials, no query."""
    parts = urlsplit(url)
    return one_line(f"{parts.hostname or ''}{parts.path}", 120)
