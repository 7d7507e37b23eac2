"""`map`: a prompt over rows, against real servers that limit, fail and count."""

from __future__ import annotations

import re
import threading
from collections.abc import Callable
from typing import Any

import pandas
import polars
import pytest
from capped import Capped

from zai_magics.errors import (
    BalanceError,
    BudgetError,
    CommandError,
    Interrupted,
    InvalidRequest,
    PromptError,
    RateLimited,
    ReplayMiss,
    ServerError,
)
from zai_magics.options import MapOptions
from zai_magics.render.tally import html, plain
from zai_magics.session import Session
from zai_magics.tally import Tally

Serve = Callable[..., Capped]


def mapped(session: Session, frame: Any, text: str, **options: Any) -> Tally:
    """The last snapshot."""
    names = options.pop("names", None)
    last = list(session.map(frame, text, MapOptions(**options), names=names))[-1]
    assert isinstance(last, Tally)
    return last


def numbered(rows: int) -> pandas.DataFrame:
    return pandas.DataFrame({"n": range(rows)})


def named(column: Any) -> pandas.DataFrame:
    return pandas.DataFrame({column: [1]})


def test_every_row_is_answered_once_within_the_accounts_limit(
    serve: Serve, session: Session
) -> None:
    service = serve(cap=6, seconds=0.02)
    made = mapped(session, numbered(200), "row {{ n }}")
    assert list(made.frame.reply) == [f"answer to row {n}" for n in range(200)]
    counts = service.counts()
    assert counts["answered"] == counts["rows"] == 200
    assert counts["most"] == 6 and counts["requests"] <= 1.10 * 200


def test_one_request_at_a_time_is_found_out_too(serve: Serve, session: Session) -> None:
    service = serve(cap=1, seconds=0.005)
    made = mapped(session, numbered(60), "row {{ n }}")
    assert made.failed == 0 and service.counts()["requests"] <= 1.3 * 60


def test_a_busy_service_and_broken_connections_lose_no_row(serve: Serve, session: Session) -> None:
    service = serve(busy=0.2, reset=0.05)
    made = mapped(session, numbered(400), "row {{ n }}", concurrency=8)
    counts = service.counts()
    assert made.failed == 0 and counts["answered"] == counts["rows"] == 400
    assert counts["requests"] <= 1.5 * 400


def test_a_row_that_always_fails_is_asked_eight_times_and_the_others_are_answered(
    serve: Serve, session: Session
) -> None:
    service = serve(poison="7")
    made = mapped(session, numbered(9), "row {{ n }}")
    assert service.counts()["requests"] == 8 + 8
    assert made.failed == 1 and "Internal error" in made.frame._error[7]
    assert made.frame.reply.isna().tolist() == [False] * 7 + [True, False]


def test_the_learned_limit_is_remembered(serve: Serve, session: Session) -> None:
    service = serve(cap=3, seconds=0.005)
    mapped(session, numbered(60), "row {{ n }}")
    full = service.counts()["full"]
    mapped(session, numbered(30), "again {{ n }}")
    assert full >= 1 and service.counts()["full"] - full <= 1


def test_running_again_asks_only_what_is_missing_or_changed(serve: Serve, session: Session) -> None:
    service = serve()
    mapped(session, numbered(10), "row {{ n }}")
    made = mapped(session, numbered(14), "row {{ n }}")
    assert made.stored == 10 and service.counts()["requests"] == 14
    mapped(session, numbered(14), "row {{ n }}", temperature=0.5)
    assert service.counts()["requests"] == 28
    mapped(session, numbered(14), "row {{ n }}", again=True)
    assert service.counts()["requests"] == 42


def test_a_new_kernel_finds_what_was_answered(serve: Serve, session: Session) -> None:
    service = serve()
    first = mapped(session, numbered(10), "row {{ n }}")
    session.close()
    other = Session(timing=session.timing)
    again = mapped(other, numbered(10), "row {{ n }}")
    other.close()
    assert service.counts()["requests"] == 10
    pandas.testing.assert_frame_equal(first.frame, again.frame)


