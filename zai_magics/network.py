"""One request: what goes out, what comes, and failures by their right names.

httpx is imported at the first request. Redirects are off, compression is not asked for, and no
request, response or key is held by an error.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from .body import Body
from .endpoint import Endpoint
from .errors import APIError, BadAnswer, ConnectionFailed, TimedOut, ZaiError, one_line
from .http import CONNECT_TIMEOUT, SILENCE, Request
from .interrupts import without_frames
from .line import Line
from .retry import Timing
from .secret import SANDBOX, Key
from .sender import CREDENTIALS, Sender, client, response, sender

if TYPE_CHECKING:
    import httpx


class Network:
    """The connections to one endpoint: `with network.open("GET", "/models") as answer: …`.

    Keeps a connection to the endpoint; everything else (paid requests, media files) has one of its
    own, which is closed at its end, and for media goes without auth.
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
        url = self.endpoint.url + path
        request = Request(method, url, self.key, None if body is None else list(body))
        try:
            with self._failures(url):
                self.line.works()
                answer = chosen.send(request)
                try:
                    yield self._checked(Body(answer, self.timing, self.key, masked(url)))
                finally:
                    answer.close()
        finally:
            if fresh:
                chosen.close()

    @contextmanager
    def fetch(self, url: str) -> Iterator[Body]:
        """Get a media file: no auth, no cookies, a client of its own."""
        made = client(url, self._transport)
        try:
            with self._failures(url), made.stream("GET", url) as answer:
                yield self._checked(Body(response(answer), self.timing, self.key, masked(url)))
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
        return sender(self.endpoint.url, self._transport, self.line)

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
