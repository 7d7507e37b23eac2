"""What a new kernel gets back of a notebook's conversations."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from books import carrying, held, restart, run_all, save, saved_at, shown, stored, turns
from shell_cells import Cells

from zai_magics import notebook

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
    assert "%zai new" in note and note.count("came back") == 1
    assert "1 turn of deleted cells: in %zai log alone" in note and "use main" not in note
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


def test_use_brings_no_turn_of_a_deleted_cell_into_a_new_kernel(cells: Cells, lesson: Path) -> None:
    run_all(cells, LESSON)
    ask(cells, "d", "4", "-c side")
    ask(cells, "e", "5", "-c side")
    save(lesson, {cell: "" for cell in "135"})
    restart(cells)
    said(cells, "use side")
    assert "conversation 'main': 2 turns" in said(cells, "use main")
    assert held(cells) == {"main": ["a", "c"], "side": ["e"]}
    assert ask(cells, "f", "6", "-c side") == ["e", "e", "f"]
    log = said(cells, "log")
    assert all(f"[[echo]]{word}" in log for word in "bd")


def test_use_brings_the_turns_of_cells_that_were_not_saved_since(
    cells: Cells, lesson: Path
) -> None:
    run_all(cells, LESSON)
    save(lesson, {cell: LESSON[cell] for cell in "13"})
    saved_at(lesson, 0)  # before they were asked
    restart(cells)
    note = said(cells, "history")
    assert "1 more, asked after it was saved: %zai use main" in note and "deleted" not in note
    assert turns(cells) == ["a", "c"]
    assert "conversation 'main': 3 turns" in said(cells, "use main")


def test_use_takes_nothing_away_that_is_here(cells: Cells, lesson: Path) -> None:
    run_all(cells, LESSON)
    save(lesson, {cell: LESSON[cell] for cell in "13"})
    said(cells, "use side")
    said(cells, "use main")
    assert turns(cells) == ["a", "b", "c"], "its cell was deleted in this kernel: see history"


def test_a_file_without_cell_ids_takes_no_turn_for_deleted(cells: Cells, lesson: Path) -> None:
    run_all(cells, LESSON)
    book = json.loads(lesson.read_text())
    for cell in book["cells"]:
        del cell["id"]
    lesson.write_text(json.dumps(book | {"nbformat_minor": 4}))
    restart(cells)
    said(cells, "use main")
    assert turns(cells) == ["a", "b", "c"]


@pytest.mark.parametrize("line", ["history", "", "chat [[echo]]Hi", "models"])
def test_a_file_whose_turns_only_it_has_is_pointed_out_once(
    cells: Cells, lesson: Path, line: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    carrying(lesson, "main", "side", "", "main")
    reads = []
    monkeypatch.setattr(
        notebook, "read_json", lambda p, read=notebook.read_json: reads.append(p) or read(p)
    )
    ran = cells.run(f"%zai {line}", "c0")
    note = "this file carries 3 turns that are not in the conversation; %zai restore takes in"
    assert shown(ran).count(note) == 1 and "came back" not in shown(ran)
    assert len(reads) == (2 if line == "history" else 1), "history looks for deleted cells"
    assert all("answer" not in str(m) for body in ran.bodies for m in body["messages"])
    assert "carries" not in said(cells, "history", "z")


def test_one_turn_that_only_the_file_has_is_said_in_the_singular(
    cells: Cells, lesson: Path
) -> None:
    carrying(lesson, "main")
    assert "carries 1 turn that is not in the conversation" in said(cells, "")


def test_restore_is_not_told_to_restore(cells: Cells, lesson: Path) -> None:
    carrying(lesson, "main")
    assert "carries" not in said(cells, "restore --dry-run")


@pytest.mark.parametrize("before", ["new", "drop"])
def test_turns_that_were_left_behind_here_are_not_pointed_out(
    cells: Cells, lesson: Path, before: str
) -> None:
    ask(cells, "a", "c0")
    said(cells, before)
    carrying(lesson, "main")
    restart(cells)
    assert "carries" not in said(cells, "history", "z")


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