def test_rows_that_ask_the_same_are_asked_once_and_paid_once(
    serve: Serve, session: Session
) -> None:
    service = serve()
    frame = pandas.DataFrame({"word": ["a", "b", "a", "a"]})
    made = mapped(session, frame, "say {{ word }}")
    assert service.counts()["requests"] == 2
    assert made.frame._cost.tolist()[2:] == [0.0, 0.0] and made.frame._cost[0] > 0
    assert list(made.frame.reply) == [f"answer to say {w}" for w in "abaa"]


def test_index_order_and_dtypes_stay(serve: Serve, session: Session) -> None:
    serve()
    frame = pandas.DataFrame(
        {
            "day": pandas.to_datetime(["2026-01-01", "2026-01-02"]),
            "kind": pandas.Categorical(["x", "y"]),
            "n": pandas.array([1, None], dtype="Int64"),
        },
        index=pandas.MultiIndex.from_tuples([("b", 2), ("a", 1)], names=["l", "k"]),
    )
    made = mapped(session, frame, "{{ kind }} of {{ day }}").frame
    pandas.testing.assert_frame_equal(made[["day", "kind", "n"]], frame)
    assert list(made.columns) == ["day", "kind", "n", "reply", "_error", "_cost", "_ms"]
    assert "reply" not in frame.columns


def test_polars_frames_come_back_as_polars(serve: Serve, session: Session) -> None:
    serve()
    frame = polars.DataFrame({"n": [1, 2, 2]}, schema={"n": polars.Int8})
    made = mapped(session, frame, "row {{ n }}").frame
    assert made.schema["n"] == polars.Int8
    assert made["reply"].to_list() == ["answer to row 1", "answer to row 2", "answer to row 2"]
    assert made["_cost"].to_list()[2] == 0.0


def test_a_model_that_does_not_exist_is_named_with_the_nearest(
    serve: Serve, session: Session
) -> None:
    serve(refuses="glm-9")
    with pytest.raises(InvalidRequest, match=r"-m glm-9: .*did you mean glm-5.*%zai models"):
        mapped(session, numbered(2), "row {{ n }}", model="glm-9")


@pytest.mark.parametrize("number", [10**20, 10**50])
def test_a_number_of_any_size_stays_as_it_is(serve: Serve, session: Session, number: int) -> None:
    serve(answer=f'{{"n": {number}}}')
    made = mapped(session, numbered(2), "row {{ n }}", schema="n int").frame
    assert made.n.tolist() == [number] * 2 and made._error.isna().all()
    polar = mapped(session, polars.DataFrame({"q": ["a"]}), "{{ q }}", schema="n int").frame
    assert polar["n"].to_list() == [number]


def test_lists_and_structures_are_columns_that_polars_can_work_with(
    serve: Serve, session: Session
) -> None:
    serve(answer='{"tags": ["a", "b"], "day": "2026-01-02", "about": {"x": 1}}')
    wanted = "tags list[str], day date, about dict"
    made = mapped(session, polars.DataFrame({"q": ["a"]}), "{{ q }}", schema=wanted).frame
    assert made.explode("tags")["tags"].to_list() == ["a", "b"]
    assert str(made["day"].dtype) == "Date" and "Struct" in str(made["about"].dtype)


def test_columns_of_several_levels_keep_those_below_a_name_of_ours(
    serve: Serve, session: Session
) -> None:
    serve()
    frame = pandas.DataFrame(
        [[1, 2]], columns=pandas.MultiIndex.from_product([["reply"], ["a", "b"]])
    )
    made = mapped(session, frame, "{{ row[('reply', 'a')] }}").frame
    assert made[("reply", "a")].tolist() == [1] and made[("reply", "")].tolist() == ["answer to 1"]


def test_a_schema_makes_typed_columns(serve: Serve, session: Session) -> None:
    serve(answer='{"label": "good", "score": 3, "tags": ["a"]}')
    schema = "label good|bad, score float, tags list"
    made = mapped(session, numbered(2), "row {{ n }}", schema=schema).frame
    assert made.label.tolist() == ["good", "good"] and made.score.dtype == "float64"
    assert made.tags.tolist() == [["a"], ["a"]]


