"""The server itself: who is let in, how it starts and ends, and what it keeps."""

from __future__ import annotations

import ast
import concurrent.futures
import socket
import subprocess
import sys
import threading
import time as real_time
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import httpx
import pytest

import zai_magics.sandbox as package
from zai_magics.sandbox import Sandbox

KEY = {"Authorization": "Bearer sandbox"}
SECRET = "0123456789abcdef.realSecretKey"
MODELS = b"GET /sandbox/api/paas/v4/models HTTP/1.1\r\n"
CHAT = b"POST /sandbox/api/paas/v4/chat/completions HTTP/1.1\r\n"
IN = b"Host: localhost\r\nAuthorization: Bearer sandbox\r\n"
BODY = {"model": "glm-4.7", "messages": [{"role": "user", "content": "hi"}]}
Raw = Callable[[bytes], bytes]


@pytest.mark.parametrize("key", ["Bearer " + SECRET, SECRET, "Bearer Sandbox", "Basic sandbox", ""])
def test_any_key_but_the_word_sandbox_is_refused_and_forgotten(sandbox: Sandbox, key: str) -> None:
    for path in ("/models", "/nothing"):
        reply = httpx.get(sandbox.base_url + path, headers={"Authorization": key})
        assert reply.status_code == 401 and reply.json()["error"]["code"] == "401"
        assert "only the word 'sandbox'" in reply.json()["error"]["message"]
        assert SECRET not in reply.text + str(reply.headers)
    assert sandbox.ledger == []


def test_no_key_is_the_documented_error(sandbox: Sandbox) -> None:
    reply = httpx.post(sandbox.base_url + "/chat/completions", json=BODY)
    assert reply.status_code == 401 and reply.json()["error"]["code"] == "1001"


@pytest.mark.parametrize("host", ["evil.example", "127.0.0.1.evil.example", "", "localhost:x"])
def test_a_name_that_is_not_loopback_is_refused(sandbox: Sandbox, host: str) -> None:
    reply = httpx.get(sandbox.base_url + "/models", headers={**KEY, "Host": host})
    assert reply.status_code == 403 and reply.json()["error"]["code"] == "403"


@pytest.mark.parametrize("host", ["localhost", "LOCALHOST:80", "127.0.0.1:1", "[::1]", "[::1]:9"])
def test_loopback_names_are_taken(sandbox: Sandbox, host: str) -> None:
    reply = httpx.get(sandbox.base_url + "/models", headers={**KEY, "Host": host})
    assert reply.status_code == 200 and reply.json()["data"][0]["owned_by"] == "z-ai"


def test_the_sandbox_listens_on_loopback_only() -> None:
    for host in ("0.0.0.0", "::", "example.org", ""):
        with pytest.raises(ValueError, match=r"127\.0\.0\.1"):
            Sandbox(host=host)
    with pytest.raises(ValueError, match="dialect"):
        Sandbox(dialect="klingon")
    with pytest.raises(ValueError, match="negative"):
        Sandbox(pace=float("nan"))


def test_the_address_alone_tells_that_it_is_the_sandbox(sandbox: Sandbox) -> None:
    assert sandbox.base_url == f"{sandbox.origin}/sandbox/api/paas/v4"
    assert sandbox.coding_url == f"{sandbox.origin}/sandbox/api/coding/paas/v4"


def test_the_ledger_has_every_request_without_keys_and_cookies(
    sandbox: Sandbox, time: SimpleNamespace
) -> None:
    headers = {**KEY, "Cookie": SECRET, "X-Api-Key": SECRET, "User-Agent": "test"}
    httpx.post(sandbox.base_url + "/chat/completions", json=BODY, headers=headers)
    time.now += 1
    httpx.get(sandbox.base_url + "/models?key=" + SECRET, headers=KEY)
    httpx.post(sandbox.base_url + "/chat/completions", content=b"hello", headers=KEY)
    first, second, third = sandbox.ledger
    assert (first["method"], first["body"], first["when"]) == ("POST", BODY, 100.0)
    assert first["headers"]["user-agent"] == "test"
    assert first["path"] == "/sandbox/api/paas/v4/chat/completions"
    assert (second["method"], second["body"], second["when"]) == ("GET", None, 101.0)
    assert third["body"] is None
    assert SECRET not in str(sandbox.ledger) and "Bearer" not in str(sandbox.ledger)


