"""Two notebooks run from their packs, without a key and without a network."""

from __future__ import annotations

import json
import re
import shutil
import zipfile
from pathlib import Path
from typing import Any

import nbclient
import nbformat
import pytest
from running import RECORD, environment

NOTEBOOKS = Path(__file__).resolve().parents[2] / "notebooks"
# What the kernel runs before the first cell: a connection to anywhere else than the kernel's own
# front-end fails.
NO_NETWORK = """
import socket
def refused(self, address, *more):
    raise OSError(f"the network was used: {address}")
socket.socket.connect = socket.socket.connect_ex = refused
socket.getaddrinfo = refused
"""


@pytest.fixture(scope="module")
def lesson(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """The lesson as it ran on a machine that has nothing but it and its pack."""
    return run(tmp_path_factory.mktemp("class"), "teaching")


@pytest.fixture(scope="module")
def experiment(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """The notebook of a measured prompt, likewise."""
    return run(tmp_path_factory.mktemp("experiment"), "prompt_engineering")


def run(folder: Path, name: str) -> Any:
    """A notebook run in a folder with its pack alone."""
    for suffix in (".ipynb", ".zai"):
        shutil.copy(NOTEBOOKS / f"{name}{suffix}", folder)
    book = nbformat.read(folder / f"{name}.ipynb", 4)
    for cell in book.cells:  # the pace is the lesson's, and not the tests'
        cell.source = cell.source.replace("replay only", "replay --speed 0 only")
    book.cells.insert(0, nbformat.v4.new_code_cell(NO_NETWORK))
    environ = environment(ZAI_HOME=str(folder / "home"), MPLBACKEND="agg")
    for name in ("ZAI_API_KEY", "ZAI_BASE_URL"):
        environ.pop(name, None)
    resources = {"metadata": {"path": str(folder)}}
    client = nbclient.NotebookClient(book, kernel_name="python3", resources=resources)
    client.execute(env=environ)
    return book


def test_every_answer_is_the_one_in_the_pack(lesson: Any) -> None:
    with zipfile.ZipFile(NOTEBOOKS / "teaching.zai") as file:
        packed = [m["content"] for m in json.loads(file.read("pack.json"))["messages"]]
    records = [
        output.data[RECORD]
        for cell in lesson.cells
        if cell.cell_type == "code"
        for output in cell.outputs
        if RECORD in output.get("data", {})
    ]
    assert len(records) >= 9 and {r["model"] for r in records} == {"SmolLM2-135M-Instruct"}
    for record in records:
        assert record["reply"] in packed and record["cost"] == 0


def test_every_answer_says_that_it_is_a_replay_and_who_gave_it(lesson: Any) -> None:
    shown = [
        output.data["text/html"]
        for cell in lesson.cells
        if cell.cell_type == "code"
        for output in cell.outputs
        if RECORD in output.get("data", {})
    ]
    assert shown
    for html in shown:
        assert ">replay<" in html and "SmolLM2" in html and re.search(r"recorded \d{4}-\d", html)


def test_the_picture_is_there_and_says_that_the_sandbox_drew_it(lesson: Any) -> None:
    html = "".join(
        output.data.get("text/html", "")
        for cell in lesson.cells
        if cell.source.startswith("%zai image")
        for output in cell.outputs
    )
    assert ">sandbox<" in html and "data:image/png;base64," in html


def test_a_prompt_is_compared_chosen_and_run_over_what_it_has_not_seen(experiment: Any) -> None:
    shown = {
        cell.source.split("\n")[-1]: "".join(o.data["text/plain"] for o in cell.outputs)
        for cell in experiment.cells
        if cell.cell_type == "code"
    }
    table = shown["{{ ask }} {{ review }}"]
    assert "48 answers · 48 stored · free" in table and "@choice against @rough" in table
    (right,) = (said for source, said in shown.items() if "are right" in source)
    assert re.search(r"\d of 8 are right", right)
    assert "8 rows · 8 stored" in right


@pytest.mark.parametrize("name", ["teaching.zai", "prompt_engineering.zai"])
def test_the_pack_is_small_and_names_no_machine(name: str) -> None:
    path = NOTEBOOKS / name
    assert path.stat().st_size < 500_000
    with zipfile.ZipFile(path) as file:
        text = file.read("pack.json").decode()
    assert "127.0.0.1" not in text and "/tmp" not in text and "http" not in text
