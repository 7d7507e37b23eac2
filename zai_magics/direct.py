"""Requests straight to a server over HTTP/1.1, with httpcore: what httpx itself sends by, without
its pool and its client, which a chat has no use for and which are a third of a call.

What goes wrong is raised as httpx's exception of the same name.
"""

from __future__ import annotations

import ssl
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import lru_cache
from typing import Any

import httpcore
import httpx

from .http import LIMITS, PACKET, Request, Response
from .line import Line

_KEPT = 5.0  # seconds that a connection is kept, as httpx does
_ERRORS = (
    httpcore.TimeoutException,
    httpcore.NetworkError,
    httpcore.ProtocolError,
    httpcore.UnsupportedProtocol,
)


class Direct:
    """One server, over a kept connection: `response = Direct(context, line).send(request)`.

    A connection serves one response at a time; while it does, the next request makes another.
    """

    def __init__(self, context: ssl.SSLContext, line: Line) -> None:
        self._context, self._line = context, line
        self._backend = _Backend(line)
        self._kept: httpcore.HTTPConnection | None = None

    def send(self, request: Request) -> Response:
        """Send it and wait for the head of the answer."""
        sent = _request(request)
        connection = self._connection(sent.url.origin)
        try:
            with _as_httpx():
                answer = connection.handle_request(sent)
        except BaseException:
            connection.close()
            raise
        names = {
            name.decode("latin-1").lower(): value.decode("latin-1")
            for name, value in answer.headers
        }
        stream = answer.extensions["network_stream"]

        def close() -> None:
            answer.close()
            self._put_back(connection)

        return Response(
            answer.status, names, _pieces(answer), close, stream.get_extra_info("socket")
        )

    def close(self) -> None:
        """Close the connection that is kept."""
        kept, self._kept = self._kept, None
        if kept is not None:
            kept.close()

    def _connection(self, origin: httpcore.Origin) -> httpcore.HTTPConnection:
        """The kept one, which is nobody's until it comes back, if it is still good."""
        kept, self._kept = self._kept, None
        if kept is not None:
            if not kept.has_expired():
                return kept
            kept.close()
        return httpcore.HTTPConnection(
            origin, self._context, keepalive_expiry=_KEPT, network_backend=self._backend
        )

    def _put_back(self, connection: httpcore.HTTPConnection) -> None:
        if connection.is_idle() and self._kept is None:
            self._kept = connection
        else:
            connection.close()


class _Backend(httpcore.NetworkBackend):
    """Connections that let others work while they wait, and can be cut."""

    def __init__(self, line: Line) -> None:
        self._line, self._system = line, httpcore.SyncBackend()

    def connect_tcp(self, *place: Any, **options: Any) -> httpcore.NetworkStream:
        """httpcore's own, as a stream that knows the line."""
        self._line.waits()
        try:
            return _Stream(self._system.connect_tcp(*place, **options), self._line)
        finally:
            self._line.works()


class _Stream(httpcore.NetworkStream):
    """One connection. What is written goes out together, when an answer is waited for: a request's
    head and body in one packet and one call of the system.
    """

    def __init__(self, stream: httpcore.NetworkStream, line: Line) -> None:
        self._stream, self._line = stream, line
        self._socket = stream.get_extra_info("socket")
        self._timeout: float | None = -1.0
        self._unsent = b""
        line.connected(self._socket)

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        """What has come, waiting for it."""
        if self._unsent:
            with suppress(httpcore.WriteError):  # a server may refuse before it has read all
                self._flush(timeout)
        self._line.waits()
        try:
            self._patience(timeout)
            return bytes(self._socket.recv(max_bytes))
        except TimeoutError as error:
            raise httpcore.ReadTimeout(error) from None
        except OSError as error:
            raise httpcore.ReadError(error) from None
        finally:
            self._line.works()

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        """Keep it until it is much, or an answer is waited for."""
        if len(self._unsent) + len(buffer) < PACKET:
            self._unsent += buffer
            return
        self._flush(timeout)
        self._send(memoryview(buffer), timeout)

    def _flush(self, timeout: float | None) -> None:
        unsent, self._unsent = memoryview(self._unsent), b""
        self._send(unsent, timeout)

    def _send(self, left: memoryview, timeout: float | None) -> None:
        """Views, since a request has the key in it: a verbose traceback prints what a frame
        holds, and this is where an upload is interrupted.
        """
        if len(left) >= PACKET:  # less never has to wait
            self._line.waits()
        try:
            self._patience(timeout)
            while left:
                left = left[self._socket.send(left) :]
        except TimeoutError as error:
            raise httpcore.WriteTimeout(error) from None
        except OSError as error:
            raise httpcore.WriteError(error) from None
        finally:
            self._line.works()

    def _patience(self, timeout: float | None) -> None:
        """Set the socket's time limit, which is a call of the system, only where it changes."""
        if timeout != self._timeout:
            self._socket.settimeout(timeout)
            self._timeout = timeout

    def close(self) -> None:
        """Close it, for good."""
        self._stream.close()

    def start_tls(self, *context: Any, **options: Any) -> httpcore.NetworkStream:
        """The same connection, encrypted from now on."""
        self._line.waits()
        try:
            return _Stream(self._stream.start_tls(*context, **options), self._line)
        finally:
            self._line.works()

    def get_extra_info(self, info: str) -> Any:
        """httpcore's own."""
        return self._stream.get_extra_info(info)


def _request(request: Request) -> httpcore.Request:
    to, host = _parsed(request.url)
    return httpcore.Request(
        request.method,
        to,
        headers=[("Host", host), *request.headers().items()],
        content=request.content(),
        extensions=LIMITS,
    )


@lru_cache(maxsize=64)
def _parsed(url: str) -> tuple[httpcore.URL, str]:
    """For httpcore, and as the header Host. Reading a URL is a twentieth of a call, and chats all
    have the same.
    """
    read = httpx.URL(url)
    to = httpcore.URL(
        scheme=read.raw_scheme, host=read.raw_host, port=read.port, target=read.raw_path
    )
    return to, read.netloc.decode("ascii")


def _pieces(answer: httpcore.Response) -> Iterator[bytes]:
    with _as_httpx():
        yield from answer.iter_stream()


@contextmanager
def _as_httpx() -> Iterator[None]:
    try:
        yield
    except _ERRORS as error:
        raise getattr(httpx, type(error).__name__)(str(error)) from error
