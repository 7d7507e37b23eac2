"""An answer's body: read whole within limits of size and time, or piece by piece.

Knows what may be wrong with one: unasked compression, a web page, an error under status 200.
"""

from __future__ import annotations

import contextlib
import json
import socket
import threading
import zlib
from collections.abc import Iterator
from typing import Any

from .errors import APIError, BadAnswer, TimedOut, one_line
from .http import SILENCE, Response
from .retry import Timing
from .secret import Key
from .types import Json
from .wire import faults

JSON_LIMIT, ERROR_LIMIT = 32 * 1024 * 1024, 64 * 1024
ERROR_SECONDS, END_SECONDS = 10.0, 0.5


class Body:
    """An answer whose head has come: `with network.open("GET", "/models") as body: body.json()`.

    `where` is the masked URL for messages; the key is for taking it out of what a server echoes.
    """

    def __init__(self, answer: Response, timing: Timing, key: Key, where: str) -> None:
        self.answer = answer
        self.timing = timing
        self.where = where
        self._key = key

    @property
    def sandbox(self) -> bool:
        """Whether the sandbox made this answer."""
        return "x-zai-sandbox" in self.answer.headers

    @property
    def is_stream(self) -> bool:
        """Whether it is a stream of events."""
        return "event-stream" in self.answer.headers.get("content-type", "").lower()

    def pieces(self) -> Iterator[bytes]:
        """The bytes as they come, decompressed where a server compressed them unasked."""
        coding = self.answer.headers.get("content-encoding", "").strip().lower()
        if coding in ("", "identity"):
            return self.answer.pieces
        if coding in ("gzip", "x-gzip", "deflate"):
            return _inflated(self.answer.pieces)
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

    def json(self) -> Json:
        """The JSON object of the body. Raises BadAnswer for a web page or broken JSON, and the
        service's error where one stands in a 200.
        """
        content = self.read()
        try:
            data = json.loads(content.decode("utf-8-sig", "replace"))
        except (ValueError, RecursionError):
            page = content.lstrip()[:1] == b"<"
            what = "a web page" if page else "something that is not JSON"
            raise BadAnswer(
                f"{self.where} answered with {what}; check ZAI_BASE_URL or the proxy"
            ) from None
        self.check(data)
        if not isinstance(data, dict):
            raise BadAnswer(f"{self.where} answered with JSON of another kind; check ZAI_BASE_URL")
        return data

    def check(self, data: Any) -> None:
        """Raise the service's error where `data` is one and not an answer."""
        error = faults.error_in(data)
        if error is not None:
            status = self.answer.status_code
            raise faults.from_error(self._key.clean(error), status, self.where)

    def fault(self) -> APIError:
        """The error of an answer that is no 2xx, from as much of its body as comes readily."""
        try:
            data = json.loads(self._start().decode("utf-8-sig", "replace"))
        except (ValueError, RecursionError):
            data = None
        clean = self._key.clean
        said = clean(faults.error_in(data) or {})
        headers = clean(dict(self.answer.headers))
        number = clean(data).get("request_id") if isinstance(data, dict) else None
        return faults.fault(self.answer.status_code, said, headers, number, self.where)

    def drain(self, pieces: Iterator[bytes]) -> None:
        """Read to the end, which is near, so that the connection can be used again.

        A server that has said its last word but does not end is cut off after half a second.
        """
        import httpx

        if self.answer.socket is None:
            return
        timer = threading.Timer(END_SECONDS, _cut, (self.answer.socket,))
        timer.daemon = True
        timer.start()
        try:
            with contextlib.suppress(httpx.HTTPError, BadAnswer):
                for _ in pieces:
                    pass
        finally:
            timer.cancel()

    def _start(self) -> bytes:
        """The beginning of a body, for the text of an error: what breaks or drips is left there,
        since the status alone says that the request was refused.
        """
        import httpx

        content = bytearray()
        until = self.timing.clock() + ERROR_SECONDS
        with contextlib.suppress(httpx.HTTPError, BadAnswer):
            for piece in self.pieces():
                content += piece
                if len(content) >= ERROR_LIMIT or self.timing.clock() > until:
                    break
        return bytes(content[:ERROR_LIMIT])


def _cut(connection: socket.socket) -> None:
    with contextlib.suppress(OSError):
        connection.shutdown(socket.SHUT_RDWR)


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
