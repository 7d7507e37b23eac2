"""A journal that a stranger has put there: read as data, it shows no file that is not ours."""

from __future__ import annotations

import json
import sqlite3
from hashlib import sha256
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
        orders.kept.pictures(record, tmp_path / "zai_media" / "a-cat")
    assert journal.forget(record.id) and secret.read_text() == "private"


@pytest.mark.parametrize("place", ["where it lies", "in the journal"])
@pytest.mark.parametrize(
    ("content", "mime", "is_shown"),
    [
        (b"private\n", "image/png", False),
        (b"<svg onload='x'>", "image/png", False),
        (b"\x89PNG\r\n\x1a\n" + bytes(90), "video/mp4", False),
        (b"\x89PNG\r\n\x1a\n" + bytes(90), "image/png", True),
    ],
)
def test_a_file_whose_hash_is_right_is_shown_only_if_it_is_of_the_kind_that_was_bought(
    tmp_path: Path, content: bytes, mime: str, is_shown: bool, place: str
) -> None:
    file = tmp_path / "file"
    file.write_bytes(content)
    blobs = Journal(tmp_path / "home").blobs
    name = blobs.put(content) if place == "in the journal" else sha256(content).hexdigest()
    if place == "in the journal":
        file.unlink()
    journal, record = planted(tmp_path / "home", [claim(file) | {"blob": name, "mime": mime}])
    orders = Orders(journal, lambda: "", Timing, pytest.fail)
    if is_shown:
        (picture,) = orders.kept.pictures(record, tmp_path / "zai_media" / "a-cat")
        assert picture.stored and picture.bytes == content
        return
    with pytest.raises(MediaError, match="--again"):
        orders.kept.pictures(record, tmp_path / "zai_media" / "a-cat")
    assert not (tmp_path / "zai_media").exists()


def test_a_clips_cover_is_a_picture_or_none(tmp_path: Path) -> None:
    blobs, clip = Journal(tmp_path / "home").blobs, b"\0\0\0\x18ftypmp42" + bytes(50)
    covers = {b"<script>": b"", b"\xff\xd8\xff" + bytes(9): b"\xff\xd8\xff" + bytes(9)}
    for kept, shown in covers.items():
        facts = {"blob": blobs.put(clip), "poster": blobs.put(kept), "mime": "video/mp4"}
        journal, record = planted(tmp_path / "home", [claim(tmp_path / "no") | facts])
        orders = Orders(journal, lambda: "", Timing, pytest.fail)
        assert orders.kept.clip(record, tmp_path / "zai_media" / "a").poster == shown


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
