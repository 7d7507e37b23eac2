"""`%zai budget`: what may cost more than is left is not sent."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from books import restart, shown
from shell_cells import Cells
from shop import KEY, drop, interrupt
from till import OUT, Till

from zai_magics.errors import BudgetError, CommandError, Interrupted, MaybeCharged
from zai_magics.journal import Journal, budgets


@pytest.fixture
def till(cells: Cells, monkeypatch: pytest.MonkeyPatch) -> Iterator[Till]:
    """A service that charges, which the shell is asking."""
    monkeypatch.setenv("ZAI_API_KEY", KEY)
    with Till() as made:
        cells.zai.session.connection.base_url = made.url
        yield made


def budget(cells: Cells, how: str = "") -> str:
    ran = cells.run(f"%zai budget {how}", "b")
    assert ran.ok, ran.out
    return shown(ran)


def spent(cells: Cells) -> tuple[float, float]:
    """What the journal says was spent, and what is set aside."""
    (limit,) = cells.zai.session.budget.limits()
    return limit.spent, limit.reserved


def test_it_is_shown_set_kept_and_ended(cells: Cells, till: Till) -> None:
    assert "no budget is set" in budget(cells)
    assert "$0.0000 of $2.00 spent since" in budget(cells, "2.00")
    assert cells.run("%zai chat --max-tokens 100 hi", "1").ok
    before = spent(cells)[0]
    assert before == pytest.approx(till.charged) and before > 0
    restart(cells)
    assert f"${before:.4f} of $3.00" in budget(cells, "$3")  # Run All sets it again
    assert "any more" in budget(cells, "off") and "no budget is set" in budget(cells)
    assert "$0.0000 of $1.00" in budget(cells, "1")


@pytest.mark.parametrize("word", ["-1", "nan", "lots", "1e9", "2,00", "inf", "1 2"])
def test_what_is_no_amount_is_said(cells: Cells, word: str) -> None:
    ran = cells.run(f"%zai budget -- {word}", "b")
    assert isinstance(ran.error, CommandError) and "such as 2.00" in str(ran.error)


def test_what_cannot_fit_is_refused_before_it_is_sent_with_the_figures(
    cells: Cells, till: Till
) -> None:
    budget(cells, "0.0001")
    ran = cells.run("%zai chat " + "x" * 1000, "1")
    assert isinstance(ran.error, BudgetError) and not till.bodies
    assert "this needs $0.000" in str(ran.error) and "of $0.00" in str(ran.error)
    assert "%zai budget USD raises it" in str(ran.error)


def test_a_dry_run_says_what_would_not_be_sent(cells: Cells, till: Till) -> None:
    budget(cells, "0.0001")
    long = "x" * 1000
    refused = "this would not be sent: it needs $0.000"
    assert refused in shown(cells.run(f"%zai chat --dry-run {long}", "1"))
    assert "needs $0.015, and $0.0001 is left" in shown(
        cells.run("%zai image --dry-run a cat", "1")
    )
    assert "price is not known" in shown(cells.run("%zai chat --dry-run -m other hi", "1"))
    assert "would not" not in shown(cells.run("%zai chat --dry-run hi", "1"))
    budget(cells, "2")
    for line in (f"chat --dry-run {long}", "image --dry-run a cat"):
        said = shown(cells.run(f"%zai {line}", "1"))
        assert "$2.00 is left of the budget of $2.00" in said and "would not" not in said
    assert not till.bodies


def test_a_limit_below_a_cent_is_shown_as_it_was_set(cells: Cells, till: Till) -> None:
    assert "$0.0000 of $0.0005 spent" in budget(cells, "0.0005")


def test_an_answer_is_capped_to_what_is_left_and_that_is_said(cells: Cells, till: Till) -> None:
    budget(cells, "0.01")
    ran = cells.run("%zai chat -o made hi", "1")
    assert ran.ok, ran.out
    cap = till.bodies[0]["max_tokens"]
    assert 3000 < cap < 0.01 / OUT and till.charged <= 0.01
    assert f"at most {cap:,} tokens of answer: $0.01 is left of the budget" in shown(ran) + str(
        cells.value("made").note
    )
    ran = cells.run("%zai chat hi", "2")
    assert isinstance(ran.error, BudgetError) and len(till.bodies) == 1


def test_one_that_fits_is_not_changed(cells: Cells, till: Till) -> None:
    budget(cells, "5")
    assert cells.run("%zai chat --max-tokens 50 hi", "1").ok
    assert cells.run("%zai chat hi", "2").ok
    assert [body.get("max_tokens") for body in till.bodies] == [50, None]


def test_an_unknown_price_is_refused(cells: Cells, till: Till) -> None:
    budget(cells, "5")
    ran = cells.run("%zai chat -m glm-new hi", "1")
    assert isinstance(ran.error, BudgetError) and "models.toml" in str(ran.error)
    assert not till.bodies and spent(cells) == (0.0, 0.0)


def test_the_sandbox_and_free_models_need_none(cells: Cells, till: Till) -> None:
    budget(cells, "0")
    assert cells.run("%zai chat -m glm-4.7-flash hi", "1").ok
    assert isinstance(cells.run("%zai chat hi", "2").error, BudgetError)
    cells.zai.session.connection.base_url = cells.sandbox.base_url
    assert cells.run("%zai chat hi", "3").ok


def test_what_was_recorded_costs_nothing(cells: Cells, till: Till) -> None:
    assert cells.run("%zai chat --alone hi", "1").ok
    budget(cells, "0")
    cells.run("%zai replay --speed 0 auto", "2")
    assert cells.run("%zai chat --alone hi", "1").ok and len(till.bodies) == 1


def test_an_answer_that_is_lost_counts_as_spent(cells: Cells, till: Till) -> None:
    budget(cells, "5")
    till.fails = 1.0
    till._random.random = lambda: 0.7  # charged, and the connection ends
    assert not cells.run("%zai chat --max-tokens 1000 hi", "1").ok
    assert len(till.bodies) == 1  # not sent again: it may have been charged
    assert spent(cells)[0] >= till.charged and spent(cells)[1] == 0.0
    till._random.random = lambda: 0.4
    before = spent(cells)
    assert not cells.run("%zai chat refused", "2").ok and spent(cells) == before


def test_one_budget_of_all_notebooks_holds_in_each(
    cells: Cells, till: Till, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    budget(cells, "--all 0.001")
    assert cells.run("%zai chat hi", "1").ok
    (tmp_path / "other").mkdir()
    monkeypatch.chdir(tmp_path / "other")
    restart(cells)
    cells.zai.session.connection.base_url = till.url
    ran = cells.run("%zai chat hi", "1")
    assert isinstance(ran.error, BudgetError) and "of all notebooks" in str(ran.error)
    assert "--all" in str(ran.error)


def test_media_are_set_aside_bought_and_refused(cells: Cells, shop: Any) -> None:
    budget(cells, "0.04")
    assert cells.run("%zai image -n 2 a cat", "1").ok
    assert spent(cells) == (pytest.approx(0.03), 0.0)
    ran = cells.run("%zai image a dog", "2")
    assert isinstance(ran.error, BudgetError) and shop.bought == 2
    assert cells.run("%zai image -n 2 a cat", "1").ok  # bought before
    assert "is left of the budget" in shown(cells.run("%zai image --dry-run a dog", "3"))


def test_an_order_whose_answer_is_lost_or_refused_or_stopped(cells: Cells, shop: Any) -> None:
    from shop import Refuse

    def refuse(number: int) -> None:
        raise Refuse("1301", 400)

    budget(cells, "1")
    shop.on_order = refuse
    assert not cells.run("%zai image one", "1").ok and spent(cells) == (0.0, 0.0)
    shop.on_order = drop
    assert isinstance(cells.run("%zai image two", "2").error, MaybeCharged)
    assert spent(cells) == (pytest.approx(0.015), 0.0)
    shop.on_order = lambda number: None
    send = cells.zai.session.connection.client().image_links
    cells.zai.session.connection.client().image_links = lambda *_, **__: interrupt()
    assert isinstance(cells.run("%zai image three", "3").error, Interrupted)
    assert spent(cells) == (pytest.approx(0.03), 0.0)
    cells.zai.session.connection.client().image_links = send


def test_without_a_journal_nothing_is_sent_under_a_budget(
    cells: Cells, till: Till, monkeypatch: pytest.MonkeyPatch
) -> None:
    from zai_magics.errors import JournalError

    budget(cells, "5")

    def broken(*_: Any) -> None:
        raise JournalError("the disk is gone")

    monkeypatch.setattr(type(cells.zai.session.journal.store), "read", broken)
    ran = cells.run("%zai chat hi", "1")
    assert isinstance(ran.error, BudgetError) and not till.bodies


@pytest.mark.parametrize(
    "damage",
    [
        "update budgets set usd = 'x'",
        "update budgets set spent = -5",
        "update budgets set usd = 1e300",
        "insert into reservations values (x'00', (select scope from budgets), 'y', 0)",
    ],
)
def test_a_damaged_budget_lets_nothing_pass_until_it_is_set_anew(
    cells: Cells, till: Till, damage: str
) -> None:
    budget(cells, "5")
    with cells.zai.session.journal.write() as db:
        db.execute(damage)
    ran = cells.run("%zai chat hi", "1")
    assert isinstance(ran.error, BudgetError) and not till.bodies
    budget(cells, "off")
    budget(cells, "5")
    assert cells.run("%zai chat hi", "1").ok


def battery(tmp_path: Path, limit: float, calls: int) -> tuple[float, float, int]:
    """Two kernels with four threads each, against one limit: charged, spent, requests."""
    home, scope = tmp_path / "home", tmp_path
    journal = Journal(home)
    with journal.write() as db:
        budgets.put(db, str(scope), limit, 1.0)
    here = Path(__file__).parent
    paths = os.pathsep.join([str(here.parents[1]), str(here), os.environ.get("PYTHONPATH", "")])
    environ = {**os.environ, "ZAI_API_KEY": KEY, "PYTHONPATH": paths, "ZAI_HOME": str(home)}
    with Till(fails=0.3) as till:
        most = limit / calls / 3  # so that it is reached, and not by a few
        rest = [str(calls), str(most)]
        given = [[till.url, str(home), str(scope), seed, *rest] for seed in ("1", "2")]
        command = [sys.executable, str(here / "till.py")]
        kernels = [subprocess.Popen([*command, *g], env=environ, cwd=scope) for g in given]
        assert [kernel.wait(500) for kernel in kernels] == [0, 0]
        with journal.read() as db:
            (found,) = budgets.limits(db, str(scope))
        journal.close()
        return till.charged, found.spent + found.reserved, len(till.bodies)


@pytest.mark.parametrize(("limit", "least"), [(0.02, 60), (0.1, 60)])
def test_kernels_and_threads_with_one_limit_never_pass_it(
    tmp_path: Path, limit: float, least: int
) -> None:
    charged, known, requests = battery(tmp_path, limit, 25)
    assert requests >= least and charged <= known + 1e-6 and known <= limit + 1e-6


@pytest.mark.long
@pytest.mark.parametrize(("limit", "least"), [(0.05, 300), (0.5, 300), (2.0, 300)])
def test_kernels_and_threads_never_pass_it_for_long(
    tmp_path: Path, limit: float, least: int
) -> None:
    charged, known, requests = battery(tmp_path, limit, 100)
    assert requests >= least and charged <= known + 1e-6 and known <= limit + 1e-6


def test_a_budget_in_the_sandbox_says_that_nothing_counts_there(cells: Cells, shop: Any) -> None:
    assert "never counts" not in shown(cells.run("%zai budget 0.001", "1"))
    cells.zai.session.connection.base_url = cells.sandbox.base_url
    assert "the sandbox is asked costs nothing and never counts" in shown(
        cells.run("%zai budget 0.001", "2")
    )


@pytest.mark.parametrize("amount", ["-1", "-0.5"])
def test_a_budget_below_nothing_is_refused_as_what_it_is(cells: Cells, amount: str) -> None:
    ran = cells.run(f"%zai budget {amount}", "1")
    assert str(ran.error) == "a budget is 0 US dollars or more, such as 2.00"


def test_an_interrupt_while_it_is_settled_keeps_the_answer_and_what_it_cost(
    cells: Cells, till: Till, monkeypatch: pytest.MonkeyPatch
) -> None:
    budget(cells, "1")
    session, presses = cells.zai.session, [True]
    settle = session.budget.settle

    def pressed(held: Any, cost: float | None) -> None:
        if presses:
            presses.pop()
            raise KeyboardInterrupt
        settle(held, cost)

    monkeypatch.setattr(session.budget, "settle", pressed)
    ran = cells.run("%zai chat --max-tokens 100 hi", "1")
    assert isinstance(ran.error, Interrupted)
    assert [str(turn.reply) for turn in session.conversation.turns] == ["Hello"]
    assert spent(cells) == (pytest.approx(till.charged), 0.0)


def test_what_was_cut_off_counts_as_all_that_it_could_have_cost(
    cells: Cells, till: Till, monkeypatch: pytest.MonkeyPatch
) -> None:
    budget(cells, "1")
    usage = {"prompt_tokens": 10, "completion_tokens": 1}
    event = {"usage": usage, "choices": [{"index": 0, "delta": {"content": "Hel"}}]}
    monkeypatch.setattr(till, "answer", lambda body: (200, f"data: {json.dumps(event)}".encode()))
    assert not cells.run("%zai chat --max-tokens 1000 hi", "1").ok
    assert spent(cells)[0] >= 1000 * OUT
