"""`--background` gives the cell back at once, and its display goes on until the clip is there."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
from books import shown
from shell_cells import Cells
from shop import Shop

from zai_magics.retry import Timing
from zai_magics.types import Clip, Job


@pytest.fixture
def go_on(shop: Shop, cells: Cells, monkeypatch: pytest.MonkeyPatch) -> Iterator[threading.Event]:
    """Set: the service answers. The thread's waits end with the extension, and are short."""
    event = threading.Event()
    shop.on_poll = lambda number: event.wait(10)
    background = cells.zai.commands.background
    real = background.timing

    def timing(given: Timing) -> Timing:
        ends = real(given).sleep  # for real, but a thousand times as fast

        def sleep(seconds: float) -> None:
            ends(seconds / 1000)
            given.sleep(seconds)

        return replace(given, sleep=sleep)

    monkeypatch.setattr(background, "timing", timing)
    yield event
    event.set()


def followers() -> list[threading.Thread]:
    return [thread for thread in threading.enumerate() if thread.name == "zai-video"]


def ended() -> None:
    """Wait until no thread follows a job."""
    for thread in followers():
        thread.join(10)
    assert followers() == []


def html(display: dict[str, Any]) -> str:
    return str(display["data"].get("text/html", ""))


def test_the_cell_comes_back_with_a_job_and_ends_as_a_clip(
    cells: Cells, shop: Shop, go_on: threading.Event
) -> None:
    ran = cells.run("job = %zai video --background -o made a bird", "1")
    assert ran.ok and shop.bought == 1
    job = cells.value("job")
    assert isinstance(job, Job) and job.id == "job-1" and cells.value("made") is job
    assert ran.displays and "<video" not in "".join(map(html, ran.displays))
    other = cells.run("print('meanwhile')\n1 + 1", "2")
    assert other.ok and other.out == "meanwhile\nOut[2]: 2\n"
    go_on.set()
    ended()
    displays = [*ran.displays, *other.displays]  # what goes on is sent while another cell runs
    assert len({d["transient"]["display_id"] for d in displays}) == 1
    assert [d["update"] for d in displays] == [False] + [True] * (len(displays) - 1)
    assert "<video" in html(displays[-1]) and "<progress" not in html(displays[-1])
    made = cells.value("made")
    assert isinstance(made, Clip) and made.path.exists()
    assert cells.value("job") is job


def test_it_is_bought_once_like_any_other(cells: Cells, shop: Shop, go_on: threading.Event) -> None:
    cells.run("%zai video --background -o made a bird", "1")
    again = cells.run("%zai video --background -o again a bird", "2")
    assert again.ok and shop.bought == 1 and cells.value("again").id == "job-1"
    go_on.set()
    ended()
    assert cells.value("made").bytes == cells.value("again").bytes
    third = cells.run("%zai video --background -o third a bird", "3")
    assert shop.bought == 1 and followers() == []
    assert isinstance(cells.value("third"), Clip) and cells.value("third").stored
    assert "<video" in html(third.displays[-1]) and "stored" in html(third.displays[-1])


def test_a_variable_that_was_given_another_value_is_left(
    cells: Cells, shop: Shop, go_on: threading.Event
) -> None:
    cells.run("%zai video --background -o made a bird", "1")
    cells.run("made = 'mine'", "2")
    go_on.set()
    ended()
    assert cells.value("made") == "mine"


def test_a_clip_that_fails_says_so_in_the_display(
    cells: Cells, shop: Shop, go_on: threading.Event
) -> None:
    shop.fails = "too many birds"
    ran = cells.run("%zai video --background -o made a bird", "1")
    go_on.set()
    ended()
    assert ran.ok and "too many birds" in html(ran.displays[-1])
    assert isinstance(cells.value("made"), Job)
    assert "failed" in shown(cells.run("%zai jobs", "2"))


def test_an_order_that_is_refused_fails_the_cell_and_leaves_no_progress(
    cells: Cells, shop: Shop
) -> None:
    from shop import Refuse

    def refuse(number: int) -> None:
        raise Refuse("1301", 400)

    shop.on_order = refuse
    ran = cells.run("%zai video --background a bird", "1")
    assert not ran.ok and followers() == []
    plain = cells.run("%zai video a bird", "1")
    final, wanted = ([html(d) for d in one.displays][-1:] for one in (ran, plain))
    assert final == wanted, "as without --background"


def test_unloading_ends_the_thread_and_the_job_goes_on(
    cells: Cells, shop: Shop, go_on: threading.Event
) -> None:
    shop.polls = 1_000_000
    go_on.set()
    ran = cells.run("%zai video --background -o made a bird", "1")
    assert len(followers()) == 1
    cells.run("%unload_ext zai_magics", "2")
    assert followers() == []
    assert "error" not in str(ran.displays[-1]).lower()
    shop.polls = 0
    cells.run("%load_ext zai_magics", "3")
    cells.zai.session.connection.base_url = shop.url
    assert cells.run("%zai wait -o made", "4").ok
    assert isinstance(cells.value("made"), Clip) and shop.bought == 1


def test_where_no_display_can_be_updated_it_waits_and_says_so(cells: Cells, shop: Shop) -> None:
    ran = cells.run("%zai video --background -o made a bird", "")
    assert ran.ok and isinstance(cells.value("made"), Clip) and followers() == []
    assert "--background waited" in shown(ran)


def test_in_a_terminal_it_gives_the_line_back_and_says_how_to_see_the_clip(
    cells: Cells, shop: Shop, go_on: threading.Event, capfd: pytest.CaptureFixture[str]
) -> None:
    ran = cells.run("%zai video --background -o made a bird")
    assert ran.ok and isinstance(cells.value("made"), Job) and len(followers()) == 1
    assert "%zai wait job-1" in ran.out and "waited" not in ran.out
    go_on.set()
    ended()
    assert isinstance(cells.value("made"), Clip) and cells.value("made").path.exists()
    assert capfd.readouterr() == ("", ""), "nothing is written between other lines"
    assert "clip" in cells.run("%zai wait").out and shop.bought == 1


def test_quietly_it_gives_the_cell_back_as_well(
    cells: Cells, shop: Shop, go_on: threading.Event
) -> None:
    timer = threading.Timer(1.0, go_on.set)  # so that a cell that waits ends some day
    timer.start()
    ran = cells.run("%zai video --background -q -o made a bird", "1")
    came_back = isinstance(cells.value("made"), Job)
    timer.cancel()
    go_on.set()
    ended()
    assert ran.displays == [] and isinstance(cells.value("made"), Clip)
    assert came_back


def test_prints_of_another_cell_are_not_disturbed(
    cells: Cells, shop: Shop, go_on: threading.Event, capfd: pytest.CaptureFixture[str]
) -> None:
    cells.run("%zai video --background a bird", "1")
    go_on.set()
    ended()
    assert capfd.readouterr() == ("", "")


def test_replay_only_ends_the_waiting_and_says_so(
    cells: Cells, shop: Shop, go_on: threading.Event
) -> None:
    shop.polls = 10**6
    go_on.set()
    assert cells.run("%zai video --background a bird", "1").ok and len(followers()) == 1
    assert cells.run("%zai replay only", "2").ok
    ended()
    asked = len(shop.asked)
    seen = cells.shell.display_pub.seen
    assert any("no longer waited for" in html(d) for d in seen)
    assert len(shop.asked) == asked
