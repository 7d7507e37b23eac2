"""Messages come back as they were, and what requests have in common is kept once."""

from __future__ import annotations

import base64
import itertools
import json
import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from zai_magics.journal import Journal

Message = dict[str, Any]
PNG = b"\x89PNG\r\n\x1a\n"
HASH = "0123456789abcdef" * 4


def data_url(content: bytes, mime: str = "image/png") -> str:
    return f"data:{mime};base64,{base64.b64encode(content).decode()}"


def user(content: Any) -> Message:
    return {"role": "user", "content": content}


def picture(url: str, words: str = "What is it?") -> Message:
    part = {"type": "image_url", "image_url": {"url": url}}
    return user([part, {"type": "text", "text": words}])


def rows(journal: Journal) -> tuple[int, int]:
    """Messages and threads that are kept."""
    with journal.read() as db:
        counts = [f"select count(*) from {name}" for name in ("messages", "threads")]
        return tuple(db.execute(sql).fetchone()[0] for sql in counts)  # type: ignore[return-value]


def kept(journal: Journal, messages: Sequence[Message]) -> list[Message]:
    """What comes back, read by another who opens the file."""
    with journal.write() as db:
        node = journal.texts.put(db, messages)[-1]
    other = Journal(journal.store.folder)
    with other.read() as db:
        found = other.texts.messages(db, node.id)
    other.close()
    return found


@pytest.fixture
def journal(tmp_path: Path) -> Iterator[Journal]:
    made = Journal(tmp_path / "home")
    yield made
    made.close()


words = st.text(max_size=12) | st.sampled_from(
    [
        *("", " ", "\0", "a\0b", "\ud800", "\udc00\ud83d", "\ud83d\ude42", "a\u2028b\u2029\x85"),
        *("zai-blob:", f"zai-blob:{HASH};image/png", f"zai-blob:{HASH};", "(forgotten)"),
        *("data:image/png;base64,", "data:image/png;base64,AAAA", "data:;base64,", "x" * 1500),
        *("\r\n\x0b\x0c", "汉字", "e\u0301", "[]", "null", '{"role":"user"}'),
    ]
)
sizes = st.sampled_from([0, 1, 2, 600, 735, 750, 751, 752, 760, 3000])
urls = st.builds(
    lambda size, fill, mime, tail: data_url(fill * size, mime) + tail,
    sizes,
    st.sampled_from([b"a", PNG, b"\xff"]),
    st.sampled_from(["image/png", "image/jpeg", "image/svg+xml", "x" * 70, ""]),
    st.sampled_from(["", "", "", "=", "\n", "!", " ", "AAAA"]),
)
text_part = st.builds(lambda text: {"type": "text", "text": text}, words | urls)
url_part = st.builds(
    lambda url: {"type": "image_url", "image_url": {"url": url, "detail": "low"}}, words | urls
)
tool_call = st.builds(
    lambda name, arguments: {
        "id": name,
        "type": "function",
        "function": {"name": name, "arguments": arguments},
    },
    words,
    words,
)
content = words | urls | st.none() | st.lists(text_part | url_part, max_size=3)
message = st.fixed_dictionaries(
    {"role": st.sampled_from(["system", "user", "assistant", "tool"]), "content": content},
    optional={
        "tool_calls": st.lists(tool_call, max_size=2),
        "tool_call_id": words,
        "extra": st.none() | st.booleans() | st.integers(-(10**20), 10**20) | st.floats(-1e9, 1e9),
    },
)
threads = st.lists(st.lists(message, min_size=1, max_size=4), min_size=1, max_size=4)


