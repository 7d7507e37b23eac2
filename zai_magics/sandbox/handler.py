"""One HTTP connection: who may ask, reading requests, writing answers, breaking off on request.

Knows nothing of chats and pictures; those are in `service`.
"""

from __future__ import annotations

import hmac
import socket
import struct
import sys
from http.server import BaseHTTPRequestHandler
from typing import TYPE_CHECKING

from . import bodies
from .answers import Answer, Request, Reset, Step, dumps, refused, request_id
from .errors import Problem
from .incoming import Unreadable, read_body
from .jobs import FILES
from .ranges import ranged
from .service import KEY

if TYPE_CHECKING:
    from .listener import Listener

_LOOPBACK = ("127.0.0.1", "localhost", "[::1]")
# Frames go out together while nothing pauses between them: a send for each would be the cost.
_BATCH = 16 * 1024
_SECRETS = frozenset({"authorization", "proxy-authorization", "x-api-key", "api-key", "cookie"})


class Handler(BaseHTTPRequestHandler):
    """Reads requests off one connection, hands them to the service and sends its answers."""

    server: Listener
    protocol_version = "HTTP/1.1"
    server_version = "zai-magics-sandbox"
    sys_version = ""
    # Without it every answer waits 40 ms for the other side's delayed acknowledgement.
    disable_nagle_algorithm = True
    timeout = 300.0

    log_id = ""

    def do_GET(self) -> None:
        """Answer any request, whatever its method."""
        self.log_id = request_id()
        try:
            answer = self._answered()
        except Unreadable as error:
            self.close_connection = True
            self._send(refused(error))
            self._linger()
            return
        except Problem as problem:
            answer = refused(problem)
        except OSError:
            raise
        except Exception as error:
            # A fault of the sandbox itself: said aloud, in the documented form.
            answer = refused(Problem("500", f"The sandbox failed: {type(error).__name__}: {error}"))
        self._send(answer)

    do_POST = do_PUT = do_PATCH = do_DELETE = do_OPTIONS = do_HEAD = do_GET

    def _answered(self) -> Answer:
        # The body is read first, also that of a refused request: it is in front of the next one.
        raw = read_body(self.headers, self.rfile)
        self._check_host()
        path = self.path.partition("?")[0]
        if not path.startswith(FILES):
            self._check_key()
        headers = {k.lower(): v for k, v in self.headers.items() if k.lower() not in _SECRETS}
        request = Request(self.command, path, headers, raw, self.log_id)
        service = self.server.service
        if not service.takes_json(request):
            self.server.record(request, None)
            return ranged(service.answer(request, None), headers.get("range", ""))
        try:
            body = bodies.parse(raw)
        except Problem:
            self.server.record(request, None)
            raise
        self.server.record(request, body)
        return service.answer(request, body)

    def _check_host(self) -> None:
        """A page of the web must not reach the sandbox through a name of its own (rebinding)."""
        name = self.headers.get("Host", "").lower()
        head, colon, port = name.rpartition(":")
        if (head if colon and port.isdecimal() else name) not in _LOOPBACK:
            raise Problem("403", "The sandbox answers to loopback names only.", status=403)

    def _check_key(self) -> None:
        given = self.headers.get("Authorization")
        if given is None:
            raise Problem("1001")
        scheme, _, key = given.strip().partition(" ")
        # What was sent may be a real key: it is compared and forgotten.
        same = hmac.compare_digest(key.strip().encode("utf-8", "replace"), KEY.encode())
        if scheme.lower() != "bearer" or not same:
            raise Problem("401", f"The sandbox takes only the word {KEY!r} as its key.")

    def _send(self, answer: Answer) -> None:
        self._pause(answer.faults.seconds("slow"))
        if "reset-first" in answer.faults:
            self._reset()
        elif answer.steps is None:
            self._send_whole(answer)
        else:
            self._send_stream(answer)

    def _head(self, answer: Answer, framing: tuple[str, str]) -> None:
        self.send_response(answer.status)
        self.send_header("Content-Type", answer.kind)
        self.send_header("X-Zai-Sandbox", "1")
        self.send_header("X-Log-Id", self.log_id)
        self.send_header(*framing)
        for name, value in answer.headers.items():
            self.send_header(name, value)
        if self.close_connection:
            self.send_header("Connection", "close")
        self.end_headers()

    def _send_whole(self, answer: Answer) -> None:
        faults, body = answer.faults, answer.body
        if "garble" in faults:
            body = body[: len(body) // 2]
        self._head(answer, ("Content-Length", str(len(body))))
        if self.command == "HEAD":
            return
        half = len(body) // 2
        if not {"stall", "cut", "reset"}.isdisjoint(faults.found):
            self._put(body[:half], answer)
            self._pause(faults.seconds("stall"))
            body = body[half:]
        if "reset" in faults:
            self._pause(0.05)
            self._reset()
        elif "cut" in faults:
            self.close_connection = True
        else:
            self._put(body, answer)

    def _send_stream(self, answer: Answer) -> None:
        # HTTP/1.0 knows no chunks: the end of the connection is the end of the answer.
        chunked = self.request_version >= "HTTP/1.1"
        self.close_connection |= not chunked
        framing = ("Transfer-Encoding", "chunked") if chunked else ("Cache-Control", "no-cache")
        self._head(answer, framing)
        if self.command == "HEAD" or answer.steps is None:
            return
        waiting, sent = bytearray(), False
        for step in answer.steps:
            if isinstance(step, bytes):
                waiting += b"%x\r\n%b\r\n" % (len(step), step) if chunked else step
            if not isinstance(step, bytes) or not sent or len(waiting) > _BATCH:
                self._put(bytes(waiting), answer)
                waiting.clear()
                sent = True
            if not self._continues(step):
                return
        self._put(bytes(waiting) + (b"0\r\n\r\n" if chunked else b""), answer)

    def _continues(self, step: Step) -> bool:
        if isinstance(step, Reset):
            self._reset()
            return False
        if isinstance(step, float | int):
            self._pause(step)
        self.close_connection |= self.server.stopping.is_set()
        return not self.server.stopping.is_set()

    def _put(self, data: bytes, answer: Answer) -> None:
        if "bytes" not in answer.faults:
            self.wfile.write(data)
            return
        for place in range(len(data)):
            self.wfile.write(data[place : place + 1])

    def _pause(self, seconds: float) -> None:
        if seconds > 0:
            self.server.wait(seconds)

    def _reset(self) -> None:
        """Close with a TCP reset: the other side gets "connection reset", not an end."""
        # Windows wants two shorts here.
        linger = struct.pack("hh" if sys.platform == "win32" else "ii", 1, 0)
        self.close_connection = True
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
        self.rfile.close()
        self.connection.close()

    def _linger(self) -> None:
        """Take what is still being sent, so that closing does not destroy the answer (RFC 9112)."""
        try:
            self.connection.shutdown(socket.SHUT_WR)
            self.connection.settimeout(0.5)
            for _ in range(4096):
                if not self.connection.recv(65536):
                    return
        except OSError:
            return

    def send_error(self, code: int, message: str | None = None, explain: str | None = None) -> None:
        """What the standard library cannot parse: its HTML page becomes a documented error."""
        self.close_connection = True
        self.log_id = request_id()
        # 501 is an unknown method, which is no error of the server.
        status = 404 if code == 501 else 400
        # As 0.9, which an unreadable request line counts as, it would be sent without headers.
        self.request_version = self.protocol_version
        body = dumps(Problem(str(status), message or "Bad request", status=status).body())
        self._send(Answer(status, body))
        self._linger()

    def log_message(self, format: str, *args: object) -> None:
        """Nothing is logged: a request line could hold a secret."""
