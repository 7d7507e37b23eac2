"""Finding what was said: words in any script, signs, and an SQLite that cannot search."""

from __future__ import annotations

import sqlite3
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from written import asked, chat, replied

from zai_magics.journal import Journal


@pytest.fixture(params=["FTS5", "no FTS5"])
def journal(request: pytest.FixtureRequest, tmp_path: Path) -> Journal:
    """A journal in an SQLite that can search texts, and in one that cannot."""
    made = Journal(tmp_path / "home")
    return made if request.param == "FTS5" else unable(made)


def unable(journal: Journal) -> Journal:
    """The same, in an SQLite that was built without FTS5."""
    with journal.read() as db:
        journal.store._db = Unable(db)  # type: ignore[assignment]
    return journal


class Unable:
    """A connection that answers as SQLite does without FTS5."""

    def __init__(self, db: sqlite3.Connection) -> None:
        self._db = db

    def execute(self, sql: str, *given: object) -> sqlite3.Cursor:
        if "fts5" in sql:
            raise sqlite3.OperationalError("no such module: fts5")
        return self._db.execute(sql, *given)  # type: ignore[arg-type]

    def __getattr__(self, name: str) -> object:
        return getattr(self._db, name)


def found(journal: Journal, words: str, limit: int = 100, notebook: str = "") -> list[str]:
    """The prompts of the calls that are found, after the index was caught up with."""
    with journal.write() as db:
        journal.search.index(db)
    with journal.read() as db:
        return [record.prompt for record in journal.search.find(db, words, limit, notebook)]


def write(journal: Journal, *prompts: str) -> None:
    for prompt in prompts:
        chat(journal, prompt)


def test_the_two_kinds_differ(tmp_path: Path) -> None:
    for journal, can in (
        (Journal(tmp_path / "a"), True),
        (unable(Journal(tmp_path / "b")), False),
    ):
        with journal.write() as db:
            assert journal.search.index(db) is can


def test_without_words_the_newest_come_first(journal: Journal) -> None:
    write(journal, *"abc")
    assert found(journal, "") == found(journal, "  ") == ["c", "b", "a"]
    assert found(journal, "", limit=2) == ["c", "b"]


def test_a_word_is_found_in_prompts_and_answers_from_its_beginning(journal: Journal) -> None:
    chat(journal, "What is a lighthouse?", "A tower.")
    chat(journal, "And that?", "A LIGHT at sea.")
    chat(journal, "Unrelated", "nothing")
    assert found(journal, "light") == ["And that?", "What is a lighthouse?"]
    assert found(journal, "LIGHTH") == ["What is a lighthouse?"]
    assert found(journal, "moon") == []


def test_all_of_several_words_must_be_there_wherever_they_stand(journal: Journal) -> None:
    chat(journal, "apple pear", "plum")
    chat(journal, "apple", "cherry pear")
    chat(journal, "pear", "plum")
    assert found(journal, "apple pear") == ["apple", "apple pear"]
    assert found(journal, "pear apple plum") == ["apple pear"]
    assert found(journal, "apple quince") == []


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("我喜欢机器学习和统计", "机器学习"),
        ("统计学里的p值是什么", "p值"),
        ("確率分布とは何ですか", "分布"),
        ("ひらがなとカタカナ", "カタカナ"),
        ("ความน่าจะเป็นคืออะไร", "จะเป็น"),
        ("𠮷野家", "野家"),
        ("통계학은 무엇입니까", "통계"),
        ("नमस्ते दुनिया", "दुनिया"),
        ("नमस्ते दुनिया", "नमस्ते"),
        ("Что такое вероятность", "вероятн"),
        ("Was ist eine Übertragung", "Übertrag"),
        ("مرحبا بالعالم", "بالعالم"),
        ("🙂 hello", "🙂"),
        ("naïve Bayes", "naïve"),
        ("a² + b²", "a²"),
    ],
)
def test_a_word_of_any_script_is_found(journal: Journal, text: str, words: str) -> None:
    write(journal, "before", text, "after")
    assert found(journal, words) == [text]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("it grew by 100%", "100%"),
        ("call my_function now", "my_function"),
        ("call my_function now", "my_func"),
        ("what does _ mean", "_"),
        ("a % sign", "%"),
        ("a back\\slash", "\\"),
        ('say "cheese"', '"cheese"'),
        ('say "cheese"', '"'),
        ("2 * 3", "*"),
        ("p-value of 0.05", "p-value"),
        ("p-value of 0.05", "0.05"),
        ("it's", "it's"),
        ("you AND me", "AND"),
        ("you NEAR me", "NEAR(you me)"),
        ("not me", "NOT me"),
        ("text: this", "text:this"),
        ("-x", "-x"),
        ("C++", "C++"),
        ("a?", "?"),
        ("{col} = 1", "{col}"),
        ("x^2", "^2"),
        ("f(x)", "f(x)"),
        ("'; drop table calls --", "'; drop table calls --"),
    ],
)
def test_signs_are_only_signs(journal: Journal, text: str, words: str) -> None:
    write(journal, "quite another", text)
    assert found(journal, words) == [text]


