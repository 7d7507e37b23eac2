"""A journal that is newer, full or out of reach: said in one line, never in the way."""

from __future__ import annotations

import os
import shutil
import sqlite3
import tempfile
from collections.abc import Callable
from pathlib import Path

import pytest
from written import chat, ended, opened, process, prompts

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


def middle(content: bytes) -> bytes:
    """Every page but the first and the last overwritten."""
    page = int.from_bytes(content[16:18], "big")
    return content[:page] + b"\xa5" * (len(content) - 2 * page) + content[-page:]


def newer(folder: Path, mode: str) -> Path:
    """A journal with one call that says it is of version 99."""
    path = filled(folder, 1)
    db = sqlite3.connect(path)
    db.execute("pragma user_version = 99")
    db.execute(f"pragma journal_mode = {mode}")
    db.close()
    return path


@pytest.mark.parametrize("mode", ["wal", "delete"])
def test_a_newer_version_is_only_read_and_stays_byte_for_byte(tmp_path: Path, mode: str) -> None:
    path = newer(tmp_path / "home", mode)
    before = path.read_bytes()
    journal = Journal(tmp_path / "home")
    for _ in range(2):
        with pytest.raises(JournalError, match="newer zai_magics and is only read; upgrade"):
            chat(journal, "not written")
    assert [words[:10] for words in prompts(journal)] == ["question 0"]
    with pytest.raises(JournalError):
        journal.forget(1)
    journal.close()
    assert path.read_bytes() == before
    assert aside(tmp_path / "home") == []


def test_a_newer_version_with_changes_not_yet_in_the_file_stays_as_it_is(tmp_path: Path) -> None:
    code = """
with journal.write() as db: db.execute("pragma user_version = 99")
os._exit(0)
"""
    with process(f"chat(journal, 'x'){code}", tmp_path / "home") as one:
        one.communicate(timeout=20)
    files = [tmp_path / "home" / f"journal.db{part}" for part in ("", "-wal")]
    before = [file.read_bytes() for file in files]
    assert before[1]
    journal = Journal(tmp_path / "home")
    assert prompts(journal) == ["x"]
    journal.close()
    assert [file.read_bytes() for file in files if file.exists()] == before


def test_a_full_disk_is_said_and_what_was_there_stays(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "home")
    number = chat(journal, "before", "answer")
    with journal.read() as db:
        pages = db.execute("pragma page_count").fetchone()[0]
        db.execute(f"pragma max_page_count = {pages}")
    with pytest.raises(JournalError, match=r"full.*free space") as caught:
        chat(journal, "x" * 100_000)
    assert "\n" not in str(caught.value)
    assert opened(journal, number) == "answer" and prompts(journal) == ["before"]
    chat(journal, "space again")  # the disk is looked at anew
    assert prompts(journal) == ["space again", "before"]


@posix
def test_a_file_that_cannot_grow_is_said_and_what_was_there_stays(tmp_path: Path) -> None:
    chat(Journal(tmp_path / "home"), "before")
    code = """
import resource, signal
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (300_000, 300_000))
for act in (lambda: chat(journal, os.urandom(300_000).hex()),
            lambda: journal.blobs.put(os.urandom(400_000))):
    try:
        act()
        print("written")
    except JournalError as error:
        print("said", "free space" in str(error))
print(prompts(journal), list(journal.blobs.folder.rglob("*.part")))
"""
    out = ended(process(code, tmp_path / "home"))
    assert out.splitlines() == ["said True", "said True", "['before'] []"]


@posix
@pytest.mark.parametrize("what", ["folder", "file", "file with changes not yet in it"])
def test_a_journal_that_may_only_be_read_is_read(what: str) -> None:
    folder = Path(tempfile.mkdtemp())  # where another user may come
    try:
        path = filled(folder, 2)
        if what.endswith("in it"):
            with process("chat(journal, 'question 2'); os._exit(0)", folder) as one:
                one.communicate(timeout=20)
        files = [file for file in folder.iterdir() if file.is_file()]
        for file in [path.parent, *files]:
            file.chmod(0o555 if file.is_dir() and what == "folder" else file.stat().st_mode)
        for file in files:
            file.chmod(0o444)

        def act() -> str:
            journal = Journal(folder)
            try:
                chat(journal, "not written")
            except JournalError as error:
                return f"{error}\n{[words[:10] for words in prompts(journal)]}"
            return "written"

        said, found = bound_by_permissions(act, [folder, *files]).splitlines()
        assert "permissions" in said and "set ZAI_HOME" in said
        wanted = range(2 + what.endswith("in it"))
        assert found == str([f"question {n}" for n in reversed(wanted)])
    finally:
        folder.chmod(0o755)
        shutil.rmtree(folder)


def bound_by_permissions(act: Callable[[], str], own: list[Path]) -> str:
    """What `act` gives in a process that is not root's; these files are its own."""
    nobody, (out, into) = 65534, os.pipe()
    if not os.getuid():
        for path in own:
            os.chown(path, nobody, nobody)
    child = os.fork()
    if not child:
        said = "nothing"
        try:
            if not os.getuid():
                os.setgid(nobody)
                os.setuid(nobody)
            said = act()
        except BaseException as error:
            said = repr(error)
        finally:
            os.write(into, said.encode())
            os._exit(0)
    os.waitpid(child, 0)
    os.close(into)
    with open(out) as file:
        return file.read()


@pytest.mark.parametrize("case", ["journal is a folder", "home is a file", "above is a file"])
def test_a_place_where_nothing_can_be_kept_is_said_every_time(tmp_path: Path, case: str) -> None:
    home = tmp_path / "home"
    if case == "journal is a folder":
        (home / "journal.db").mkdir(parents=True)
    elif case == "home is a file":
        home.write_text("mine")
    else:
        home.write_text("mine")
        home = home / "below"
    journal = Journal(home)
    for _ in range(2):
        with pytest.raises(JournalError, match="set ZAI_HOME"):
            chat(journal, "Hi")
        with pytest.raises(JournalError):
            prompts(journal)
    journal.close()
    assert (tmp_path / "home").is_dir() == (case == "journal is a folder")


def test_a_broken_file_that_cannot_be_moved_is_said_as_any_other_failure(tmp_path: Path) -> None:
    path = filled(tmp_path / "home")
    path.write_bytes(middle(path.read_bytes()))
    (tmp_path / "home" / "moving.db").mkdir()  # where the lock for moving would stand
    journal = Journal(tmp_path / "home")
    for _ in range(3):
        with pytest.raises(JournalError):
            for _ in range(100):
                chat(journal, "words " * 200)
                prompts(journal)
