"""How a `%%zai` cell looks while it is written, in JupyterLab and in Notebook 7."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from lab import code, markdown
from page import FrontEnd, Notebook

import zai_magics
from zai_magics._version import __version__

EXTENSION = Path(zai_magics.__file__).parent / "labextension"
PROSE, PYTHON = "text/x-ipythongfm", "text/x-ipython"
PROMPT = """%%zai chat -t 0.2

# A class for Ann's students

It's for beginners, and I don't want more than:

- one **bold** example
- `len("it's")`
"""
FUNCTION = "def f(x):\n    return x  # it's Python\n"
# What a front-end saves once a kernel has run; a notebook that is new has none of it.
KNOWN = {"name": "python", "mimetype": "text/x-python", "codemirror_mode": {"name": "ipython"}}


def types(notebook: Notebook) -> list[str]:
    """For every cell, what the front-end takes its text for."""
    found: list[str] = notebook.js("return panel.content.widgets.map(cell => cell.model.mimeType);")
    return found


def painted(notebook: Notebook, index: int) -> list[list[str]]:
    """The coloured pieces of a cell's text, as seen: text, colour, weight."""
    # Languages are loaded when first needed; until then the colours are not the last word.
    notebook.settle()
    found: list[list[str]] = notebook.js(
        """
        const editor = panel.content.widgets[arg].node.querySelector('.cm-content');
        return [...editor.querySelectorAll('.cm-line span')].map(span => {
            const style = getComputedStyle(span);
            return [span.textContent, style.color, style.fontWeight];
        });
        """,
        index,
    )
    return found


def words(notebook: Notebook, index: int) -> list[str]:
    """The coloured pieces of a cell's text, without their colours."""
    return [piece[0] for piece in painted(notebook, index)]


def blamed(notebook: Notebook) -> list[str]:
    """The problems that name the extension; a front-end that closes things has some of its own."""
    return [text for text in notebook.seen.problems() if "zai-magics" in text]


def assert_prose(notebook: Notebook, index: int) -> None:
    """The prompt's heading and list are coloured, its apostrophes and Python's words are not."""
    assert types(notebook)[index] == PROSE
    found = words(notebook, index)
    assert " A class for Ann's students" in found
    assert found.count("-") == 2
    assert not any("beginners" in word or word == "class" for word in found)


def test_a_zai_cell_is_painted_exactly_like_a_markdown_cell(front_end: FrontEnd) -> None:
    """The front-end's own Markdown cell with the same text is the measure."""
    notebook = front_end.open([markdown(PROMPT), code(PROMPT), code(FUNCTION)])
    notebook.js("panel.content.widgets[0].rendered = false;")
    assert_prose(notebook, 1)
    assert painted(notebook, 1) == painted(notebook, 0)
    assert notebook.seen.problems() == []


@pytest.mark.parametrize(
    ("metadata", "windowing"),
    [({}, "none"), ({}, "full"), ({"language_info": KNOWN}, "none")],
    ids=["new", "new, cells drawn when seen", "saved"],
)
def test_the_colours_are_right_whichever_language_is_loaded_first(
    front_end: FrontEnd, metadata: dict[str, Any], windowing: str
) -> None:
    notebook = front_end.open([code(PROMPT), code(FUNCTION)], windowing=windowing, **metadata)
    assert_prose(notebook, 0)
    assert types(notebook)[1] == PYTHON
    assert words(notebook, 1)[:2] == ["def", "f"]


def test_only_cells_that_begin_with_the_magic_are_prose(front_end: FrontEnd) -> None:
    prose = ["%%zai", "%%zai code\nit's", "\n\n  %%zai fix", f"# it's a note\n\n  # two\n{PROMPT}"]
    other = [
        "",
        "# %%zai",
        "x = 1\n%%zai",
        '"""\n%%zai"""',
        "%zai chat it's",
        "%%zain",
        "%%bash\nls",
    ]
    notebook = front_end.open([code(text) for text in prose + other] + [markdown("%%zai")])
    assert types(notebook) == [PROSE] * len(prose) + [PYTHON] * len(other) + [PROSE]
    assert notebook.seen.problems() == []


def test_colours_follow_the_keys_there_and_back(front_end: FrontEnd) -> None:
    notebook = front_end.open([code("%zai chat\nit's")])
    assert types(notebook) == [PYTHON]
    notebook.type(0, ["Control+Home", "%"])
    assert types(notebook) == [PROSE]
    assert words(notebook, 0) == []
    notebook.type(0, ["Control+End", *" and more"])
    assert types(notebook) == [PROSE]
    notebook.type(0, ["Control+Home", "ArrowRight", "Delete"])
    assert types(notebook) == [PYTHON]
    assert any(word.startswith("'s") for word in words(notebook, 0))
    assert notebook.seen.problems() == []


