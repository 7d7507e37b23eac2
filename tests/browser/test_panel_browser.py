"""The panel as somebody uses it, with a keyboard alone."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from lab import code
from page import FrontEnd

from zai_magics.sandbox import Sandbox


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    with Sandbox(pace=0) as sandbox:
        yield sandbox


def test_a_prompt_is_typed_run_and_kept(front_end: FrontEnd, sandbox: Sandbox) -> None:
    cells = [
        code(f"%env ZAI_BASE_URL={sandbox.base_url}\n%load_ext zai_magics\ntopic = 'rivers'"),
        code("%zai panel -m glm-4.7,glm-4.7-flash"),
    ]
    notebook = front_end.open(cells)
    notebook.run_all()
    notebook.wait("return panel.node.querySelector('.widget-textarea textarea');")
    notebook.js("panel.node.querySelector('.widget-textarea textarea').focus();")
    keyboard = notebook.page.keyboard
    keyboard.type("Explain {{ topic }} in a table")
    for _ in range(5):  # system, models, temperature, thinking, Run
        keyboard.press("Tab")
    focused = "return document.activeElement.textContent.trim();"
    assert notebook.js(focused) == "Run"
    keyboard.press("Enter")
    notebook.wait(
        "return (panel.node.textContent.match(/Numbers stand to the right/g) || []).length >= 4;"
    )
    shown = notebook.js(
        "return [...panel.node.querySelectorAll('textarea')].map(area => area.value);"
    )
    assert "%%zai compare -m glm-4.7,glm-4.7-flash\nExplain {{ topic }} in a table" in shown
    saved = notebook.save()["cells"][1]["outputs"]
    html = "".join(saved[-1]["data"]["text/html"])
    assert html.count("<details>") >= 2 and "Explain {{ topic }} in a table" in html
    assert notebook.seen.problems() == []
