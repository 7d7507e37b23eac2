"""Hostile replies in a real JupyterLab, a real browser and nbconvert's page: nothing happens."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from hostile import HOSTILE

sys.path.insert(0, str(Path(__file__).parents[1] / "browser"))

from lab import Server, chromium, chromium_path, code
from page import Notebook

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

pytestmark = pytest.mark.browser

HERE = Path(__file__).parent
PREPARE = f"""
import sys
sys.path[:0] = [{str(HERE.parents[1])!r}, {str(HERE)!r}]
from hostile import HOSTILE
from zai_magics.render import safe
from IPython.display import display
def show(name):
    text = HOSTILE[name]
    html = safe.page(f"<p>{{safe.escape(name)}}</p>" + safe.markdown(text))
    display({{"text/html": html, "text/plain": safe.plain(text)}}, raw=True)
"""
# What hostile content would leave behind, anywhere in the page.
TRACES = """() => {
    const found = [...document.querySelectorAll('.zai *')].filter(e =>
        ['SCRIPT', 'IMG', 'IFRAME', 'STYLE', 'LINK', 'BASE', 'FORM', 'INPUT', 'OBJECT', 'EMBED',
         'META', 'VIDEO', 'AUDIO'].includes(e.tagName)
        || [...e.attributes].some(a => /^on|^data-command|srcdoc|formaction/i.test(a.name)
            || /^\\s*javascript:/i.test(a.value)));
    return {pwned: window.zaiPwned ?? null, found: found.map(e => e.outerHTML.slice(0, 200)),
            shown: document.querySelectorAll('.zai').length, base: document.baseURI,
            tallest: Math.max(0, ...[...document.querySelectorAll('.zai mjx-container')].map(
                e => Math.max(e.scrollWidth, e.scrollHeight))),
            broken: document.querySelectorAll('.zai mjx-merror, .zai .MathJax_Error').length};
}"""


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Chromium for this file, or a skip that says what is missing."""
    if chromium_path() is None:
        pytest.skip("needs Chromium on the PATH, or its path in ZAI_CHROMIUM")
    with chromium() as found:
        yield found


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """JupyterLab for this file."""
    with Server("lab", tmp_path_factory.mktemp("hostile")) as started:
        yield started


def assert_quiet(page: Page, outside: list[str], dialogs: list[str], outputs: int) -> None:
    """No script, no request, no dialog, nothing that could start one, and all texts are there."""
    page.wait_for_timeout(1_500)
    traces = page.evaluate(TRACES)
    assert traces["pwned"] is None
    assert traces["found"] == []
    assert [url for url in outside if ".invalid" in url or "wss" in url] == []
    assert dialogs == []
    assert traces["shown"] == outputs
    assert "beacon" not in traces["base"]
    assert traces["tallest"] < 3_000


@pytest.fixture(scope="module")
def saved(server: Server, browser: Browser) -> dict[str, Any]:
    """The notebook with every hostile text, run in JupyterLab, watched and saved."""
    cells = [code(PREPARE), *(code(f"show({name!r})") for name in HOSTILE)]
    with Notebook(server, browser, server.write("hostile.ipynb", cells)) as notebook:
        notebook.run_all(180)
        notebook.settle()
        assert_quiet(notebook.page, notebook.seen.outside, notebook.seen.dialogs, len(HOSTILE))
        return notebook.save()


def test_a_fresh_run_of_hostile_texts_is_quiet(saved: dict[str, Any]) -> None:
    outputs = [cell["outputs"] for cell in saved["cells"][1:]]
    assert [len(of_cell) for of_cell in outputs] == [1] * len(HOSTILE)
    assert all(set(of_cell[0]["data"]) == {"text/html", "text/plain"} for of_cell in outputs)


@pytest.mark.parametrize("trusted", [True, False])
def test_the_saved_notebook_opened_again_is_quiet(
    server: Server, browser: Browser, saved: dict[str, Any], trusted: bool
) -> None:
    # A note, so that the signature of the saved file is not this one's as well.
    path = server.write(f"again-{trusted}.ipynb", saved["cells"], note=f"{trusted}")
    if trusted:
        server.trust(path)
    with Notebook(server, browser, path) as notebook:
        notebook.settle()
        states = notebook.js("return panel.content.widgets.map(cell => cell.model.trusted)")
        assert all(state is trusted for state in states[1:])
        assert_quiet(notebook.page, notebook.seen.outside, notebook.seen.dialogs, len(HOSTILE))


def test_the_page_that_nbconvert_makes_is_quiet(
    browser: Browser, saved: dict[str, Any], tmp_path: Path
) -> None:
    nbformat = pytest.importorskip("nbformat")
    exporter = pytest.importorskip("nbconvert").HTMLExporter()
    html, _ = exporter.from_notebook_node(nbformat.reads(json.dumps(saved), 4))
    (tmp_path / "hostile.html").write_text(html, encoding="utf-8")
    page = browser.new_page()
    outside: list[str] = []
    dialogs: list[str] = []
    page.on("dialog", lambda box: (dialogs.append(box.message), box.dismiss()))
    page.route(
        re.compile("^https?:"), lambda route: (outside.append(route.request.url), route.abort())
    )
    page.goto((tmp_path / "hostile.html").as_uri())
    assert_quiet(page, outside, dialogs, len(HOSTILE))
    page.close()


def test_the_same_texts_published_raw_are_not_quiet(server: Server, browser: Browser) -> None:
    """The measure measures: without the room, beacons are asked for and script runs."""
    raw = "display({'text/html': '\\n'.join(HOSTILE[n] for n in %r)}, raw=True)"
    names = ["image-html", "img-onerror", "svg-onload", "base"]
    cells = [code(PREPARE), code(raw % names)]
    with Notebook(server, browser, server.write("raw.ipynb", cells)) as notebook:
        notebook.run_all()
        notebook.page.wait_for_timeout(1_000)
        assert any("beacon-image-html" in url for url in notebook.seen.outside)
        assert notebook.page.evaluate(TRACES)["pwned"] is not None


def test_no_formula_of_one_text_reaches_another(server: Server, browser: Browser) -> None:
    """A macro redefined in one output leaves the fractions of the next as they are."""
    attack = r"$\\renewcommand{\\frac}[2]{PWNED}$ $\\def\\sqrt{PWNED}$ $x$"
    plain = r"$\\frac{1}{2} + \\sqrt{3}$ and $5 or $6"
    show = "display({'text/html': safe.page(safe.markdown(%s))}, raw=True)"
    cells = [code(PREPARE), code(show % f"'{attack}'"), code(show % f"'{plain}'")]
    with Notebook(server, browser, server.write("leak.ipynb", cells)) as notebook:
        notebook.run_all()
        notebook.wait("return document.querySelectorAll('.zai mjx-container').length === 2")
        assert notebook.js("return document.querySelectorAll('mjx-mfrac').length") == 1
        assert "PWNED" not in notebook.outputs(2)[0]["text"]
        assert "$5 or $6" in notebook.outputs(2)[0]["text"]
