"""A system prompt belongs to the conversation that its cell has set it of."""

from __future__ import annotations

from pathlib import Path

import pytest
from books import held, restart, run_all, save, shown
from shell_cells import Cells, Ran

BOOK = {
    "0": "%zai system Speak German.",
    "1": "%zai chat [[echo]]a",
    "2": "%zai new other",
    "3": "%zai chat [[echo]]b",
}
ITALIAN = BOOK | {"0": "%zai system Speak Italian."}


@pytest.fixture
def lesson(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, cells: Cells) -> Path:
    """The notebook's file, which the kernel knows; nothing is saved yet."""
    path = tmp_path / "lesson.ipynb"
    monkeypatch.setenv("JPY_SESSION_NAME", str(path))
    return path


def said(cells: Cells, line: str, cell_id: str | None = None) -> str:
    """What a command says."""
    ran = cells.run(f"%zai {line}", cell_id)
    assert ran.ok, ran.out
    return shown(ran)


def sent(ran: list[Ran]) -> list[list[str]]:
    """The words of each request of these cells."""
    return [one.context for one in ran if one.bodies]


def systems(cells: Cells) -> dict[str, str]:
    """The system prompt of every conversation."""
    conversations = cells.zai.session.conversations
    return {name: conversations.named(name).system for name in conversations.names()}


@pytest.mark.parametrize("new_kernel", [False, True])
def test_an_edited_system_cell_is_about_its_conversation_when_another_is_current(
    cells: Cells, lesson: Path, new_kernel: bool
) -> None:
    run_all(cells, BOOK)
    save(lesson, BOOK)
    for _ in range(2):
        if new_kernel:
            restart(cells)
        ran = run_all(cells, ITALIAN)
        note = "system prompt of main set, which this cell set before; you are in other"
        assert note in shown(ran[0])
        assert sent(ran) == [["Speak Italian.", "[[echo]]a"], ["[[echo]]b"]]
        assert systems(cells) == {"other": "", "main": "Speak Italian."}
        assert cells.zai.session.conversation.name == "other"


def test_every_system_cell_of_a_conversation_finds_it_in_a_new_kernel(
    cells: Cells, lesson: Path
) -> None:
    book = {"0": "%zai system A", "1": "%zai chat [[echo]]a", "s": "%zai system off"} | {
        "t": "%zai system B\n%zai system C",
        "2": "%zai new other",
        "3": "%zai system D",
    }
    run_all(cells, book)
    save(lesson, book)
    for _ in range(2):
        restart(cells)
        ran = run_all(cells, book)
        assert sent(ran) == [["A", "[[echo]]a"]]
        assert "system prompt of main off, which this cell set before" in shown(ran[2])
        assert systems(cells) == {"other": "D", "main": "C"}


def test_a_conversation_that_ends_a_notebook_empty_takes_nothing_in_the_next_kernel(
    cells: Cells, lesson: Path
) -> None:
    book = {cell: BOOK[cell] for cell in "012"}
    run_all(cells, book)
    save(lesson, book)
    restart(cells)
    ran = run_all(cells, book | {"0": "%zai system Speak Italian.", "1": "%zai chat [[echo]]A"})
    assert sent(ran) == [["Speak Italian.", "[[echo]]A"]]
    assert {name: words for name, words in held(cells).items() if words} == {"main": ["A"]}
    assert systems(cells)["main"] == "Speak Italian."


def test_a_conversation_begun_anew_takes_the_system_cell_that_is_run_in_it(cells: Cells) -> None:
    run_all(cells, {cell: BOOK[cell] for cell in "01"})
    said(cells, "new other", "2")
    assert said(cells, "system Speak Italian.", "0").endswith("system prompt of other set")
    assert systems(cells) == {"other": "Speak Italian.", "main": "Speak German."}


def test_a_fork_has_its_own_and_the_original_is_found_from_a_third(cells: Cells) -> None:
    run_all(cells, {cell: BOOK[cell] for cell in "01"})
    said(cells, "fork copy")
    assert "system prompt of copy set" in said(cells, "system Speak Latin.", "0")
    said(cells, "use main")
    said(cells, "fork later")
    said(cells, "new third", "9")
    cells.run("%zai chat [[echo]]c", "10")
    assert "system prompt of main set" in said(cells, "system Speak Italian.", "0")
    assert systems(cells)["later"] == "Speak German."


def test_a_system_line_takes_no_turn_of_its_cell_away(cells: Cells) -> None:
    both = "%zai system {}\n%zai chat [[echo]]a\n%zai chat [[echo]]b"
    for word in "XY":
        cells.run(both.format(word), "1")
    cells.run("%zai chat [[echo]]a\n%zai chat [[echo]]b", "1")
    assert held(cells) == {"main": ["a", "b"]}
    places = [t.place.ordinal for t in cells.zai.session.conversation.turns]
    assert places == [0, 1], "counted as the records among the cell's outputs are"


def test_without_cell_ids_the_current_conversation_is_set(cells: Cells) -> None:
    said(cells, "system A")
    said(cells, "new other")
    assert "system prompt of other set" in said(cells, "system A")
    assert "system prompt of other: A" in said(cells, "system")
    assert "system prompt of other off" in said(cells, "system off")
    assert "no system prompt in other" in said(cells, "system")
    said(cells, "use main")
    assert "main, 0 turns, with a system prompt" in said(cells, "")
