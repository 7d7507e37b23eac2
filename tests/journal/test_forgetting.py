"""What is forgotten is in no byte of any file, and everything else is whole."""

from __future__ import annotations

import base64
import os
import sqlite3
from pathlib import Path
from typing import Any

import pytest
from written import asked, chat, holding, opened, prompts

from zai_magics.conversation import Place, Turn
from zai_magics.journal import Journal, database
from zai_magics.types import Reply

PNG = b"\x89PNG\r\n\x1a\n" + b"PICTUREBYTES" * 200
URL = "data:image/png;base64," + base64.b64encode(PNG).decode()
QUESTION, ANSWER = "WHISPERED question", "MUTTERED answer"


@pytest.fixture(params=["it wipes", "it does not"])
def journal(
    request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Journal:
    """A journal in an SQLite that was built to wipe what it frees, and in one that was not."""
    connect, word = database.connect, "on" if request.param == "it wipes" else "off"

    def connected(*given: Any) -> sqlite3.Connection:
        db = connect(*given)
        db.execute(f"pragma secure_delete = {word}")
        return db

    monkeypatch.setattr(database, "connect", connected)
    return Journal(tmp_path / "home")


def traces(journal: Journal) -> list[str]:
    """The files that have any of the forgotten words."""
    every = [QUESTION, ANSWER, "WHISPERED", "MUTTERED", "whispered", "muttered"]
    return holding(journal.store.folder, *every)


def index(journal: Journal) -> None:
    with journal.write() as db:
        journal.search.index(db)


def talk(journal: Journal) -> list[int]:
    """Three turns, the second of which is to be forgotten; the third carries it."""
    first = chat(journal, "first", "one")
    second = chat(journal, QUESTION, ANSWER, opened(journal, first).messages)
    third = chat(journal, "third", "three", opened(journal, second).messages)
    return [first, second, third]


@pytest.mark.parametrize("when", ["at once", "after a search", "after closing", "another's"])
def test_neither_prompt_nor_answer_is_in_any_byte(journal: Journal, when: str) -> None:
    numbers = talk(journal)
    if when == "after a search":
        index(journal)
        chat(journal, "between")
        index(journal)
    assert traces(journal)
    if when == "after closing":
        journal.close()
    by = Journal(journal.store.folder) if when == "another's" else journal
    gone = by.forget(numbers[1])
    assert gone is not None and (gone.prompt, gone.reply) == (QUESTION, ANSWER)
    assert traces(journal) == []
    journal.close()
    by.close()
    assert traces(journal) == []


def test_other_calls_are_whole_and_say_where_something_is_forgotten(journal: Journal) -> None:
    first, second, third = talk(journal)
    before = opened(journal, third)
    journal.forget(second)
    assert prompts(journal) == ["third", "first"]
    after = opened(journal, third)
    said = [message["content"] for message in after.messages]
    assert said == ["first", "one", "(forgotten)", "(forgotten)", "third", "three"]
    assert (after, after.thinking, after.call) == (before, before.thinking, before.call)
    assert opened(journal, first) == "one"
    with journal.read() as db:
        assert journal.calls.get(db, second) is None
        assert db.execute("pragma integrity_check").fetchone() == ("ok",)


def test_what_is_not_there_cannot_be_forgotten(journal: Journal) -> None:
    assert journal.forget(1) is None
    number = chat(journal, "Hi")
    assert journal.forget(number + 1) is None and journal.forget(-1) is None
    assert journal.forget(number) is not None and journal.forget(number) is None
    assert prompts(journal) == []


@pytest.mark.parametrize("by", ["the same kernel", "another kernel"])
def test_the_same_words_asked_again_are_kept_as_new(journal: Journal, by: str) -> None:
    _, second, _ = talk(journal)
    asked = opened(journal, second).messages[:-1]
    other = Journal(journal.store.folder)
    (other if by == "another kernel" else journal).forget(second)
    again = chat(journal, QUESTION, ANSWER, asked[:-1])
    assert prompts(journal)[0] == QUESTION
    reply = opened(journal, again)
    assert reply == ANSWER
    assert [m["content"] for m in reply.messages] == ["first", "one", QUESTION, ANSWER]
    index(journal)
    with journal.read() as db:
        assert [r.id for r in journal.search.find(db, "whispered", 9)] == [again]
    journal.forget(again)
    assert traces(journal) == []
    other.close()


def test_words_that_another_call_says_too_stay_there(journal: Journal) -> None:
    one, two = chat(journal, "Hi", "Hello"), chat(journal, "Hi", "Hello again")
    journal.forget(one)
    assert prompts(journal) == ["Hi"] and opened(journal, two) == "Hello again"
    assert opened(journal, two).messages[0]["content"] == "Hi"
    assert holding(journal.store.folder, "Hello") and not _has(journal, "Hello")


def _has(journal: Journal, text: str) -> bool:
    with journal.read() as db:
        return bool(db.execute("select 1 from messages where text = ?", (text,)).fetchone())


def test_a_picture_in_a_prompt_goes_with_it(journal: Journal) -> None:
    part = {"type": "image_url", "image_url": {"url": URL}}
    number = chat(journal, [part, {"type": "text", "text": QUESTION}], ANSWER)
    kept = chat(journal, [part, {"type": "text", "text": "other words"}], "other answer")
    journal.forget(number)
    assert traces(journal) == []
    assert opened(journal, kept).messages[0]["content"][0]["image_url"]["url"] == URL
    journal.forget(kept)
    assert holding(journal.store.folder, "PICTUREBYTES") == []


def test_a_turn_goes_from_every_conversation(journal: Journal) -> None:
    numbers = talk(journal)
    with journal.write() as db:
        for name in ("main", "b"):
            where = journal.turns.begin(db, "nb", name, "", 1.0)
            for number in numbers:
                turn = Turn("x", "y", place=Place(f"cell{number}"), call=number)
                journal.turns.put(db, where, turn)
    journal.forget(numbers[1])
    with journal.read() as db:
        for known in journal.turns.known(db, "nb"):
            turns = journal.turns.load(db, known).turns
            assert [turn.prompt for turn in turns] == ["first", "third"]


def test_the_words_are_gone_from_an_index_that_grew_by_many_searches(journal: Journal) -> None:
    number = chat(journal, QUESTION, ANSWER)
    for more in range(60):  # merges the index again and again
        index(journal)
        chat(journal, f"filler {more} " + os.urandom(200).hex(" "))
    journal.forget(number)
    assert traces(journal) == []


def test_what_cannot_be_wiped_because_somebody_reads_is_wiped_later(
    journal: Journal, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(database, "BUSY", 0.1)
    _, second, _ = talk(journal)
    other = sqlite3.connect(journal.store.path, isolation_level=None)
    other.execute("begin")
    other.execute("select count(*) from calls").fetchone()
    journal.forget(second)
    assert prompts(journal) == ["third", "first"]
    other.execute("commit")
    other.close()
    chat(journal, "afterwards")
    journal.close()
    assert traces(journal) == []


def test_thinking_and_tools_go_too(journal: Journal) -> None:
    one = asked("Hi")
    reply = Reply("Hello", None, "MUTTERED thought", asked=one.messages)
    with journal.write() as db:
        number = journal.calls.chat(db, one, reply, "complete")
    assert traces(journal)
    journal.forget(number)
    assert traces(journal) == []


def test_a_later_turn_takes_nothing_of_the_earlier_ones_with_it(journal: Journal) -> None:
    first = chat(journal, "ONE", "A1")
    said = [{"role": "user", "content": "ONE"}, {"role": "assistant", "content": "A1"}]
    second = chat(journal, "TWO", "A2", said)
    assert journal.forget(second)
    assert opened(journal, first) == "A1" and prompts(journal) == ["ONE"]


def test_a_system_prompt_goes_with_the_last_call_that_was_asked_with_it(journal: Journal) -> None:
    system = [{"role": "system", "content": "SYSTEMWORDS"}]
    first, second = chat(journal, "one", "a", system), chat(journal, "two", "b", system)
    journal.forget(first)
    assert holding(journal.store.folder, "SYSTEMWORDS")
    journal.forget(second)
    assert not holding(journal.store.folder, "SYSTEMWORDS")
