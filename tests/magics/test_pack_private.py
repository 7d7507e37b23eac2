"""What a pack may not hold: the key, other notebooks, deleted cells, places of the machine."""

from __future__ import annotations

import json
import os
import zipfile
from pathlib import Path
from typing import Any

import pytest
from books import restart, save, shown
from shell_cells import Cells
from shop import KEY, Shop

from zai_magics import demo
from zai_magics.errors import PackError
from zai_magics.replay import pack

HELD = {
    "ZAI_API_KEY": lambda m: m.setenv("ZAI_API_KEY", KEY),
    "Z_AI_API_KEY": lambda m: m.setenv("Z_AI_API_KEY", KEY),
    "keyring": lambda m: m.setattr("zai_magics.secret._from_keyring", lambda: _key()),
}


def _key() -> Any:
    from zai_magics.secret import Key

    return Key(KEY, "the keyring")


@pytest.fixture
def book(cells: Cells, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Cells:
    """A saved notebook of a few cells is run."""
    monkeypatch.setenv("JPY_SESSION_NAME", str(save(tmp_path / "a.ipynb", dict.fromkeys("1234"))))
    return cells


def packed(cells: Cells, name: str = "a.zai") -> tuple[str, str]:
    """What `%zai pack` shows, and the JSON in the pack."""
    ran = cells.run(f"%zai pack {name}", "4")
    assert ran.ok, ran.out
    with zipfile.ZipFile(name) as file:
        return shown(ran), file.read("pack.json").decode()


@pytest.mark.parametrize("where", HELD)
def test_the_key_in_an_attachment_is_not_sent_wherever_it_comes_from(
    cells: Cells, monkeypatch: pytest.MonkeyPatch, where: str
) -> None:
    Path("k.txt").write_text(f"token = {KEY}")
    HELD[where](monkeypatch)
    ran = cells.run("%zai chat -a k.txt hi", "1")
    assert not ran.ok and "holds your API key" in ran.out and ran.bodies == []


@pytest.mark.parametrize("where", HELD)
def test_an_answer_that_holds_the_key_is_named_and_not_packed(
    book: Cells, monkeypatch: pytest.MonkeyPatch, where: str
) -> None:
    HELD[where](monkeypatch)
    assert book.run("%zai chat hi", "1").ok
    with book.zai.session.journal.write() as db:
        db.execute("update messages set text = ? where role = 'assistant'", (f"it is {KEY}",))
    ran = book.run("%zai pack a.zai", "2")
    assert isinstance(ran.error, PackError) and "--forget 1 takes it out" in str(ran.error)
    assert not Path("a.zai").exists()


def test_an_answer_that_holds_the_key_is_not_packed_by_the_shell(
    book: Cells, monkeypatch: pytest.MonkeyPatch
) -> None:
    def executed(path: Path, folder: Path, say: Any) -> tuple[None, str]:
        assert book.run("%zai chat hi", "1").ok
        with book.zai.session.journal.write() as db:
            db.execute("update messages set text = ? where role = 'user'", (f"my {KEY}",))
        return None, ""

    monkeypatch.setattr(demo, "_executed", executed)
    monkeypatch.setenv("Z_AI_API_KEY", KEY)
    with pytest.raises(PackError, match="holds your API key"):
        demo.record(Path("a.ipynb"), Path("a.zai"), print)
    assert not Path("a.zai").exists()


def test_paths_and_who_asked_stay_out(book: Cells, tmp_path: Path) -> None:
    folder = tmp_path / "SECRETUSER"
    folder.mkdir()
    (folder / "d.csv").write_text("a,b\n1,2\n")
    big = "from PIL import Image\nImage.effect_noise((3000, 3000), 80).save('SECRETUSER/big.png')"
    assert book.run(big, "1").ok
    who = "--param user_id=SECRETID --param request_id=SECRETREQ"
    for file in ("d.csv", "big.png"):
        ran = book.run(f"%zai chat --alone {who} -a {folder / file} what", "2")
        assert ran.ok, ran.out
        assert "SECRETUSER" not in json.dumps(ran.bodies)
    _, text = packed(book)
    assert "SECRET" not in text and str(tmp_path) not in text and "d.csv" in text
    # Nobody's answer depends on who asks.
    assert book.run("%zai replay --speed 0 only a.zai", "3").ok
    again = book.run(f"%zai chat --alone --param user_id=you -a {folder / 'd.csv'} what", "2")
    assert again.ok and not again.sent, again.out


def test_a_clip_of_another_notebook_with_the_same_prompt_stays_out(
    cells: Cells, shop: Shop, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("other", "mine"):
        (tmp_path / name).mkdir()
        monkeypatch.chdir(tmp_path / name)
        there = save(tmp_path / name / f"{name}.ipynb", {"1": "", "2": "", "3": ""})
        monkeypatch.setenv("JPY_SESSION_NAME", str(there))
        restart(cells)
        color = "red" if name == "other" else "blue"
        draw = f"from PIL import Image\nframe = Image.new('RGB', (64, 48), '{color}')"
        assert cells.run(draw, "1").ok
        assert cells.run("%zai video -a frame it moves", "2").ok
    assert shop.bought == 2
    assert cells.run("%zai video -a frame it moves", "2").ok  # shown again
    said, _ = packed(cells)
    with cells.zai.session.journal.read() as db:
        other, mine = cells.zai.session.journal.calls.newest(db, 9, "c.kind = 'video'")[::-1]
    with zipfile.ZipFile("a.zai") as file:
        names = set(file.namelist())
    assert "1 clip," in said and mine.blobs() <= names and not other.blobs() & names


def test_answers_to_the_words_of_a_deleted_cell_stay_out_and_that_is_said(book: Cells) -> None:
    assert book.run("%zai chat DELETEDWORDS", "gone").ok
    assert book.run("%zai chat and that?", "1").ok
    assert book.run("%zai chat --alone kept", "2").ok
    said, text = packed(book)
    assert "DELETEDWORDS" not in text and "and that" not in text and "kept" in text
    assert "left out: 2 of cells that the saved notebook does not have" in said


def test_cells_that_ask_the_same_keep_their_order_when_one_was_run_again(
    book: Cells, shop: Shop
) -> None:
    for cell, answer in [("1", "one"), ("2", "two"), ("3", "three"), ("1", "one again")]:
        shop.says = answer
        assert book.run("x = %zai chat --alone same", cell).ok
    packed(book)
    assert book.run("%zai replay --speed 0 only a.zai", "r").ok
    given = []
    for cell in ("x", "y", "z"):  # in a copy of the notebook, whose cells have other ids
        assert book.run("x = %zai chat --alone same", cell).ok
        given.append(str(book.value("x")))
    assert given == ["one again", "two", "three"]


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="a system without pipes in folders")
def test_a_pipe_in_its_place_is_left_alone(book: Cells) -> None:
    os.mkfifo("a.zai")
    assert book.run("%zai chat hi", "1").ok
    ran = book.run("%zai pack a.zai", "4")
    assert isinstance(ran.error, PackError) and "is no pack" in str(ran.error)


def test_packing_that_is_stopped_is_one_line(book: Cells, monkeypatch: pytest.MonkeyPatch) -> None:
    def stopped(*given: Any) -> Any:
        raise KeyboardInterrupt

    assert book.run("%zai chat hi", "1").ok
    monkeypatch.setattr(pack, "write", stopped)
    ran = book.run("%zai pack a.zai", "4")
    assert str(ran.error) == "stopped; nothing was packed" and "Traceback" not in ran.out
