"""A service on loopback that sells pictures and clips as a test tells it, and counts."""

from __future__ import annotations

import contextlib
import json
import struct
import threading
import zlib
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from zai_magics.retry import Timing

KEY = "0123456789abcdef0123456789abcdef.ABCDEFGHIJKLMNOP"
MP4 = b"\0\0\0\x18ftypmp42\0\0\0\0mp42isom"


def png(number: int) -> bytes:
    """A picture of one dot, another one for each number."""

    def part(kind: bytes, data: bytes) -> bytes:
        return (
            struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
        )

    head = struct.pack(">IIBBBBB", 1, 1, 8, 2, 0, 0, 0)
    dot = zlib.compress(b"\0" + number.to_bytes(3, "big"))
    parts = part(b"IHDR", head) + part(b"IDAT", dot) + part(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + parts


class Shop:
    """`with Shop() as shop: …`: `shop.sold` are the orders (path, body) that it took.

    `on_order` and `on_file` are called before a request is answered, with its number (from 1) and
    its path, and may raise Drop to end the connection without an answer. `polls` is how often a
    clip is not yet there; `expired` are links that answer 403. A poll gives a fresh link.
    `fails` is why a clip cannot be made, `says` the answer to a chat.
    `nap` is what the client does instead of sleeping.
    """

    def __init__(self) -> None:
        self.sold: list[tuple[str, dict[str, Any]]] = []
        self.asked: list[str] = []
        self.on_order: Callable[[int], object] = lambda number: None
        self.on_file: Callable[[str], object] = lambda path: None
        self.on_poll: Callable[[int], object] = lambda number: None
        self.nap: Callable[[float], object] = lambda seconds: None
        self.polls = 0
        self.fails = ""
        self.says = "Hello"
        self.expired: set[str] = set()
        self._polled = 0
        self._lock = threading.Lock()
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self._server.daemon_threads = True

    @property
    def url(self) -> str:
        """The base URL for a client."""
        return f"http://127.0.0.1:{self._server.server_port}/api/paas/v4"

    @property
    def timing(self) -> Timing:
        """For a session: seconds pass when somebody sleeps, and `nap` is done then."""
        now = [0.0]

        def sleep(seconds: float) -> None:
            now[0] += seconds
            self.nap(seconds)

        return Timing(clock=lambda: now[0], sleep=sleep)

    @property
    def bought(self) -> int:
        """How many orders came in."""
        return len(self.sold)

    def __enter__(self) -> Shop:
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()
        return self

    def __exit__(self, *exc: object) -> None:
        self._server.shutdown()
        self._server.server_close()

    def order(self, path: str, body: dict[str, Any]) -> tuple[int, Any]:
        """The answer to an order."""
        with self._lock:
            self.sold.append((path, body))
            number = len(self.sold)
        self.on_order(number)
        if "/chat/" in path:
            message = {"role": "assistant", "content": self.says}
            return 200, {"choices": [{"index": 0, "message": message, "finish_reason": "stop"}]}
        if "/images/" in path:
            return 200, {"data": [{"url": self._link(f"picture-{number}.png")}]}
        return 200, {"id": f"job-{number}", "model": body["model"], "task_status": "PROCESSING"}

    def get(self, path: str) -> tuple[int, Any]:
        """The answer to a poll or a download."""
        self.asked.append(path)
        if "/async-result/" in path:
            return 200, self._poll(path.rpartition("/")[2])
        self.on_file(path)
        name = path.rpartition("/")[2]
        if name in self.expired:
            return 403, {"RetCode": -148643, "ErrMsg": "sign expired"}
        number = int(name.rpartition(".")[0].rpartition("-")[2])
        return 200, png(number) if name.endswith(".png") else MP4 + str(number).encode() * 4000

    def _poll(self, job: str) -> dict[str, Any]:
        self._polled += 1
        self.on_poll(self._polled)
        if self.fails:
            return {"task_status": "FAIL", "error": {"message": self.fails}}
        if self._polled <= self.polls:
            return {"task_status": "PROCESSING"}
        links = {"url": self._link(f"clip{self._polled}-{job.rpartition('-')[2]}.mp4")}
        return {"task_status": "SUCCESS", "video_result": [links]}

    def _link(self, name: str) -> str:
        return f"http://127.0.0.1:{self._server.server_port}/files/{name}"

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        shop = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self) -> None:
                self._answer(lambda: shop.get(self.path))

            def do_POST(self) -> None:
                body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                self._answer(lambda: shop.order(self.path, body))

            def _answer(self, make: Callable[[], tuple[int, Any]]) -> None:
                try:
                    status, made = make()
                except Drop:
                    self.close_connection = True
                    return
                except Refuse as refused:
                    status, made = refused.status, {"error": {"code": refused.code, "message": "x"}}
                content = made if isinstance(made, bytes) else json.dumps(made).encode()
                with contextlib.suppress(OSError):
                    self.send_response(status)
                    self.send_header("Content-Type", "application/json")
                    self.send_header("Content-Length", str(len(content)))
                    self.end_headers()
                    self.wfile.write(content)

            def log_message(self, *words: object) -> None:
                """Nothing."""

        return Handler


class Drop(Exception):
    """The connection ends without an answer."""


class Refuse(Exception):
    """The service says no: `Refuse("1301", 400)`."""

    def __init__(self, code: str, status: int) -> None:
        super().__init__(code)
        self.code, self.status = code, status


def drop(*_: object) -> None:
    """For `on_order` and the like."""
    raise Drop


def interrupt(*_: object) -> None:
    """For `nap` and the like."""
    raise KeyboardInterrupt