@settings(
    max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(threads)
def test_any_messages_come_back_as_they_were(
    journal: Journal, several: list[list[Message]]
) -> None:
    """Two halves of a character that stand together are the character, as ever in JSON."""
    for messages in several:
        assert kept(journal, messages) == json.loads(json.dumps(messages))


def test_the_same_text_from_another_writer_is_the_same_row(journal: Journal) -> None:
    messages = [user("a"), picture(data_url(PNG * 500)), user("b\udfff")]
    other = Journal(journal.store.folder)
    assert kept(journal, messages) == kept(other, messages) == messages
    assert rows(journal) == (3, 3)
    other.close()


def test_a_conversation_adds_two_messages_a_turn(journal: Journal) -> None:
    said = [{"role": "system", "content": "Be brief."}]
    for turn in range(20):
        said = [*said, user(f"q{turn}"), {"role": "assistant", "content": f"a{turn}"}]
        assert kept(journal, said) == said
        assert rows(journal) == (3 + 2 * turn, 3 + 2 * turn)


def test_what_is_said_twice_is_one_text_at_two_places(journal: Journal) -> None:
    assert kept(journal, [user("a"), user("a"), user("a")]) == [user("a")] * 3
    assert rows(journal) == (1, 3)


def test_an_edited_turn_shares_what_is_before_it_and_the_texts_behind_it(journal: Journal) -> None:
    first = [user(w) for w in "abcde"]
    edited = [user(w) for w in "abXde"]
    assert kept(journal, first) == first
    assert kept(journal, edited) == edited
    assert rows(journal) == (6, 8)
    assert kept(journal, first) == first
    assert rows(journal) == (6, 8)


def test_alike_is_not_the_same(journal: Journal) -> None:
    alike: list[Message] = [
        user("a"),
        user([{"type": "text", "text": "a"}]),
        {"role": "assistant", "content": "a"},
        {"role": "usera", "content": ""},
        {"role": "user", "content": "a", "name": "a"},
        user("a "),
        user("A"),
        user("?"),
        user("\ud800"),
        user("\ud801"),
        user("\ufffd"),
    ]
    for one in alike:
        assert kept(journal, [one]) == [one]
    assert rows(journal) == (len(alike), len(alike))
    for pair in itertools.permutations(alike[:5], 2):
        assert kept(journal, pair) == list(pair)


@pytest.mark.parametrize("size", [700, 738, 739, 740, 741, 742, 100_000])
def test_a_picture_comes_back_byte_for_byte(journal: Journal, size: int) -> None:
    content = (PNG + os.urandom(size))[:size]
    messages = [picture(data_url(content))]
    assert kept(journal, messages) == messages
    files = [path for path in journal.blobs.folder.rglob("*") if path.is_file()]
    if len(data_url(content)) > 1000:
        assert [path.read_bytes() for path in files] == [content]
    else:
        assert files == []


def test_the_bytes_of_a_picture_are_kept_once_and_not_in_the_journal(journal: Journal) -> None:
    content = PNG + os.urandom(200_000)
    said: list[Message] = [picture(data_url(content))]
    for turn in range(5):
        said = [*said, picture(data_url(content), f"And now {turn}?")]
        assert kept(journal, said) == said
    assert sum(p.is_file() for p in journal.blobs.folder.rglob("*")) == 1
    journal.close()
    assert journal.store.path.stat().st_size < 150_000


def test_a_picture_whose_bytes_are_gone_does_not_hide_the_words(journal: Journal) -> None:
    content = PNG + os.urandom(2000)
    messages = [user("before"), picture(data_url(content), "the words")]
    kept(journal, messages)
    (file,) = (path for path in journal.blobs.folder.rglob("*") if path.is_file())
    for damage in (lambda: file.write_bytes(b"else"), file.unlink):
        damage()
        with journal.read() as db:
            node = db.execute("select max(id) from threads").fetchone()[0]
            found = journal.texts.messages(db, node)
        assert found[0] == messages[0] and found[1]["content"][1]["text"] == "the words"
    again = Journal(journal.store.folder)
    assert kept(again, messages) == messages  # written again, it is there again
    again.close()


def test_a_text_that_looks_like_a_kept_picture_stays_a_text(journal: Journal) -> None:
    content = PNG + os.urandom(2000)
    kept(journal, [picture(data_url(content))])
    (file,) = (path for path in journal.blobs.folder.rglob("*") if path.is_file())
    looks = f"zai-blob:{file.name};image/png"
    for one in (user(looks), picture(looks), user([{"type": "text", "text": looks}])):
        assert kept(journal, [one]) == [one]
    with journal.read() as db:
        texts = [text for (text,) in db.execute("select text from messages")]
    assert looks in texts
