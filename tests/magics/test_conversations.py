"""Several conversations in one notebook."""

from __future__ import annotations

import time
from pathlib import Path

import pytest
from books import held, restart, run_all, save, saved_at, shown, stored, turns
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


def test_a_fork_is_a_copy_that_leaves_the_original_alone(cells: Cells) -> None:
    ask(cells, "a", "1")
    ask(cells, "b", "2")
    assert "2 turns" in said(cells, "fork other")
    assert ask(cells, "c", "3") == ["a", "a", "b", "b", "c"]
    assert ask(cells, "B", "2") == ["a", "a", "B"]
    said(cells, "drop 1")
    said(cells, "system Be brief.")
    assert held(cells) == stored(cells) == {"main": ["a", "b"], "other": ["B", "c"]}
    said(cells, "use main")
    assert turns(cells) == ["a", "b"] and cells.zai.session.conversation.system == ""
    assert ask(cells, "d", "4") == ["a", "a", "b", "b", "d"]
    assert held(cells)["other"] == ["B", "c"]


def test_a_fork_of_a_name_that_is_there_says_so_and_leaves_it_behind(cells: Cells) -> None:
    ask(cells, "a", "1")
    said(cells, "fork other")
    ask(cells, "b", "2")
    said(cells, "use main")
    assert "the earlier one of this name is left behind" in said(cells, "fork other")
    assert turns(cells) == ["a"]
    ran = cells.run("%zai log --here -n 5")
    assert "[[echo]]b" in ran.out


def test_use_says_whether_there_was_one_of_this_name(cells: Cells) -> None:
    ask(cells, "a")
    assert "new, there was none of this name" in said(cells, "use other")
    ask(cells, "b")
    assert "1 turn" in said(cells, "use main") and turns(cells) == ["a"]
    assert "there are: main, other" in cells.run("%zai use").out
    assert "there are: other, main" in (said(cells, "use other"), cells.run("%zai use").out)[1]


@pytest.mark.parametrize("name", ["", "x" * 61, "a\tb", "\u200b", "a\u202eb", "\x1b[31m"])
@pytest.mark.parametrize("command", ["use", "fork", "chat -c"])
def test_a_name_that_is_none_is_refused(cells: Cells, command: str, name: str) -> None:
    cells.shell.user_ns["name"] = name
    if command == "chat -c":
        ran = cells.run("%zai chat -c '{{ name }}' [[echo]]Hi")
    else:
        ran = cells.run(f"get_ipython().run_line_magic('zai', '{command} ' + name)")
    assert not ran.ok and ran.sent == []
    assert list(held(cells)) == ["main"]


def test_another_conversation_for_one_turn(cells: Cells) -> None:
    ask(cells, "a", "1")
    assert ask(cells, "b", "2", "-c side") == ["b"]
    assert ask(cells, "c", "3") == ["a", "a", "c"]
    assert ask(cells, "d", "4", "-c side") == ["b", "b", "d"]
    assert held(cells) == {"main": ["a", "c"], "side": ["b", "d"]}
    assert cells.zai.session.conversation.name == "main"
    assert ask(cells, "B", "2", "-c side") == ["B"]
    assert held(cells) == stored(cells) == {"main": ["a", "c"], "side": ["B", "d"]}


def test_a_cell_that_asks_elsewhere_now_takes_its_turn_along(cells: Cells) -> None:
    ask(cells, "a", "1", "-c side")
    ask(cells, "a", "1")
    assert {k: v for k, v in held(cells).items() if v} == {"main": ["a"]}
    ask(cells, "a", "1", "-c side")
    assert {k: v for k, v in held(cells).items() if v} == {"side": ["a"]}
    assert {k: v for k, v in stored(cells).items() if v} == {"side": ["a"]}
    ask(cells, "a", "1", "--alone")
    assert not any(held(cells).values())


def test_a_cell_run_in_a_new_conversation_is_asked_there(cells: Cells) -> None:
    ask(cells, "a", "1")
    ask(cells, "b", "2")
    said(cells, "new other", "3")
    assert ask(cells, "b", "2") == ["b"]
    assert cells.zai.session.conversation.name == "other" and turns(cells) == ["b"]


