"""Runs a notebook without a front-end: to leave a page that needs no kernel, or a pack."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

from . import secret
from .errors import KeyMissing, ZaiError

PRICE = "$0.27 (three pictures and a clip make $0.25 of it)"


def run(notebook: Path, folder: Path, *, live: bool, say: Callable[[str], Any]) -> Path:
    """Run `notebook` and write `zai-demo.ipynb` and `zai-demo.html` to `folder`.

    On the sandbox, unless `live`. `say` is told of every cell. Gives the page's path; raises
    ZaiError when a cell fails (what ran until then is written), or the `demo` extra is missing.
    """
    if live and secret.find() is None:
        raise KeyMissing("--live needs a key: set ZAI_API_KEY")
    folder.mkdir(parents=True, exist_ok=True)
    with _environment(live):
        book, failed = _executed(notebook, folder, say)
    page = _write(book, folder)
    if failed:
        raise ZaiError(failed)
    return page


def record(notebook: Path, target: Path, say: Callable[[str], Any]) -> str:
    """Run `notebook` where it lies, asking for everything anew, and pack what it asked for.

    Gives what is in the pack, in words. Raises ZaiError when a cell fails; then no pack is written,
    and what was bought is in the journal.
    """
    from .journal import Journal
    from .replay import pack

    path = notebook.resolve()
    with closing(Journal()) as journal:
        with journal.read() as db:
            (since,) = db.execute("select coalesce(max(id), 0) from calls").fetchone()
        with _set({"ZAI_REPLAY": "off", "JPY_SESSION_NAME": str(path)}):
            _, failed = _executed(path, path.parent, say)
        if failed:
            raise ZaiError(failed)
        key = secret.find()
        made = pack.of_notebook(
            journal, str(path), lambda text: key is not None and key.is_in(text), since=since
        )
        size = pack.write(made, journal, target)
    return f"{made.count()}, {size / 1024:,.0f} KB"


def _executed(notebook: Path, folder: Path, say: Callable[[str], Any]) -> tuple[Any, str]:
    """The notebook as it ran in `folder`, and which error stopped it ("" for none)."""
    try:
        import nbclient
        import nbformat
    except ImportError as error:
        raise ZaiError(f"{error.name} is missing: pip install 'zai-magics[demo]'") from None
    try:
        book = nbformat.read(notebook, as_version=4)
    except (OSError, ValueError, nbformat.reader.NotJSONError) as error:
        raise ZaiError(f"{notebook} cannot be read ({type(error).__name__})") from None
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
    try:
        client.execute()
    except nbclient.exceptions.CellExecutionError as error:
        return book, f"a cell failed: {error.ename}: {error.evalue}"
    return book, ""


@contextmanager
def _environment(live: bool) -> Iterator[None]:
    """The kernel's environment: the sandbox, no key and a journal of its own, or as it is."""
    if live:
        yield
        return
    from .sandbox import Sandbox

    # The user's journal is for what the user asks.
    with Sandbox() as sandbox, tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as home:
        own = {"ZAI_BASE_URL": sandbox.base_url, "ZAI_HOME": home}
        with _set({**dict.fromkeys(secret.VARIABLES), **own}):
            yield


@contextmanager
def _set(names: Mapping[str, str | None]) -> Iterator[None]:
    """The environment with these; None takes one out."""
    before = dict(os.environ)
    for name, value in names.items():
        if value is None:
            os.environ.pop(name, None)
        else:
            os.environ[name] = value
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