def test_an_answer_that_never_fits_is_the_rows_error_and_is_asked_again(
    serve: Serve, session: Session
) -> None:
    service = serve(answer="no json")
    made = mapped(session, numbered(2), "row {{ n }}", schema="score float")
    assert service.counts()["requests"] == 2 * 3
    assert made.failed == 2 and "does not fit" in made.frame._error[0]
    assert made.frame._cost[0] > 0
    mapped(session, numbered(2), "row {{ n }}", schema="score float")
    assert service.counts()["requests"] == 2 * 6


def test_an_answer_without_words_is_the_rows_error_and_is_asked_again(
    serve: Serve, session: Session
) -> None:
    service = serve(answer=" ")
    made = mapped(session, numbered(2), "row {{ n }}")
    assert made.failed == 2 and "empty answer" in made.frame._error[0]
    mapped(session, numbered(2), "row {{ n }}")
    assert service.counts()["requests"] == 4


def test_a_column_beats_a_variable_of_the_same_name(serve: Serve, session: Session) -> None:
    serve()
    made = mapped(session, numbered(1), "{{ n }} {{ m }}", names={"n": "variable", "m": "other"})
    assert made.frame.reply[0] == "answer to 0 other"


def test_a_column_without_a_name_that_python_knows_is_in_row(
    serve: Serve, session: Session
) -> None:
    serve()
    frame = pandas.DataFrame({"the text": ["x"]})
    assert mapped(session, frame, '{{ row["the text"] }}').frame.reply[0] == "answer to x"


def test_a_missing_value_is_no_question(serve: Serve, session: Session) -> None:
    service = serve()
    frame = pandas.DataFrame({"word": ["a", None, float("nan")]})
    made = mapped(session, frame, "say {{ word }}")
    assert service.counts()["requests"] == 1 and made.failed == 2
    assert made.frame._error.tolist()[1:] == ["word is missing"] * 2


def test_a_row_of_which_all_is_empty_is_no_question(serve: Serve, session: Session) -> None:
    service = serve()
    frame = pandas.DataFrame({"word": ["a", "", " \n", ""], "more": ["", "", " ", "b"]})
    made = mapped(session, frame, "say {{ word }} {{ more }}")
    assert service.counts()["requests"] == 2 and made.failed == 2
    assert made.frame._error.fillna("").tolist() == ["", "word is empty", "word is empty", ""]


def test_a_column_that_the_answers_replace_is_named_before_anything_is_sent(
    serve: Serve, session: Session
) -> None:
    serve()
    frame = pandas.DataFrame({"n": [1], "reply": ["mine"]})
    (request,) = session.map(frame, "row {{ n }}", MapOptions(dry_run=True))
    words = "in the place of the column reply; the frame that was given keeps its own"
    assert words in request.price
    made = mapped(session, frame, "row {{ n }}")
    assert words in made.notes[0]
    assert (frame.reply[0], made.frame.reply[0]) == ("mine", "answer to row 1")


def test_a_pilot_asks_the_same_rows_each_time_and_says_what_all_would_cost(
    serve: Serve, session: Session
) -> None:
    service = serve()
    first = mapped(session, numbered(500), "row {{ n }}", pilot=10)
    again = mapped(session, numbered(500), "row {{ n }}", pilot=10)
    assert list(first.frame.index) == list(again.frame.index) == sorted(first.frame.index)
    assert len(first.frame) == service.counts()["requests"] == 10
    assert "all 500 rows would cost about $" in first.notes[-1]
    whole = mapped(session, numbered(500), "row {{ n }}")
    assert whole.stored == 10 and service.counts()["requests"] == 500


