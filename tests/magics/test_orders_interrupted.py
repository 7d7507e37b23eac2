"""An order that is stopped, wherever that is: nothing is bought twice, nothing is lost."""

from __future__ import annotations

import itertools
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from types import FrameType
from typing import Any

import pytest
from books import restart
from bought import ORDERS, say, states
from shell_cells import Cells, Ran
from shop import Refuse, Shop, interrupt

from zai_magics.errors import Interrupted, MaybeCharged


@pytest.mark.parametrize("line", ORDERS)
def test_an_interrupt_on_the_way_is_an_unknown_order(
    cells: Cells, shop: Shop, line: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    from zai_magics.network import Network

    real = Network.open

    def stopping(self: Any, method: str, *more: Any, **given: Any) -> Any:
        if method == "POST":
            raise KeyboardInterrupt
        return real(self, method, *more, **given)

    monkeypatch.setattr(Network, "open", stopping)
    ran = cells.run(f"%zai {line}\nafter = 1", "1")
    assert isinstance(ran.error, Interrupted) and "after" not in cells.shell.user_ns
    assert "may have been made and charged" in ran.out
    assert states(cells) == ["unknown"]
    monkeypatch.setattr(Network, "open", real)
    assert isinstance(cells.run(f"%zai {line}", "1").error, MaybeCharged)
    assert shop.bought == 0


def test_an_interrupt_while_waiting_loses_nothing(cells: Cells, shop: Shop) -> None:
    shop.polls, shop.nap = 3, interrupt
    ran = cells.run("%zai video a bird", "1")
    assert isinstance(ran.error, Interrupted) and "%zai wait job-1" in ran.out
    assert states(cells) == ["submitted"]
    restart(cells)
    shop.nap = lambda seconds: None
    assert "being made" in say(cells, "jobs")
    ran = cells.run("%zai video -o made a bird", "1")
    assert ran.ok and shop.bought == 1 and cells.value("made").cost in (0, 0.2)
    assert states(cells) == ["done"]


@pytest.mark.parametrize("line", ORDERS)
def test_an_interrupt_while_fetching_loses_nothing(
    cells: Cells, shop: Shop, line: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    from zai_magics.network import Network

    with monkeypatch.context() as patch:
        patch.setattr(Network, "fetch", interrupt)
        ran = cells.run(f"%zai {line}", "1")
    assert isinstance(ran.error, Interrupted) and states(cells) == ["submitted"]
    assert cells.run(line.replace(" ", " -o made ", 1).join(["%zai ", ""]), "1").ok
    assert shop.bought == 1 and cells.value("made").path.exists()
    assert [p.suffix for p in Path("zai_media").iterdir()] == [cells.value("made").path.suffix]


def test_the_pictures_before_an_interrupt_are_kept(cells: Cells, shop: Shop) -> None:
    def stop(number: int) -> None:
        if number == 3:
            raise Refuse("1301", 400)

    shop.on_order = stop
    assert not cells.run("%zai image -n 4 a cat", "1").ok
    assert states(cells) == ["done", "done"]
    shop.on_order = lambda number: None
    assert cells.run("%zai image -n 4 -o made a cat", "1").ok
    assert shop.bought == 5 and [p.stored for p in cells.value("made")] == [True] * 2 + [False] * 2


ROOMS = ("orders.py", "common.py", "image.py", "video.py", "mutex.py")


def interrupted_at(line: int, act: Callable[[], Ran], function: str = "") -> Ran | None:
    """Run `act` with an interrupt at the so-manieth line of buying; None if it has fewer. Only
    the lines of a function of this name count, if one is given.
    """
    left = line

    def at_line(frame: FrameType, event: str, _: Any) -> Any:
        nonlocal left
        if event == "line":
            left -= 1
            if left == 0:
                sys.settrace(None)
                raise KeyboardInterrupt
        return at_line

    def at_call(frame: FrameType, event: str, _: Any) -> Any:
        name, code = frame.f_code.co_filename, frame.f_code
        counts = "zai_magics" in name and name.endswith(ROOMS)
        return at_line if counts and (function or code.co_name) == code.co_name else None

    before = sys.gettrace()
    sys.settrace(at_call)
    try:
        ran = act()
    finally:
        sys.settrace(before)
    return ran if left <= 0 else None


@pytest.mark.parametrize("line", ORDERS)
@pytest.mark.parametrize(
    "step", [7, pytest.param(1, marks=pytest.mark.long)], ids=["every seventh", "every"]
)
def test_wherever_an_interrupt_comes_nothing_is_bought_twice_or_lost(
    cells: Cells, shop: Shop, line: str, step: int
) -> None:
    for number in itertools.count(1, step):
        said = f"{line} {number}"
        bought = shop.bought
        ran = interrupted_at(number, lambda said=said: cells.run(f"%zai {said}", "1"))  # type: ignore[misc]
        if ran is None:
            break
        assert isinstance(ran.error, KeyboardInterrupt) or ran.ok, (number, ran.error)
        sent = shop.bought - bought
        assert sent in (0, 1)
        again = cells.run(f"%zai {said}", "1")
        total = shop.bought - bought
        assert total <= 1, f"bought twice after an interrupt at line {number}"
        if not again.ok:  # only where it is not known whether it was sent
            assert isinstance(again.error, MaybeCharged), (number, again.error)
            assert "order #" in again.out
        elif sent:
            assert total == 1, number
    assert number > 40


def test_wherever_an_interrupt_comes_another_thread_may_fetch(cells: Cells, shop: Shop) -> None:
    for number in itertools.count(1):
        said = f"%zai video a bird {number}"
        ran = interrupted_at(number, lambda said=said: cells.run(said, "1"), "_finish")  # type: ignore[misc]
        if ran is None:
            break
        turn = threading.Thread(target=cells.zai.session.fetching.run, args=(int,), daemon=True)
        turn.start()
        turn.join(5)
        assert not turn.is_alive(), f"locked for ever after an interrupt at line {number}"
        assert cells.run(said, "1").ok
    assert number > 12


def test_an_expired_link_of_a_picture_says_what_to_do(cells: Cells, shop: Shop) -> None:
    shop.expired = {"picture-1.png"}
    for _ in range(2):
        ran = cells.run("%zai image a cat", "1")
        assert not ran.ok and shop.bought == 1
        assert "expired" in ran.out and "paid for" in ran.out
    assert "--again" in ran.out, "running the cell again alone cannot help for ever"
    shop.expired = set()
    assert cells.run("%zai image a cat", "1").ok and shop.bought == 1


def test_an_expired_link_of_a_clip_is_asked_for_again(cells: Cells, shop: Shop) -> None:
    shop.expired = {"clip1-1.mp4"}
    ran = cells.run("%zai video -o made a bird", "1")
    assert ran.ok, ran.out
    assert shop.bought == 1 and cells.value("made").url.endswith("clip2-1.mp4")


def test_a_failed_clip_is_no_longer_under_way_and_may_be_ordered_anew(
    cells: Cells, shop: Shop
) -> None:
    shop.fails = "too many birds"
    ran = cells.run("%zai video a bird", "1")
    assert not ran.ok and "too many birds" in ran.out
    assert states(cells) == ["failed"] and "failed" in say(cells, "jobs")
    shop.fails = ""
    assert cells.run("%zai video a bird", "1").ok and shop.bought == 2
