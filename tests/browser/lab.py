"""A real JupyterLab or Notebook 7, and a real browser, started and ended for a test.

What belongs here: the server with all that is private to it, Chromium, and the notebooks to open.
What is done with a notebook that is open belongs in `page`.
"""

from __future__ import annotations

import json
import os
import re
import secrets
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

if TYPE_CHECKING:  # a machine without playwright still collects the tests, and skips them
    from playwright.sync_api import Browser

APPS = {"lab": ("jupyterlab", "LabApp"), "notebook": ("notebook", "JupyterNotebookApp")}


def chromium_path() -> str | None:
    """Find the browser: `chromium_path() or pytest.skip(...)`; ZAI_CHROMIUM wins over the PATH."""
    named = os.environ.get("ZAI_CHROMIUM")
    names = [named] if named else ["chromium", "chromium-browser", "google-chrome"]
    return next((found for name in names if (found := shutil.which(name))), None)


@contextmanager
def chromium() -> Iterator[Browser]:
    """A headless Chromium for a while: `with chromium() as browser: ...`."""
    from playwright.sync_api import sync_playwright

    flags = ["--disable-gpu", "--disable-dev-shm-usage", "--hide-scrollbars", "--mute-audio"]
    # Not a name is looked up, whoever in the browser asks.
    flags += ["--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1, EXCLUDE localhost"]
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium_path(), args=flags)
        yield browser
        browser.close()


def code(source: str, outputs: Sequence[dict[str, Any]] = ()) -> dict[str, Any]:
    """A code cell for `Server.write`: `code("1 + 1")`."""
    cell: dict[str, Any] = {
        "cell_type": "code",
        "source": source,
        "metadata": {},
        "execution_count": None,
    }
    return {**cell, "id": secrets.token_hex(4), "outputs": list(outputs)}


def markdown(source: str) -> dict[str, Any]:
    """A Markdown cell for `Server.write`: `markdown("# Title")`."""
    cell = {"cell_type": "markdown", "source": source, "metadata": {}}
    return {**cell, "id": secrets.token_hex(4)}


