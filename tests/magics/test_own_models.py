"""`models.toml` in a notebook: what it says is marked, and what is wrong in it is said once."""

from __future__ import annotations

from pathlib import Path

import pytest
from shell_cells import Cells

from zai_magics import catalogue


@pytest.fixture
def own(cells: Cells) -> Path:
    """Where the file belongs; it is not there yet."""
    path = catalogue.own().path
    path.parent.mkdir(parents=True, exist_ok=True)
    return path


def test_models_marks_what_is_yours(cells: Cells, own: Path) -> None:
    own.write_text('dated = "2026-11-02"\n[models]\n"glm-4.6" = { input = 5 }')
    cells.run("%zai models -q -o found")
    table = cells.value("found")
    prices = {row[0]: row[4] for row in table.rows}
    assert prices["glm-4.6"] == "$5.00 in, $0.11 cached, $2.20 out per 1M tokens (yours)"
    assert [name for name, price in prices.items() if "yours" in price] == ["glm-4.6"]
    assert f"yours of 2026-11-02 from {own}" in table.note


def test_a_broken_file_is_one_warning_and_stops_nothing(cells: Cells, own: Path) -> None:
    own.write_text('[models]\n"glm-4.6" = { input = "x" }')
    first, second = cells.run("%zai chat Hi"), cells.run("%zai chat Hi")
    assert first.ok and second.ok
    assert first.out.count('input of "glm-4.6" must be') == 1 and "Traceback" not in first.out
    assert "must be" not in second.out
    assert "yours" not in cells.run("%zai models").out


def test_status_says_it_too(cells: Cells, own: Path) -> None:
    own.write_text("models = 3")
    assert "[models] must be a table" in cells.run("%zai").out


def test_a_models_own_price_is_shown_before_it_is_bought(cells: Cells, own: Path) -> None:
    own.write_text('[models]\nmine = { kind = "image", each = 0.5 }')
    cells.zai.session.connection.base_url = "https://api.test/v4"
    assert "1 to buy: $0.50" in cells.run("%zai image --dry-run -m mine a cat").out
    assert "1 to buy: price unknown" in cells.run("%zai image --dry-run -m other a cat").out


def test_a_line_that_would_take_long_to_read_is_refused(cells: Cells, own: Path) -> None:
    own.write_text(".".join("a" * 20_000) + " = 1")
    assert "a line has more than 1000 characters" in cells.run("%zai").out


def test_models_says_what_is_wrong_with_the_file_every_time_and_once(
    cells: Cells, own: Path
) -> None:
    own.write_text('[models]\n"glm-4.6" = { input = "x" }')
    for _ in range(2):
        assert cells.run("%zai models").out.count('input of "glm-4.6" must be') == 1
