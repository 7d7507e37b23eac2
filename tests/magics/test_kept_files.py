"""The files of what was bought: gone, edited, wanted elsewhere; they cost nothing again."""

from __future__ import annotations

from pathlib import Path

import pytest
from books import shown
from bought import buys, ledger, run
from shell_cells import Cells

from zai_magics.types import Picture


@pytest.mark.parametrize("what", ["image", "video"])
def test_a_file_that_was_deleted_is_written_again(cells: Cells, what: str) -> None:
    buys(cells, f"{what} a cat")
    first = cells.value("made")
    content = first.bytes
    first.path.unlink()
    ran = run(cells, f"{what} -o made a cat")
    assert ran.sent == []
    assert cells.value("made").path == first.path and first.bytes == content
    for path in Path("zai_media").iterdir():
        path.unlink()
    Path("zai_media").rmdir()
    assert buys(cells, f"{what} a cat") == 0 and first.bytes == content


@pytest.mark.parametrize("what", ["image", "video"])
def test_a_file_that_was_edited_is_left_and_written_anew(cells: Cells, what: str) -> None:
    buys(cells, f"{what} a cat")
    first = cells.value("made")
    content = first.bytes
    first.path.write_bytes(content + b"edited")
    assert buys(cells, f"{what} a cat") == 0
    again = cells.value("made")
    assert again.path != first.path and again.bytes == content
    assert first.bytes == content + b"edited"
    assert buys(cells, f"{what} a cat") == 0 and cells.value("made").path == again.path
    assert len(list(Path("zai_media").iterdir())) == 2


@pytest.mark.parametrize("what", ["image", "video"])
def test_without_the_file_and_the_journals_copy_it_is_an_error_that_says_so(
    cells: Cells, what: str
) -> None:
    buys(cells, f"{what} a cat")
    cells.value("made").path.unlink()
    for path in Path("zai-home", "blobs").rglob("*"):
        if path.is_file():
            path.unlink()
    ran = cells.run(f"%zai {what} a cat")
    assert not ran.ok and ran.bodies == []
    assert "gone" in ran.out and "--again buys it anew" in ran.out
    assert buys(cells, f"{what} --again a cat") == 1


def test_a_copy_that_is_damaged_is_not_shown_as_the_picture(cells: Cells) -> None:
    buys(cells, "image a cat")
    cells.value("made").path.unlink()
    for path in Path("zai-home", "blobs").rglob("*"):
        if path.is_file():
            path.write_bytes(b"\x89PNG\r\n\x1a\nelse")
    ran = cells.run("%zai image a cat")
    assert not ran.ok and "--again" in ran.out
    assert list(Path("zai_media").glob("*.png")) == []


@pytest.mark.parametrize("what", ["image", "video"])
def test_another_place_gets_a_copy_without_buying(cells: Cells, what: str) -> None:
    buys(cells, f"{what} a cat")
    first = cells.value("made")
    assert buys(cells, f"{what} --save there/mine a cat") == 0
    copy = cells.value("made")
    assert copy.path.parent.name == "there" and copy.path.stem == "sandbox-mine"
    assert copy.bytes == first.bytes and first.path.exists()
    for _ in range(2):  # it is there already
        assert buys(cells, f"{what} --save there/mine a cat") == 0
        assert cells.value("made").path == copy.path
    assert len(list(Path("there").iterdir())) == 1
    Path("folder").mkdir()
    assert buys(cells, f"{what} --save folder a cat") == 0
    assert cells.value("made").path.parent.name == "folder"


def test_several_pictures_go_to_another_place_as_well(cells: Cells) -> None:
    buys(cells, "image -n 3 a cat")
    contents = {p.bytes for p in cells.value("made")}
    assert buys(cells, "image -n 3 --save there/mine a cat") == 0
    made = cells.value("made")
    assert {p.path.name for p in made} == {p.name for p in Path("there").iterdir()}
    assert len(made) == len(set(p.path for p in made)) == 3 and {p.bytes for p in made} == contents
    assert buys(cells, "image -n 3 --save there/mine a cat") == 0
    assert len(list(Path("there").iterdir())) == 3


def test_a_dry_run_buys_nothing_and_says_what_is_there(cells: Cells) -> None:
    paid = ledger(cells)
    before = shown(run(cells, "image --dry-run -n 3 a cat", "1"))
    assert ledger(cells) == paid
    buys(cells, "image a cat")
    ran = run(cells, "image --dry-run -n 3 a cat", "1")
    assert ran.sent == [] and shown(ran) != before


def test_refused_orders_leave_nothing(cells: Cells) -> None:
    for _ in range(2):
        ran = cells.run("%zai image [[error 1301]]a cat")
        assert not ran.ok and len(ran.bodies) == 1
    assert "no orders are under way" in shown(run(cells, "jobs"))
    assert "no calls" in shown(run(cells, "log"))


def test_a_failed_clip_may_be_ordered_again(cells: Cells) -> None:
    for _ in range(2):
        ran = cells.run("%zai video [[fail]]a cat")
        assert not ran.ok and len(ran.bodies) == 1 and "failed" in ran.out
    assert "failed" in shown(run(cells, "jobs"))


def test_two_kernels_on_a_notebook_buy_once(cells: Cells) -> None:
    from zai_magics.session import Session

    buys(cells, "image a cat")
    mine = cells.zai.session
    other = Session(folder=Path.cwd, timing=mine.timing)
    other.connection.base_url = mine.connection.base_url
    before = ledger(cells)
    picture = list(other.image("a cat"))[-1]
    assert isinstance(picture, Picture) and picture.stored and ledger(cells) == before
    other.close()


def test_where_the_journal_cannot_be_used_it_is_bought_all_the_same(cells: Cells) -> None:
    Path("zai-home").write_text("in the way")
    ran = run(cells, "image -o made a cat", "1")
    assert len(ran.bodies) == 1 and cells.value("made").path.exists()
    assert "cannot be used" in shown(ran) or "ZAI_HOME" in shown(ran)
    ran = run(cells, "video -o made a bird", "2")
    assert len(ran.bodies) == 1 and cells.value("made").path.exists()


@pytest.mark.parametrize(
    ("save", "said"),
    [
        ("cat.gif", "made no GIF file"),
        ("cat.png", ""),
        ("cat.v1", ""),
        ("cat", ""),
        ("a/b.JPG", "JPG"),
    ],
)
def test_a_suffix_that_the_service_did_not_make_is_said(cells: Cells, save: str, said: str) -> None:
    out = cells.run(f"%zai image --save {save} a cat").out
    assert ("kept as " in out) == bool(said) and said in out
    assert "made no MOV file" in cells.run("%zai video --save bird.mov a bird").out