class Server:
    """One Jupyter server of this Python, on 127.0.0.1, private in all it reads and writes.

        with Server("lab", tmp_path) as server, chromium() as browser:
            path = server.write("a.ipynb", [code("1 + 1")])
            with Notebook(server, browser, path) as notebook:
                notebook.run_all()

    `kind` is "lab" or "notebook"; `env` is added for the server and its kernels. Raises
    RuntimeError with the server's log when it does not answer within a minute.
    """

    def __init__(self, kind: str, folder: Path, env: Mapping[str, str] | None = None) -> None:
        self.kind, self.folder, self.token = kind, folder / "work", secrets.token_hex(16)
        self._home, self._extra = folder / "home", dict(env or {})
        self._port = 0
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Server:
        module, app = APPS[self.kind]
        self.folder.mkdir(parents=True, exist_ok=True)
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self._port = probe.getsockname()[1]
        command = [sys.executable, "-m", module, "--no-browser", "--allow-root"]
        command += ["--ServerApp.ip=127.0.0.1", f"--ServerApp.port={self._port}"]
        command += ["--ServerApp.port_retries=0", f"--IdentityProvider.token={self.token}"]
        command += [f"--ServerApp.root_dir={self.folder}", f"--{app}.expose_app_in_browser=True"]
        command += ["--ServerApp.terminals_enabled=False"]
        command += ["--LanguageServerManager.autodetect=False"]
        with open(self.folder.parent / "server.log", "wb") as log:
            self._process = subprocess.Popen(
                command,
                cwd=self.folder,
                env=self._environment(),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
            )
        try:
            self._wait()
        except BaseException:
            self.close()
            raise
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def _environment(self) -> dict[str, str]:
        """The user's Jupyter, IPython and journal are neither read nor written, nor is a key."""
        drop = re.compile(r"JUPYTER|JPY_|IPYTHON|ZAI_")
        env = {name: value for name, value in os.environ.items() if not drop.match(name)}
        for name in ("JUPYTER_CONFIG_DIR", "JUPYTER_DATA_DIR", "JUPYTER_RUNTIME_DIR", "IPYTHONDIR"):
            env[name] = str(self._home / name.lower())
            Path(env[name]).mkdir(parents=True, exist_ok=True)
        return {**env, "ZAI_HOME": str(self._home / "zai"), **self._extra}

    def _wait(self, seconds: float = 60) -> None:
        end = time.monotonic() + seconds
        while self._process is not None and self._process.poll() is None:
            try:
                self.api("GET", "/api/status")
                return
            except OSError:
                if time.monotonic() > end:
                    break
                time.sleep(0.1)  # the process gives no other sign that it listens
        raise RuntimeError(f"{self.kind} did not start:\n{self.log()[-3000:]}")

    def close(self) -> None:
        """End the server and its kernels: asked first, then by its own process id."""
        process, self._process = self._process, None
        if process is None:
            return
        try:
            self.api("POST", "/api/shutdown")
            process.wait(timeout=20)
        except (OSError, subprocess.TimeoutExpired):
            process.kill()
            process.wait()

    def log(self) -> str:
        """What the server has written so far."""
        return (self.folder.parent / "server.log").read_text(errors="replace")

    def api(self, method: str, path: str, body: object = None) -> Any:
        """Ask the server itself: `server.api("GET", "/api/kernels")`; OSError when it refuses."""
        request = urllib.request.Request(
            f"http://127.0.0.1:{self._port}{path}",
            method=method,
            data=None if body is None else json.dumps(body).encode(),
            headers={"Authorization": f"token {self.token}", "Content-Type": "application/json"},
        )
        # A proxy of the environment must not stand between a test and its own machine.
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        with opener.open(request, timeout=20) as answer:
            data = answer.read()
        return json.loads(data) if data else None

    def write(self, name: str, cells: Sequence[dict[str, Any]], **metadata: Any) -> str:
        """Write a notebook and return its path from the server's root; metadata as in nbformat."""
        metadata.setdefault("kernelspec", {"name": "python3", "display_name": "Python 3"})
        notebook = {"cells": list(cells), "metadata": metadata, "nbformat": 4, "nbformat_minor": 5}
        file = self.folder / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(json.dumps(notebook, indent=1), encoding="utf-8")
        return name

    def trust(self, path: str) -> None:
        """Sign a notebook, as `jupyter trust` does, before it is opened."""
        self.api("POST", f"/api/contents/{quote(path)}/trust")

    def url(self, path: str) -> str:
        """Where a browser opens the notebook, token included."""
        route = "lab/tree" if self.kind == "lab" else "notebooks"
        reset = "&reset" if self.kind == "lab" else ""  # forget the tabs of the page before
        return f"http://127.0.0.1:{self._port}/{route}/{quote(path)}?token={self.token}{reset}"

    def settings(self, theme: str = "light", windowing: str = "none") -> None:
        """The front-end's own settings, read whenever a page is opened.

        `windowing` "none" puts every cell in the page; "full" only those that can be seen.
        """
        theme_name = {"light": "JupyterLab Light", "dark": "JupyterLab Dark"}[theme]
        wanted: dict[str, dict[str, object]] = {
            "apputils-extension/themes": {"theme": theme_name},
            "apputils-extension/notification": {"fetchNews": "false", "checkForUpdates": False},
            "notebook-extension/tracker": {"windowingMode": windowing},
            "docmanager-extension/plugin": {"autosave": False},
        }
        folder = self._home / "jupyter_config_dir" / "lab" / "user-settings" / "@jupyterlab"
        for name, value in wanted.items():
            file = folder / f"{name}.jupyterlab-settings"
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(json.dumps(value))
