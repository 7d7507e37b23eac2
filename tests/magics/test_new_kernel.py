"""What a new kernel gets back of a notebook's conversations."""

from __future__ import annotations

from pathlib import Path

import pytest
from books import restart, run_all, save, shown, stored, turns
from shell_cells import Cells

LESSON = {"1": "%zai chat [[echo]]a", "2": "%zai chat [[echo]]b", "3": "%zai chat [[echo]]c"}


@pytest.fixture
def lesson(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, cells: Cells) -> Path:
    """The notebook's file, which the kernel knows; it is saved with three cells that ask."""
    path = tmp_path / "lesson.ipynb"
    monkeypatch.setenv("JPY_SESSION_NAME", str(path))
    return save(path, LESSON)


def ask(cells: Cells, word: str, cell_id: str | None = None, options: str = "") -> list[str]:
    """The words of the request that it is asked with."""
    ran = cells.run(f"%%zai chat {options}\n[[echo]]{word}", cell_id)
    assert ran.ok, ran.out
    return [m["content"].removeprefix("[[echo]]") for m in ran.body["messages"]]


def said(cells: Cells, line: str, cell_id: str | None = None) -> str:
    """What a command says."""
    ran = cells.run(f"%zai {line}", cell_id)
    assert ran.ok, ran.out
    return shown(ran)


def test_a_new_kernel_gets_back_the_turns_whose_cells_the_file_has(
    cells: Cells, lesson: Path
) -> None:
    said(cells, "system Be brief.", "0")
    run_all(cells, LESSON)
    save(lesson, {cell: LESSON[cell] for cell in "31"})  # in another order, one cell gone
    restart(cells)
    ran = cells.run("%%zai chat\n[[echo]]d", "4")
    note = shown(ran)
    assert "2 turns of this notebook and its system prompt came back (main)" in note
    assert "%zai new" in note and "1 more" in note and note.count("came back") == 1
    sent = [m["content"].removeprefix("[[echo]]") for m in ran.body["messages"]]
    assert sent == ["Be brief.", "c", "c", "a", "a", "d"]
    assert "came back" not in said(cells, "history", "5")
    assert turns(cells) == ["c", "a", "d"]
    assert ask(cells, "C", "3") == ["Be brief.", "C"]
    assert turns(cells) == ["C", "a", "d"]


def test_the_order_of_the_file_stays_when_the_conversation_is_used_again(
    cells: Cells, lesson: Path
) -> None:
    run_all(cells, LESSON)
    save(lesson, {cell: LESSON[cell] for cell in "321"})
    restart(cells)
    said(cells, "history")
    assert turns(cells) == ["c", "b", "a"]
    said(cells, "use main")
    assert turns(cells) == ["c", "b", "a"]


def test_a_new_kernel_with_nothing_to_bring_back_says_nothing(cells: Cells, lesson: Path) -> None:
    assert "came back" not in said(cells, "history", "9")
    restart(cells)
    ask(cells, "a", "not in the file")
    restart(cells)
    shown = said(cells, "history", "9")
    assert "came back" not in shown and turns(cells) == []


def test_a_system_prompt_without_a_turn_comes_back(cells: Cells, lesson: Path) -> None:
    said(cells, "system Be brief.", "0")
    ask(cells, "a", "1", "-c side")
    restart(cells)
    assert "its system prompt came back (main)" in said(cells, "history", "9")
    assert ask(cells, "b", "2") == ["Be brief.", "b"]


def test_the_conversation_that_was_current_comes_back(cells: Cells, lesson: Path) -> None:
    book = {"1": "%zai chat [[echo]]a", "n": "%zai new other", "2": "%zai chat [[echo]]b"}
    run_all(cells, book | {"3": "%zai chat -c side [[echo]]c"})
    save(lesson, book | {"3": ""})
    restart(cells)
    assert "(other)" in said(cells, "history", "9")
    assert cells.zai.session.conversation.name == "other" and turns(cells) == ["b"]
    said(cells, "use main")
    assert turns(cells) == ["a"]


def test_begun_anew_stays_anew_in_the_next_kernel(cells: Cells, lesson: Path) -> None:
    run_all(cells, LESSON)
    said(cells, "new")
    restart(cells)
    assert "came back" not in said(cells, "history", "9")
    assert turns(cells) == []


def test_a_notebook_knows_only_its_own(
    cells: Cells, lesson: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run_all(cells, LESSON)
    other = save(lesson.with_name("other.ipynb"), LESSON)  # a copy: the same cells
    monkeypatch.setenv("JPY_SESSION_NAME", str(other))
    restart(cells)
    assert "came back" not in said(cells, "history", "9")
    assert turns(cells) == [] and stored(cells) == {}


@pytest.mark.parametrize("file", ["no notebook", '{"cells": 1}', "[" * 100_000, None])
def test_a_file_that_cannot_be_read_brings_nothing_back_and_is_no_error(
    cells: Cells, lesson: Path, file: str | None
) -> None:
    run_all(cells, LESSON)
    lesson.unlink() if file is None else lesson.write_text(file)
    restart(cells)
    assert ask(cells, "d", "4") == ["d"]
    said(cells, "use main")
    assert turns(cells)[:3] == ["a", "b", "c"]


def test_a_terminal_restores_nothing_by_itself_but_on_request(cells: Cells) -> None:
    for word in "abc":
        ask(cells, word)
    restart(cells)
    assert "came back" not in said(cells, "history")
    assert turns(cells) == []
    said(cells, "use main")
    assert turns(cells) == ["a", "b", "c"]
    assert ask(cells, "d") == ["a", "a", "b", "b", "c", "c", "d"]
    restart(cells)
    said(cells, "use main")
    assert turns(cells) == ["a", "b", "c", "d"]


def test_what_was_asked_in_a_terminal_before_use_is_not_lost(cells: Cells) -> None:
    ask(cells, "a")
    restart(cells)
    ask(cells, "b")
    restart(cells)
    ask(cells, "c")
    log = said(cells, "log --here")
    assert all(f"[[echo]]{word}" in log for word in "abc")


def test_dropped_turns_stay_dropped(cells: Cells, lesson: Path) -> None:
    run_all(cells, LESSON)
    said(cells, "drop 2")
    restart(cells)
    said(cells, "history")
    assert turns(cells) == ["a", "c"]
    said(cells, "use main")
    assert turns(cells) == ["a", "c"]


def test_drop_means_the_turn_run_last_in_a_new_kernel_too(cells: Cells, lesson: Path) -> None:
    run_all(cells, LESSON)
    ask(cells, "B", "2")
    restart(cells)
    assert "[[echo]]B" in said(cells, "drop")
    assert turns(cells) == ["a", "c"]


def test_thinking_state_and_attachments_come_back(cells: Cells, lesson: Path) -> None:
    from test_conversation import PNG

    Path("dot.png").write_bytes(PNG * 50)
    cells.run("%zai chat -a dot.png What is it?", "1")
    cells.run("%zai chat [[cut]]a long text please", "2")
    before = cells.zai.session.conversation.turns
    request = cells.run("%zai chat Hm?", "3").body
    restart(cells)
    said(cells, "history")
    after = cells.zai.session.conversation.turns
    for one, other in zip(before, after, strict=False):
        for name in ("user", "reply", "model", "place", "thinking", "state", "params", "at"):
            assert getattr(one, name) == getattr(other, name), name
    assert cells.run("%zai chat Hm?", "3").body == request
