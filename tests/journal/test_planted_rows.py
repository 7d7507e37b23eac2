"""Rows that are damaged or planted: no error, and no order that is overlooked."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from written import asked, chat

from zai_magics.conversation import Place, Turn
from zai_magics.journal import Journal
from zai_magics.orders import job_of
from zai_magics.types import Job
from zai_magics.wire import media as wire


@pytest.mark.parametrize("change", ["at = 1e300", "cost = 'abc'", "model = x'ff00'", "state = 7"])
def test_damaged_columns_are_no_error(tmp_path: Path, change: str) -> None:
    journal = Journal(tmp_path / "home")
    number = chat(journal, "x")
    with journal.write() as db:
        db.execute(f"update calls set {change}")
        db.execute("update messages set more = '[]'")
    (record,) = journal.find("", 10)
    with journal.read() as db:
        assert record.id == number and journal.calls.reply(db, record) == "ok"


@pytest.mark.parametrize("at", ["9e10", "1e300", "-1", "'x'", "x'ff'", "9e999"])
def test_a_time_that_can_be_none_is_none(tmp_path: Path, at: str) -> None:
    journal = Journal(tmp_path / "home")
    chat(journal, "x")
    with journal.write() as db:
        db.execute(f"update calls set at = {at}")
    assert [record.at for record in journal.find("", 10)] == [0.0]


def ordered(journal: Journal, kind: str, state: str, result: str, **columns: Any) -> int:
    """An order that the journal knows by the key b"k", with these columns."""
    with journal.write() as db:
        number = journal.calls.order(db, asked("a cat", key=b"k"), 0.0)
        set_ = {"kind": kind, "state": state, "result": result, **columns}
        for name, value in set_.items():
            db.execute(f"update calls set {name} = ? where id = ?", (value, number))
    return number


@pytest.mark.parametrize(
    ("kind", "state", "result", "columns"),
    [
        ("image", "SUBMITTED", "{}", {}),
        ("image", b"done", "{}", {}),
        ("video", 7, "{}", {"job": "job-1"}),
        ("image", "submitting", "{}", {"prompt": 999, "asked": -1}),
        ("image", "submitting", b"\xff", {"notebook": b"\0", "at": "x", "model": 5}),
        ("image", "submitted", '{"links": [5, ["a"], ["a", 5]]}', {}),
        ("image", "submitted", '{"links": "no"}', {}),
        ("video", "submitted", "{}", {"job": b"job-1"}),
    ],
)
def test_an_order_that_is_damaged_is_one_whose_end_is_not_known(
    tmp_path: Path, kind: str, state: Any, result: Any, columns: dict[str, Any]
) -> None:
    journal = Journal(tmp_path / "home")
    number = ordered(journal, kind, state, result, **columns)
    with journal.read() as db:
        found = [journal.calls.get(db, number), *journal.calls.ordered(db, b"k")]
        found += journal.calls.under_way(db)
    kept = state == "submitting" and "notebook" not in columns
    wanted = "submitting" if kept else "unknown"
    assert [(r.id, r.state) for r in found if r] == [(number, wanted)] * 3


def test_an_order_that_is_done_in_no_notebook_is_found_again_as_unknown(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "home")
    number = ordered(journal, "image", "done", "{}", notebook=b"\0")
    with journal.read() as db:
        found = journal.calls.ordered(db, b"k")
    assert [(r.id, r.state, r.notebook) for r in found] == [(number, "unknown", "")]


def test_an_order_under_way_is_as_it_was_written(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "home")
    links = [["https://a/1.png", "a red cat"]]
    image = ordered(journal, "image", "submitted", json.dumps({"links": links}))
    kept = {"urls": ["https://a/1.mp4"], "route": "/videos", "cover_url": "https://a/1.png"}
    video = ordered(journal, "video", "submitted", json.dumps(kept), job="job-1")
    with journal.read() as db:
        found = journal.calls.under_way(db)
    assert [(r.id, r.state) for r in found] == [(video, "submitted"), (image, "submitted")]
    job = job_of(found[0])
    assert (job.id, job.route, job.urls) == ("job-1", "/videos", ("https://a/1.mp4",))
    assert job.cover_url == "https://a/1.png" and found[1].result["links"] == links


@pytest.mark.parametrize(("params", "kept"), [("{}", 1), ('{"n": 3}', 3), ('{"n": 1e300}', 1)])
def test_an_order_has_no_more_links_than_pictures_were_ordered(
    tmp_path: Path, params: str, kept: int
) -> None:
    journal = Journal(tmp_path / "home")
    links = json.dumps({"links": [[f"https://a/{n}.png", ""] for n in range(500)]})
    number = ordered(journal, "image", "submitted", links, params=params)
    with journal.read() as db:
        record = journal.calls.get(db, number)
    assert record and [url for url, _ in record.result["links"]] == [
        f"https://a/{n}.png" for n in range(kept)
    ]


@pytest.mark.parametrize("kept", [{"route": "/x"}, {"route": 5}, {"urls": None}, {"urls": [5]}, {}])
def test_a_job_is_asked_for_at_no_other_route_than_the_services(
    tmp_path: Path, kept: dict[str, Any]
) -> None:
    journal = Journal(tmp_path / "home")
    number = ordered(journal, "video", "submitted", json.dumps(kept), job="job-1")
    with journal.read() as db:
        record = journal.calls.get(db, number)
    assert record and job_of(record) == Job("job-1", "glm-4.7", "a cat")
    assert wire.result_path(Job("a/b", route="@evil.example")) == "/async-result/a%2Fb"


@pytest.mark.parametrize(
    "change",
    [
        "delete from facts",
        "update facts set value = 9223372036854775807",
        "update facts set value = 'x'",
        "update facts set value = -5",
        "update calls set id = 9223372036854775807",
        "update calls set id = 999999999999",
    ],
)
def test_orders_are_written_down_whatever_the_journal_says_about_itself(
    tmp_path: Path, change: str
) -> None:
    journal = Journal(tmp_path / "home")
    chat(journal, "x")
    with journal.write() as db:
        db.execute(change)
    numbers = {ordered(journal, "image", "submitting", "{}") for _ in range(3)}
    assert len(numbers) == 3
    with journal.read() as db:
        assert {r.id for r in journal.calls.ordered(db, b"k")} == numbers
    for number in numbers:
        assert journal.forget(number)
    assert ordered(journal, "image", "submitting", "{}") not in numbers or "id =" in change


def test_another_kernel_sees_that_words_were_forgotten_whatever_the_count_was(
    tmp_path: Path,
) -> None:
    journal, other = Journal(tmp_path / "home"), Journal(tmp_path / "home")
    with journal.write() as db:
        db.execute("update facts set value = 'x' where name = 'forgotten'")
    number = chat(journal, "mine")
    other.forget(number)
    again = chat(journal, "mine")
    with other.read() as db:
        record = other.calls.get(db, again)
    assert record and record.prompt == "mine"
    other.close()


@pytest.mark.parametrize(
    "more",
    [
        '{"role": "user", "content": [5]}',
        '{"role": "user", "content": [{"type": "text"}]}',
        '{"role": "user", "content": [{"type": "text", "text": 7}]}',
        '{"role": "user", "content": [{"type": "image_url", "image_url": 5}]}',
        '{"role": "user", "content": [{"type": "image_url", "image_url": {"url": 5}}]}',
        '{"role": "user", "content": 5}',
        '{"role": 5, "content": "x"}',
        '{"role": "user", "content": "x", "tool_calls": [5]}',
        "[" * 50_000,
        b"\xff",
    ],
    ids=lambda more: str(more)[:70],
)
def test_a_damaged_message_is_its_words(tmp_path: Path, more: Any) -> None:
    journal = Journal(tmp_path / "home")
    number = chat(journal, "words")
    with journal.write() as db:
        place = journal.turns.begin(db, "nb", "main", "", 1.0)
        journal.turns.put(db, place, Turn("words", "ok", call=number))
        db.execute("update messages set more = ? where text = 'words'", (more,))
    with journal.read() as db:
        record = journal.calls.get(db, number)
        assert record
        said = journal.calls.reply(db, record).messages
        (turn,) = journal.turns.load(db, journal.turns.known(db, "nb")[0]).turns
    assert said[0] == {"role": "user", "content": "words"} and turn.user == "words"
    assert journal.forget(number)


@pytest.mark.parametrize("column", ["position", "cell", "ordinal"])
def test_turns_without_a_place_come_in_the_order_of_their_calls(
    tmp_path: Path, column: str
) -> None:
    journal = Journal(tmp_path / "home")
    numbers = [chat(journal, words) for words in "abc"]
    with journal.write() as db:
        where = journal.turns.begin(db, "nb", "main", "", 1.0)
        for number in numbers:
            turn = Turn("x", "y", place=Place(f"cell {number}"), call=number)
            journal.turns.put(db, where, turn)
        db.execute(f"update turns set {column} = cast('x' || call as blob) where call != 2")
    with journal.read() as db:
        turns = journal.turns.load(db, journal.turns.known(db, "nb")[0]).turns
    assert [turn.prompt for turn in turns] == ["a", "b", "c"]
    assert [turn.place for turn in turns][1] == Place("cell 2")


def test_a_conversation_whose_name_can_be_none_is_left_out_and_the_others_are_there(
    tmp_path: Path,
) -> None:
    journal = Journal(tmp_path / "home")
    with journal.write() as db:
        for name in ("one", "two", "three"):
            journal.turns.begin(db, "nb", name, "system", 5.0)
        db.execute("update conversations set used = 'zz', system = x'ff' where name = 'one'")
        add = "insert into conversations (notebook, name, system, used) values ('nb', ?, '', 9e300)"
        for name in (b"\xff", 5, "", "a\n\x1b[31m"):
            db.execute(add, (name,))
        latest = journal.turns.begin(db, "nb", "new", "", 1.0)
    with journal.read() as db:
        found = journal.turns.known(db, "nb")
    names = [known.name for known in found]
    assert names[:3] == ["new", "three", "two"] and sorted(names[3:]) == ["5", "one"]
    assert found[0].id == latest and found[names.index("one")].system == ""


def test_a_long_text_of_many_calls_is_there_once(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "home")
    for number in range(700):
        chat(journal, f"q{number}", "a")
    with journal.write() as db:
        db.execute("update messages set text = ? where id = 1", ("y" * 1_000_000,))
        db.execute("update calls set prompt = 1, reply = 1")
    found = journal.find("", 1000)
    assert len(found) == 700 and len({id(record.prompt) for record in found}) == 1
