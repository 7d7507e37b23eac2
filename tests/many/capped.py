"""A service with a limit on requests at once, that can be busy and break connections; counted.

    with Capped(cap=20, seconds=0.25) as service:      # in a process of its own
        service.url; service.counts()

`python capped.py '{"cap": 20, "seconds": 0.25}'` serves until it is killed; its first line is its
port.
"""

from __future__ import annotations

import asyncio
import json
import random
import subprocess
import sys
import urllib.request
from collections import Counter
from typing import Any

OK = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n"
REFUSED = "HTTP/1.1 {} Refused\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n"


class Service:
    """What all connections share."""

    def __init__(self, asked: dict[str, Any]) -> None:
        self.cap = asked.get("cap") or 10**9
        self.seconds = asked.get("seconds", 0.0)
        self.refusal = asked.get("refusal", 0.005)
        self.busy, self.reset = asked.get("busy", 0.0), asked.get("reset", 0.0)
        self.dead_after = asked.get("dead_after")  # answers, after which there is no money left
        self.answer = asked.get("answer")
        self.refuses, self.unknown_key = asked.get("refuses"), asked.get("unknown_key")
        self.words = asked.get("words", 0)  # tokens that an answer wants to have
        self.retry_after = asked.get("retry_after")  # seconds, with every refusal
        self.poison = asked.get("poison", "\0")  # rows with this word always fail with 500
        self.chance = random.Random(7)
        self.running = self.most = 0
        self.requests = self.full = 0
        self.answered: Counter[str] = Counter()

    def about(self) -> dict[str, Any]:
        return {
            "requests": self.requests,
            "full": self.full,
            "most": self.most,
            "answered": sum(self.answered.values()),
            "rows": len(self.answered),
            "twice": [row for row, n in self.answered.items() if n > 1],
        }


class Connection(asyncio.Protocol):
    def __init__(self, service: Service) -> None:
        self.service, self.buffer = service, b""
        self.open = True

    def connection_made(self, transport: Any) -> None:
        self.transport = transport

    def connection_lost(self, error: Exception | None) -> None:
        self.open = False

    def data_received(self, data: bytes) -> None:
        self.buffer += data
        head, end, rest = self.buffer.partition(b"\r\n\r\n")
        if not end:
            return
        at = head.lower().find(b"content-length:")
        length = int(head[at + 15 :].split(b"\r\n", 1)[0]) if at >= 0 else 0
        if len(rest) < length:
            return
        self.buffer = rest[length:]
        if head.startswith(b"GET"):
            self.send(OK, self.service.about())
        else:
            self.ask(json.loads(rest[:length]))

    def ask(self, body: dict[str, Any]) -> None:
        service, later = self.service, asyncio.get_running_loop().call_later
        service.requests += 1
        row = body["messages"][-1]["content"]
        if service.unknown_key:
            self.refuse(401, "1000", "Authentication failed")
        elif body["model"] == service.refuses:
            self.refuse(400, "1211", "The model does not exist")
        elif (
            service.dead_after is not None and sum(service.answered.values()) >= service.dead_after
        ):
            self.refuse(429, "1113", "Insufficient balance")
        elif service.running >= service.cap:
            service.full += 1
            later(service.refusal, self.refuse, 429, "1302", "Too many requests at once")
        elif service.poison in row:
            later(service.refusal, self.refuse, 500, "500", "Internal error")
        elif service.chance.random() < service.busy:
            later(service.refusal, self.refuse, 429, "1305", "The service is overloaded")
        elif service.chance.random() < service.reset:
            later(service.seconds, self.transport.abort)
        else:
            service.running += 1
            service.most = max(service.most, service.running)
            cut = body.get("max_tokens", service.words) < service.words
            later(service.seconds, self.reply, row, body["model"], "length" if cut else "stop")

    def reply(self, row: str, model: str, end: str) -> None:
        self.service.running -= 1
        if not self.open:
            return
        self.service.answered[row] += 1
        said = self.service.answer or f"answer to {row}"
        message = {"role": "assistant", "content": said}
        self.send(
            OK,
            {
                "id": "1",
                "model": model,
                "choices": [{"index": 0, "finish_reason": end, "message": message}],
                "usage": {"prompt_tokens": 20, "completion_tokens": 10, "total_tokens": 30},
            },
        )

    def refuse(self, status: int, code: str, words: str) -> None:
        body = json.dumps({"error": {"code": code, "message": words}}).encode()
        if self.open:
            head = REFUSED.format(status, len(body)).encode()
            if self.service.retry_after is not None:
                head = head.replace(
                    b"\r\n", b"\r\nRetry-After: %d\r\n" % self.service.retry_after, 1
                )
            self.transport.write(head + body)

    def send(self, head: str, value: Any) -> None:
        body = json.dumps(value).encode()
        self.transport.write(head.format(len(body)).encode() + body)


async def serve(asked: dict[str, Any]) -> None:
    service = Service(asked)
    make = lambda: Connection(service)  # noqa: E731
    server = await asyncio.get_running_loop().create_server(make, "127.0.0.1", 0, backlog=1024)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


class Capped:
    """The service in a process of its own."""

    def __init__(self, **asked: Any) -> None:
        self._asked = asked

    def __enter__(self) -> Capped:
        command = [sys.executable, __file__, json.dumps(self._asked)]
        self._process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        assert self._process.stdout is not None
        self.url = f"http://127.0.0.1:{int(self._process.stdout.readline())}"
        return self

    def __exit__(self, *exc: object) -> None:
        self._process.kill()
        self._process.wait()
        assert self._process.stdout is not None
        self._process.stdout.close()

    def counts(self) -> dict[str, Any]:
        """What it has counted."""
        with urllib.request.urlopen(self.url) as answer:
            return dict(json.load(answer))


if __name__ == "__main__":
    asyncio.run(serve(json.loads(sys.argv[1])))
