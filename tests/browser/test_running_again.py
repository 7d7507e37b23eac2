"""A notebook run again in a new kernel: the same conversation, and nothing bought twice."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from lab import code
from page import FrontEnd, Notebook

from zai_magics.sandbox import Sandbox

TOUR = Path(__file__).parents[2] / "notebooks" / "tour.ipynb"


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    with Sandbox(pace=0, video_seconds=0.0) as sandbox:
        yield sandbox


def on_the_sandbox(sandbox: Sandbox, cells: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The cells behind one that makes the kernel ask this sandbox."""
    return [code(f"%env ZAI_BASE_URL={sandbox.base_url}"), *cells]


def restart_and_run_all(notebook: Notebook) -> None:
    notebook.save()
    notebook.restart()
    notebook.run_all(120)


def turns(notebook: Notebook) -> int:
    """How many turns `%zai history` shows in the last cell."""
    return notebook.outputs(-1 + notebook.js("return panel.content.widgets.length;"))[0][
        "text"
    ].count("glm-4.7")


def test_the_tour_run_again_is_as_long_and_buys_nothing(lab: FrontEnd, sandbox: Sandbox) -> None:
    tour = json.loads(TOUR.read_text("utf-8"))["cells"]
    notebook = lab.open(on_the_sandbox(sandbox, [*tour, code("%zai history")]))
    notebook.run_all(120)
    bought, length = len(sandbox.charged), turns(notebook)
    assert bought >= 4 and length >= 3
    restart_and_run_all(notebook)
    assert turns(notebook) == length
    assert len(sandbox.charged) == bought
    assert "came back" in notebook.outputs(2)[0]["text"]
    assert "stored · free" in json.dumps(notebook.save(), ensure_ascii=False)
    assert notebook.seen.problems() == []


def test_a_clip_in_the_background_appears_while_other_cells_run(
    front_end: FrontEnd, sandbox: Sandbox
) -> None:
    cells = [
        code("%load_ext zai_magics\nimport time"),
        code("%zai video --background -o clip a kite over the dunes"),
        code("print('meanwhile')"),
        code("while not hasattr(clip, 'path'): time.sleep(0.05)\nclip.path.suffix"),
    ]
    notebook = front_end.open(on_the_sandbox(sandbox, cells))
    notebook.run_all(60)
    notebook.wait(
        "return !!panel.content.widgets[2].node.querySelector('.jp-OutputArea-output video');"
    )
    assert notebook.outputs(3)[0]["text"] == "meanwhile"
    assert notebook.outputs(4)[0]["text"] == "'.mp4'"
    saved = notebook.save()["cells"][2]["outputs"]
    assert len(saved) == 1 and "<video" in "".join(saved[0]["data"]["text/html"])
    assert notebook.seen.problems() == []
