"""The sandbox as a server: start, stop, and the ledger of what was asked of it."""

from __future__ import annotations

import contextlib
import socket
import threading
import time
from collections import deque
from collections.abc import Callable
from types import TracebackType
from typing import Any

from .answers import Body
from .listener import Listener, accept
from .service import BASES, Service

_LOOPBACK = ("127.0.0.1", "localhost", "::1")


class Sandbox:
    """A local stand-in for the service, over real HTTP.

        with Sandbox() as sandbox:
            httpx.get(f"{sandbox.base_url}/models", headers={"Authorization": "Bearer sandbox"})

    `port` 0 takes a free one; `host` must be a loopback name. `video_seconds` is how long a job
    takes by `clock`; `pace` the seconds between two frames of a stream. `dialect` is the form of
    video jobs: "real" (task_status, GET /async-result/{id}) or "reference" (status, GET
    /videos/{id}). `pause` replaces waiting, for tests: it is called with the seconds.

    Raises ValueError for a bad argument, OSError when the port is taken.
    """

    def __init__(
        self,
        port: int = 0,
        video_seconds: float = 3.0,
        pace: float = 0.02,
        dialect: str = "real",
        host: str = "127.0.0.1",
        clock: Callable[[], float] = time.monotonic,
        pause: Callable[[float], object] | None = None,
    ) -> None:
        if host not in _LOOPBACK:
            raise ValueError(f"the sandbox listens on {', '.join(_LOOPBACK)} only, not {host!r}")
        if dialect not in ("real", "reference"):
            raise ValueError(f"dialect must be 'real' or 'reference', not {dialect!r}")
        if not (pace >= 0 and video_seconds >= 0):
            raise ValueError("pace and video_seconds must not be negative")
        self._settings: dict[str, Any] = {"dialect": dialect, "pace": pace, "clock": clock}
        self._settings["video_seconds"] = video_seconds
        self._host, self._port, self._pause = host, port, pause
        self._listener: Listener | None = None
        self._service: Service | None = None
        self._lines: deque[tuple[int, Body]] = deque()
        self._wake: socket.socket | None = None
        self._thread: threading.Thread | None = None

    @property
    def origin(self) -> str:
        """`http://127.0.0.1:PORT`; the port of a sandbox that was not started is the one asked."""
        host = f"[{self._host}]" if ":" in self._host else self._host
        return f"http://{host}:{self._port}"

    @property
    def base_url(self) -> str:
        """The base address of the general endpoint."""
        return self.origin + BASES[0]

    @property
    def coding_url(self) -> str:
        """The base address of the coding endpoint."""
        return self.origin + BASES[1]

    @property
    def ledger(self) -> list[Body]:
        """Every request that was let in, oldest first: method, path, body, headers, when.

        A copy; without keys and cookies. `body` is None where there was no JSON object. The
        newest 5,000 requests or 256 MB are kept.
        """
        lock = self._listener.lock if self._listener else contextlib.nullcontext()
        with lock:
            return [line for _, line in self._lines]

    @property
    def charged(self) -> list[Body]:
        """The pictures and films that would have cost money: path, model, prompt, id, when."""
        return list(self._service.charged) if self._service else []

    def start(self) -> Sandbox:
        """Listen, in a thread of its own; a second call does nothing. Returns the sandbox."""
        if self._thread is not None:
            return self
        listener = Listener(self._host, self._port, self._pause)
        self._port = listener.server_port
        self._service = listener.service = Service(self.origin, **self._settings)
        self._lines = listener.lines
        self._wake, woken = socket.socketpair()
        self._listener = listener
        self._thread = threading.Thread(
            target=accept, args=(listener, woken), name="zai-sandbox", daemon=True
        )
        self._thread.start()
        return self

    def stop(self) -> None:
        """Close the port and all connections; a second call does nothing. The ledger stays."""
        thread, self._thread = self._thread, None
        if thread is None or self._listener is None or self._wake is None:
            return
        self._listener.stopping.set()
        self._wake.close()
        thread.join(5)
        self._listener.hang_up()

    def __enter__(self) -> Sandbox:
        return self.start()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()
