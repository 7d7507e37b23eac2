"""One notebook in one browser page: run it, edit it, save it, read back what a person would see.

What belongs here: what any browser test does with an open notebook. What a test expects of it
belongs in the test; the server and the browser are `lab`'s.
"""

from __future__ import annotations

import json
import re
import time
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any

from lab import Server

if TYPE_CHECKING:  # a machine without playwright still collects the tests, and skips them
    from playwright.sync_api import (
        Browser,
        BrowserContext,
        ConsoleMessage,
        Dialog,
        Error,
        Page,
        Request,
        Route,
        WebSocket,
    )

LOOPBACK = re.compile(r"(?:https?|wss?)://(?:127\.0\.0\.1|localhost|\[::1\])(?::\d+)?(?:/|$)")
LOCAL = re.compile(r"(?:data|blob|about|chrome)[:-]")
# Faults of the front-ends themselves: an empty notebook without this package shows them too.
NOISE = re.compile(
    r"Cannot read properties of undefined \(reading '(?:schema|last_modified)'\)"  # Notebook opens
    r"|Could not restore the debugger state"  # a kernel restarts or ends
)
PANEL = """
    const shown = window.jupyterapp.shell.currentWidget;
    const panel = shown?.content?.widgets
        ? shown : [...window.jupyterapp.shell.widgets('main')].find(w => w.content?.widgets);
"""
BUSY = """
    const kernel = panel?.sessionContext?.session?.kernel;
    const starred = [...panel.node.querySelectorAll('.jp-InputPrompt')]
        .some(prompt => prompt.textContent.includes('*'));
    return kernel?.connectionStatus !== 'connected' || kernel.status !== 'idle' || starred;
"""


@dataclass
class Seen:
    """What happened in the page besides the notebook; nothing is ever forgotten by a reload."""

    console: list[str] = field(default_factory=list)
    page_errors: list[str] = field(default_factory=list)
    dialogs: list[str] = field(default_factory=list)
    outside: list[str] = field(default_factory=list)
    messages: int = 0
    bytes: int = 0

    def problems(self) -> list[str]:
        """All that a good page does not do: `assert notebook.seen.problems() == []`."""
        said = [text for text in self.console + self.page_errors if not NOISE.search(text)]
        return said + self.dialogs + [f"outside: {url}" for url in self.outside]


