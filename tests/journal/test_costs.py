"""What calls have cost: every call once, nothing unknown as zero, whatever a file says."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any

import pytest
from written import asked, chat

from zai_magics.journal import Journal
from zai_magics.journal.costs import BY, Bill, bills, total

NOON = time.mktime((2026, 11, 2, 12, 0, 0, 0, 0, -1))
DAY = 86_400.0


@pytest.fixture
def journal(tmp_path: Path) -> Journal:
    """One for this test."""
    return Journal(tmp_path / "home")


def put(journal: Journal, kind: str = "chat", **columns: Any) -> int:
    """A call of `kind`, with these columns of the row, `result` as JSON or as it is."""
    with journal.write() as db:
        number = journal.calls.order(db, asked("x", at=NOON), 0.5)
        given = {"kind": kind, "state": "complete", "endpoint": "https://api", **columns}
        for name, value in given.items():
            value = json.dumps(value) if isinstance(value, dict) else value
            db.execute(f"update calls set {name} = ? where id = ?", (value, number))
    return number


def by(journal: Journal, what: str = "model", **more: Any) -> list[Bill]:
    """The groups."""
    with journal.read() as db:
        return bills(db, what, **more)


def usage(*counts: int) -> dict[str, Any]:
    """A chat's result."""
    return {"usage": list(counts)}


def test_calls_of_a_model_are_added_up(journal: Journal) -> None:
    put(journal, result=usage(1000, 400, 900, 210), cost=0.25)
    put(journal, result=usage(10, 20, 0, 5), cost=0.5)
    put(journal, model="glm-5.3", result=usage(1, 2, 0, 0), cost=4.0)
    dear, cheap = by(journal)
    assert dear == Bill("glm-5.3", calls=1, prompt=1, completion=2, cost=4.0)
    assert cheap == Bill(
        "glm-4.7", calls=2, prompt=1010, cached=900, completion=420, thinking=215, cost=0.75
    )
    whole = total([dear, cheap])
    assert (whole.name, whole.calls, whole.cost, whole.prompt) == ("total", 3, 4.75, 1011)


def test_days_are_those_of_here_and_the_newest_comes_first(journal: Journal) -> None:
    for at in (NOON, NOON + 2 * DAY, NOON + DAY, NOON + 3600):
        put(journal, at=at)
    assert [(b.name, b.calls) for b in by(journal, "day")] == [
        ("2026-11-04", 1), ("2026-11-03", 1), ("2026-11-02", 2),
    ]  # fmt: skip
    since = time.mktime((2026, 11, 3, 0, 0, 0, 0, 0, -1))
    assert [b.name for b in by(journal, "day", since=since)] == ["2026-11-04", "2026-11-03"]


def test_conversations_of_one_name_are_apart_in_two_notebooks(journal: Journal) -> None:
    for notebook, named in (("a", "main"), ("b", "main"), ("b", "other"), ("b", "main")):
        put(journal, notebook=notebook, conversation=named)
    put(journal, "image", state="done", notebook="b", conversation="")
    found = [(b.name, b.notebook, b.calls) for b in by(journal, "conversation")]
    assert found == [("main", "b", 2), ("other", "b", 1), ("main", "a", 1), ("", "b", 1)]
    assert [(b.name, b.calls) for b in by(journal, "notebook")] == [("b", 4), ("a", 1)]


def test_only_one_notebooks_calls(journal: Journal) -> None:
    put(journal, notebook="a", cost=1.0)
    put(journal, "video", state="done", notebook="b", model="cogvideox-3", cost=0.2)
    assert [(b.name, b.cost) for b in by(journal, notebook="b")] == [("cogvideox-3", 0.2)]


def test_an_unknown_price_is_no_zero(journal: Journal) -> None:
    put(journal, model="nobody-knows", result=usage(5, 5, 0, 0), cost=None)
    put(journal, model="glm-4.7", result={}, cost=None)
    put(journal, model="glm-4.7", result={}, cost=1.0)
    some, none = by(journal)
    assert (some.cost, some.known, some.unknown, some.unpriced) == (1.0, 1.0, 1, 0)
    assert (none.cost, none.known, none.unknown, none.unpriced) == (0.0, None, 1, 1)


def test_a_call_gets_the_price_that_is_known_by_now(journal: Journal, zai_home: Path) -> None:
    put(journal, model="mine", result=usage(1_000_000, 0, 0, 0), cost=None)
    put(journal, "image", state="done", model="paint", cost=None)
    assert [b.known for b in by(journal)] == [None, None]
    zai_home.mkdir()
    rows = 'mine = { kind = "chat", input = 3, output = 0 }\npaint = { kind = "image", each = 0.5 }'
    (zai_home / "models.toml").write_text(f"[models]\n{rows}")
    assert [(b.name, b.known, b.unknown) for b in by(journal)] == [
        ("mine", 3.0, 0), ("paint", 0.5, 0),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("state", "columns", "wanted"),
    [
        ("done", {}, (0.5, 0, 0, 0.0)),
        ("submitted", {"job": "job-1"}, (0.5, 0, 0, 0.0)),
        ("failed", {"job": "job-1"}, (0.0, 0, 0, 0.0)),
        ("failed", {"cost": None, "model": "x"}, (0.0, 0, 0, 0.0)),
        ("unknown", {}, (0.0, 1, 1, 0.5)),
        ("submitting", {}, (0.0, 1, 1, 0.5)),
        ("unknown", {"cost": None, "model": "x"}, (0.0, 1, 1, 0.0)),
        ("submitted", {}, (0.0, 1, 1, 0.5)),  # nothing is known to fetch
        ("nonsense", {}, (0.0, 1, 1, 0.5)),
        ("done", {"notebook": b"\0"}, (0.0, 1, 1, 0.5)),
        ("done", {"cost": None, "model": "x"}, (0.0, 1, 0, 0.0)),
    ],
)
def test_an_order_costs_its_price_when_it_is_known_to_have_been_charged(
    journal: Journal, state: str, columns: dict[str, Any], wanted: tuple[Any, ...]
) -> None:
    put(journal, "video", state=state, **{"model": "cogvideox-3", "cost": 0.5, **columns})
    (bill,) = by(journal)
    assert (bill.cost, bill.unknown, bill.open, bill.charged) == wanted and bill.calls == 1


