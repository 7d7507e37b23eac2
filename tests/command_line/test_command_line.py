"""`zai-magics demo | lab | pack | sandbox`, as a shell runs them."""

from __future__ import annotations

import functools
import json
import os
import signal
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import Any

import nbformat
import pytest

from zai_magics import __main__ as cli
from zai_magics import sandbox as sandbox_room

KEY = "0123456789abcdef0123456789abcdef.AbCdEfGhIjKlMnOp"


@pytest.fixture
def quick_sandbox(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """The demo's sandbox without its pauses; the list holds it once it was made."""
    made: list[Any] = []

    def make() -> Any:
        made.append(quick())
        return made[-1]

    quick = functools.partial(sandbox_room.Sandbox, pace=0, video_seconds=0.1)
    monkeypatch.setattr(sandbox_room, "Sandbox", make)
    return made


def test_the_demo_leaves_a_page_with_chat_picture_and_clip(
    tmp_path: Path, quick_sandbox: list[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ZAI_API_KEY", KEY)
    assert cli.main(["demo", "--out", str(tmp_path)]) == 0
    page = (tmp_path / "zai-demo.html").read_text("utf-8")
    assert "Thought for" in page and 'class="highlight"' in page
    assert 'src="data:image/png;base64,' in page and 'src="data:video/mp4;base64,' in page
    saved = (tmp_path / "zai-demo.ipynb").read_text("utf-8")
    assert KEY not in page and KEY not in saved and KEY not in json.dumps(quick_sandbox[0].ledger)
    assert len(quick_sandbox[0].charged) == 4, "three pictures and a clip, each ordered once"
    assert os.environ["ZAI_API_KEY"] == KEY, "the environment is as it was"


def test_a_failing_cell_ends_the_demo_with_one_line(
    tmp_path: Path,
    quick_sandbox: list[Any],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    book = nbformat.v4.new_notebook()
    cells = ("%load_ext zai_magics", "%zai chat [[error 1301]] x", "print('never')")
    book.cells = [nbformat.v4.new_code_cell(cell) for cell in cells]
    nbformat.write(book, tmp_path / "tour.ipynb")
    monkeypatch.setattr(cli, "notebooks", lambda: tmp_path)
    assert cli.main(["demo", "--out", str(tmp_path)]) == 1
    said = capsys.readouterr().err
    assert said.count("\n") == 1 and "ContentRefused" in said
    assert (tmp_path / "zai-demo.ipynb").exists()


def test_a_live_demo_without_a_key_sends_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.delenv("ZAI_API_KEY", raising=False)
    monkeypatch.delenv("Z_AI_API_KEY", raising=False)
    assert cli.main(["demo", "--live", "--yes", "--out", str(tmp_path)]) == 1
    assert "ZAI_API_KEY" in capsys.readouterr().err and not list(tmp_path.iterdir())


def test_a_live_demo_shows_its_price_and_takes_no_for_an_answer(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    asked: list[str] = []
    monkeypatch.setattr("builtins.input", lambda text: asked.append(text) or "")
    assert cli.main(["demo", "--live", "--out", str(tmp_path)]) == 1
    assert "$0." in asked[0] and "nothing was sent" in capsys.readouterr().out
    assert not list(tmp_path.iterdir())


def lesson(folder: Path, *cells: str) -> Path:
    """A notebook that replays, and then runs these cells."""
    book = nbformat.v4.new_notebook()
    sources = ("%load_ext zai_magics\n%zai replay only lesson.zai", *cells)
    book.cells = [nbformat.v4.new_code_cell(source) for source in sources]
    nbformat.write(book, folder / "lesson.ipynb")
    return folder / "lesson.ipynb"


def test_pack_runs_a_notebook_anew_and_packs_what_it_asked_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    path = lesson(tmp_path, "%%zai chat\nWhat is it?", "%zai image a cat")
    for name in ("ZAI_API_KEY", "Z_AI_API_KEY"):
        monkeypatch.delenv(name, raising=False)
    with sandbox_room.Sandbox(pace=0) as sandbox:
        monkeypatch.setenv("ZAI_BASE_URL", sandbox.base_url)
        assert cli.main(["pack", str(path)]) == 0
        asked = len(sandbox.ledger)
        assert cli.main(["pack", str(path), "--out", str(tmp_path / "again.zai")]) == 0
        assert len(sandbox.ledger) > asked > 0  # recorded anew, the pack beside it or not
    assert "1 answer and 1 picture" in capsys.readouterr().out
    with zipfile.ZipFile(tmp_path / "lesson.zai") as file:
        assert "What is it?" in file.read("pack.json").decode()


def test_a_failing_cell_ends_the_recording_without_a_pack(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    path = lesson(tmp_path, "1 / 0")
    assert cli.main(["pack", str(path), "--yes"]) == 1
    assert "ZeroDivisionError" in capsys.readouterr().err
    assert not (tmp_path / "lesson.zai").exists()
    assert cli.main(["pack", str(tmp_path / "nosuch.ipynb"), "--yes"]) == 1
    assert cli.main(["pack", str(path), "--out", "a.txt"]) == 1
    assert capsys.readouterr().err.count("\n") == 2


def test_a_recording_that_is_paid_for_is_asked_first(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("ZAI_API_KEY", KEY)
    monkeypatch.setattr("builtins.input", lambda words: "n")
    assert cli.main(["pack", str(lesson(tmp_path, "%zai chat hi"))]) == 1
    assert "nothing was sent" in capsys.readouterr().out


def test_lab_opens_copies_and_never_overwrites_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ran: list[tuple[list[str], Path]] = []
    monkeypatch.setattr(cli, "_has", lambda module: True)
    monkeypatch.setattr(cli.subprocess, "call", lambda c, cwd: ran.append((c, cwd)) or 0)
    folder = tmp_path / "here"
    assert cli.main(["lab", str(folder)]) == 0
    (folder / "tour.ipynb").write_text("mine")
    assert cli.main(["lab", str(folder), "--", "--no-browser"]) == 0
    assert (folder / "tour.ipynb").read_text() == "mine"
    assert ran[1][0][1:] == ["-m", "jupyterlab", "--no-browser", "tour.ipynb"]
    assert ran[1][1] == folder


def test_lab_names_its_extra_when_jupyterlab_is_missing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(cli, "_has", lambda module: False)
    assert cli.main(["lab", str(tmp_path)]) == 1
    assert "zai-magics[lab]" in capsys.readouterr().err


def test_the_sandbox_serves_until_it_is_interrupted() -> None:
    import httpx

    server = subprocess.Popen(
        [sys.executable, "-m", "zai_magics", "sandbox"], stdout=subprocess.PIPE, text=True
    )
    try:
        assert server.stdout is not None
        url = server.stdout.readline().split()[-1]
        answer = httpx.get(f"{url}/models", headers={"Authorization": "Bearer sandbox"})
        assert answer.json()["data"] and answer.headers["x-zai-sandbox"]
        server.send_signal(signal.SIGINT)
        assert "has ended" in server.communicate(timeout=10)[0] and server.returncode == 0
    finally:
        server.kill()
        server.wait()


def test_a_taken_port_is_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    with sandbox_room.Sandbox() as taken:
        port = taken.base_url.split(":")[2].split("/")[0]
        assert cli.main(["sandbox", "--port", port]) == 1
    assert "another --port" in capsys.readouterr().err


def test_a_mistyped_command_is_named_with_the_one_that_was_meant(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert cli.main(["pakc", "a.ipynb"]) == 1
    said = capsys.readouterr().err
    assert said == (
        "zai-magics: there is no command 'pakc' (did you mean pack?); see zai-magics --help\n"
    )
    assert cli.main(["x"]) == 1 and "there are demo, lab, pack, sandbox" in capsys.readouterr().err
