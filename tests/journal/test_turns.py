"""Conversations as the journal has them: read back at once, however long they are."""

from __future__ import annotations

from pathlib import Path

from written import chat

from zai_magics.conversation import Place, Turn
from zai_magics.journal import Journal

PARTS = (
    {"type": "image_url", "image_url": {"url": "https://a/1.png"}},
    {"type": "text", "text": "What is it?"},
)


def filled(home: Path, turns: int) -> Journal:
    """A journal with a conversation of so many turns, every other one with a picture."""
    journal = Journal(home)
    numbers = [chat(journal, list(PARTS) if n % 2 else f"q{n}", f"a{n}") for n in range(turns)]
    with journal.write() as db:
        where = journal.turns.begin(db, "nb", "main", "", 1.0)
        for number in numbers:
            journal.turns.put(db, where, Turn("", "", place=Place(f"c{number}"), call=number))
    return journal


def test_a_conversation_comes_back_with_its_pictures(tmp_path: Path) -> None:
    journal = filled(tmp_path / "home", 4)
    with journal.read() as db:
        (known,) = journal.turns.known(db, "nb")
        turns = journal.turns.load(db, known).turns
    assert [t.user for t in turns] == ["q0", PARTS, "q2", PARTS]
    assert [t.reply for t in turns] == ["a0", "a1", "a2", "a3"]


def test_a_long_conversation_takes_as_many_queries_as_a_short_one(tmp_path: Path) -> None:
    counts = []
    for turns in (2, 60):
        journal = filled(tmp_path / f"home{turns}", turns)
        asked: list[str] = []
        with journal.read() as db:
            (known,) = journal.turns.known(db, "nb")
            db.set_trace_callback(asked.append)
            assert len(journal.turns.load(db, known).turns) == turns
            db.set_trace_callback(None)
        counts.append(len(asked))
    assert counts[0] == counts[1] > 0
