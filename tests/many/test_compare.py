"""`compare`: a grid of answers side by side, against a real server."""

from __future__ import annotations

import threading
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from capped import Capped

from zai_magics.comparison import Comparison
from zai_magics.errors import (
    AuthenticationError,
    CommandError,
    Interrupted,
    InvalidRequest,
    PromptError,
    ReplayMiss,
    ZaiError,
)
from zai_magics.options import CompareOptions
from zai_magics.render.bundle import bundle
from zai_magics.render.comparison import html, plain
from zai_magics.session import Session

Serve = Callable[..., Capped]


def compared(session: Session, text: str, **options: Any) -> Comparison:
    names = options.pop("names", None)
    last = list(session.compare(text, CompareOptions(**options), names=names))[-1]
    assert isinstance(last, Comparison)
    return last


def test_every_combination_is_asked_as_often_as_wanted(serve: Serve, session: Session) -> None:
    service = serve()
    made = compared(
        session,
        "Say {{ word }}",
        models=("glm-4.7", "glm-4.7-flash"),
        temperatures=(0.0, 0.8),
        systems=("@terse,@warm",),
        each={"word": "a,b"},
        names={"terse": "Be terse.", "warm": "Be warm."},
        n=2,
    )
    assert len(made) == 2 * 2 * 2 * 2 * 2 == service.counts()["requests"]
    assert [str(s.reply) for s in made.of(1)] == ["answer to Say a"] * 2
    assert made.varied == ["model", "temperature", "system", "word"]
    assert made.variants[0].said() == {
        "model": "glm-4.7", "temperature": "0", "system": "@terse", "word": "a",
    }  # fmt: skip


def test_running_again_asks_only_what_is_new_and_again_asks_all(
    serve: Serve, session: Session
) -> None:
    service = serve()
    compared(session, "Hi", temperatures=(0.0, 0.5))
    made = compared(session, "Hi", temperatures=(0.0, 0.5, 1.0), n=2)
    assert service.counts()["requests"] == 6
    assert [s.stored for s in made] == [True, False, True, False, False, False]
    compared(session, "Hi", temperatures=(0.0, 0.5, 1.0), n=2, again=True)
    assert service.counts()["requests"] == 12


def test_the_frame_is_tidy(serve: Serve, session: Session) -> None:
    serve()
    made = compared(session, "{{ x }}", each={"x": [1, 2]}, n=2, score=len)
    frame = made.to_frame()
    assert list(frame.columns) == [
        "variant", "sample", "model", "temperature", "system", "x", "reply", "score", "seconds",
        "prompt_tokens", "completion_tokens", "cost", "error",
    ]  # fmt: skip
    assert frame.x.tolist() == [1, 1, 2, 2] and frame.score.tolist() == [11.0] * 4
    assert frame.prompt_tokens.tolist() == [20] * 4 and (frame.cost > 0).all()


def test_a_comparison_is_read_by_its_variants_numbers(serve: Serve, session: Session) -> None:
    serve()
    made = compared(session, "{{ x }}", each={"x": "a,b"})
    assert made[2] == "answer to b"
    assert compared(session, "{{ x }}", each={"x": "a"}, n=2)[1] == ["answer to a"] * 2
    with pytest.raises(IndexError, match="variants 1 to 2, not 3"):
        made[3]


def test_a_score_may_take_what_varies_too_and_its_failure_is_the_samples(
    serve: Serve, session: Session
) -> None:
    serve()

    def score(reply: str, facts: dict[str, Any]) -> Any:
        return {"a": True, "b": 0.5, "c": "much", "d": 1 / 0 if facts["x"] == "d" else 0}[
            facts["x"]
        ]

    made = compared(session, "{{ x }}", each={"x": "a,b,c,d"}, score=score)
    assert [s.score for s in made] == [1.0, 0.5, None, None]
    assert "is no number but 'much'" in made.samples[2].wrong
    assert "ZeroDivisionError" in made.samples[3].wrong
    assert all(s.reply for s in made)


def test_few_samples_show_no_difference_and_many_values_do(serve: Serve, session: Session) -> None:
    serve()

    def score(reply: str, facts: dict[str, Any]) -> float:
        return 2.0 if facts["model"] == "glm-4.7" else 1.0 + facts["x"] / 10

    made = compared(
        session,
        "{{ x }}",
        models=("glm-4.7", "glm-4.7-flash"),
        each={"x": list(range(8))},
        score=score,
        baseline=1,
        n=2,
    )
    assert made.verdicts[0].startswith("model glm-4.7-flash against glm-4.7: 0.65 lower")
    assert made.verdicts[1:] == [
        "others against 1: no difference to be seen at this n (2 pairs, which takes 6 at least)"
    ]
    assert not [line for line in made.verdicts if line.startswith("x ")]  # four pairs are too few


