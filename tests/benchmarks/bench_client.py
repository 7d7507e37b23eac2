"""What the client costs beside its peers: `python -m pytest tests/benchmarks -m long`, or run it.

Every figure is a median of ratios, mine to the peer's, taken in turns in one process against a
server in another; process CPU, but for the first text, which is a wait. Ratios hold from machine
to machine, seconds do not. Peers that are not installed are left out.
"""

from __future__ import annotations

import gc
import http.client
import json
import os
import socket
import ssl
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest

from zai_magics.client import Client

KEY = "0123456789abcdef0123456789abcdef.ABCDEFGHIJKLMNOP"
HEADERS = {"Authorization": f"Bearer {KEY}", "Content-Type": "application/json"}
PATH = "/api/paas/v4/chat/completions"
PROMPT = [{"role": "user", "content": "Hello!"}]
HISTORY = [
    {"role": ("user", "assistant")[n % 2], "content": f"message {n}: " + "lorem ipsum dolor " * 30}
    for n in range(1_000)
] + PROMPT

# what -> the figure not to exceed
LIMITS = {
    "first client / httpx.Client()": 1.15,
    "next client, ms": 0.5,
    "call / httpx": 1.15,
    "call / http.client": 5.5,
    "history of 1,000 / raw": 1.3,
    "first text / httpx lines": 1.2,
    "20,000 chunks / raw": 3.6,
    "openai's chunks / ours, inverse": 1 / 8,
    "zai-sdk's chunks / ours, inverse": 1 / 19,
}