class Notebook:
    """One notebook in one fresh browser page, with its kernel ready; every wait is bounded.

        with Notebook(server, browser, path, theme="dark") as notebook:
            notebook.set_source(0, "1 + 1")
            notebook.run_all()
            assert notebook.outputs(0)[0]["text"] == "2"

    `page` is the Playwright page; `seen` what the page said; times are seconds. Raises
    playwright's TimeoutError when the front-end does not do in time what it was asked.
    """

    def __init__(
        self,
        server: Server,
        browser: Browser,
        path: str,
        *,
        theme: str = "light",
        windowing: str = "none",
    ) -> None:
        self.server, self.path, self.seen = server, path, Seen()
        self._asked: set[str] = set()
        self._last_answer = time.monotonic()
        server.settings(theme, windowing)
        # A service worker's requests would pass by the route below.
        self.context: BrowserContext = browser.new_context(
            viewport={"width": 1280, "height": 900}, service_workers="block"
        )
        self.context.set_default_timeout(30_000)
        self.context.route(lambda url: not (LOOPBACK.match(url) or LOCAL.match(url)), self._block)
        self.page: Page = self.context.new_page()
        self._listen()

    def __enter__(self) -> Notebook:
        try:
            self.page.goto(self.server.url(self.path), wait_until="domcontentloaded")
            self._wait_open()
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

    def close(self) -> None:
        """Close the page and end its kernel."""
        self.context.close()
        for session in self.server.api("GET", "/api/sessions"):
            if session["path"] == self.path:
                self.server.api("DELETE", f"/api/sessions/{session['id']}")

    def _block(self, route: Route) -> None:
        self.seen.outside.append(route.request.url[:500])
        route.abort()

    def _listen(self) -> None:
        self.page.on("console", self._on_console)
        self.page.on("pageerror", self._on_page_error)
        self.page.on("dialog", self._on_dialog)
        self.page.on("websocket", self._on_websocket)
        self.page.on("request", lambda request: self._asked.add(request.url))
        self.page.on("requestfinished", self._on_answer)
        self.page.on("requestfailed", self._on_answer)

    def _on_console(self, said: ConsoleMessage) -> None:
        if said.type == "error":
            self.seen.console.append(said.text[:2000])

    def _on_page_error(self, error: Error) -> None:
        self.seen.page_errors.append(f"{error.message}\n{error.stack or ''}"[:2000])

    def _on_dialog(self, box: Dialog) -> None:
        if box.type == "beforeunload":  # "leave without saving?", when a test reloads
            box.accept()
        else:
            self.seen.dialogs.append(box.message)
            box.dismiss()

    def _on_answer(self, request: Request) -> None:
        self._asked.discard(request.url)
        self._last_answer = time.monotonic()

    def _on_websocket(self, socket: WebSocket) -> None:
        if not LOOPBACK.match(socket.url):
            self.seen.outside.append(socket.url[:500])
        if "/channels" in socket.url:
            socket.on("framereceived", self._on_message)

    def _on_message(self, payload: str | bytes) -> None:
        self.seen.messages += 1
        self.seen.bytes += len(payload)

    def _wait_open(self) -> None:
        self.page.wait_for_function("() => !!window.jupyterapp", timeout=90_000)
        self.page.evaluate("async () => { await window.jupyterapp.restored; }")
        self.page.wait_for_selector(".jp-Notebook .jp-Cell", timeout=60_000)
        self.page.evaluate("() => window.jupyterapp.shell.collapseLeft?.()")
        self.wait_idle(60)

    # -- doing

    def js(self, body: str, arg: object = None) -> Any:
        """Run JavaScript with `panel` (the notebook's widget) and `arg` in scope."""
        return self.page.evaluate(f"async arg => {{ {PANEL} {body} }}", arg)

    def wait(self, body: str, arg: object = None, seconds: float = 30) -> None:
        """Wait until JavaScript, written as for `js`, returns something true."""
        test = f"arg => {{ {PANEL} {body} }}"
        self.page.wait_for_function(test, arg=arg, timeout=seconds * 1000, polling=100)

    def command(self, name: str) -> None:
        """Start a command of the front-end, as its menu does: `command("notebook:run-cell")`."""
        # Not awaited: a cell may ask for input, or never end, and the test wants to go on.
        self.page.evaluate("name => { window.jupyterapp.commands.execute(name); }", name)

    def wait_idle(self, seconds: float = 60) -> None:
        """Wait until the kernel is idle and no prompt shows [*], three times in a row."""
        self.page.evaluate("() => { window.zaiCalm = 0; }")
        self.wait(
            f"const busy = (() => {{ {BUSY} }})();"
            "return (window.zaiCalm = busy ? 0 : window.zaiCalm + 1) >= 3;",
            seconds=seconds,
        )

    def settle(self, quiet: float = 0.4, seconds: float = 30) -> None:
        """Wait until the page has asked for nothing for `quiet` seconds and waits for nothing."""
        # Playwright's "networkidle" comes once in a page's life; this may be asked again and again.
        end = time.monotonic() + seconds
        while self._asked or time.monotonic() - self._last_answer < quiet:
            if time.monotonic() > end:
                raise TimeoutError(f"the page still loads {sorted(self._asked)[:3]}")
            self.page.wait_for_timeout(50)

    def run_all(self, seconds: float = 60) -> None:
        """Run every cell and wait until all is done."""
        self.command("notebook:run-all-cells")
        self.wait_idle(seconds)

    def select(self, index: int) -> None:
        """Make a cell the active one."""
        self.js("panel.content.activeCellIndex = arg; panel.content.mode = 'command';", index)

    def run(self, index: int, seconds: float = 60, wait: bool = True) -> None:
        """Run one cell; with `wait=False` come back while it runs."""
        self.select(index)
        self.command("notebook:run-cell")
        if wait:
            self.wait_idle(seconds)

    def interrupt(self) -> None:
        """Interrupt the kernel, as the toolbar's square does."""
        self.js("await panel.sessionContext.session.kernel.interrupt();")

    def restart(self, seconds: float = 60) -> None:
        """Restart the kernel without the question, and wait until it is ready."""
        self.js("await panel.sessionContext.restartKernel();")
        self.wait_idle(seconds)

    def set_source(self, index: int, text: str) -> None:
        """Replace a cell's text."""
        self.js("panel.content.widgets[arg[0]].model.sharedModel.setSource(arg[1]);", [index, text])

    def type(self, index: int, keys: Sequence[str]) -> None:
        """Press keys in a cell's editor: single characters or names such as "Home"."""
        self.select(index)
        self.js("panel.content.mode = 'edit';")
        self.page.locator(".jp-Notebook .jp-Cell").nth(index).locator(".cm-content").focus()
        for key in keys:
            self.page.keyboard.press(key)

    def save(self) -> dict[str, Any]:
        """Save, and return the notebook as it lies on disk, where a source is a list of lines."""
        self.js("await panel.context.save();")
        text = (self.server.folder / self.path).read_text(encoding="utf-8")
        saved: dict[str, Any] = json.loads(text)
        return saved

    def reload(self) -> None:
        """Press F5: the page is new, the kernel goes on."""
        self.page.reload(wait_until="domcontentloaded")
        self._wait_open()

    def trust(self) -> None:
        """Trust every cell of the open notebook, without the front-end's question."""
        self.js("for (const cell of panel.content.widgets) cell.model.trusted = true;")

    # -- looking

    def outputs(self, index: int) -> list[dict[str, str]]:
        """A cell's outputs as rendered: for each its `mime`, visible `text` and `html`."""
        found: list[dict[str, str]] = self.js(
            """
            const node = panel.content.widgets[arg].node;
            return [...node.querySelectorAll('.jp-OutputArea-output')].map(output => ({
                mime: output.getAttribute('data-mime-type') ?? '',
                text: output.innerText.trim(), html: output.innerHTML}));
            """,
            index,
        )
        return found

    def screenshot(self, file: Path) -> Path:
        """The whole notebook as one picture (Chromium paints no more than 15,000 pixels)."""
        bottom = self.js(
            "return Math.max(...panel.content.widgets"
            ".map(cell => cell.node.getBoundingClientRect().bottom));"
        )
        height = min(15_000, max(600, round(bottom) + 60))
        self.page.set_viewport_size({"width": 1280, "height": height})
        self.page.screenshot(path=file)
        return file