def test_values_that_begin_alike_are_told_apart(serve: Serve, session: Session) -> None:
    serve()
    texts = [f"I bought this product last week in the shop, and it is number {n}" for n in range(8)]
    made = compared(
        session,
        "{{ text }}",
        models=("glm-4.7", "glm-4.7-flash"),
        each={"text": texts},
        score=lambda reply, facts: 2.0 if facts["model"] == "glm-4.7" else 1.0,
        baseline=1,
    )
    assert made.varied == ["model", "text"] and made.to_frame().text.tolist() == texts * 2
    assert len({v.said()["text"] for v in made.variants}) == 8
    (line,) = made.verdicts
    assert line == "model glm-4.7-flash against glm-4.7: 1.00 lower (1.00 to 1.00, 8 pairs)"


def test_an_interrupt_is_not_followed_by_calls_of_the_score(serve: Serve, session: Session) -> None:
    serve()
    calls = []

    def score(reply: str) -> float:
        calls.append(reply)
        raise KeyboardInterrupt

    running = session.compare("{{ x }}", CompareOptions(each={"x": "a,b,c"}, score=score))
    seen: list[Any] = []
    with pytest.raises(Interrupted):
        seen.extend(running)
    assert len(calls) == 1 and sum(s.reply is not None for s in seen[-1]) >= 1
    assert [s.score for s in seen[-1]] == [None] * 3


def test_answers_without_a_score_are_counted_below_the_table(
    serve: Serve, session: Session
) -> None:
    serve()
    made = compared(session, "{{ x }}", each={"x": "a,b"}, score=lambda reply: reply.nothing)
    said = "2 of 2 answers have no score: the score failed: AttributeError"
    assert made.unscored.startswith(said)
    shown = bundle(made, Path(), "markdown")
    assert said in shown["text/plain"] and said in shown["text/html"]
    made = compared(session, "{{ x }}", each={"x": "a,b"}, score=lambda reply: None)
    assert made.unscored == "2 of 2 answers have no score: the function gave None"


def test_an_answer_is_held_against_the_baselines_to_the_same_data(
    serve: Serve, session: Session
) -> None:
    serve()
    each = {"ask": ["Rough", "Clear"], "text": [f"text {n}" for n in range(8)]}
    made = compared(session, "{{ ask }} {{ text }}", each=each, baseline=1)
    assert [made.counterpart(n) for n in (1, 2, 9, 10, 16)] == [0, 0, 1, 2, 8]
    few = compared(session, "{{ tone }}", each={"tone": "dry,warm,odd"}, baseline=2)
    assert [few.counterpart(n) for n in (1, 2, 3)] == [2, 0, 2]
    assert "against 8" in bundle(made, Path(), "markdown")["text/html"]


def test_a_comparison_says_shortly_what_it_is(serve: Serve, session: Session) -> None:
    serve()
    assert repr([compared(session, "Hi", n=3)]) == "[<Comparison of 1 variant, 3 answers>]"


def test_a_decimal_is_a_score(serve: Serve, session: Session) -> None:
    serve()
    made = compared(session, "Hi", score=lambda reply: Decimal("0.5"))
    assert made.samples[0].score == 0.5


def test_a_table_with_too_few_pairs_says_so(serve: Serve, session: Session) -> None:
    serve()
    each, models = {"x": ["a", "b", "c"]}, ("glm-4.7", "glm-4.7-flash")
    made = compared(session, "{{ x }}", each=each, models=models, score=len, baseline=1)
    said = "no difference to be seen at this n (3 pairs, which takes 6 at least)"
    assert made.verdicts == [f"all against 1: {said}"]


def test_a_refused_model_fails_its_rows_and_not_the_others(serve: Serve, session: Session) -> None:
    serve(refuses="nosuch")
    made = compared(session, "Hi", models=("glm-4.7", "nosuch"))
    assert made.samples[0].reply and "does not exist" in made.samples[1].error
    with pytest.raises(InvalidRequest):
        compared(session, "Hi", models=("nosuch",))


def test_a_refused_key_ends_everything(serve: Serve, session: Session) -> None:
    service = serve(unknown_key=True)
    with pytest.raises(AuthenticationError):
        compared(session, "Hi", n=20)
    assert service.counts()["requests"] <= 4


