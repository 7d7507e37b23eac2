"""Fast replies through a real Jupyter server, whose websocket drops what comes too fast."""

from __future__ import annotations

import json
import socket
import subprocess
import sys
import time
import urllib.request
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from running import RECORD, Run, environment
from scripted import DONE, HEAD, Peer, Server, delta

from zai_magics.sandbox.script import long_text

pytest.importorskip("jupyter_server")
websocket = pytest.importorskip("websocket", reason="comes with jupyter_server_terminals")
TOKEN = "test-token"
FLOOD = """
for _ in range(10):
    print("x" * 1_000_000, flush=True)
"""


class Front:
    """A front-end at the other end of the server's websocket."""

    def __init__(self, url: str) -> None:
        request = urllib.request.Request(
            f"{url}/api/kernels", b"{}", {"Authorization": f"token {TOKEN}"}
        )
        with urllib.request.urlopen(request, timeout=30) as answer:
            kernel = json.load(answer)["id"]
        where = f"{url.replace('http', 'ws')}/api/kernels/{kernel}/channels?token={TOKEN}"
        self.socket = websocket.create_connection(where, timeout=60)

    def run(self, code: str, cell: str = "cell-1") -> Run:
        """Run a cell and take all that the server lets through."""
        number = uuid.uuid4().hex
        header = {"msg_id": number, "username": "", "session": "front", "version": "5.3"}
        header |= {"msg_type": "execute_request", "date": "2026-01-01T00:00:00Z"}
        content = {"code": code, "silent": False, "store_history": True, "allow_stdin": False}
        message = {"header": header, "content": content, "channel": "shell", "buffers": []}
        message |= {"parent_header": {}, "metadata": {"cellId": cell}}
        self.socket.send(json.dumps(message))
        run = Run(time.monotonic())
        while not (run.reply and run.ended):
            got: dict[str, Any] = json.loads(self.socket.recv())
            if got["parent_header"].get("msg_id") != number:
                continue
            run.messages.append((time.monotonic(), got))
            if got["header"]["msg_type"] == "execute_reply":
                run.reply = got
            if got["content"].get("execution_state") == "idle":
                run.ended = time.monotonic()
        return run


@pytest.fixture(scope="module")
def answers() -> Iterator[Server]:
    """The server that the kernel asks."""
    with Server() as made:
        yield made


@pytest.fixture(scope="module")
def front(answers: Server, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Front]:
    """A Jupyter server as it comes, its limits on, and a kernel with the extension."""
    folder = tmp_path_factory.mktemp("server")
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    words = [sys.executable, "-m", "jupyter_server", "--no-browser", "--allow-root"]
    words += [
        f"--port={port}",
        f"--IdentityProvider.token={TOKEN}",
        f"--ServerApp.root_dir={folder}",
    ]
    words += ["--ServerApp.port_retries=0", "--ServerApp.jpserver_extensions={}"]
    environ = environment(ZAI_BASE_URL=answers.url, ZAI_API_KEY="test-key")
    places = {f"JUPYTER_{name}_DIR": str(folder / name) for name in ("CONFIG", "DATA", "RUNTIME")}
    with open(folder / "log", "wb") as log:
        process = subprocess.Popen(
            words, env={**environ, **places}, cwd=folder, stdout=log, stderr=log
        )
    try:
        made = _connected(f"http://127.0.0.1:{port}", process, folder)
        assert made.run("%load_ext zai_magics").reply["content"]["status"] == "ok"
        yield made
        made.socket.close()
    finally:
        process.terminate()
        process.wait(20)


def _connected(url: str, process: subprocess.Popen[bytes], folder: Path) -> Front:
    until = time.monotonic() + 30
    while True:
        try:
            return Front(url)
        except OSError:
            # Nothing tells a parent that the server listens; it is asked until it does.
            if time.monotonic() > until or process.poll() is not None:
                raise AssertionError((folder / "log").read_text()) from None
            time.sleep(0.05)


def pouring(count: int) -> list[str]:
    """So many pieces of Markdown."""
    text = long_text()
    pieces = [text[i : i + 4] for i in range(0, len(text), 4)]
    return [pieces[n % len(pieces)] for n in range(count)]


@pytest.mark.parametrize("count", [6000, 20_000])
def test_words_that_come_as_fast_as_they_can_arrive_complete(
    front: Front, answers: Server, count: int
) -> None:
    pieces = pouring(count)

    def script(peer: Peer) -> None:
        peer.send(HEAD)
        for start in range(0, count, 50):
            peer.send(b"".join(map(delta, pieces[start : start + 50])))
        peer.send(delta(finish="stop") + DONE)

    answers.script = script
    run = front.run("%%zai chat --alone\nhello")
    assert run.status == "ok" and not run.of("stream")  # where the server says what it dropped
    (saved,) = run.outputs()
    assert saved["data"]["text/plain"] == saved["data"][RECORD]["reply"] == "".join(pieces)


def test_this_server_does_drop_what_comes_too_fast(front: Front) -> None:
    run = front.run(FLOOD)
    assert "rate exceeded" in run.text and len(run.text) < 10_000_000