class FrontEnd:
    """JupyterLab or Notebook 7 for one test; what it opens is closed when the test ends.

    notebook = lab.open([code("1 + 1")], theme="dark")
    """

    def __init__(self, server: Server, browser: Browser, folder: str, stack: ExitStack) -> None:
        # A test's name may hold what Windows allows in no path.
        self.server, self.folder = server, re.sub(r"[^\w-]+", "-", folder)
        self._browser, self._stack, self._written = browser, stack, 0

    def open(
        self,
        notebook: str | Sequence[dict[str, Any]],
        *,
        trusted: bool = False,
        theme: str = "light",
        windowing: str = "none",
        **metadata: Any,
    ) -> Notebook:
        """Open cells as a new notebook, or the path of one that is there; metadata as in nbformat.

        `trusted` signs it first; `theme` is "light" or "dark"; `windowing` as `Server.settings`.
        """
        path = notebook if isinstance(notebook, str) else self.write(notebook, **metadata)
        if trusted:
            self.server.trust(path)
        page = Notebook(self.server, self._browser, path, theme=theme, windowing=windowing)
        return self._stack.enter_context(page)

    def write(self, cells: Sequence[dict[str, Any]], **metadata: Any) -> str:
        """Write a notebook into this test's own folder and return its path."""
        self._written += 1
        return self.server.write(f"{self.folder}/{self._written}.ipynb", cells, **metadata)
