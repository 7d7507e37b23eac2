"""Where the journal cannot be used every answer is shown all the same, and it is said once."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from pathlib import Path

import pytest
from books import restart, shown, turns
from shell_cells import Cells

HOME = Path("zai-home")
FILE = HOME / "journal.db"


def _file_in_the_way(cells: Cells) -> None:
    HOME.write_text("mine")


def _folder_in_the_way(cells: Cells) -> None:
    FILE.mkdir(parents=True)


def _newer(cells: Cells) -> None:
    assert cells.run("%zai chat [[echo]]long ago").ok
    restart(cells)
    db = sqlite3.connect(FILE)
    db.execute("pragma user_version = 99")
    db.close()


def _full(cells: Cells) -> None:
    # Every connection finds the disk full from here on.
    from zai_magics.journal import database

    assert cells.run("%zai chat [[echo]]long ago").ok
    connect = database.connect

    def connected(*given: object) -> sqlite3.Connection:
        db = connect(*given)  # type: ignore[arg-type]
        db.execute("pragma max_page_count = 1")
        return db

    restart(cells)
    database.connect = connected


def _broken(cells: Cells) -> None:
    HOME.mkdir()
    FILE.write_bytes(b"garbage!" * 1000)


CASES = [_file_in_the_way, _folder_in_the_way, _newer, _full]


@pytest.fixture(autouse=True)
def as_it_was(monkeypatch: pytest.MonkeyPatch) -> None:
    """`_full` is taken back at the end."""
    from zai_magics.journal import database

    monkeypatch.setattr(database, "connect", database.connect)


@pytest.mark.parametrize("spoil", CASES, ids=lambda f: f.__name__)
@pytest.mark.parametrize("cell_ids", [True, False], ids=["notebook", "terminal"])
def test_answers_are_shown_and_it_is_said_once(
    cells: Cells, spoil: Callable[[Cells], None], cell_ids: bool
) -> None:
    spoil(cells)
    said = []
    words = [letter * 20_000 for letter in "abc"]  # too much for the pages that are there
    for number, word in enumerate(words):
        ran = cells.run(f"%zai chat -o made [[echo]]{word}", str(number) if cell_ids else None)
        assert ran.ok and cells.value("made") == word and word in shown(ran)
        said.append("ZAI_HOME" in shown(ran))
    assert said == [True, False, False]
    assert turns(cells)[-3:] == words
    assert len(ran.body["messages"]) >= 5


@pytest.mark.parametrize("spoil", CASES, ids=lambda f: f.__name__)
@pytest.mark.parametrize(
    "line",
    [
        *("new", "use other", "fork other", "drop", "system Be brief.", "history", "jobs"),
        *("image a cat", "video a bird", "new\\n%zai chat [[echo]]again"),
    ],
)
def test_every_command_goes_on_in_memory(
    cells: Cells, spoil: Callable[[Cells], None], line: str
) -> None:
    spoil(cells)
    assert cells.run("%zai chat [[echo]]a", "1").ok
    ran = cells.run(f"%zai {line}".replace("\\n", "\n"), "2")
    assert ran.ok, ran.out
    assert cells.run("%zai chat [[echo]]b", "3").ok


@pytest.mark.parametrize("spoil", [*CASES, _broken], ids=lambda f: f.__name__)
@pytest.mark.parametrize("line", ["log", "log words", "log --open 1", "log --forget 1", "wait #1"])
def test_what_needs_the_journal_fails_in_one_line_or_works(
    cells: Cells, spoil: Callable[[Cells], None], line: str
) -> None:
    spoil(cells)
    ran = cells.run(f"%zai {line}", "1")
    if not ran.ok:
        lines = ran.out.strip().splitlines()
        assert lines[-1].startswith(("JournalError: ", "CommandError: ", "MediaError: ")), ran.out
        assert "Traceback" not in ran.out


def test_a_newer_journal_is_read_by_log(cells: Cells) -> None:
    _newer(cells)
    for line in ("log", "log long", "log --open 1"):
        ran = cells.run(f"%zai {line}")
        assert ran.ok and "long ago" in ran.out, line


def test_a_broken_journal_is_moved_aside_and_said_once(cells: Cells) -> None:
    _broken(cells)
    said = []
    for number, word in enumerate("abc"):
        ran = cells.run(f"%zai chat [[echo]]{word}", str(number))
        assert ran.ok and word in shown(ran)
        said.append(shown(ran).count("a new one was begun"))
    assert said == [1, 0, 0]
    (kept,) = HOME.glob("journal.db.broken-*")
    assert kept.read_bytes() == b"garbage!" * 1000
    assert "[[echo]]c" in cells.run("%zai log").out


def test_quietly_it_is_not_said_but_later(cells: Cells) -> None:
    _file_in_the_way(cells)
    ran = cells.run("%zai chat -q -o made [[echo]]a", "1")
    assert ran.ok and ran.displays == [] and "ZAI_HOME" not in ran.out
    assert "ZAI_HOME" in shown(cells.run("%zai chat [[echo]]b", "2"))


def test_what_was_asked_while_it_could_not_be_written_is_written_with_the_next_switch(
    cells: Cells,
) -> None:
    HOME.write_text("mine")
    assert cells.run("%zai chat [[echo]]a", "1").ok
    HOME.unlink()
    assert cells.run("%zai chat [[echo]]b", "2").ok
    assert cells.run("%zai history", "3").ok
    assert turns(cells) == ["a", "b"]
    assert cells.run("%zai use main", "4").ok
    assert sorted(turns(cells)) == ["a", "b"], "nothing that was said is lost"