def test_the_ledger_is_a_copy_and_outlives_the_server(sandbox: Sandbox) -> None:
    httpx.get(sandbox.base_url + "/models", headers=KEY)
    sandbox.ledger.clear()
    sandbox.stop()
    assert len(sandbox.ledger) == 1 and sandbox.charged == []


def test_start_and_stop_can_be_called_twice_and_the_port_is_closed() -> None:
    made = Sandbox()
    made.stop()
    assert made.start() is made.start()
    url = made.base_url + "/models"
    assert httpx.get(url, headers=KEY).status_code == 200
    made.stop()
    made.stop()
    with pytest.raises(httpx.ConnectError):
        httpx.get(url, headers=KEY)


def test_a_port_that_is_taken_is_an_error_and_a_free_one_is_used(sandbox: Sandbox) -> None:
    port = httpx.URL(sandbox.base_url).port or 0
    with pytest.raises(OSError):
        Sandbox(port=port).start()
    sandbox.stop()
    with Sandbox(port=port) as again:
        assert again.base_url == sandbox.base_url


def test_stop_ends_a_stream_in_flight() -> None:
    made = Sandbox(pace=0.02).start()
    message = {"role": "user", "content": "[[stall 60]] hi"}
    body = {"model": "glm-4.7", "messages": [message], "stream": True}
    url = made.base_url + "/chat/completions"
    with httpx.stream("POST", url, json=body, headers=KEY, timeout=30) as reply:
        pieces = reply.iter_raw()
        next(pieces)
        began = real_time.monotonic()
        made.stop()
        with pytest.raises(httpx.TransportError):
            list(pieces)
    assert real_time.monotonic() - began < 30, "the reply stalls for 60 seconds"


def test_no_thread_is_left_behind() -> None:
    before = set(threading.enumerate())
    with Sandbox() as made, httpx.Client(headers=KEY) as client:
        client.get(made.base_url + "/models")
    for thread in set(threading.enumerate()) - before:
        thread.join(5)
    assert set(threading.enumerate()) <= before


def test_thirty_two_streams_at_once_lose_nothing(sandbox: Sandbox) -> None:
    body = {"model": "glm-4.7", "stream": True}

    def stream(number: int) -> str:
        message = {"role": "user", "content": f"[[echo]] {number} " + "word " * 500}
        url = sandbox.base_url + "/chat/completions"
        return httpx.post(url, json=body | {"messages": [message]}, headers=KEY, timeout=60).text

    with concurrent.futures.ThreadPoolExecutor(32) as pool:
        texts = list(pool.map(stream, range(32)))
    assert all(text.count('"content":" word"') == 500 for text in texts)
    assert all(text.endswith("data: [DONE]\n\n") for text in texts)
    assert len(sandbox.ledger) == 32


def test_one_connection_serves_many_requests(raw: Raw) -> None:
    received = raw(2 * (MODELS + IN + b"\r\n") + MODELS + IN + b"Connection: close\r\n\r\n")
    assert received.count(b"HTTP/1.1 200") == 3


def test_the_body_of_a_refused_request_is_not_taken_for_the_next_one(raw: Raw) -> None:
    refused = CHAT + b"Host: localhost\r\nContent-Length: 4\r\n\r\nGET "
    received = raw(refused + MODELS + IN + b"\r\n")
    assert received.count(b"HTTP/1.1 401") == 1 and received.count(b"HTTP/1.1 200") == 1


def test_a_chunked_body_is_read(sandbox: Sandbox) -> None:
    def pieces() -> Any:
        yield b'{"model":"glm-4.7","messages":'
        yield b'[{"role":"user","content":"hi"}]}'

    url = sandbox.base_url + "/chat/completions"
    assert httpx.post(url, content=pieces(), headers=KEY).status_code == 200


