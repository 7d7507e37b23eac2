"""An interrupt at any line of a write leaves the whole call or nothing, and nobody locked out."""

from __future__ import annotations

import sqlite3
import sys
from collections.abc import Callable
from functools import cache, partial
from pathlib import Path
from types import FrameType
from typing import Any

import pytest
from written import asked, chat, opened, prompts, replied

from zai_magics.conversation import Place, Turn
from zai_magics.journal import Journal

ROOM = str(Path("zai_magics") / "journal")


def interrupted_at(line: int, act: Callable[[], object]) -> bool:
    """Run `act` with a KeyboardInterrupt at the so-manieth line of the journal; False if it has
    fewer. As the signal would, it comes when a line has been begun, never in the middle of `with`.
    """
    left = line

    def at_line(frame: FrameType, event: str, _: Any) -> Any:
        nonlocal left
        if event == "line" and not _is_exit(frame):
            left -= 1
            if not left:
                sys.settrace(None)
                raise KeyboardInterrupt
        return at_line

    def at_call(frame: FrameType, event: str, _: Any) -> Any:
        return at_line if ROOM in frame.f_code.co_filename else None

    before = sys.gettrace()
    sys.settrace(at_call)
    try:
        act()
    except KeyboardInterrupt:
        return True
    finally:
        sys.settrace(before)
    assert left > 0
    return False


def _is_exit(frame: FrameType) -> bool:
    """Whether this is a `with` line that is come back to: no signal is looked at there."""
    text = _lines(frame.f_code.co_filename)[frame.f_lineno - 1].lstrip()
    return text.startswith("with ") and frame.f_lasti > _first(frame)


@cache
def _lines(file: str) -> list[str]:
    return Path(file).read_text("utf-8").splitlines()


def _first(frame: FrameType) -> int:
    """Where the code of the line that runs begins."""
    code = frame.f_code
    return min(start for start, _, line in code.co_lines() if line == frame.f_lineno)


def turn(journal: Journal, words: str, uid: bytes) -> int:
    """Write a chat with an image and its turn down, and begin the conversation if need be."""
    one = asked([{"type": "text", "text": words}], [{"role": "system", "content": words}], uid=uid)
    reply = replied(one, f"re {words}")
    with journal.write() as db:
        number = journal.calls.chat(db, one, reply, "complete")
        known = journal.turns.known(db, one.notebook)
        place = Place("cell", number)
        where = known[0].id if known else journal.turns.begin(db, one.notebook, "main", "", 1.0)
        journal.turns.put(db, where, Turn(words, reply, place=place, call=number))
    return number


def counts(journal: Journal) -> tuple[int, ...]:
    """Rows of the tables that a turn is written to, in a connection of its own."""
    db = sqlite3.connect(journal.store.path, timeout=0.2, isolation_level=None)
    try:
        db.execute("begin immediate")  # nobody is locked out
        db.execute("rollback")
        names = ("calls", "turns", "conversations", "messages", "threads")
        return tuple(db.execute(f"select count(*) from {n}").fetchone()[0] for n in names)
    finally:
        db.close()


@pytest.mark.parametrize("first", [True, False], ids=["the first use", "a later one"])
@pytest.mark.parametrize(
    "step", [5, pytest.param(1, marks=pytest.mark.long)], ids=["every fifth line", "every line"]
)
def test_an_interrupt_leaves_all_of_a_call_or_nothing(
    tmp_path: Path, first: bool, step: int
) -> None:
    line, halves = 1 - step, []
    while True:
        line += step
        journal = Journal(tmp_path / f"home{line}")
        if not first:
            turn(journal, "before", b"0")
            before = counts(journal)
        if not interrupted_at(line, partial(turn, journal, "stopped", b"1")):
            break
        if first:
            turn(journal, "next", b"2")
            assert "next" in prompts(journal), line
            now = counts(journal)
            if now[:2] not in ((1, 1), (2, 2)) or now[2] != 1:
                halves.append((line, now))
        else:
            now = counts(journal)
            if now != before and now != tuple(n + d for n, d in zip(before, DELTA, strict=True)):
                halves.append((line, now))
            number = turn(journal, "next", b"2")
            assert [m["content"] for m in opened(journal, number).messages][-1] == "re next"
            assert opened(journal, number).messages[0]["content"] == "next"
        journal.close()
    assert halves == []
    assert line > (60 if first else 40), "the lines of the journal were not seen"


DELTA = (1, 1, 0, 3, 3)


def test_after_an_interrupt_what_is_written_again_is_there_once(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "home")
    line, wanted = 0, 0
    while True:
        line += 1
        uid = str(line).encode()
        one = asked("Hi", uid=uid)
        stopped = interrupted_at(line, partial(_write, journal, one))
        _write(journal, asked("Hi", uid=uid, again=True))
        wanted += 1
        assert counts(journal)[0] == wanted, line
        if not stopped:
            break


def _write(journal: Journal, one: Any) -> None:
    with journal.write() as db:
        journal.calls.chat(db, one, replied(one, "ok"), "complete")


@pytest.mark.parametrize("when", ["begin", "insert into calls", "commit"])
@pytest.mark.parametrize("side", ["before", "after"])
def test_an_interrupt_beside_a_statement_leaves_all_or_nothing(
    tmp_path: Path, when: str, side: str
) -> None:
    journal = Journal(tmp_path / "home")
    chat(journal, "before")
    with journal.read() as db:
        journal.store._db = Stopping(db, when, side)  # type: ignore[assignment]
    with pytest.raises(KeyboardInterrupt):
        chat(journal, "stopped")
    whole = [when, side] == ["commit", "after"]
    calls = counts(journal)[0]
    assert calls == 1 + whole
    chat(journal, "next")
    assert prompts(journal) == ["next", *["stopped"] * whole, "before"]


class Stopping:
    """A connection that is interrupted once, beside a statement that begins so."""

    def __init__(self, db: sqlite3.Connection, when: str, side: str) -> None:
        self._db, self._when, self._side = db, when, side

    def execute(self, sql: str, *given: Any) -> Any:
        stop = bool(self._when) and sql.startswith(self._when)
        if stop:
            self._when = ""
        if stop and self._side == "before":
            raise KeyboardInterrupt
        made = self._db.execute(sql, *given)
        if stop:
            raise KeyboardInterrupt
        return made

    def __getattr__(self, name: str) -> Any:
        return getattr(self._db, name)
