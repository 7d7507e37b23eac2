"""Turns that only a notebook file carries are taken in on request, each where it belongs."""

from __future__ import annotations

from pathlib import Path

import pytest
from books import carrying, held, restart, save, shown, stored, turns
from shell_cells import Cells

BOOK = ("main", "side", "main", "other")


@pytest.fixture
def lesson(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, cells: Cells) -> Path:
    """The notebook's file, which the kernel knows; its outputs carry three conversations."""
    path = tmp_path / "lesson.ipynb"
    monkeypatch.setenv("JPY_SESSION_NAME", str(path))
    return carrying(path, *BOOK)


def said(cells: Cells, line: str, cell_id: str = "z") -> str:
    """What a command says."""
    ran = cells.run(f"%zai {line}", cell_id)
    assert ran.ok, ran.out
    return shown(ran)


def test_each_turn_goes_to_the_conversation_of_its_record(cells: Cells, lesson: Path) -> None:
    note = said(cells, "restore")
    assert "4 turns from lesson.ipynb" in note
    assert "'side' (1), 'main' (2), 'other' (1)" in note
    assert held(cells) == stored(cells) == {"main": ["q0", "q2"], "side": ["q1"], "other": ["q3"]}
    assert "you are in 'main'" in note and cells.zai.session.conversation.name == "main"
    ran = cells.run("%%zai\n[[echo]]again", "c2")
    assert ran.context == ["q0", "answer 0", "[[echo]]again"]
    assert "nothing to restore: the 4 turns of lesson.ipynb are here" in said(cells, "restore")


def test_who_has_asked_already_stays_in_the_conversation(cells: Cells, lesson: Path) -> None:
    cells.run("%zai chat [[echo]]mine", "own")
    note = said(cells, "restore")
    assert "'main' (2), 'other' (1); you are in 'main'" in note
    assert turns(cells) == ["q0", "q2", "mine"]
    restart(cells)
    said(cells, "history")
    assert cells.zai.session.conversation.name == "main"


def test_what_was_restored_elsewhere_only_is_shown_and_the_current_one_named(
    cells: Cells, lesson: Path
) -> None:
    cells.run("%zai chat [[echo]]mine", "own")
    carrying(lesson, "side")
    note = said(cells, "restore")
    assert (
        "1 turn from lesson.ipynb, as the file has them, now in 'side'; you are in 'main'" in note
    )
    assert "q0" in note and "mine" not in note


def test_an_empty_conversation_is_left_for_the_one_that_was_restored(
    cells: Cells, lesson: Path
) -> None:
    carrying(lesson, "side")
    assert "now in 'side'. %zai drop" in said(cells, "restore")
    assert cells.zai.session.conversation.name == "side" and turns(cells) == ["q0"]


def test_a_dry_run_names_the_conversations_and_takes_nothing_in(cells: Cells, lesson: Path) -> None:
    note = said(cells, "restore --dry-run")
    assert "4 turns of 'side' (1), 'main' (2), 'other' (1) in lesson.ipynb" in note
    assert held(cells) == {"main": []} and stored(cells) == {}


def test_another_file_with_several_conversations_mixes_into_none_of_this_notebook(
    cells: Cells, lesson: Path
) -> None:
    save(lesson, {})
    for name in ("main", "side", "x.ipynb main"):
        cells.run(f"%zai chat -c '{name}' [[echo]]mine", f"in {name}")
    carrying(lesson.with_name("x.ipynb"), *BOOK)
    mine = {"main": ["mine"], "side": ["mine"], "x.ipynb main": ["mine"]}
    theirs = {"x.ipynb side": ["q1"], "x.ipynb main 2": ["q0", "q2"], "x.ipynb other": ["q3"]}
    for _ in range(3):
        said(cells, "restore x.ipynb")
        assert held(cells) == stored(cells) == mine | theirs
        assert cells.zai.session.conversation.name == "x.ipynb other"


def test_a_restored_file_is_gone_on_with_and_a_changed_one_gets_a_name_of_its_own(
    cells: Cells, lesson: Path
) -> None:
    save(lesson, {})
    other = carrying(lesson.with_name("x.ipynb"), "main", "main")
    said(cells, "restore x.ipynb")
    cells.run("%zai chat [[echo]]more", "own")
    assert "nothing to restore" in said(cells, "restore x.ipynb")
    carrying(other, "main", words="new ")
    said(cells, "restore x.ipynb")
    assert held(cells) == {"x.ipynb": ["q0", "q1", "more"], "x.ipynb 2": ["new 0"]}


@pytest.mark.parametrize("name", ["a\u202eb.ipynb", "y" * 80 + ".ipynb", "  z .ipynb"])
def test_any_file_name_gives_a_name_that_can_be_used(cells: Cells, lesson: Path, name: str) -> None:
    carrying(lesson.with_name(name), "x" * 60, "x" * 59 + "y", "z")
    cells.shell.user_ns["path"] = name
    cells.run("get_ipython().run_line_magic('zai', f'restore \"{path}\"')", "z")
    names = [n for n, words in held(cells).items() if words]
    assert len(names) == 3
    for one in names:
        assert "1 turn" in said(cells, f"use {one}")
