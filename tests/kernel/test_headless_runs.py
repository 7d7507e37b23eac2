"""Notebooks run without a front-end: what is saved, what stops them, and what HTML they become."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import nbformat
import pytest
from running import RECORD, environment

from zai_magics.sandbox import Sandbox

LOAD = "%load_ext zai_magics"
GOOD = (
    LOAD,
    "%%zai chat\nshow me a formula",
    "%%zai chat\n[[echo]] plain *words*",
    "%zai image -n 2 a cat",
    "%%zai video\na bird",
    "reply = %zai chat -q [[echo]] quiet\nlen(reply)",
)


def write(path: Path, *cells: str) -> Path:
    """A notebook of code cells."""
    notebook = nbformat.v4.new_notebook()
    notebook.cells = [nbformat.v4.new_code_cell(source) for source in cells]
    nbformat.write(notebook, path)
    return path


def convert(folder: Path, sandbox: Sandbox, *words: str) -> subprocess.CompletedProcess[str]:
    """Run nbconvert in a folder."""
    return subprocess.run(
        [sys.executable, "-m", "nbconvert", *words],
        cwd=folder,
        env=environment(ZAI_BASE_URL=sandbox.base_url, IPYTHONDIR=str(folder / "ipython")),
        capture_output=True,
        text=True,
        timeout=120,
    )


@pytest.fixture(scope="module")
def executed(sandbox: Sandbox, tmp_path_factory: pytest.TempPathFactory) -> tuple[Any, str]:
    """A notebook after `nbconvert --execute`, and the web page made of it."""
    folder = tmp_path_factory.mktemp("good run")
    write(folder / "good.ipynb", *GOOD)
    ran = convert(folder, sandbox, "--execute", "--to", "notebook", "--inplace", "good.ipynb")
    assert ran.returncode == 0, ran.stderr
    made = convert(folder, sandbox, "--to", "html", "good.ipynb")
    assert made.returncode == 0, made.stderr
    notebook = nbformat.read(folder / "good.ipynb", 4)
    nbformat.validate(notebook)
    return notebook, (folder / "good.html").read_text("utf-8")


def test_each_cell_has_one_whole_output(executed: tuple[Any, str]) -> None:
    notebook, _ = executed
    kinds = [[o.output_type for o in cell.outputs] for cell in notebook.cells]
    assert kinds == [[], *[["display_data"]] * 4, ["execute_result"]]
    assert notebook.cells[2].outputs[0].data["text/plain"] == "plain *words*"
    assert notebook.cells[2].outputs[0].data[RECORD]["reply"] == "plain *words*"
    assert notebook.cells[5].outputs[0].data["text/plain"] == "5"


def test_no_output_of_a_run_notebook_is_markdown(executed: tuple[Any, str]) -> None:
    notebook, _ = executed
    mimes = {mime for cell in notebook.cells for o in cell.outputs for mime in o.get("data", ())}
    assert mimes <= {"text/html", "text/plain", RECORD}


@pytest.mark.parametrize(
    "piece",
    [
        "plain <em>words</em>",
        r'<span class="mathjax_process tex2jax_process">\\\(',
        '<img [^>]*src="data:image/png;base64,',
        '<video [^>]*src="data:video/mp4;base64,',
        '<video [^>]*poster="data:image/',
    ],
)
def test_the_web_page_shows_text_formulas_pictures_and_clips(
    executed: tuple[Any, str], piece: str
) -> None:
    assert re.search(piece, executed[1])


@pytest.mark.parametrize(
    ("cell", "name"),
    [
        ("%zai chat [[error 1261]] x", "ContextTooLong"),
        pytest.param("%zai chta hello", "CommandError", marks=pytest.mark.long),
    ],
)
def test_a_failing_cell_stops_the_run(
    sandbox: Sandbox, tmp_path: Path, cell: str, name: str
) -> None:
    write(tmp_path / "bad.ipynb", LOAD, cell, "open('reached', 'w')")
    ran = convert(tmp_path, sandbox, "--execute", "--to", "notebook", "bad.ipynb")
    assert ran.returncode != 0 and name in ran.stderr
    assert not (tmp_path / "reached").exists()


@pytest.mark.long
def test_a_failing_cell_that_is_allowed_keeps_its_one_line(
    sandbox: Sandbox, tmp_path: Path
) -> None:
    write(tmp_path / "bad.ipynb", LOAD, "%zai chat [[cut]] show me a table", "1 + 1")
    words = ("--execute", "--allow-errors", "--to", "notebook", "--inplace", "bad.ipynb")
    assert convert(tmp_path, sandbox, *words).returncode == 0
    shown, error = nbformat.read(tmp_path / "bad.ipynb", 4).cells[1].outputs
    assert "incomplete" in shown.data["text/html"] and shown.data["text/plain"]
    assert error.ename == "IncompleteAnswer" and len(error.traceback) == 1


def test_the_notebook_of_a_data_scientist_runs_without_a_key(
    sandbox: Sandbox, tmp_path: Path
) -> None:
    for name in ("sklearn", "matplotlib", "pandas"):
        pytest.importorskip(name)
    source = Path(__file__).parents[2] / "notebooks" / "data_science.ipynb"
    (tmp_path / source.name).write_bytes(source.read_bytes())
    ran = convert(tmp_path, sandbox, "--execute", "--to", "notebook", "--inplace", source.name)
    assert ran.returncode == 0, ran.stderr
    cells = nbformat.read(tmp_path / source.name, 4).cells
    saved = {c.id: json.dumps(c.get("outputs", "")) for c in cells}
    failed = [c.id for c in cells if '"output_type": "error"' in saved[c.id]]
    assert [c.id for c in cells if "raises-exception" in c.metadata.get("tags", ())] == failed
    shown = "".join(saved.values())
    said = ("178 rows", "image: PNG", "Cannubi", "13.745", "moving_average", "colour_intensity")
    assert [words for words in said if words not in shown] == []
