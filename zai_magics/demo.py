"""Runs a notebook without a front-end and leaves it as a page that needs no kernel."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from . import secret
from .errors import KeyMissing, ZaiError

PRICE = "$0.27 (three pictures and a clip make $0.25 of it)"
_KEYS = ("ZAI_API_KEY", "Z_AI_API_KEY")


def run(notebook: Path, folder: Path, *, live: bool, say: Callable[[str], Any]) -> Path:
    """Run `notebook` and write `zai-demo.ipynb` and `zai-demo.html` to `folder`.

    On the sandbox, unless `live`. `say` is told of every cell. Gives the page's path; raises
    ZaiError when a cell fails (what ran until then is written), or the `demo` extra is missing.
    """
    try:
        import nbclient
        import nbformat
    except ImportError as error:
        raise ZaiError(f"{error.name} is missing: pip install 'zai-magics[demo]'") from None
    if live and secret.find() is None:
        raise KeyMissing("--live needs a key: set ZAI_API_KEY")
    folder.mkdir(parents=True, exist_ok=True)
    book = nbformat.read(notebook, as_version=4)
    cells = sum(cell.cell_type == "code" for cell in book.cells)

    def told(cell: Any, cell_index: int, **_: Any) -> None:
        first = str(cell.source).strip().partition("\n")[0]
        done = sum(c.cell_type == "code" for c in book.cells[: cell_index + 1])
        say(f"[{done:2}/{cells}] {first[:70]}")

    client = nbclient.NotebookClient(
        book,
        timeout=1200,
        kernel_name="python3",
        resources={"metadata": {"path": str(folder)}},
        on_cell_start=lambda **about: told(**about) if about["cell"].cell_type == "code" else None,
    )
    with _environment(live):
        try:
            client.execute()
        except nbclient.exceptions.CellExecutionError as error:
            _write(book, folder)
            raise ZaiError(f"a cell failed: {error.ename}: {error.evalue}") from None
    return _write(book, folder)


@contextmanager
def _environment(live: bool) -> Iterator[None]:
    """The kernel's environment: the sandbox, no key and a journal of its own, or as it is."""
    if live:
        yield
        return
    from .sandbox import Sandbox

    before = dict(os.environ)
    # The user's journal is for what the user asks.
    with Sandbox() as sandbox, tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as home:
        for name in _KEYS:
            os.environ.pop(name, None)
        os.environ["ZAI_BASE_URL"], os.environ["ZAI_HOME"] = sandbox.base_url, home
        try:
            yield
        finally:
            os.environ.clear()
            os.environ.update(before)


def _write(book: Any, folder: Path) -> Path:
    import nbformat
    from nbconvert import HTMLExporter

    nbformat.write(book, folder / "zai-demo.ipynb")
    # Widgets and diagrams would be fetched from elsewhere; nothing here uses them.
    exporter = HTMLExporter(require_js_url="", jquery_url="", mermaid_js_url="")
    page, _ = exporter.from_notebook_node(book, {"metadata": {"name": "zai_magics: the tour"}})
    path = folder / "zai-demo.html"
    path.write_text(page, encoding="utf-8")
    return path