@pytest.mark.parametrize(
    ("request_bytes", "status"),
    [
        (CHAT + IN + b"\r\n", 400),
        (CHAT + IN + b"Content-Length: -5\r\n\r\n", 400),
        (CHAT + IN + b"Content-Length: x\r\n\r\n", 400),
        (CHAT + IN + b"Content-Length: \xc2\xb2\r\n\r\n", 400),
        (CHAT + IN + b"Content-Length: 1\r\nContent-Length: 2\r\n\r\n{}", 400),
        (CHAT + IN + b"Content-Length: 100\r\n\r\n{}", 400),
        (CHAT + IN + b"Content-Length: 99999999\r\n\r\n{}", 413),
        (CHAT + IN + b"Content-Length: " + b"9" * 5000 + b"\r\n\r\n{}", 413),
        (CHAT + IN + b"Transfer-Encoding: gzip\r\n\r\n{}", 400),
        (CHAT + IN + b"Transfer-Encoding: chunked\r\nContent-Length: 2\r\n\r\n{}", 400),
        (CHAT + IN + b"Transfer-Encoding: chunked\r\n\r\nzz\r\n{}\r\n0\r\n\r\n", 400),
        (CHAT + IN + b"Transfer-Encoding: chunked\r\n\r\n5\r\n{}\r\n0\r\n\r\n", 400),
        (CHAT + IN + b"Transfer-Encoding: chunked\r\n\r\nfffffff\r\n{}", 413),
        (b"hello\r\n\r\n", 400),
        (b"\x16\x03\x01\x02\x00\x01\r\n\r\n", 400),
        (b"FETCH /sandbox/api/paas/v4/models HTTP/1.1\r\n" + IN + b"\r\n", 404),
        (b"GET /sandbox HTTP/9.9\r\n" + IN + b"\r\n", 400),
        (b"GET /" + b"x" * 70000 + b" HTTP/1.1\r\n" + IN + b"\r\n", 400),
        (MODELS + IN + b"X: " + b"y" * 70000 + b"\r\n\r\n", 400),
        (MODELS + IN + b"A: b\r\n" * 200 + b"\r\n", 400),
        (MODELS + b"Authorization: Bearer sandbox\r\n\r\n", 403),
    ],
)
def test_odd_requests_get_a_documented_error_and_not_a_closed_door(
    raw: Raw, request_bytes: bytes, status: int
) -> None:
    head, _, body = raw(request_bytes).partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 %d " % status)
    assert b"X-Zai-Sandbox: 1" in head and b"X-Log-Id: 20" in head
    assert body.startswith(b'{"error":{"code":"')


def test_a_caller_who_is_still_sending_too_much_gets_to_read_the_refusal(
    sandbox: Sandbox,
) -> None:
    url = sandbox.base_url + "/chat/completions"
    reply = httpx.post(url, content=bytes(70 << 20), headers=KEY, timeout=30)
    assert reply.status_code == 413 and reply.json()["error"]["code"] == "413"


def test_a_client_of_http_1_0_gets_a_stream_that_ends_with_the_connection(raw: Raw) -> None:
    body = b'{"model":"glm-4.7","stream":true,"messages":[{"role":"user","content":"hi"}]}'
    head = CHAT.replace(b"1.1", b"1.0") + IN + b"Connection: keep-alive\r\n"
    received = raw(head + b"Content-Length: %d\r\n\r\n" % len(body) + body)
    assert b"chunked" not in received and b"Connection: close" in received
    assert received.endswith(b"\n\ndata: [DONE]\n\n")


def test_a_caller_who_goes_away_leaves_no_trace(
    sandbox: Sandbox, capfd: pytest.CaptureFixture[str]
) -> None:
    port = httpx.URL(sandbox.base_url).port or 0
    body = b'{"model":"glm-4.7","stream":true,"messages":[{"role":"user","content":"a long one"}]}'
    for _ in range(5):
        with socket.create_connection(("127.0.0.1", port)) as connection:
            connection.sendall(CHAT + IN + b"Content-Length: %d\r\n\r\n" % len(body) + body)
            connection.recv(10)
    assert httpx.get(sandbox.base_url + "/models", headers=KEY).status_code == 200
    sandbox.stop()
    assert capfd.readouterr() == ("", "")


def test_the_sandbox_imports_nothing_of_the_package_and_nothing_installed() -> None:
    allowed = set(sys.stdlib_module_names) | {"zai_magics.sandbox"}
    for file in Path(package.__file__).parent.glob("*.py"):
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            names = [a.name for a in node.names] if isinstance(node, ast.Import) else []
            if isinstance(node, ast.ImportFrom):
                assert node.level <= 1, file
                names = [node.module or ""] if node.level == 0 else []
            for name in names:
                assert name.startswith("zai_magics.sandbox") or name.split(".")[0] in allowed, file


def test_it_runs_where_only_the_standard_library_is_installed() -> None:
    source = Path(package.__file__).parents[2]
    code = f"import sys; sys.path.insert(0, {str(source)!r}); import zai_magics.sandbox as s\n"
    code += "with s.Sandbox() as made: print(made.base_url)"
    done = subprocess.run([sys.executable, "-I", "-S", "-c", code], capture_output=True, text=True)
    assert done.stdout.startswith("http://127.0.0.1:"), done.stderr
