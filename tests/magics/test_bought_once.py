"""Pictures and clips are bought once by a notebook, and shown again for nothing."""

from __future__ import annotations

from pathlib import Path

import pytest
from books import restart, shown
from bought import buys, html, ledger, run
from shell_cells import Cells

from zai_magics.sandbox import Sandbox
from zai_magics.types import Clip, Picture, Pictures


@pytest.mark.parametrize("what", ["image", "video"])
@pytest.mark.parametrize("kernel", ["same kernel", "new kernel"])
@pytest.mark.parametrize("cell_id", ["1", None])
def test_the_same_again_buys_nothing_and_is_marked_stored_and_free(
    cells: Cells, what: str, kernel: str, cell_id: str | None
) -> None:
    before = ledger(cells)
    assert buys(cells, f"{what} a cat on a mat", cell_id) == 1
    first = cells.value("made")
    assert not first.stored and ledger(cells) == before + 1
    if kernel == "new kernel":
        restart(cells)
    ran = run(cells, f"{what} -o made a cat on a mat", cell_id)
    again = cells.value("made")
    assert ran.sent == [], "neither an order nor a poll nor a download"
    assert ledger(cells) == before + 1
    assert again.stored and again.cost == 0
    assert again.path == first.path and again.bytes == first.bytes and again.mime == first.mime
    assert "stored" in html(ran) and "free" in html(ran)
    assert [p.name for p in Path("zai_media").iterdir()] == [first.path.name]
    if isinstance(first, Clip):
        assert again.poster == first.poster and again.job_id == first.job_id


def test_an_all_over_run_costs_once(cells: Cells) -> None:
    before = ledger(cells)
    for _ in range(3):
        run(cells, "image a cat", "1")
        run(cells, "image -n 2 a dog", "2")
        run(cells, "video a bird", "3")
    assert ledger(cells) == before + 4


@pytest.mark.parametrize("what", ["image", "video"])
def test_again_buys_and_what_it_bought_is_shown_then(cells: Cells, what: str) -> None:
    assert buys(cells, f"{what} a cat") == 1
    first = cells.value("made")
    assert buys(cells, f"{what} --again a cat") == 1
    second = cells.value("made")
    assert not second.stored and second.path != first.path and first.path.exists()
    assert buys(cells, f"{what} a cat") == 0
    assert cells.value("made").path == second.path


def test_more_pictures_buy_what_is_missing(cells: Cells) -> None:
    assert buys(cells, "image a cat") == 1
    first = cells.value("made")
    assert isinstance(first, Picture)
    assert buys(cells, "image -n 4 a cat") == 3
    four = cells.value("made")
    assert isinstance(four, Pictures) and len(four) == 4
    assert [p.stored for p in four] == [True, False, False, False]
    assert four[0].path == first.path and len({p.path for p in four}) == 4
    assert buys(cells, "image -n 4 a cat") == 0
    assert [p.path for p in cells.value("made")] == [p.path for p in four]
    assert all(p.stored for p in cells.value("made"))
    assert buys(cells, "image -n 2 a cat") == 0 and len(cells.value("made")) == 2
    assert buys(cells, "image a cat") == 0 and isinstance(cells.value("made"), Picture)
    assert buys(cells, "image -n 2 --again a cat") == 2


@pytest.mark.parametrize(
    "other",
    [
        "image a cat.",
        "image A cat",
        "image --size 1280x1280 a cat",
        "image --quality hd a cat",
        "image -m cogview-4-250304 a cat",
        "image --param user_id=me1234 a cat",
        "video a cat",
    ],
)
def test_another_request_buys(cells: Cells, other: str) -> None:
    assert buys(cells, "image a cat") == 1
    assert buys(cells, other) == 1
    assert buys(cells, other) == buys(cells, "image a cat") == 0


def test_other_frames_of_a_clip_buy(cells: Cells) -> None:
    from shop import png

    for number in (1, 2):
        Path(f"{number}.png").write_bytes(png(number))
    for line in ("video -a 1.png go", "video -a 2.png go", "video -a 1.png -a 2.png go"):
        assert buys(cells, line) == 1, line
        assert buys(cells, line) == 0, line
    Path("1.png").write_bytes(png(3))
    assert buys(cells, "video -a 1.png go") == 1


def test_the_same_words_by_other_ways_are_the_same_request(cells: Cells) -> None:
    assert buys(cells, "image a cat") == 1
    cells.shell.user_ns["animal"] = "cat"
    assert buys(cells, "image a {{ animal }}", "9") == 0
    assert len(cells.run("%%zai image\na cat", "8").bodies) == 0
    assert buys(cells, "image -m glm-image --raw a cat") == 0


def test_another_notebook_buys(cells: Cells, monkeypatch: pytest.MonkeyPatch) -> None:
    assert buys(cells, "image a cat") == 1
    monkeypatch.setenv("JPY_SESSION_NAME", str(Path("other.ipynb").absolute()))
    assert buys(cells, "image a cat") == 1
    assert buys(cells, "image a cat") == 0


def test_another_endpoint_buys(cells: Cells, monkeypatch: pytest.MonkeyPatch) -> None:
    from shop import KEY, Shop

    assert buys(cells, "image a cat") == 1
    sandbox = cells.zai.session.connection.base_url
    monkeypatch.setenv("ZAI_API_KEY", KEY)
    with Shop() as shop:
        cells.zai.session.connection.base_url = shop.url
        run(cells, "image -o made a cat")
        assert shop.bought == 1 and not cells.value("made").sandbox
        run(cells, "image -o made a cat")
        assert shop.bought == 1 and cells.value("made").stored
        assert cells.value("made").cost == 0
    cells.zai.session.connection.base_url = sandbox
    assert buys(cells, "image a cat") == 0 and cells.value("made").sandbox


def test_a_sandbox_at_another_port_is_the_same_seller(cells: Cells) -> None:
    assert buys(cells, "image a cat") == 1
    with Sandbox(pace=0, video_seconds=0) as other:
        cells.zai.session.connection.base_url = other.base_url
        run(cells, "image -o made a cat")
        assert cells.value("made").stored and other.charged == []


def test_a_dry_run_says_what_is_stored_and_what_is_to_buy(cells: Cells) -> None:
    cells.run("%zai image a cat", "1")
    ran = cells.run("%zai image --dry-run -n 3 a cat", "2")
    assert "2 to buy" in shown(ran) and "1 of 3 stored, free" in shown(ran) and not ran.sent
    assert "1 of 1 stored, free" in shown(cells.run("%zai image --dry-run a cat", "2"))
    assert "stored" not in shown(cells.run("%zai image --dry-run --again a cat", "2"))
    assert "stored" not in shown(cells.run("%zai video --dry-run a cat", "2"))