def test_a_pilot_projects_the_same_when_it_is_stored_and_counts_equal_rows_once(
    serve: Serve, session: Session
) -> None:
    serve(cap=20, seconds=0.01)
    first = mapped(session, numbered(500), "row {{ n }}", pilot=100).notes[-1]
    again = mapped(session, numbered(500), "row {{ n }}", pilot=100).notes[-1]
    assert "at once" in first and "with 1 at once" not in again
    assert dollars_in(again) == dollars_in(first)
    equal = pandas.DataFrame({"n": [n % 10 for n in range(500)]})
    (*_, few) = mapped(session, equal, "row {{ n }}", pilot=100).notes
    assert dollars_in(few) == pytest.approx(dollars_in(first) / 50, rel=0.2)


def dollars_in(text: str) -> float:
    return float(text.split("$")[1].split()[0].rstrip(";"))


def test_max_cost_is_never_passed(serve: Serve, session: Session) -> None:
    serve(seconds=0.002)
    seen: list[Any] = []
    with pytest.raises(BudgetError, match="--max-cost"):
        for snapshot in session.map(numbered(400), "row {{ n }}", MapOptions(max_cost=0.006)):
            seen.append(snapshot)
            assert session.spent.dollars <= 0.006
    last = seen[-1]
    assert 0 < last.done < 400 and session.spent.dollars > 0.002
    assert last.elapsed < 60  # nothing was tried again, which takes 90 s of this clock
    assert last.frame._error.tolist().count("not asked") == 400 - last.done


def test_an_answer_that_the_limit_cut_is_not_bought_again_to_be_cut_again(
    serve: Serve, session: Session
) -> None:
    service = serve(words=3_000)
    for stored in (0, 4):
        made = mapped(session, numbered(4), "row {{ n }}", max_cost=0.05)
        assert made.stored == stored and "cut off" in made.frame._error[0]
    assert mapped(session, numbered(4), "row {{ n }}").stored == 0  # without a limit it is longer
    assert service.counts()["requests"] == 8


def test_a_service_that_wants_an_hour_is_not_waited_for(serve: Serve, session: Session) -> None:
    service = serve(cap=6, seconds=0.02, retry_after=3600)
    running = session.map(numbered(50), "row {{ n }}", MapOptions())
    seen: list[Any] = []
    with pytest.raises(RateLimited, match=r"wait 60 min.* rows are there"):
        seen.extend(running)
    assert seen[-1].failed == 0 and len(seen[-1].frame) == 50
    assert service.counts()["requests"] < 40


def test_a_budget_holds_over_many_threads(serve: Serve, session: Session) -> None:
    serve(seconds=0.002)
    session.budget.put(0.006, every=False)
    with pytest.raises(BudgetError, match="a higher %zai budget"):
        list(session.map(numbered(400), "row {{ n }}", MapOptions()))
    (limit,) = session.budget.limits()
    assert 0.002 < session.spent.dollars <= 0.006
    assert limit.left == pytest.approx(0.006 - session.spent.dollars)


def test_without_money_everything_stops_at_once_and_what_came_is_kept(
    serve: Serve, session: Session
) -> None:
    service = serve(dead_after=20)
    seen: list[Any] = []
    with pytest.raises(BalanceError, match=r"of 500 rows are there"):
        for snapshot in session.map(numbered(500), "row {{ n }}", MapOptions(concurrency=4)):
            seen.append(snapshot)
    answered = service.counts()["answered"]
    assert seen[-1].frame.reply.notna().sum() == seen[-1].done == answered
    assert 20 <= answered <= 24 and service.counts()["requests"] <= answered + 4


def test_a_service_that_is_down_is_not_asked_for_ever(serve: Serve, session: Session) -> None:
    service = serve(poison="row")
    with pytest.raises(ServerError):
        list(session.map(numbered(2000), "row {{ n }}", MapOptions()))
    assert service.counts()["requests"] < 400


