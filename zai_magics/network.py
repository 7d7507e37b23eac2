"""One request over httpx: TLS, proxies, limits, deadlines, and failures by their right names.

httpx is imported at the first request. Redirects are off, compression is not asked for, and no
request, response or key is held by an error.
"""

from __future__ import annotations

import functools
import os
import re
import ssl
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from ._version import __version__
from .endpoint import Endpoint, is_loopback
from .errors import APIError, BadAnswer, ConnectionFailed, TimedOut, ZaiError, one_line
from .retry import Timing
from .secret import SANDBOX, Key
from .wire import faults

if TYPE_CHECKING:
    import httpx

CONNECT_TIMEOUT, SILENCE = 10.0, 300.0
JSON_LIMIT, ERROR_LIMIT = 32 * 1024 * 1024, 64 * 1024
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
        self, method: str, path: str, body: bytes | None = None, *, fresh: bool = False
    ) -> Iterator[Body]:
        """Send one request to the endpoint and give its answer, already known to be a 2xx.

        `fresh` uses a new connection, so that a paid request never dies of a stale one.
        Raises ConnectionFailed, TimedOut, or what the service's refusal means.
        """

        client = self._client(self.endpoint.url) if fresh else self._keep()
        headers = {"Content-Type": "application/json"} if body is not None else {}
        url = self.endpoint.url + path
        try:
            with self._failures(url):
                request = client.build_request(method, url, content=body, headers=headers)
                answer = client.send(request, auth=self._auth(), stream=True)
                try:
                    yield self._checked(Body(answer, self.timing), url)
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
                yield self._checked(Body(answer, self.timing), url)
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
        return httpx.Client(
            transport=self._transport,
            verify=_no_tls() if here and url.startswith("http:") else tls_context(),
            trust_env=not here,  # a proxy of the environment is never asked for this machine
            timeout=httpx.Timeout(SILENCE, connect=CONNECT_TIMEOUT),
            headers=_HEADERS,
            follow_redirects=False,
        )

    def _checked(self, body: Body, url: str) -> Body:
        answer = body.answer
        if 300 <= answer.status_code < 400:
            target = urlsplit(answer.headers.get("location", "")).hostname or "elsewhere"
            raise APIError(
                f"{masked(url)} redirects to {one_line(target, 80)}, which is not followed; "
                "check ZAI_BASE_URL",
                status=answer.status_code,
            )
        if not 200 <= answer.status_code < 300:
            content = body.start(ERROR_LIMIT)
            raise faults.fault(answer.status_code, content, answer.headers, masked(url))
        return body

    @contextmanager
    def _failures(self, url: str) -> Iterator[None]:
        """httpx's exceptions as this package's, and every message without the key."""
        import httpx

        try:
            yield
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            failure: ZaiError = _failure(httpx, error, masked(url))
        except ZaiError as error:
            failure = error
        else:
            return
        failure.args = tuple(self.key.redact(a) if isinstance(a, str) else a for a in failure.args)
        raise failure from None


class Body:
    """An answer's body: read whole within a limit, or piece by piece."""

    def __init__(self, answer: httpx.Response, timing: Timing) -> None:
        self.answer = answer
        self.timing = timing

    @property
    def sandbox(self) -> bool:
        """Whether the sandbox made this answer."""
        return "x-zai-sandbox" in self.answer.headers

    def pieces(self) -> Iterator[bytes]:
        """The bytes as they come, decompressed where a server compressed them unasked."""
        coding = self.answer.headers.get("content-encoding", "identity").lower()
        if coding == "identity":
            return self.answer.iter_raw()
        if coding in ("gzip", "deflate"):
            return _inflated(self.answer.iter_raw())
        raise BadAnswer(f"the service compressed its answer with {one_line(coding, 20)}, unasked")

    def bounded(self, limit: int, seconds: float = SILENCE) -> Iterator[bytes]:
        """The pieces of a body of at most `limit` bytes that is whole after `seconds`.

        Raises BadAnswer beyond the limit, and TimedOut beyond the time: a byte now and then must
        not hold a cell for ever.
        """
        until = self.timing.clock() + seconds
        size = 0
        for piece in self.pieces():
            size += len(piece)
            if size > limit:
                raise BadAnswer(f"the answer is larger than {limit >> 20} MB; it was not read")
            if self.timing.clock() > until:
                raise TimedOut(f"no whole answer after {seconds:.0f} s; run the cell again")
            yield piece

    def read(self, limit: int = JSON_LIMIT, seconds: float = SILENCE) -> bytes:
        """The whole body, bounded."""
        return b"".join(self.bounded(limit, seconds))

    def start(self, limit: int) -> bytes:
        """At most the first `limit` bytes, for the text of an error."""
        content = bytearray()
        for piece in self.pieces():
            content += piece
            if len(content) >= limit:
                break
        return bytes(content[:limit])


def _inflated(pieces: Iterator[bytes]) -> Iterator[bytes]:
    """Decompress in bounded steps: httpx hands out a gzip bomb in one piece."""
    inflate = zlib.decompressobj(wbits=47)
    for piece in pieces:
        while piece:
            try:
                yield inflate.decompress(piece, 1 << 20)
            except zlib.error:
                raise BadAnswer("the service's compressed answer is broken") from None
            piece = inflate.unconsumed_tail


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


def masked(url: str) -> str:
    """A URL fit for a message: host and path, no credentials, no query."""
    parts = urlsplit(url)
    return one_line(f"{parts.hostname or ''}{parts.path}", 120)


def tls_context() -> ssl.SSLContext:
    """The one TLS context of the process; reading the certificates takes longer than a call.

    SSL_CERT_FILE and SSL_CERT_DIR are honoured, and REQUESTS_CA_BUNDLE and CURL_CA_BUNDLE, which
    networks with a certificate of their own have often set already.
    """
    names = ("SSL_CERT_FILE", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE")
    file = next((os.environ[n] for n in names if os.environ.get(n)), "")
    return _tls_context(file, os.environ.get("SSL_CERT_DIR", ""))


@functools.lru_cache(maxsize=4)
def _tls_context(file: str, folder: str) -> ssl.SSLContext:
    try:
        if file or folder:
            return ssl.create_default_context(cafile=file or None, capath=folder or None)
        import certifi  # httpx's own dependency

        return ssl.create_default_context(cafile=certifi.where())
    except OSError as error:
        raise ConnectionFailed(
            f"the certificates in {file or folder} cannot be read ({error.strerror}); "
            "check SSL_CERT_FILE",
            outcome="unsent",
        ) from None


@functools.lru_cache(maxsize=1)
def _no_tls() -> ssl.SSLContext:
    """A context that trusts nobody, for plain http on this machine: it costs nothing to make."""
    return ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