def test_the_sandbox_is_apart_and_in_no_total(journal: Journal) -> None:
    put(journal, endpoint="sandbox", cost=0.0, result=usage(7, 7, 0, 0))
    put(journal, endpoint="sandbox", cost=None)
    put(journal, "video", endpoint="sandbox", state="unknown")
    put(journal, cost=0.25, result=usage(1, 1, 0, 0))
    real, played = by(journal)
    assert (real.sandbox, real.calls, real.cost) == (False, 1, 0.25)
    assert (played.sandbox, played.calls, played.cost, played.unknown) == (True, 3, 0.0, 0)
    assert (total([real, played]).calls, total([real, played]).prompt) == (1, 1)


def test_what_was_shown_again_is_no_call_and_is_saved(journal: Journal) -> None:
    put(journal, cost=1.0, result=usage(3, 3, 0, 0))
    put(journal, "replay", cost=0.0, result={"saved": 0.25, **usage(3, 3, 0, 0)})
    put(journal, "replay", cost=0.0, result={"saved": None})
    put(journal, "stored", model="glm-image", cost=0.0, result={"saved": 0.015})
    chats, pictures = by(journal)
    assert (chats.calls, chats.prompt, chats.cost, chats.unknown) == (1, 3, 1.0, 0)
    assert (chats.again, chats.saved, chats.unsaved) == (2, 0.25, 1)
    assert pictures == Bill("glm-image", again=1, saved=0.015)
    assert total([chats, pictures]).saved == pytest.approx(0.265)


@pytest.mark.parametrize("saved", ["x", -1, 1e300, True, [], float("nan")])
def test_a_saving_that_can_be_none_is_unknown(journal: Journal, saved: Any) -> None:
    put(journal, "stored", result={"saved": saved})
    (bill,) = by(journal)
    assert (bill.saved, bill.again, bill.unsaved) == (0.0, 1, 1)


def test_turns_taken_from_a_file_are_no_calls(journal: Journal) -> None:
    put(journal, "restored", cost=5.0)
    assert by(journal) == [] and total([]) == Bill("total")


@pytest.mark.parametrize("what", BY)
@pytest.mark.parametrize(
    "change",
    [
        "at = 1e300", "at = 'x'", "at = x'ff'", "at = -5", "cost = 'abc'", "cost = 1e300",
        "cost = -1", "cost = 9e999", "model = x'ff00'", "model = 5", "kind = 7", "kind = x'ff'",
        "state = 7", "notebook = x'00'", "conversation = 5", "endpoint = x'00'", "result = x'ff'",
        "result = '[' || cost", "result = '{\"usage\": [1, 2]}'", "result = '[[[[['",
        "result = '{\"usage\": [1e300, true, -1, null]}'", "job = x'00'",
        "result = '{\"usage\": [1, 1, 99, 99]}'", "asked = 'x', prompt = 'y', reply = 'z'",
    ],
)  # fmt: skip
def test_damaged_rows_are_calls_and_no_error(journal: Journal, change: str, what: str) -> None:
    chat(journal, "one", at=NOON)
    put(journal, "image", state="done", model="glm-image")
    put(journal, "stored", result={"saved": 1.0})
    with journal.write() as db:
        db.execute(f"update calls set {change}")
    whole = total(by(journal, what))
    assert whole.calls + whole.again == 3
    assert 0 <= whole.cost < 10 and 0 <= whole.unknown <= 3 and whole.cached <= whole.prompt
    assert whole.thinking <= whole.completion


def test_another_word_than_these_is_refused(journal: Journal) -> None:
    with pytest.raises(KeyError):
        by(journal, "colour")


def test_ten_thousand_calls_are_added_up_in_a_moment(journal: Journal) -> None:
    chat(journal, "x", cell="c")
    with journal.write() as db:
        names = [row[1] for row in db.execute("pragma table_info(calls)") if row[1] != "id"]
        columns = ", ".join(names)
        result = json.dumps({"thinking": "hm " * 600, **usage(10, 20, 3, 4)})
        db.execute("update calls set result = ?", (result,))
        db.execute(
            f"with recursive n(i) as (select 1 union all select i + 1 from n where i < 9999)"
            f" insert into calls ({columns}) select {columns} from calls, n"
        )
    took = []
    for _ in range(3):
        began = time.process_time()
        (bill,) = by(journal)
        took.append(time.process_time() - began)
    assert bill.calls == 10_000 and bill.prompt == 100_000
    assert min(took) < 0.3