SIGNS = """AND OR NOT NEAR NEAR(a~b,~3) -x a* " "a ( ) ^ + : text: _ % \\ ' { 汉 a汉b 😀 ² `"""
words = st.text(max_size=8) | st.lists(
    st.sampled_from([*SIGNS.replace("~", " ").split(), "\0", "\ud800", "\u0301"]), max_size=4
).map(" ".join)


@settings(
    max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(words)
def test_no_words_are_an_error(journal: Journal, text: str) -> None:
    assert isinstance(found(journal, text), list)


ordinary = st.lists(
    st.text(st.characters(categories=("L", "N"), max_codepoint=0x2FFF), min_size=1, max_size=6),
    min_size=1,
    max_size=4,
)


def test_every_text_of_letters_and_figures_is_found_by_each_of_its_words(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "home")

    @settings(max_examples=150, deadline=None)
    @given(ordinary)
    def check(several: list[str]) -> None:
        text = " ".join(several)
        write(journal, text)
        for word in [*several, text]:
            assert text in found(journal, word, limit=10_000), word

    check()


def test_what_was_written_after_the_last_search_is_found(journal: Journal) -> None:
    write(journal, "first apple")
    assert found(journal, "apple") == ["first apple"]
    write(journal, "second apple", "third pear")
    assert found(journal, "apple") == ["second apple", "first apple"]
    write(journal, "first apple")
    assert found(journal, "first") == ["first apple", "first apple"]


def test_what_another_kernel_wrote_is_found(journal: Journal) -> None:
    write(journal, "mine apple")
    assert found(journal, "apple") == ["mine apple"]
    other = Journal(journal.store.folder)
    write(other, "theirs apple")
    assert found(other, "apple") == ["theirs apple", "mine apple"]
    assert found(journal, "apple") == ["theirs apple", "mine apple"]
    other.close()


def test_only_what_was_said_is_searched(journal: Journal) -> None:
    system = [{"role": "system", "content": "You know lighthouses."}]
    number = chat(journal, "one", "two", system)
    chat(journal, "three", "four", [*system, {"role": "user", "content": "one"}])
    assert found(journal, "lighthouses") == []
    assert found(journal, "one") == ["one"] and number == 1


def test_the_words_beside_a_picture_are_found(journal: Journal) -> None:
    url = "data:image/png;base64," + "QUJD" * 400
    part = {"type": "image_url", "image_url": {"url": url}}
    chat(journal, [part, {"type": "text", "text": "What is on it?"}])
    assert found(journal, "what") == ["What is on it?"]
    assert found(journal, "QUJD") == []


def test_a_notebook_has_its_own(journal: Journal) -> None:
    chat(journal, "here", notebook="/a.ipynb")
    chat(journal, "there", notebook="/b.ipynb")
    assert found(journal, "", notebook="/a.ipynb") == ["here"]
    assert found(journal, "there", notebook="/a.ipynb") == []


def test_turns_that_a_file_brought_are_no_calls(journal: Journal) -> None:
    one = asked("from a file")
    with journal.write() as db:
        restored = replace(one, kind="restored")
        journal.calls.chat(db, restored, replied(one, "hello"), "complete")
    assert found(journal, "") == found(journal, "file") == []


def test_an_index_that_cannot_be_written_is_done_without(journal: Journal) -> None:
    write(journal, "apple pie")
    with journal.read() as db:
        assert [r.prompt for r in journal.search.find(db, "apple", 5)] == ["apple pie"]
