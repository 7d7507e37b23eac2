"""A real kernel for the tests: run cells as JupyterLab does, and see every message it sends."""

from __future__ import annotations

import json
import os
import tempfile
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from queue import Empty
from types import TracebackType
from typing import Any

from jupyter_client.manager import KernelManager

ROOT = Path(__file__).parents[2]
RECORD = "application/vnd.zai.turn+json"
PARTS = ("header", "parent_header", "metadata", "content")
LIMIT = 60.0
Message = dict[str, Any]


def environment(**names: str) -> dict[str, str]:
    """This process's environment with the package on the path, no proxies, no key, and a journal
    that no other test sees.
    """
    hidden = ("ZAI_", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "JPY_SESSION_NAME")
    kept = {k: v for k, v in os.environ.items() if not k.upper().startswith(hidden)}
    before = [kept["PYTHONPATH"]] if kept.get("PYTHONPATH") else []
    path = os.pathsep.join([str(ROOT), *before])
    return {**kept, "PYTHONPATH": path, "ZAI_HOME": tempfile.mkdtemp("-zai-home"), **names}


@dataclass
class Run:
    """One execution: its messages with their times (monotonic seconds), then its reply."""

    began: float
    messages: list[tuple[float, Message]] = field(default_factory=list)
    reply: Message = field(default_factory=dict)
    ended: float = 0.0  # when the kernel was idle again

    def of(self, *kinds: str) -> list[tuple[float, Message]]:
        """The contents of the messages of these kinds, with their times."""
        found = [(t, m) for t, m in self.messages if m["header"]["msg_type"] in kinds]
        return [(t, m["content"]) for t, m in found]

    @property
    def displays(self) -> list[Message]:
        """What was displayed, first showings and updates, in the order it came."""
        return [content for _, content in self.of("display_data", "update_display_data")]

    @property
    def new_displays(self) -> list[Message]:
        """First showings only."""
        return [content for _, content in self.of("display_data")]

    @property
    def status(self) -> str:
        """ok or error."""
        return str(self.reply["content"]["status"])

    @property
    def error(self) -> Message:
        """The one error message of a cell that failed."""
        (found,) = self.of("error")
        return found[1]

    @property
    def text(self) -> str:
        """What the cell printed."""
        return "".join(content["text"] for _, content in self.of("stream"))

    def outputs(self) -> list[Message]:
        """What the notebook would save: displays with their updates taken in, in order."""
        saved: list[Message] = []
        places: dict[str, Message] = {}
        for _, message in self.messages:
            kind, content = message["header"]["msg_type"], message["content"]
            number = content.get("transient", {}).get("display_id")
            if kind == "update_display_data" and number in places:
                places[number]["data"] = content["data"]
            elif kind in ("display_data", "execute_result", "error", "stream"):
                saved.append({"output_type": kind, **content})
                if number:
                    places[number] = saved[-1]
        return saved

    def size(self, parts: Sequence[str] = PARTS) -> int:
        """Bytes of all display messages as they go over the wire, or of these parts of them."""
        kinds = ("display_data", "update_display_data")
        return sum(
            len(json.dumps(m[part], default=str, ensure_ascii=False).encode())
            for _, m in self.messages
            if m["header"]["msg_type"] in kinds
            for part in parts
        )


class Kernel:
    """An ipykernel of its own: `with Kernel(folder, {"ZAI_BASE_URL": url}) as kernel: …`."""

    def __init__(self, folder: Path, environ: Mapping[str, str]) -> None:
        self.manager = KernelManager(kernel_name="python3")
        self._folder, self._environ = folder, environment(**environ)
        self._runs: dict[str, Run] = {}
        self._news = threading.Condition()
        self._over = False

    def __enter__(self) -> Kernel:
        self.manager.start_kernel(env=self._environ, cwd=str(self._folder))
        self.client = self.manager.client()
        self.client.start_channels()
        self.client.wait_for_ready(timeout=LIMIT)
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._over = True
        self._reader.join(5)
        self.client.stop_channels()
        self.manager.shutdown_kernel(now=True)

    @property
    def pid(self) -> int:
        """The kernel's process."""
        return int(self.manager.provisioner.pid)  # type: ignore[union-attr]

    def begin(self, code: str, cell: str = "") -> Run:
        """Send a cell off. `cell` is its id, which JupyterLab puts into the request's metadata."""
        content = {
            "code": code,
            "silent": False,
            "store_history": True,
            "user_expressions": {},
            "allow_stdin": False,
            "stop_on_error": True,
        }
        metadata = {"cellId": cell, "trusted": True} if cell else {}
        message = self.client.session.msg("execute_request", content, metadata=metadata)
        run = self._runs[message["header"]["msg_id"]] = Run(time.monotonic())
        self.client.shell_channel.send(message)
        return run

    def end(self, run: Run, limit: float = LIMIT) -> Run:
        """Wait until the cell is over."""
        until = time.monotonic() + limit
        while not run.reply:
            message = self.client.get_shell_msg(timeout=max(0.01, until - time.monotonic()))
            other = self._runs.get(message["parent_header"].get("msg_id", ""))
            if other is not None:
                other.reply = message
        with self._news:
            assert self._news.wait_for(lambda: run.ended, limit), "the kernel did not become idle"
        return run

    def run(self, code: str, cell: str = "", limit: float = LIMIT) -> Run:
        """Run a cell to its end."""
        return self.end(self.begin(code, cell), limit)

    def value(self, expression: str) -> Any:
        """The JSON value of an expression in the kernel."""
        made = self.run(f"import json as _j; print('\\x1d' + _j.dumps({expression}))")
        return json.loads(made.text.partition("\x1d")[2])

    def wait(self, run: Run, words: str, limit: float = LIMIT) -> float:
        """Wait until a display of this cell contains these words; give the time it came."""

        def shown() -> float:
            for moment, content in run.of("display_data", "update_display_data"):
                if words in content["data"].get("text/html", ""):
                    return moment
            return 0.0

        with self._news:
            found = self._news.wait_for(shown, limit)
        assert found, f"{words!r} was not shown within {limit:.0f} s"
        return float(found)

    def interrupt(self) -> float:
        """Press the stop button; the time at which it was pressed."""
        now = time.monotonic()
        self.manager.interrupt_kernel()
        return now

    def _read(self) -> None:
        while not self._over:
            try:
                message = self.client.get_iopub_msg(timeout=0.2)
            except Empty:
                continue
            run = self._runs.get(message["parent_header"].get("msg_id", ""))
            if run is None:
                continue
            with self._news:
                run.messages.append((time.monotonic(), message))
                if message["content"].get("execution_state") == "idle":
                    run.ended = time.monotonic()
                self._news.notify_all()


def ask(kernel: Kernel, url: str, key: str = "") -> None:
    """Let the kernel ask this address from now on."""
    names = {"ZAI_BASE_URL": url, "ZAI_API_KEY": key}
    assert kernel.run(f"import os; os.environ.update({names!r})").status == "ok"
