"""A service on loopback that charges for chats all that it could have charged, and counts it.

As a program it asks one from a process of its own: `python till.py URL HOME SCOPE SEED CALLS USD`.
"""

from __future__ import annotations

import contextlib
import json
import random
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

IN, OUT = 0.6 / 1e6, 2.2 / 1e6  # glm-4.7, US dollars a token
PATH = "/api/paas/v4"


class Till:
    """`with Till() as till`: `till.charged` US dollars for `till.bodies`.

    A prompt has as many tokens as bytes, an answer as many as it may have. `fails` is the share of
    requests that go wrong, in one of several ways, some of them charged.
    """

    def __init__(self, fails: float = 0.0) -> None:
        self.charged, self.bodies, self.fails = 0.0, [], fails
        self._random, self._lock = random.Random(7), threading.Lock()
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_port}{PATH}"

    def __enter__(self) -> Till:
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()
        return self

    def __exit__(self, *exc: object) -> None:
        self._server.shutdown()
        self._server.server_close()

    def answer(self, body: dict[str, Any]) -> tuple[int, bytes]:
        """The status and the body, b"" for a connection that ends without one."""
        prompt = sum(len(m["content"].encode()) for m in body["messages"])
        completion = body.get("max_tokens", 131_072)
        with self._lock:
            self.bodies.append(body)
            how = self._random.random() / self.fails if self.fails else 1.0
            if how < 0.3:
                return 429, json.dumps({"error": {"code": "1302", "message": "busy"}}).encode()
            if how < 0.5:
                return 400, json.dumps({"error": {"code": "1301", "message": "no"}}).encode()
            self.charged += prompt * IN + completion * OUT
        if how < 0.8:
            return 200, b""
        if how < 1:
            return 200, b'data: {"choices": [{"index": 0, "delta": {"content": "Hel'
        usage = {"prompt_tokens": prompt, "completion_tokens": completion}
        choice = {"index": 0, "delta": {"content": "Hello"}, "finish_reason": "stop"}
        event = {"model": body["model"], "choices": [choice], "usage": usage}
        return 200, b"data: " + json.dumps(event).encode() + b"\n\ndata: [DONE]\n\n"

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        till = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                status, content = till.answer(body)
                if content:
                    kind = (
                        "text/event-stream" if content.startswith(b"data") else "application/json"
                    )
                    self.send_response(status)
                    self.send_header("Content-Type", kind)
                    self.end_headers()
                    self.wfile.write(content)

            def log_message(self, *words: object) -> None:
                """Nothing."""

        return Handler


def ask(url: str, home: Path, scope: Path, seed: int, calls: int, usd: float) -> None:
    """So many chats of every size, of so many US dollars at most for a prompt or an answer, from
    four threads, each with a session of its own.
    """
    from zai_magics.errors import ZaiError
    from zai_magics.journal import Journal
    from zai_magics.options import ChatOptions
    from zai_magics.retry import Timing
    from zai_magics.session import Session

    def run(number: int) -> None:
        chance = random.Random(seed * 100 + number)
        session = Session(journal=Journal(home), folder=lambda: scope)
        session.connection.base_url = url
        session.timing = Timing(sleep=lambda seconds: None)
        for _ in range(calls):
            # One without a number takes all that is left.
            tokens = int(chance.choice([0.01, 0.1, 0.3, 1.0]) * usd / OUT) + 1
            options = ChatOptions(alone=True, max_tokens=tokens)
            with contextlib.suppress(ZaiError):
                list(session.chat("x" * chance.randrange(1, int(usd / IN)), options))
        session.close()

    threads = [threading.Thread(target=run, args=(n,)) for n in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


if __name__ == "__main__":
    given = sys.argv[1:]
    ask(given[0], Path(given[1]), Path(given[2]), int(given[3]), int(given[4]), float(given[5]))
