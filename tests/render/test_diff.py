"""A cell and its correction, side by side: what is said is true, also of what is not compared."""

from __future__ import annotations

import pytest

from zai_magics.render import diff

AS_IT_WAS = "the cell is as it was"
LONG = [f"x{number} = {number}" for number in range(diff.LINES + 3)]


def both(before: str, after: str) -> tuple[str, str]:
    """The HTML and the text."""
    return diff.html(before, after), diff.plain(before, after)


@pytest.mark.parametrize("after", ["a = 1\nb = 2", "a = 1\nb = 2\n", "a = 1\r\nb = 2\r\n"])
def test_a_cell_that_did_not_change_is_said_to_be_as_it_was(after: str) -> None:
    for shown in both("a = 1\nb = 2", after):
        assert AS_IT_WAS in shown and "+" not in shown


def test_a_sign_that_is_no_newline_to_python_is_a_change() -> None:
    for shown in both("a = '\u2028'", "a = '\n'"):
        assert AS_IT_WAS not in shown


def test_a_change_after_the_lines_that_are_compared_is_not_denied() -> None:
    for shown in both("\n".join(LONG), "\n".join([*LONG[:-1], "changed = 1"])):
        assert AS_IT_WAS not in shown and "3 more lines are not compared" in shown


def test_what_was_cut_is_said_after_the_changes() -> None:
    after = ["changed = 1", *LONG[1:], "more = 1"]
    for shown in both("\n".join(LONG[:-3]), "\n".join(after[: diff.LINES + 1])):
        place = shown.index("1 more line is not compared")
        assert 0 < shown.index("+changed = 1") < place and AS_IT_WAS not in shown


def test_a_long_cell_that_did_not_change_is_as_it_was() -> None:
    for shown in both("\n".join(LONG), "\n".join(LONG)):
        assert AS_IT_WAS in shown and "compared" not in shown