@contextmanager
def server() -> Iterator[int]:
    """The port of a server that runs as long as the block."""
    program = str(Path(__file__).with_name("peer_server.py"))
    with subprocess.Popen([sys.executable, program], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            yield int(process.stdout.readline())
        finally:
            process.kill()


def ratio(
    mine: Callable[[], Any],
    peer: Callable[[], Any],
    rounds: int,
    inner: int = 1,
) -> float:
    """The median over `rounds` of mine / peer, taken in turns; `inner` calls are one sample."""
    mine(), peer()
    found = []
    for number in range(rounds):
        times = {}
        for work in (mine, peer) if number % 2 else (peer, mine):
            gc.collect()  # what the other has left is not to be paid for here
            started = time.process_time()
            for _ in range(inner):
                work()
            times[work] = time.process_time() - started
        found.append(times[mine] / times[peer])
    return statistics.median(found)


FIRST = """
import time, httpx, zai_magics.client, zai_magics.secret
started = time.process_time()
{work}
print(time.process_time() - started)
"""
# To https, as the real one: the certificates are what costs.
OURS = f"zai_magics.client.Client({KEY!r}, base_url='https://api.test/v4').network._keep()"


def first(work: str) -> float:
    """Seconds that this takes in a fresh interpreter with everything imported."""
    command = [sys.executable, "-c", FIRST.format(work=work)]
    return float(subprocess.run(command, capture_output=True, text=True, check=True).stdout)


def clients() -> dict[str, float]:
    """Making a client, up to the point where a request could go out."""
    ratios = [first(OURS) / first("httpx.Client()") for _ in range(9)]

    def following() -> None:
        made = Client(KEY, base_url="https://api.test/v4")
        made.network._keep()
        made.close()

    following()
    started = time.process_time()
    for _ in range(50):
        following()
    each = (time.process_time() - started) / 50 * 1000
    return {"first client / httpx.Client()": statistics.median(ratios), "next client, ms": each}


def post_raw(port: int) -> Callable[[list[dict[str, str]]], Any]:
    """http.client over one kept connection."""
    connection = http.client.HTTPConnection("127.0.0.1", port)

    def post(messages: list[dict[str, str]]) -> Any:
        body = json.dumps({"model": "glm-4.7", "messages": messages}).encode()
        connection.request("POST", PATH, body, HEADERS)
        return json.loads(connection.getresponse().read())

    return post


def calls(base: str, port: int) -> dict[str, float]:
    """One short call, and a long history, whole at once."""
    mine, raw = Client(KEY, base_url=base), post_raw(port)
    plain = httpx.Client(headers=HEADERS)

    def peer() -> Any:
        body = {"model": "glm-4.7", "messages": PROMPT}
        return plain.post(f"{base}/chat/completions", json=body).json()

    return {
        "call / httpx": ratio(lambda: mine.chat(PROMPT), peer, 61, 40),
        "call / http.client": ratio(lambda: mine.chat(PROMPT), lambda: raw(PROMPT), 61, 40),
        "history of 1,000 / raw": ratio(lambda: mine.chat(HISTORY), lambda: raw(HISTORY), 41, 4),
    }


def first_text(base: str) -> dict[str, float]:
    """The wait from asking to the first text, connection kept."""
    mine, plain = Client(KEY, base_url=base), httpx.Client(headers=HEADERS)

    def ours() -> None:
        with mine.stream(PROMPT, max_tokens=3) as stream:
            for delta in stream:
                if delta.text:
                    waits.append(time.perf_counter())
                    break
            for _ in stream:
                pass

    def theirs() -> None:
        body = {"model": "glm-4.7", "messages": PROMPT, "stream": True, "max_tokens": 3}
        with plain.stream("POST", f"{base}/chat/completions", json=body) as answer:
            lines = answer.iter_lines()
            for line in lines:
                if not line.startswith("data: {"):
                    continue
                if json.loads(line[6:])["choices"][0]["delta"].get("content"):
                    waits.append(time.perf_counter())
                    break
            for _ in lines:
                pass

    waits: list[float] = []
    found = []
    for _ in range(300):
        times = []
        for work in (ours, theirs):
            waits.clear()
            started = time.perf_counter()
            work()
            times.append(waits[0] - started)
        found.append(times[0] / times[1])
    return {"first text / httpx lines": statistics.median(found)}


def chunks(base: str, port: int, count: int = 20_000) -> dict[str, float]:
    """A long stream, every chunk read as JSON."""
    mine = Client(KEY, base_url=base)

    def ours() -> None:
        with mine.stream(PROMPT, max_tokens=count) as stream:
            n = sum(1 for delta in stream if delta.text)
        assert n == count

    def raw() -> None:
        body = {"model": "glm-4.7", "messages": PROMPT, "stream": True, "max_tokens": count}
        content = json.dumps(body).encode()
        head = f"POST {PATH} HTTP/1.1\r\nHost: x\r\nContent-Length: {len(content)}\r\n\r\n"
        texts, rest = [], b""
        with socket.create_connection(("127.0.0.1", port)) as connection:
            connection.sendall(head.encode() + content)
            while len(texts) < count:
                *lines, rest = (rest + connection.recv(65536)).split(b"\n")
                for line in lines:
                    if line.startswith(b"data: {"):
                        texts.append(json.loads(line[6:])["choices"][0]["delta"]["content"])
        assert len(texts) == count

    found = {"20,000 chunks / raw": ratio(ours, raw, 9)}
    for name, peer in peers(base, count).items():
        found[f"{name}'s chunks / ours, inverse"] = ratio(ours, peer, 3)
    return found


def peers(base: str, count: int) -> dict[str, Callable[[], None]]:
    """The SDKs that are installed, reading the same stream."""
    found: dict[str, Callable[[], None]] = {}
    options: dict[str, Any] = {"model": "glm-4.7", "messages": PROMPT, "stream": True}
    try:
        from openai import OpenAI

        openai = OpenAI(api_key=KEY, base_url=base)

        def read_openai() -> None:
            answer = openai.chat.completions.create(**options, max_tokens=count)
            assert sum(1 for c in answer if c.choices[0].delta.content) == count

        found["openai"] = read_openai
    except ImportError:
        pass
    try:
        from zai import ZaiClient

        zai = ZaiClient(api_key=KEY, base_url=base)

        def read_zai() -> None:
            answer = zai.chat.completions.create(**options, max_tokens=count)
            assert sum(1 for c in answer if c.choices[0].delta.content) == count

        found["zai-sdk"] = read_zai
    except ImportError:
        pass
    return found


def measure() -> dict[str, float]:
    """All figures by name."""
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "SSL_CERT_FILE", "SSL_CERT_DIR"):
        os.environ.pop(name, None)
        os.environ.pop(name.lower(), None)
    ssl.create_default_context()  # what the interpreter loads once is nobody's cost
    with server() as port:
        base = f"http://127.0.0.1:{port}/api/paas/v4"
        return {**clients(), **calls(base, port), **first_text(base), **chunks(base, port)}


@pytest.mark.long
def test_the_client_costs_no_more_than_its_figures() -> None:
    found = measure()
    missed = {k: (round(v, 3), LIMITS[k]) for k, v in found.items() if v > LIMITS[k] * 1.1}
    assert not missed


if __name__ == "__main__":
    for what, figure in measure().items():
        limit = LIMITS[what]
        print(f"{what:34} {figure:7.3f}   {'ok' if figure <= limit else 'MISSED'} ({limit:.3f})")
