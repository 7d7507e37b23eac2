"""A file whose tables are not what the journal makes: nothing in it is run, and nothing waits."""

from __future__ import annotations

import _thread
import os
import sqlite3
import threading
from pathlib import Path

import pytest
from written import chat, prompts

from zai_magics.errors import JournalError
from zai_magics.journal import Journal

ENDLESS = """create view conversations as
 with recursive n(x) as (select 1 union all select x + 1 from n)
 select x as id, 'a' as notebook, 'b' as name, 'c' as system, 1.0 as used from n"""
COMPUTED = "text generated always as (hex(zeroblob(300000000))) virtual"


def altered(home: Path, *statements: str) -> Path:
    """A closed journal with a call, then changed by somebody; gives its file."""
    journal = Journal(home)
    chat(journal, "mine")
    journal.close()
    db = sqlite3.connect(journal.store.path, isolation_level=None)
    for statement in statements:
        db.execute(statement)
    db.close()
    return journal.store.path


def rewritten(table: str, old: str, new: str) -> tuple[str, ...]:
    """Statements that change a table's description and nothing else."""
    return (
        "pragma writable_schema = on",
        f"update sqlite_master set sql = replace(sql, '{old}', '{new}') where name = '{table}'",
    )


@pytest.mark.parametrize(
    "statements",
    [
        ("drop table conversations", ENDLESS),
        rewritten("calls", "model text not null", f"model {COMPUTED}"),
        rewritten("calls", "cost real", "cost real check (length(hex(zeroblob(300000000))) > 0)"),
        rewritten("calls", "job text not null", "job text default (hex(zeroblob(300000000)))"),
        ("create table words (rowid_ integer, text)",),
        ("create virtual table words using fts5(text, content='calls', content_rowid='id')",),
        (f"create table words_data (id, block {COMPUTED})",),
        ("create table more (a)",),
        ("create index hidden on calls (hex(model))",),
        ("drop index orders_by_key",),
        ("drop table turns",),
        ("drop table messages", "drop table calls"),
    ],
    ids=lambda s: s[-1][-60:],
)
def test_tables_that_a_journal_does_not_have_put_it_aside(
    tmp_path: Path, statements: tuple[str, ...]
) -> None:
    try:
        altered(tmp_path / "home", *statements)
    except sqlite3.OperationalError as error:  # an SQLite without FTS5
        pytest.skip(str(error))
    journal = Journal(tmp_path / "home")
    chat(journal, "new")
    assert prompts(journal) == ["new"] and "it is kept as" in journal.store.told()
    journal.close()


@pytest.mark.parametrize("version", [0, -1, 1])
def test_the_tables_of_a_journal_are_taken_whatever_their_comments_and_number(
    tmp_path: Path, version: int
) -> None:
    altered(
        tmp_path / "home",
        *rewritten("calls", "-- seconds since 1970, UTC", "-- another comment"),
        "pragma writable_schema = off",
        "analyze",
        f"pragma user_version = {version}",
    )
    journal = Journal(tmp_path / "home")
    chat(journal, "new")
    assert prompts(journal) == ["new", "mine"] and journal.store.told() == ""
    journal.close()


@pytest.mark.parametrize(
    "statements",
    [
        ("drop table conversations", ENDLESS),
        ("drop table calls",),
        ("alter table calls add column more",),
        rewritten("calls", "model text not null", f"model {COMPUTED}"),
    ],
    ids=lambda s: s[-1][-60:],
)
def test_a_newer_version_with_tables_that_are_not_known_is_not_touched(
    tmp_path: Path, statements: tuple[str, ...]
) -> None:
    path = altered(tmp_path / "home", *statements, "pragma user_version = 2")
    before = path.read_bytes()
    journal = Journal(tmp_path / "home")
    for _ in range(2):
        with pytest.raises(JournalError, match="belongs to a newer zai_magics"):
            prompts(journal)
        with pytest.raises(JournalError, match="belongs to a newer zai_magics"):
            chat(journal, "x")
    assert path.read_bytes() == before


def test_a_newer_version_with_more_tables_is_read(tmp_path: Path) -> None:
    altered(tmp_path / "home", "create table more (a)", "pragma user_version = 2")
    journal = Journal(tmp_path / "home")
    assert prompts(journal) == ["mine"]
    with pytest.raises(JournalError, match="newer zai_magics and is only read"):
        chat(journal, "x")
    journal.close()


def test_a_file_that_can_only_be_read_is_checked_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    altered(tmp_path / "home", "drop table conversations", ENDLESS)
    journal = Journal(tmp_path / "home")

    def nowhere(*_: object, **__: object) -> None:
        raise PermissionError("read-only")

    monkeypatch.setattr(journal.store, "_create", nowhere)
    monkeypatch.setattr(os, "rename", nowhere)
    for _ in range(2):
        with pytest.raises(JournalError, match="cannot be used"), journal.read() as db:
            journal.turns.known(db, "nb")


def test_a_query_without_end_is_stopped_by_an_interrupt(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "home")
    chat(journal, "before")
    ended: list[int] = []
    with pytest.raises(KeyboardInterrupt), journal.read() as db:
        # Neither function runs Python, which would see the interrupt by itself.
        db.create_function("stop", 0, _thread.interrupt_main)
        db.create_function("end", 1, ended.append)
        db.execute(
            "with recursive n(x) as (select 1 union all select x + 1 from n where x < 10000000)"
            ' select "end"(count(*)) from n where x > 1 or stop() is null'
        ).fetchone()
    assert not ended
    assert prompts(journal) == ["before"]


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="there are no pipes in folders here")
@pytest.mark.parametrize("part", ["", "-wal", "-journal", "-shm"])
def test_a_pipe_in_the_place_of_the_file_is_refused_at_once(tmp_path: Path, part: str) -> None:
    path = altered(tmp_path / "home")
    path.with_name(f"journal.db{part}").unlink(missing_ok=True)
    os.mkfifo(f"{path}{part}")
    said: list[str] = []

    def use() -> None:
        journal = Journal(tmp_path / "home")
        for act in (lambda: chat(journal, "x"), lambda: prompts(journal)):
            with pytest.raises(JournalError, match="not a regular file") as caught:
                act()
            said.append(str(caught.value))

    thread = threading.Thread(target=use, daemon=True)
    thread.start()
    thread.join(10)
    assert len(said) == 2 and all("set ZAI_HOME" in words for words in said)


def test_a_value_that_is_too_large_is_said_and_nothing_of_it_is_kept(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "home")
    chat(journal, "before")
    with journal.read() as db, pytest.raises(sqlite3.DataError):
        db.execute("select hex(zeroblob(300000000))").fetchone()
    with pytest.raises(JournalError, match="too big"):
        chat(journal, "x" * 70_000_000)
    assert prompts(journal) == ["before"]
