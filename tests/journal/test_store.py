"""The journal's file: made when it is needed, for its owner alone, and shared without loss."""

from __future__ import annotations

import os
import sqlite3
import stat
import threading
from pathlib import Path

import pytest
from written import asked, chat, ended, opened, process, prompts, replied

from zai_magics.errors import JournalError
from zai_magics.journal import Journal, home

posix = pytest.mark.skipif(os.name != "posix", reason="modes are POSIX's")
forks = pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork here")


def test_nothing_is_made_before_the_first_use(zai_home: Path) -> None:
    journal = Journal()
    assert journal.store.folder == zai_home
    journal.close()
    assert journal.store.told() == ""
    assert not zai_home.exists()
    chat(journal, "Hi")
    assert (zai_home / "journal.db").is_file()


def test_the_folder_is_zai_home_or_the_users(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ZAI_HOME", "~/some place")
    assert home() == Path.home() / "some place"
    monkeypatch.setenv("ZAI_HOME", " ")
    assert home() == Path.home() / ".zai_magics"


@posix
def test_everything_is_for_its_owner_alone_whatever_the_umask(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "a" / "b")
    before = os.umask(0)
    try:
        chat(journal, "Hi")
        name = journal.blobs.put(b"picture")
    finally:
        os.umask(before)
    made = [journal.store.path, *(Path(f"{journal.store.path}{p}") for p in ("-wal", "-shm"))]
    modes = [stat.S_IMODE(path.stat().st_mode) for path in [*made, journal.blobs.path(name)]]
    assert modes == [0o600] * 4
    folders = [journal.store.folder, journal.blobs.folder, journal.blobs.path(name).parent]
    assert [stat.S_IMODE(path.stat().st_mode) for path in folders] == [0o700] * 3


def test_a_write_is_on_the_disk_when_it_returns(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "home")
    with journal.read() as db:
        assert db.execute("pragma journal_mode").fetchone() == ("wal",)
        assert db.execute("pragma synchronous").fetchone() == (2,)


def test_a_call_survives_a_process_that_is_killed(tmp_path: Path) -> None:
    code = "chat(journal, 'Hi'); print('written', flush=True); sys.stdin.read()"
    with process(code, tmp_path / "home") as one:
        assert one.stdout is not None and one.stdout.readline() == "written\n"
        one.kill()
        one.communicate(timeout=10)
    assert prompts(Journal(tmp_path / "home")) == ["Hi"]


def test_what_fails_within_a_write_leaves_nothing(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "home")
    chat(journal, "kept")
    one = asked("lost")
    with pytest.raises(ZeroDivisionError), journal.write() as db:
        journal.calls.chat(db, one, replied(one, "lost too"), "complete")
        raise ZeroDivisionError
    assert prompts(journal) == ["kept"]
    with journal.read() as db:
        assert db.execute("select count(*) from messages").fetchone() == (2,)
    chat(journal, "lost", "lost too")
    assert prompts(journal) == ["lost", "kept"]


def test_a_call_that_is_written_twice_is_there_once(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "home")
    number = chat(journal, "Hi", uid=b"the same")
    assert chat(journal, "Hi", uid=b"the same", again=True) == number
    assert prompts(journal) == ["Hi"]


def test_after_closing_it_is_opened_again(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "home")
    for words in "abc":
        chat(journal, words)
        journal.close()
        journal.close()
    assert prompts(journal) == ["c", "b", "a"]


@forks
def test_a_forked_process_uses_a_connection_of_its_own(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "home")
    chat(journal, "before")
    with journal.read() as db:
        mine = db
    child = os.fork()
    if not child:
        code = 1
        try:
            with journal.read() as db:
                if db is not mine:
                    chat(journal, "in the child")
                    code = 0
        finally:
            os._exit(code)
    assert os.waitpid(child, 0)[1] == 0
    chat(journal, "after")
    assert prompts(journal) == ["after", "in the child", "before"]
    with journal.read() as db:
        assert db is mine
        assert db.execute("pragma integrity_check").fetchone() == ("ok",)


@forks
def test_a_fork_while_another_thread_writes_can_use_the_journal(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "home")
    inside, go_on = threading.Event(), threading.Event()

    def write() -> None:
        with journal.write():
            inside.set()
            assert go_on.wait(30)

    thread = threading.Thread(target=write)
    thread.start()
    assert inside.wait(10)
    child = os.fork()
    if not child:
        import signal

        signal.signal(signal.SIGALRM, signal.SIG_DFL)
        signal.alarm(3)  # a child that waits for its parent's thread waits for ever
        code = 1
        try:
            with journal.read() as db:
                db.execute("select count(*) from calls").fetchone()
            code = 0
        finally:
            os._exit(code)
    status = os.waitpid(child, 0)[1]
    go_on.set()
    thread.join(10)
    assert status == 0


def test_threads_write_at_the_same_time(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "home")
    failed: list[BaseException] = []

    def write(name: str) -> None:
        try:
            context: list[dict[str, str]] = []
            for turn in range(20):
                number = chat(journal, f"{name}{turn}", f"re {name}{turn}", context)
                context = list(opened(journal, number).messages)
        except BaseException as error:
            failed.append(error)

    threads = [threading.Thread(target=write, args=(name,)) for name in "abcd"]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert failed == []
    assert sorted(prompts(journal)) == sorted(f"{n}{turn}" for n in "abcd" for turn in range(20))
    last = next(n for n in range(1, 81) if opened(journal, n).messages[-2]["content"] == "c19")
    said = [m["content"] for m in opened(journal, last).messages]
    assert said == [words for turn in range(20) for words in (f"c{turn}", f"re c{turn}")]


def test_eight_processes_write_at_the_same_time(tmp_path: Path) -> None:
    code = "for n in range(50): chat(journal, f'{sys.argv[1]} {n}', 'the same answer')"
    running = [process(code, tmp_path / "home", str(number)) for number in range(8)]
    assert [ended(one) for one in running] == [""] * 8
    journal = Journal(tmp_path / "home")
    assert sorted(prompts(journal)) == sorted(f"{p} {n}" for p in range(8) for n in range(50))
    with journal.read() as db:
        assert db.execute("pragma integrity_check").fetchone() == ("ok",)
        sql = "select count(*) from messages where text = 'the same answer'"
        assert db.execute(sql).fetchone() == (1,)


def test_a_lock_that_is_never_given_back_is_said_in_one_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from zai_magics.journal import database

    monkeypatch.setattr(database, "BUSY", 0.05)
    journal = Journal(tmp_path / "home")
    chat(journal, "before")
    other = sqlite3.connect(journal.store.path, isolation_level=None)
    other.execute("begin immediate")
    with pytest.raises(JournalError, match="locked"):
        chat(journal, "meanwhile")
    assert prompts(journal) == ["before"]
    other.execute("rollback")
    other.close()
    chat(journal, "after")
    assert prompts(journal) == ["after", "before"]