def test_an_interrupt_keeps_what_has_come_and_leaves_no_thread(
    serve: Serve, session: Session
) -> None:
    service = serve(seconds=0.05, cap=8)
    running = session.map(numbered(300), "row {{ n }}", MapOptions())
    for snapshot in running:
        if isinstance(snapshot, Tally) and snapshot.done >= 40:
            break
    last = running.throw(KeyboardInterrupt())
    assert isinstance(last, Tally) and last.frame is not None
    with pytest.raises(Interrupted, match="run the cell again"):
        next(running)
    assert not [t for t in threading.enumerate() if t.name.startswith("zai-asking")]
    done = int(last.frame.reply.notna().sum())
    assert done == last.done >= 40
    again = mapped(session, numbered(300), "row {{ n }}")
    assert again.stored == done and again.failed == 0
    assert len(service.counts()["twice"]) <= 8  # those whose answers were cut off


def test_replay_only_gives_recorded_rows_and_asks_nobody(serve: Serve, session: Session) -> None:
    service = serve()
    mapped(session, numbered(3), "row {{ n }}")
    session.replay.use("only")
    made = mapped(session, numbered(4), "row {{ n }}")
    assert made.stored == 3 and "not recorded" in made.frame._error[3]
    assert re.search(r"the nearest differs: row \[\d → 3\]", made.notes[0])
    assert plain(made).startswith("[replay] ") and ">replay</span>" in html(made)
    with pytest.raises(ReplayMiss, match=r"none of these 2 rows .*the nearest differs: .*row"):
        mapped(session, numbered(2), "row {{ n + 7 }}")
    assert service.counts()["requests"] == 3


@pytest.mark.parametrize(
    ("frame", "text", "options", "error", "words"),
    [
        ([1, 2], "{{ n }}", {}, CommandError, "takes a DataFrame"),
        (numbered(1), "no column", {}, CommandError, "names no column; write one as {{ n }}"),
        (numbered(2), "{{ n + x }}", {}, PromptError, "there is no x"),
        (numbered(2), "{{ m }}", {}, CommandError, "no column and no variable m here"),
        (named("stars"), "{{ stars }} {{ sta }}", {}, CommandError, "did you mean stars"),
        (named("a b"), "of {{ a }}", {}, CommandError, r"the columns are {{ row\['a b'\] }}"),
        (named(0), "{{ 0 }}", {}, CommandError, r"write one as {{ row\[0\] }}"),
        (numbered(2), "of {{ n", {}, CommandError, "{{ is not closed by }}; write one as {{ n }}"),
        (polars.LazyFrame({"n": [1]}), "{{ n }}", {}, CommandError, r"its .collect\(\) gives one"),
        (numbered(1), "{{ n }}", {"schema": "label=good|bad"}, CommandError, "a blank between"),
        (numbered(1), "{{ n }}", {"schema": "_cost float"}, CommandError, "a column _cost of its"),
        (numbered(1), "{{ n }}", {"concurrency": 0}, CommandError, "--concurrency is at least 1"),
        (numbered(1), "{{ n }}", {"max_cost": 1, "model": "new-1"}, BudgetError, "is not known"),
        (pandas.DataFrame([[1, 2]], columns=["a", "a"]), "{{ a }}", {}, CommandError, "twice"),
    ],
)
def test_what_cannot_be_asked_is_said_before_anything_is_sent(
    serve: Serve,
    session: Session,
    frame: Any,
    text: str,
    options: dict[str, Any],
    error: type[Exception],
    words: str,
) -> None:
    service = serve()
    with pytest.raises(error, match=words):
        mapped(session, frame, text, **options)
    assert service.counts()["requests"] == 0


def test_an_empty_frame_comes_back_with_its_new_columns(serve: Serve, session: Session) -> None:
    serve()
    made = mapped(session, numbered(0), "row {{ n }}", schema="label, score float").frame
    assert list(made.columns) == ["n", "label", "score", "_error", "_cost", "_ms"]


def test_a_dry_run_shows_the_first_request_and_sends_nothing(
    serve: Serve, session: Session
) -> None:
    service = serve()
    (request,) = session.map(numbered(9), "row {{ n }}", MapOptions(dry_run=True))
    assert "row 0" in str(request) and "the first of 9 requests" in str(request)
    assert service.counts()["requests"] == 0
