"""A journal that a stranger has put there: read as data, it shows no file that is not ours."""

from __future__ import annotations

import json
import sqlite3
from pathlib import Path
from typing import Any

import pytest
from written import asked, chat

from zai_magics.errors import JournalError, MediaError
from zai_magics.journal import Journal
from zai_magics.orders import Orders
from zai_magics.retry import Timing


def planted(home: Path, files: Any) -> tuple[Journal, Any]:
    """A journal with an order that claims these files."""
    journal = Journal(home)
    with journal.write() as db:
        number = journal.calls.order(db, asked("a cat"), 0.0)
        db.execute(
            "update calls set kind = 'image', state = 'done', result = ? where id = ?",
            (json.dumps({"files": files}), number),
        )
    with journal.read() as db:
        return journal, journal.calls.get(db, number)


def claim(path: Path) -> dict[str, Any]:
    """A file as the journal keeps it."""
    facts = {"path": str(path), "blob": "0" * 64, "mime": "image/png", "url": "", "revised": ""}
    return {**facts, "poster": "", "elapsed": 0.0, "sandbox": False}


@pytest.mark.parametrize(
    "changed",
    [
        {},
        {"blob": "../../secret.txt"},
        {"blob": ""},
        {"mime": 'image/png" onerror="x'},
        {"path": None},
        {"poster": ["x"]},
    ],
)
def test_a_file_that_is_not_what_the_journal_says_is_not_shown(
    tmp_path: Path, changed: dict[str, Any]
) -> None:
    secret = tmp_path / "secret.txt"
    secret.write_text("private")
    journal, record = planted(tmp_path / "home", [claim(secret) | changed])
    orders = Orders(journal, lambda: "", Timing, pytest.fail)
    with pytest.raises(MediaError, match="--again"):
        orders.pictures(record, tmp_path / "zai_media" / "a-cat")
    assert journal.forget(record.id) and secret.read_text() == "private"


@pytest.mark.parametrize("files", [None, 7, "x", {"a": 1}, [None], [7], [{}], [[]]])
def test_rows_of_the_wrong_shape_are_no_error_of_the_log(tmp_path: Path, files: Any) -> None:
    journal, record = planted(tmp_path / "home", files)
    assert record.files() == [] and record.blobs() == set()
    assert [r.id for r in journal.find("cat", 10)] == [record.id]


def test_a_request_that_is_its_own_context_ends(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "home")
    number = chat(journal, "x")
    with journal.write() as db:
        db.execute("update threads set parent = id")
        record = journal.calls.get(db, number)
        assert record and len(journal.calls.reply(db, record).messages) == 2


@pytest.mark.parametrize(
    "planted",
    [
        "create trigger hide after insert on calls begin delete from calls; end",
        "create view endless as with recursive n(x) as (select 1 union all select x from n)"
        " select * from n",
    ],
)
def test_a_file_with_programs_of_its_own_is_moved_aside(tmp_path: Path, planted: str) -> None:
    journal = Journal(tmp_path / "home")
    chat(journal, "x")
    with journal.write() as db:
        db.execute(planted)
    journal.close()
    assert chat(Journal(tmp_path / "home"), "y") == 1
    assert list((tmp_path / "home").glob("journal.db.broken-*"))


def test_the_database_of_another_program_is_left_alone(tmp_path: Path) -> None:
    home = tmp_path / "home"
    home.mkdir()
    with sqlite3.connect(home / "journal.db") as db:
        db.execute("create table theirs (a)")
    db.close()
    before = (home / "journal.db").read_bytes()
    with pytest.raises(JournalError, match="another program"):
        chat(Journal(home), "x")
    assert (home / "journal.db").read_bytes() == before