def test_an_interrupt_keeps_what_has_come(serve: Serve, session: Session) -> None:
    service = serve(cap=2, seconds=0.05)
    running = session.compare("{{ x }}", CompareOptions(each={"x": list(range(30))}))
    for snapshot in running:
        assert isinstance(snapshot, Comparison) and snapshot.running
        if sum(s.reply is not None for s in snapshot) >= 4:
            break
    last = running.throw(KeyboardInterrupt())
    with pytest.raises(Interrupted):
        next(running)
    assert not [t for t in threading.enumerate() if t.name.startswith("zai-asking")]
    assert isinstance(last, Comparison) and not last.running
    done = sum(s.reply is not None for s in last)
    assert all(s.error == "stopped before its answer was there" for s in last if s.reply is None)
    again = compared(session, "{{ x }}", each={"x": list(range(30))})
    assert sum(s.stored for s in again) == done >= 4
    assert service.counts()["rows"] == 30


def test_replay_only_shows_what_is_recorded(serve: Serve, session: Session) -> None:
    serve()
    compared(session, "Hi", temperatures=(0.0,))
    session.replay.use("only")
    made = compared(session, "Hi", temperatures=(0.0, 1.0))
    assert made.samples[0].stored and "not recorded" in made.samples[1].error
    assert "the nearest differs: recorded with -t 0, asked with -t 1" in made.notes[0]
    assert plain(made).splitlines()[-2].startswith("[replay] ") and ">replay</span>" in html(made)
    with pytest.raises(ReplayMiss, match="nearest differs"):
        compared(session, "Hi there")


@pytest.mark.parametrize(
    ("text", "options", "error", "words"),
    [
        ("Hi", {"each": {"tone": "a,b"}}, CommandError, "the prompt has no {{ tone }}"),
        ("{{ tone }}", {"each": {"tone": "@tons"}}, CommandError, "did you mean @tones"),
        ("{{ tone }}", {"each": {"tone": ","}}, CommandError, "has no values"),
        ("{{ model }}", {"each": {"model": "a"}}, CommandError, "is the name of another column"),
        ("Hi", {"baseline": 2}, CommandError, "1 to 1, not 2"),
        ("Hi", {"score": "nofn"}, PromptError, "no nofn here"),
        ("Hi", {"score": 3}, CommandError, "takes a function of a reply, not a int"),
        ("Hi", {"score": lambda: 1}, CommandError, "of a reply and what varies"),
        ("Hi", {"score": lambda a, b, c: 1}, CommandError, "of a reply and what varies"),
        ("{{ tone }}", {"each": {"tone": []}}, CommandError, "the list is empty"),
        ("Hi", {"n": 0}, CommandError, "-n is at least 1"),
        ("Hi", {"n": 501}, CommandError, "501 answers are more than a table can show"),
    ],
)
def test_what_cannot_be_compared_is_said_before_anything_is_sent(
    serve: Serve,
    session: Session,
    text: str,
    options: dict[str, Any],
    error: type[ZaiError],
    words: str,
) -> None:
    service = serve()
    with pytest.raises(error, match=words):
        compared(session, text, names={"tones": ["a"]}, **options)
    assert service.counts()["requests"] == 0


def test_forty_eight_answers_are_saved_in_four_times_their_words(
    serve: Serve, session: Session
) -> None:
    words = "A p-value says how *surprising* the data would be if nothing were going on. "
    serve(answer=words * 4)
    made = compared(
        session,
        "{{ x }}",
        models=("glm-4.7", "glm-4.7-flash"),
        temperatures=(0.0, 0.8),
        each={"x": list(range(12))},
    )
    assert len(made) == 48
    size = sum(len(form.encode()) for form in bundle(made).values())
    assert size <= 4 * sum(len(str(s.reply).encode()) for s in made)


def test_the_answers_are_folded_and_differ_from_the_baseline_word_by_word(
    serve: Serve, session: Session
) -> None:
    serve()
    made = compared(session, "{{ x }}", each={"x": "old words,new words"}, baseline=1)
    html = bundle(made)["text/html"]
    assert html.count("<details>") == 3 and "<del>old </del><ins>new </ins>words" in html
    assert "answer to old words" in bundle(made)["text/plain"]


def test_what_a_model_writes_stays_text_in_the_table(serve: Serve, session: Session) -> None:
    serve(answer="<script>alert(1)</script> ![x](https://x.example/b.png)")
    made = compared(session, "{{ x }}", each={"x": ["<b>1</b>", "2"]}, baseline=1)
    html = bundle(made)["text/html"]
    assert "<script" not in html and "<img" not in html and "<b>1" not in html


def test_a_snapshot_shows_what_is_under_way_without_folds(serve: Serve, session: Session) -> None:
    serve(seconds=0.02)
    first = next(session.compare("{{ x }}", CompareOptions(each={"x": "a,b"})))
    assert isinstance(first, Comparison) and first.running
    html = bundle(first)["text/html"]
    assert "<details>" not in html and "0 of 2 answers" in html
