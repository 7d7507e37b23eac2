"""Two kernels that order the same at the same moment: one of them does."""

from __future__ import annotations

from pathlib import Path

import pytest

from zai_magics.errors import CommandError
from zai_magics.journal import Journal
from zai_magics.orders import Order, Orders
from zai_magics.retry import Timing


def orders(home: Path, notebook: str = "/home/someone/lesson.ipynb") -> Orders:
    """A kernel's orders."""
    return Orders(Journal(home), lambda: notebook, Timing, pytest.fail)


def order(prompt: str = "a cat") -> Order:
    return Order("image", {"model": "glm-image", "prompt": prompt}, prompt, "https://api", 0.015)


def test_the_second_of_two_kernels_is_told_of_the_first(tmp_path: Path) -> None:
    one, other = orders(tmp_path), orders(tmp_path)
    assert one.had(order()) == other.had(order()) == []
    number = one.begin(order(), after=0)
    with pytest.raises(CommandError, match=f"#{number}.*run the cell again"):
        other.begin(order(), after=0)
    assert [r.id for r in other.had(order())] == [number]


def test_several_of_one_kernel_are_ordered_one_after_the_other(tmp_path: Path) -> None:
    one = orders(tmp_path)
    first = one.begin(order(), after=0)
    assert one.begin(order(), after=first) > first


def test_another_order_another_notebook_and_one_anew_are_not_held_up(tmp_path: Path) -> None:
    here, there = (str(tmp_path / name) for name in ("here.ipynb", "there.ipynb"))
    Path(here).write_text("{}")
    orders(tmp_path, here).begin(order(), after=0)
    assert orders(tmp_path, here).begin(order("a dog"), after=0)
    assert orders(tmp_path, there).begin(order(), after=0)
    assert orders(tmp_path, here).begin(order(), after=None)


def test_an_order_without_an_end_follows_a_notebook_that_was_renamed(tmp_path: Path) -> None:
    old = tmp_path / "old.ipynb"
    old.write_text("{}")
    one = orders(tmp_path, str(old))
    number = one.begin(order(), after=0)
    one.unknown(number, "the answer was lost")
    renamed = orders(tmp_path, str(old.rename(tmp_path / "new.ipynb")))
    assert [r.id for r in renamed.had(order())] == [number]


def test_one_that_failed_holds_nobody_up(tmp_path: Path) -> None:
    one = orders(tmp_path)
    one.failed(one.begin(order(), after=0), "no")
    assert orders(tmp_path).begin(order(), after=0)
