"""A journal that is broken is kept, said once, and begun anew."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable
from pathlib import Path

import pytest
from written import chat, ended, process, prompts

from zai_magics.errors import JournalError
from zai_magics.journal import Journal

posix = pytest.mark.skipif(os.name != "posix", reason="uses POSIX's permissions and limits")


def filled(folder: Path, calls: int = 40) -> Path:
    """A closed journal with some calls; gives its file."""
    journal = Journal(folder)
    for number in range(calls):
        chat(journal, f"question {number} " + "words " * 60, f"answer {number} " + "more " * 60)
    journal.close()
    return folder / "journal.db"


def aside(folder: Path) -> list[Path]:
    """The files that were moved aside, without those beside them."""
    found = sorted(folder.glob("journal.db.broken-*"))
    return [path for path in found if not path.name.endswith(("-wal", "-shm"))]


def header(content: bytes) -> bytes:
    return b"garbage!" * 16 + content[128:]


def middle(content: bytes) -> bytes:
    """Every page but the first and the last overwritten."""
    page = int.from_bytes(content[16:18], "big")
    return content[:page] + b"\xa5" * (len(content) - 2 * page) + content[-page:]


def truncated(content: bytes) -> bytes:
    return content[: len(content) // 2 + 100]


def text(content: bytes) -> bytes:
    return b"Dear diary,\n" * 500


@pytest.mark.parametrize("damage", [header, middle, truncated, text], ids=lambda f: f.__name__)
def test_a_broken_file_is_kept_and_a_new_one_begun_and_it_is_said_once(
    tmp_path: Path, damage: Callable[[bytes], bytes]
) -> None:
    path = filled(tmp_path / "home")
    broken = damage(path.read_bytes())
    path.write_bytes(broken)
    journal = Journal(tmp_path / "home")
    told = []
    for words in ("first", "second", "third"):
        try:
            chat(journal, words)
        except JournalError as error:  # found while it was written
            told.append(str(error))
        told.append(journal.store.told())
    (kept,) = aside(tmp_path / "home")
    assert kept.read_bytes() == broken
    said = [one for one in told if one]
    assert len(said) == 1, said
    assert kept.name in said[0] and "a new one was begun" in said[0]
    assert prompts(journal) == ["third", "second", "first"]


def test_what_lies_broken_beside_the_file_is_kept_with_it(tmp_path: Path) -> None:
    path = filled(tmp_path / "home", 2)
    with process("chat(journal, 'x'); os._exit(0)", tmp_path / "home") as one:
        one.communicate(timeout=20)
    wal = Path(f"{path}-wal")
    changes = wal.read_bytes()
    assert changes
    path.write_bytes(b"garbage!" * 1000)
    journal = Journal(tmp_path / "home")
    chat(journal, "new")
    (kept,) = aside(tmp_path / "home")
    assert Path(f"{kept}-wal").read_bytes() == changes
    assert prompts(journal) == ["new"]


def test_a_second_broken_file_does_not_take_the_place_of_the_first(tmp_path: Path) -> None:
    contents = [letter * 5000 for letter in (b"a", b"b", b"c")]
    for content in contents:
        (tmp_path / "home").mkdir(exist_ok=True)
        (tmp_path / "home" / "journal.db").write_bytes(content)
        journal = Journal(tmp_path / "home")
        chat(journal, "Hi")
        journal.close()
    assert sorted(path.read_bytes() for path in aside(tmp_path / "home")) == contents


def test_processes_that_find_it_broken_at_the_same_time_move_it_once(tmp_path: Path) -> None:
    path = filled(tmp_path / "home")
    broken = header(path.read_bytes())
    path.write_bytes(broken)
    code = "sys.stdin.readline(); chat(journal, sys.argv[1]); print(journal.store.told())"
    running = [process(code, tmp_path / "home", str(number)) for number in range(6)]
    for one in running:  # all at once
        assert one.stdin is not None
        one.stdin.write("go\n")
        one.stdin.flush()
    told = [ended(one).strip() for one in running]
    assert sum("a new one was begun" in words for words in told) == 1, told
    (kept,) = aside(tmp_path / "home")
    assert kept.read_bytes() == broken
    assert sorted(prompts(Journal(tmp_path / "home"))) == list("012345")


def test_a_kernel_that_begins_while_a_broken_one_is_moved_loses_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = filled(tmp_path / "home")
    path.write_bytes(header(path.read_bytes()))
    other = Journal(tmp_path / "home")
    thread = threading.Thread(target=chat, args=(other, "meanwhile"), daemon=True)
    rename = os.rename

    def slowly(old: str, new: str) -> None:
        rename(old, new)
        if not thread.ident:
            thread.start()
            thread.join(0.5)  # it waits until the whole is moved

    monkeypatch.setattr("os.rename", slowly)
    journal = Journal(tmp_path / "home")
    chat(journal, "first")
    thread.join(30)
    assert sorted(prompts(Journal(tmp_path / "home"))) == ["first", "meanwhile"]
    assert sorted(prompts(other)) == sorted(prompts(journal)) == ["first", "meanwhile"]


def test_a_kernel_that_has_it_open_goes_on_when_it_breaks(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "home")
    chat(journal, "before")
    with journal.read() as db:
        db.execute("pragma wal_checkpoint(truncate)")
    for part in ("", "-wal", "-shm"):
        file = Path(f"{journal.store.path}{part}")
        if file.exists():
            file.write_bytes(b"garbage!" * 1000)
    for words in ("meanwhile", "after", "later"):
        try:
            chat(journal, words)
        except JournalError:
            continue
    assert "later" in prompts(journal)
