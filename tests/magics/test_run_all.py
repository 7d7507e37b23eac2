"""Running all cells again ends in the same conversations: in the same kernel and in a new one."""

from __future__ import annotations

from pathlib import Path

import pytest
from books import held, restart, run_all, save, stored, turns
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from shell_cells import Cells

# Each is a notebook: a cell a line.
BOOKS = {
    "one conversation": "a;b;c",
    "begins anew": "new;a;b",
    "begins anew in the middle": "a;new lesson;b;c",
    "drop": "a;b;drop;c",
    "drop all": "a;drop;b",
    "use": "use main;a;use other;b;use main;c",
    "use in the middle": "a;use other;b",
    "fork": "use main;a;fork other;b",
    "fork in the middle": "a;fork other;b",
    "fork and back": "a;fork other;b;use main;c",
    "fork of nothing": "use main;fork x;new;a;b",
    "fork twice": "use main;a;fork x;b;fork y;c;use x;d",
    "another one beside": "a;-c other b;c;-c other d",
    "alone": "a;alone b;c",
    "system": "system Be brief.;a;system off;b;system Be kind.",
    "a system of each": "system main's;a;new other;system other's;b;use main;c",
    "ends in another": "system main's;a;new other;system other's;b",
    "ends in an empty one": "system main's;a;new other",
    "several in a cell": "a|b|c;d",
    "all": "new;system S;a;-c side b;fork x;c;drop;d;alone e;use main;f",
}


def code(line: str) -> str:
    """A cell of the short form: a command, or a word to ask with options before it."""
    if "|" in line:
        return "\n".join(map(code, line.split("|")))
    first = line.split()[0]
    if first in ("new", "use", "fork", "drop", "system"):
        return f"%zai {line}"
    word = line.split()[-1]
    options = {"-c": " ".join(line.split()[:-1]), "alone": "--alone"}.get(first, "")
    return f"%%zai chat {options}\n[[echo]]{word}" if "|" not in line else ""


def book(text: str) -> dict[str, str]:
    """A notebook, its cells named by their place."""
    return {f"c{number}": _cell(line) for number, line in enumerate(text.split(";"))}


def _cell(line: str) -> str:
    parts = [code(part) for part in line.split("|")]
    return parts[0] if len(parts) == 1 else "\n".join(map(_as_line, parts))


def _as_line(cell: str) -> str:
    return cell.replace("%%zai", "%zai").replace("\n", " ")


def state(cells: Cells) -> tuple[object, ...]:
    """Everything that the conversations are."""
    conversations = cells.zai.session.conversations
    systems = {name: conversations.named(name).system for name in conversations.names()}
    filled = {name: said for name, said in held(cells).items() if said}
    return conversations.current.name, turns(cells), filled, systems[conversations.current.name]


@pytest.fixture
def lesson(cells: Cells, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The notebook's file, which the kernel knows; nothing is saved yet."""
    path = tmp_path / "lesson.ipynb"
    monkeypatch.setenv("JPY_SESSION_NAME", str(path))
    return path


@pytest.mark.parametrize("name", BOOKS)
def test_running_all_again_in_the_same_kernel_ends_the_same(
    cells: Cells, lesson: Path, name: str
) -> None:
    notebook = book(BOOKS[name])
    run_all(cells, notebook)
    once = state(cells)
    for _ in range(2):
        run_all(cells, notebook)
        assert state(cells) == once


@pytest.mark.parametrize("name", BOOKS)
def test_running_all_again_in_a_new_kernel_ends_the_same(
    cells: Cells, lesson: Path, name: str
) -> None:
    notebook = book(BOOKS[name])
    run_all(cells, notebook)
    once = state(cells)
    save(lesson, notebook)
    for _ in range(2):
        restart(cells)
        run_all(cells, notebook)
        assert state(cells) == once


@pytest.mark.parametrize("name", BOOKS)
def test_the_journal_has_the_conversations_as_the_kernel_has_them(
    cells: Cells, lesson: Path, name: str
) -> None:
    notebook = book(BOOKS[name])
    for _ in range(2):
        run_all(cells, notebook)
        in_journal = {name: said for name, said in stored(cells).items() if said}
        assert in_journal == {name: said for name, said in held(cells).items() if said}


def test_the_requests_are_the_same_when_all_cells_are_run_again(cells: Cells, lesson: Path) -> None:
    notebook = book("use main;a;b;fork x;c;use main;d")
    once = [ran.bodies for ran in run_all(cells, notebook)]
    assert [ran.bodies for ran in run_all(cells, notebook)] == once


lines = st.sampled_from(
    "a b c d e|f new new|x new~lesson use~main use~x fork~x fork~y drop system~S system~off "
    "-c~x~g -c~side~h alone~i".replace("new|x", "j").split()
).map(lambda line: line.replace("~", " "))


def uses_before_it_forks(several: list[str]) -> bool:
    """Whether a notebook takes a conversation as it was left, and makes it anew further down."""
    forked = {line.split()[1] for line in several if line.startswith("fork")}
    return any(
        name in " ".join(several[: several.index(f"fork {name}")]).split() for name in forked
    )


def check_any_notebook(cells: Cells, several: list[str]) -> None:
    """A notebook whose first cell says in which conversation it begins."""
    if uses_before_it_forks(several):
        return
    notebook = book(";".join(["use main", *several]))
    ran = [cells.run(text, cell) for cell, text in notebook.items()]
    if not all(one.ok for one in ran):
        return  # such as a drop of nothing, or a fork onto itself
    once = state(cells)
    run_all(cells, notebook)
    run_all(cells, notebook)
    assert state(cells) == once
    restart(cells)
    run_all(cells, notebook)
    assert state(cells) == once


@pytest.mark.parametrize("examples", [12, pytest.param(200, marks=pytest.mark.long)])
def test_any_notebook_that_says_where_it_begins_ends_the_same(
    cells: Cells, lesson: Path, monkeypatch: pytest.MonkeyPatch, examples: int
) -> None:
    number = 0

    @settings(max_examples=examples, deadline=None, suppress_health_check=list(HealthCheck))
    @given(st.lists(lines, min_size=4, max_size=9))
    def check(several: list[str]) -> None:
        nonlocal number
        number += 1  # a notebook of its own, without what another has left
        path = lesson.with_name(f"{number}.ipynb")
        monkeypatch.setenv("JPY_SESSION_NAME", str(path))
        save(path, book(";".join(["use main", *several])))
        restart(cells)
        check_any_notebook(cells, several)

    check()