def test_a_system_prompt_belongs_to_its_conversation(cells: Cells) -> None:
    said(cells, "system Be brief.")
    assert ask(cells, "a", "1") == ["Be brief.", "a"]
    said(cells, "new other")
    assert ask(cells, "b", "2") == ["b"]
    assert ask(cells, "c", "3", "-c main")[0] == "Be brief."
    said(cells, "fork third")
    said(cells, "system Be kind.")
    said(cells, "use other")
    assert "no system prompt" in said(cells, "system")
    said(cells, "use main")
    assert "Be brief." in said(cells, "system")


def test_new_leaves_the_turns_in_the_log(cells: Cells) -> None:
    ask(cells, "a")
    note = said(cells, "new")
    assert "a new conversation, 'main'; the 1 turn 'main' had stays in %zai log" in note
    assert turns(cells) == [] and "[[echo]]a" in said(cells, "log a")


def test_new_from_another_conversation_says_which_one_it_empties_and_which_stays(
    cells: Cells,
) -> None:
    run_all(cells, LESSON)
    said(cells, "use side")
    ask(cells, "d")
    note = said(cells, "new", "9")
    assert "a new conversation, 'main'; you were in 'side', which stays; " in note
    assert "the 3 turns 'main' had stay in %zai log" in note
    assert held(cells) == {"main": [], "side": ["d"]}


def test_a_mistyped_name_is_told_from_those_there_are_and_leaves_nothing(
    cells: Cells, lesson: Path
) -> None:
    ask(cells, "a", "1")
    ask(cells, "b", "2", "-c side")
    cells.run("%zai chat -c sied --dry-run Hi", "2")
    note = said(cells, "use mian", "3")
    assert "'mian': new, there was none of this name; there are: main, side" in note
    assert "mian, 0 turns; others: main, side" in said(cells, "", "4")
    said(cells, "use main", "5")
    assert "main, 1 turn; others: side" in said(cells, "", "6")
    restart(cells)
    assert "main, 1 turn; others: side" in said(cells, "", "7")
    assert "mian" not in said(cells, "new", "8")
    said(cells, "use empty", "9")
    said(cells, "system Be brief.", "10")
    said(cells, "use side", "11")
    assert "side, 1 turn; others: empty" in said(cells, "", "12"), "it has a system prompt"


def test_history_marks_turns_that_are_older_than_their_context(cells: Cells) -> None:
    for cell, word in zip("123", "abc", strict=True):
        ask(cells, word, cell)
    assert "older than its context" not in said(cells, "history")
    ask(cells, "A", "1")
    assert said(cells, "history").count("older than its context") == 2
    ask(cells, "b", "2")
    assert said(cells, "history").count("older than its context") == 1


def test_marks_stay_in_a_new_kernel(cells: Cells, lesson: Path) -> None:
    run_all(cells, LESSON)
    ask(cells, "A", "1")
    restart(cells)
    assert said(cells, "history").count("older than its context") == 2


def test_history_marks_turns_whose_cell_the_saved_notebook_no_longer_has(
    cells: Cells, lesson: Path
) -> None:
    run_all(cells, LESSON)
    save(lesson, {cell: LESSON[cell] for cell in "13"})
    saved_at(lesson, time.time() - 60)
    assert "gone" not in said(cells, "history"), "it was saved before they were asked"
    saved_at(lesson, time.time() + 60)
    shown = said(cells, "history")
    assert shown.count("gone") == 1, shown
    assert shown.index("[[echo]]b") < shown.index("gone") < shown.index("[[echo]]c")
    lesson.unlink()
    assert "gone" not in said(cells, "history")


def html(cells: Cells, cell: str, cell_id: str) -> str:
    """What a cell shows in the end, as HTML."""
    ran = cells.run(cell, cell_id)
    assert ran.ok, ran.out
    return str(ran.displays[-1]["data"]["text/html"])


def test_an_answer_in_another_conversation_names_it(cells: Cells) -> None:
    assert "in side" in html(cells, "%%zai chat -c side\n[[echo]]a", "1")
    assert "in main" not in html(cells, "%%zai\n[[echo]]b", "2")


def test_a_turn_that_stays_in_its_conversation_says_so(cells: Cells) -> None:
    ask(cells, "a", "1")
    said(cells, "use other", "2")
    ask(cells, "b", "3")
    shown = html(cells, "%%zai\n[[echo]]a", "1")
    assert "asked in main, where this cell&#x27;s turn is; -c other asks it in other" in shown
    assert held(cells) == {"main": ["a"], "other": ["b"]}
    assert ask(cells, "a", "1", "-c other") == ["b", "b", "a"]
    assert held(cells) == {"other": ["b", "a"]}
