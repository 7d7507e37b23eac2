"""A conversation that is longer than the model's context loses its beginning, and says so."""

from __future__ import annotations

from dataclasses import replace

import pytest
from books import turns
from shell_cells import Cells, Ran

from zai_magics import catalogue
from zai_magics.conversation import estimate

WORDS = " ".join(["word"] * 400)  # about 500 tokens
CONTEXT = 8_000


@pytest.fixture
def small(cells: Cells, monkeypatch: pytest.MonkeyPatch) -> Cells:
    """The same with a glm-4.7 whose context is small."""
    real = catalogue.entry

    def entry(model: str) -> catalogue.Entry | None:
        known = real(model)
        return replace(known, context=CONTEXT) if known and model == "glm-4.7" else known

    monkeypatch.setattr(catalogue, "entry", entry)
    return cells


def ask(cells: Cells, number: int, options: str = "", words: str = WORDS) -> Ran:
    ran = cells.run(f"%%zai chat {options}\n[[echo]]{number}: {words}", f"c{number}")
    assert ran.ok, ran.out
    return ran


def sent(ran: Ran) -> list[int]:
    """Which turns a request carried, by their numbers, the newest last."""
    users = [m["content"] for m in ran.body["messages"] if m["role"] == "user"]
    return [int(text.removeprefix("[[echo]]").partition(":")[0]) for text in users]


def shown(ran: Ran) -> str:
    return ran.out + "".join(str(part) for d in ran.displays for part in d["data"].values())


def test_the_first_turns_are_left_out_half_at_once_and_it_is_said(small: Cells) -> None:
    small.run("%zai system Be brief.")
    first, cuts = 0, []
    for number in range(24):
        ran = ask(small, number, "--max-tokens 1000")
        carried = sent(ran)
        assert carried == list(range(carried[0], number + 1)), "the newest, without a gap"
        assert ran.body["messages"][0] == {"role": "system", "content": "Be brief."}
        assert estimate(ran.body["messages"]) <= CONTEXT - 1000
        if carried[0] != first:
            cuts.append((carried[0] - first, len(carried)))
            first = carried[0]
        said = f"the first {first} turns were left out" if first > 1 else "left out"
        assert (said in shown(ran)) == (first > 0), number
    assert len(turns(small)) == 24, "none is lost"
    assert cuts, "the context was never full"
    for left_out, carried_then in cuts:
        assert left_out >= 3 and carried_then <= 6


def test_a_dry_run_shows_what_would_be_left_out(small: Cells) -> None:
    for number in range(12):
        ask(small, number)
    ran = small.run(f"%%zai chat --dry-run\n[[echo]]12: {WORDS}", "c12")
    assert ran.sent == [] and "left out" in shown(ran)
    assert "[[echo]]0: " not in shown(ran) and "[[echo]]12: " in shown(ran)


def test_a_short_conversation_is_whole_and_nothing_is_said(small: Cells) -> None:
    for number in range(3):
        ran = ask(small, number)
        assert sent(ran) == list(range(number + 1)) and "left out" not in shown(ran)


def test_the_newest_words_are_sent_however_long_they_are(small: Cells) -> None:
    small.run("%zai system Be brief.")
    for number in range(3):
        ask(small, number)
    ran = small.run(f"%%zai chat -o made\n[[echo]]3: {'word ' * 10_000}", "c3")
    texts = [m["content"] for m in ran.body["messages"]]
    assert texts[0] == "Be brief." and texts[-1].startswith("[[echo]]3: ") and len(texts) == 2


def test_one_turn_that_is_too_long_does_not_keep_out_the_later_ones(small: Cells) -> None:
    ask(small, 0, words="word " * 10_000)
    assert sent(ask(small, 1)) == [1]
    assert sent(ask(small, 2)) == [1, 2]


def test_an_earlier_cell_is_trimmed_by_what_stands_before_it(small: Cells) -> None:
    for number in range(12):
        ask(small, number)
    assert sent(ask(small, 2)) == [0, 1, 2]


def test_a_large_answer_takes_its_room_from_the_turns(small: Cells) -> None:
    for number in range(5):
        ask(small, number, "--max-tokens 2000")
    few = sent(ask(small, 5))
    assert len(few) < 6 and few[-1] == 5
    assert sent(ask(small, 5, "--max-tokens 2000")) == [0, 1, 2, 3, 4, 5]


def test_what_was_left_out_is_carried_again_by_a_larger_model(small: Cells) -> None:
    for number in range(12):
        ask(small, number)
    ran = ask(small, 12, "-m glm-4.6")
    assert sent(ran) == list(range(13)) and "left out" not in shown(ran)


def test_a_turn_alone_says_nothing_of_it(small: Cells) -> None:
    for number in range(12):
        ask(small, number)
    ran = ask(small, 12, "--alone")
    assert sent(ran) == [12] and "left out" not in shown(ran)
