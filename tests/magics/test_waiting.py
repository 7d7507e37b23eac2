"""`%zai wait` in its forms: a job's id, an order's number, nothing, and what there is not."""

from __future__ import annotations

from pathlib import Path

import pytest
from books import restart, shown
from shell_cells import Cells, Ran
from shop import Shop, interrupt

from zai_magics.errors import Interrupted, NotFound
from zai_magics.types import Clip, Picture


def stopped(cells: Cells, shop: Shop, line: str, cell_id: str = "1") -> Ran:
    """Order, and stop waiting."""
    shop.nap, shop.polls = interrupt, 99
    ran = cells.run(f"%zai {line}", cell_id)
    assert isinstance(ran.error, Interrupted)
    shop.nap, shop.polls = _no_nap, 0
    return ran


def _no_nap(seconds: float) -> None:
    pass


def wait(cells: Cells, words: str = "") -> Ran:
    ran = cells.run(f"%zai wait -o made {words}", "w")
    assert ran.ok, ran.out
    return ran


@pytest.mark.parametrize("words", ["job-1", "#1", ""])
@pytest.mark.parametrize("kernel", ["same kernel", "new kernel"])
def test_an_order_is_taken_up_again_by_its_id_its_number_or_alone(
    cells: Cells, shop: Shop, words: str, kernel: str
) -> None:
    stopped(cells, shop, "video a bird")
    if kernel == "new kernel":
        restart(cells)
    wait(cells, words)
    made = cells.value("made")
    assert isinstance(made, Clip) and made.path.exists() and made.prompt == "a bird"
    assert made.job_id == "job-1" and shop.bought == 1
    polls = len(shop.asked)
    for again in ("job-1", "#1", ""):  # it is there now
        wait(cells, again)
        assert cells.value("made").stored and cells.value("made").path == made.path
    assert len(shop.asked) == polls
    assert cells.run("%zai video a bird", "1").ok and shop.bought == 1


def test_of_several_open_jobs_one_must_be_named(cells: Cells, shop: Shop) -> None:
    stopped(cells, shop, "video a bird", "1")
    stopped(cells, shop, "video a fish", "2")
    ran = cells.run("%zai wait")
    assert not ran.ok and "job-1" in ran.out and "job-2" in ran.out
    wait(cells, "job-2")
    assert cells.value("made").prompt == "a fish"
    wait(cells)
    assert cells.value("made").prompt == "a bird"


def test_a_picture_that_was_not_fetched_is_fetched(
    cells: Cells, shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    from zai_magics.network import Network

    with monkeypatch.context() as patch:
        patch.setattr(Network, "fetch", interrupt)
        assert not cells.run("%zai image a cat", "1").ok
    assert "#1" in shown(cells.run("%zai jobs", "2"))
    wait(cells, "#1")
    made = cells.value("made")
    assert isinstance(made, Picture) and made.path.exists() and shop.bought == 1
    assert cells.run("%zai image -o again a cat", "1").ok
    assert cells.value("again").path == made.path and shop.bought == 1


def test_a_job_of_another_machine_is_waited_for(cells: Cells, shop: Shop) -> None:
    wait(cells, "job-7")
    made = cells.value("made")
    assert isinstance(made, Clip) and made.path.exists() and shop.bought == 0


def test_the_file_goes_where_it_is_wanted(cells: Cells, shop: Shop) -> None:
    stopped(cells, shop, "video a bird")
    wait(cells, "--save there/mine job-1")
    assert cells.value("made").path.absolute() == Path("there/mine.mp4").absolute()
    wait(cells, "--save here/too #1")
    assert cells.value("made").path.name == "too.mp4"
    assert cells.value("made").bytes == Path("there/mine.mp4").read_bytes()


@pytest.mark.parametrize("words", ["#9", "#", "#x", "#-1", "#1e3", "##1", "#" + "9" * 30, "#²"])
def test_an_order_that_there_is_not_is_a_clear_error(cells: Cells, shop: Shop, words: str) -> None:
    ran = cells.run(f"%zai wait {words}")
    assert not ran.ok and "%zai jobs" in ran.out and shop.asked == []
    assert len(ran.out.strip().splitlines()) == 1


def test_the_number_of_a_chat_is_no_order(cells: Cells) -> None:
    assert cells.run("%zai chat [[echo]]Hi").ok
    ran = cells.run("%zai wait #1")
    assert not ran.ok and "no order #1" in ran.out


def test_with_nothing_ordered_there_is_nothing_to_wait_for(cells: Cells) -> None:
    ran = cells.run("%zai wait")
    assert not ran.ok and "ordered nothing" in ran.out


def test_an_unknown_job_of_the_service_is_a_clear_error(cells: Cells) -> None:
    ran = cells.run("%zai wait 123")
    error = ran.out.strip().splitlines()[-1]
    assert isinstance(ran.error, NotFound) and "not lost" not in error
    assert error == "NotFound: there is no job 123 at sandbox; %zai jobs lists yours"


def test_a_failed_job_says_why(cells: Cells, shop: Shop) -> None:
    shop.fails = "too many birds"
    assert not cells.run("%zai video a bird", "1").ok
    for words in ("job-1", "#1"):
        ran = cells.run(f"%zai wait {words}")
        assert not ran.ok and "too many birds" in ran.out


def test_a_number_is_not_an_id_with_a_path_in_it(cells: Cells, shop: Shop) -> None:
    cells.run("%zai wait ../../models")
    assert shop.asked[0].endswith("/async-result/..%2F..%2Fmodels")


def test_an_id_that_is_no_job_leaves_nothing_behind(cells: Cells) -> None:
    assert isinstance(cells.run("%zai wait nosuch").error, NotFound)
    assert "nosuch" not in shown(cells.run("%zai", "2")) + shown(cells.run("%zai jobs", "3"))
    assert "ordered nothing" in cells.run("%zai wait").out
    assert cells.run("%zai video a bird", "1").ok
    wait(cells)
    assert cells.value("made").prompt == "a bird"