def test_a_magic_typed_under_a_comment_is_seen(front_end: FrontEnd) -> None:
    notebook = front_end.open([code("# it's a note")])
    notebook.type(0, ["Control+End", "Enter", *"%%zai"])
    assert types(notebook) == [PROSE]
    notebook.type(0, ["x"])
    assert types(notebook) == [PYTHON]


def test_colours_outlive_restart_save_and_reload_and_leave_no_trace_in_the_file(
    front_end: FrontEnd,
) -> None:
    notebook = front_end.open([code(PROMPT), code(FUNCTION)])
    notebook.restart()
    assert_prose(notebook, 0)
    saved = notebook.save()
    notebook.reload()
    assert_prose(notebook, 0)
    assert ["".join(cell["source"]) for cell in saved["cells"]] == [PROMPT, FUNCTION]
    assert [cell["metadata"] for cell in notebook.save()["cells"]] == [{}, {}]
    assert PROSE not in json.dumps(saved)
    assert notebook.seen.problems() == []


def test_a_coloured_cell_runs_with_its_text_untouched(front_end: FrontEnd) -> None:
    magic = (
        "get_ipython().register_magic_function(lambda line, cell: print(repr(cell)), 'cell', 'zai')"
    )
    notebook = front_end.open([code(magic), code(PROMPT)])
    notebook.run_all()
    assert notebook.outputs(1)[0]["text"] == repr(PROMPT.partition("\n")[2])
    assert_prose(notebook, 1)


def test_cells_added_moved_deleted_and_brought_back_are_coloured(front_end: FrontEnd) -> None:
    notebook = front_end.open([code(PROMPT), code(FUNCTION)])
    for active, command, expected in [
        (0, "delete-cell", [PYTHON]),
        (0, "undo-cell-action", [PROSE, PYTHON]),
        (0, "move-cell-down", [PYTHON, PROSE]),
        (1, "copy-cell", [PYTHON, PROSE]),
        (0, "paste-cell-above", [PROSE, PYTHON, PROSE]),
        (1, "insert-cell-below", [PROSE, PYTHON, PYTHON, PROSE]),
    ]:
        notebook.select(active)
        notebook.js("await window.jupyterapp.commands.execute(arg);", f"notebook:{command}")
        assert types(notebook) == expected, command
    assert blamed(notebook) == []


def test_two_views_of_a_notebook_are_both_coloured_and_one_may_close(lab: FrontEnd) -> None:
    notebook = lab.open([code(PROMPT), code(FUNCTION)])
    notebook.js("await window.jupyterapp.commands.execute('docmanager:clone');")
    both = "return [...window.jupyterapp.shell.widgets('main')].filter(w => w.content?.widgets)"
    notebook.wait(f"{both}.length === 2")
    notebook.js(f"{both}[0].dispose();")
    notebook.set_source(0, "x = 1")
    assert types(notebook) == [PYTHON, PYTHON]
    notebook.set_source(0, PROMPT)
    assert_prose(notebook, 0)
    assert blamed(notebook) == []


def test_several_notebooks_are_coloured_at_once_and_closing_all_is_quiet(lab: FrontEnd) -> None:
    others = [lab.write([code(PROMPT)]) for _ in range(2)]
    notebook = lab.open([code(PROMPT)])
    for path in others:
        notebook.js(
            "await window.jupyterapp.commands.execute('docmanager:open', {path: arg});", path
        )
    every = "[...window.jupyterapp.shell.widgets('main')].filter(w => w.content?.widgets)"
    notebook.wait(f"return {every}.every(w => w.content.widgets[0]?.model.mimeType === '{PROSE}')")
    assert notebook.js(f"return {every}.length") == 3
    notebook.js(f"for (const widget of {every}) widget.close();")
    notebook.settle()
    assert blamed(notebook) == []


def test_the_extension_is_installed_as_it_stands_here_enabled_and_compatible(
    lab: FrontEnd,
) -> None:
    # An editable install copies these files once: after a change, install again.
    installed = Path(sys.prefix, "share", "jupyter", "labextensions", "zai-magics")
    for file in ("package.json", "install.json", "static/remoteEntry.js"):
        assert (installed / file).read_bytes() == (EXTENSION / file).read_bytes(), file
    command = [sys.executable, "-m", "jupyter", "labextension", "list"]
    said = subprocess.run(command, capture_output=True, text=True, check=True)
    line = next(text for text in said.stderr.splitlines() if "zai-magics" in text)
    assert f"v{__version__}" in line
    assert "enabled" in line and "OK" in line and "python, zai-magics" in line


def test_the_extension_has_the_version_of_the_package() -> None:
    described = json.loads((EXTENSION / "package.json").read_text(encoding="utf-8"))
    assert described["version"] == __version__
    assert (EXTENSION / described["jupyterlab"]["_build"]["load"]).is_file()
