"""`%zai pack` and `%zai replay only FILE`: a notebook's answers on a machine that has nothing."""

from __future__ import annotations

import json
import zipfile
from pathlib import Path
from typing import Any

import pytest
from books import carrying, restart, save, shown
from bought import html
from shell_cells import Cells

from zai_magics.errors import CommandError, PackError, ReplayMiss

BOOK = {
    "1": "%%zai chat\n[[think]] What is it?",
    "2": "%%zai chat\nand then?",
    "3": "%zai image a cat",
    "4": "%zai video a bird",
    "5": "%%zai chat --alone -a pic\nWhat is seen?",
    "6": '%%zai chat -T weather --approve always\n[[tool weather]][[arguments {"city": "A"}]]',
}
BEFORE = (
    "from PIL import Image\npic = Image.effect_mandelbrot((90, 60), (-2, -1, 1, 1), 50)"
    "\ndef weather(city: str): return 'sun'"
)


@pytest.fixture
def recorded(cells: Cells, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """A notebook that was run on the sandbox, and packed; what its cells gave."""
    monkeypatch.setenv("JPY_SESSION_NAME", str(save(tmp_path / "lesson.ipynb", BOOK)))
    monkeypatch.chdir(tmp_path)
    assert cells.run(BEFORE, "0").ok
    ran = [cells.run(code, cell) for cell, code in BOOK.items()]
    assert all(r.ok for r in ran), [r.out for r in ran]
    packed = cells.run("%zai pack class.zai", "7")
    assert packed.ok and "5 answers, 1 picture and 1 clip" in shown(packed), packed.out
    return [cells.zai.session.conversation.turns, ran]


def elsewhere(cells: Cells, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Another machine: no journal, no key, no sandbox; the pack in another folder."""
    there = tmp_path / "there"
    there.mkdir()
    (tmp_path / "class.zai").rename(there / "class.zai")
    monkeypatch.chdir(there)
    monkeypatch.setenv("ZAI_HOME", str(tmp_path / "other home"))
    monkeypatch.delenv("ZAI_BASE_URL", raising=False)
    monkeypatch.setenv("JPY_SESSION_NAME", str(save(there / "lesson.ipynb", BOOK)))
    restart(cells)
    return there


def test_a_pack_gives_the_same_on_a_machine_that_has_nothing(
    cells: Cells, recorded: list[Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    elsewhere(cells, tmp_path, monkeypatch)
    assert "class.zai" in shown(cells.run("%zai replay --speed 0 only class.zai", "r"))
    assert cells.run(BEFORE, "0").ok
    ran = [cells.run(code, cell) for cell, code in BOOK.items()]
    assert all(r.ok and not r.sent for r in ran), [r.out for r in ran]
    turns = cells.zai.session.conversation.turns
    assert [(t.reply, t.thinking) for t in turns] == [(t.reply, t.thinking) for t in recorded[0]]
    assert "replay" in html(ran[0]) and "sandbox" in html(ran[0])
    assert isinstance(cells.run("%zai chat something else", "9").error, ReplayMiss)
    # The conversation outlives the kernel, as one that was asked does.
    restart(cells)
    cells.run("%zai history", "10")
    assert [t.reply for t in cells.zai.session.conversation.turns] == [t.reply for t in turns]


def test_packed_twice_it_is_the_same_bytes(cells: Cells, recorded: list[Any]) -> None:
    first = Path("class.zai").read_bytes()
    assert cells.run("%zai pack class.zai", "7").ok
    assert cells.run("%zai pack other", "7").ok
    assert first == Path("class.zai").read_bytes() == Path("other.zai").read_bytes()


def test_a_pack_names_no_place_and_nobody(
    cells: Cells, recorded: list[Any], tmp_path: Path
) -> None:
    with zipfile.ZipFile("class.zai") as file:
        text = file.read("pack.json").decode()
        assert all(name == "pack.json" or len(name) == 64 for name in file.namelist())
    assert str(tmp_path) not in text and "127.0.0.1" not in text and "lesson" not in text
    assert "http" not in text and "request_id" not in text


def test_what_a_deleted_cell_or_another_notebook_asked_is_not_in_it(
    cells: Cells, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("JPY_SESSION_NAME", str(save(tmp_path / "private.ipynb", {"p": ""})))
    cells.run("%zai chat my secret", "p")
    restart(cells)
    monkeypatch.setenv("JPY_SESSION_NAME", str(save(tmp_path / "a.ipynb", {"1": "", "2": ""})))
    cells.run("%zai chat --alone keep this", "1")
    cells.run("%zai chat --alone deleted words", "gone")
    assert cells.run("%zai pack a.zai", "2").ok
    with zipfile.ZipFile("a.zai") as file:
        text = file.read("pack.json").decode()
    assert "keep this" in text and "secret" not in text and "deleted words" not in text


@pytest.mark.parametrize("line", ["pack", "pack a.txt", "pack a.zai"])
def test_what_cannot_be_packed_is_said(
    cells: Cells, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, line: str
) -> None:
    monkeypatch.chdir(tmp_path)
    assert isinstance(cells.run(f"%zai {line}", "1").error, CommandError)
    assert not list(tmp_path.glob("*.zai"))


def test_a_picture_that_another_notebook_bought_is_packed_where_it_was_shown(
    cells: Cells, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("JPY_SESSION_NAME", str(save(tmp_path / "first.ipynb", {"1": ""})))
    assert cells.run("%zai image a cat", "1").ok
    restart(cells)
    monkeypatch.setenv("JPY_SESSION_NAME", str(save(tmp_path / "a.ipynb", {"2": "", "3": ""})))
    cells.run("%zai replay only", "2")
    assert cells.run("%zai image a cat", "3").ok
    assert "1 picture," in shown(cells.run("%zai pack a.zai", "3"))


def test_another_file_is_not_written_over(cells: Cells, recorded: list[Any]) -> None:
    Path("notes.zai").write_text("mine")
    assert isinstance(cells.run("%zai pack notes.zai", "1").error, PackError)
    assert Path("notes.zai").read_text() == "mine"


def changed(source: Path, change: Any) -> Path:
    """A pack whose JSON a stranger has changed, or whose files."""
    target = source.with_name("bad.zai")
    with zipfile.ZipFile(source) as old, zipfile.ZipFile(target, "w") as new:
        files = {name: old.read(name) for name in old.namelist()}
        book = json.loads(files.pop("pack.json"))
        book = change(book, files) or book
        text = book if isinstance(book, str) else json.dumps(book)
        new.writestr("pack.json", text)
        for name, content in files.items():
            new.writestr(name, content)
    return target


def first(book: Any, **more: Any) -> None:
    book["calls"][0].update(more)


def poisoned(book: Any, files: Any) -> None:
    files[next(iter(files))] = b"something else"


HOSTILE = {
    "another version": lambda b, f: b.update(zai_magics_pack=2),
    "no mark": lambda b, f: b.pop("zai_magics_pack") and None,
    "no calls": lambda b, f: b.update(calls=5),
    "a list": lambda b, f: "[]",
    "deep": lambda b, f: "[" * 100_000,
    "nan": lambda b, f: '{"zai_magics_pack": NaN}',
    "message": lambda b, f: b["messages"].insert(0, {"role": 5}),
    "kind": lambda b, f: first(b, kind="restored"),
    "index": lambda b, f: first(b, messages=[0, 10**9]),
    "negative": lambda b, f: first(b, messages=[-1]),
    "nothing asked": lambda b, f: first(b, messages=[0]),
    "after": lambda b, f: first(b, after=10**6),
    "day": lambda b, f: first(b, day=10**12),
    "cost": lambda b, f: first(b, cost="1"),
    "params": lambda b, f: first(b, params=[1]),
    "pace": lambda b, f: first(b, pace="[" * (2 << 20)),
    "blob": poisoned,
    "a path": lambda b, f: f.update({"../../evil": b"x"}),
    "a missing file": lambda b, f: f.clear(),
}


@pytest.mark.parametrize("what", HOSTILE)
def test_a_pack_of_another_shape_is_refused_whole_in_one_line(
    cells: Cells, recorded: list[Any], what: str, tmp_path: Path
) -> None:
    path = changed(Path("class.zai"), HOSTILE[what])
    ran = cells.run(f"%zai replay only {path}", "1")
    assert isinstance(ran.error, PackError) and "\n" not in str(ran.error), ran.out
    assert cells.zai.session.replay.mode == "off"
    assert not list(tmp_path.rglob("evil")) and not list(tmp_path.rglob("making-*"))


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04 nothing", b"x" * 100])
def test_what_is_no_pack_is_said(cells: Cells, tmp_path: Path, content: bytes) -> None:
    (tmp_path / "bad.zai").write_bytes(content)
    ran = cells.run(f"%zai replay auto {tmp_path / 'bad.zai'}", "1")
    assert isinstance(ran.error, PackError)


def test_odd_results_of_a_strangers_pack_are_read_as_far_as_they_can_be(
    cells: Cells, recorded: list[Any]
) -> None:
    def odd(book: Any, files: Any) -> None:
        first(book, pace='[1, "x"]', result={"usage": [1], "tools": 5, "thinking": 7, "nth": -1})

    path = changed(Path("class.zai"), odd)
    assert cells.run(f"%zai replay --speed 0 only {path}", "r").ok
    ran = cells.run(BOOK["1"], "1")
    assert ran.ok and not ran.sent


@pytest.mark.parametrize("ids", [("same", "same"), ("", "")])
def test_calls_of_a_pack_go_on_with_ids_of_their_own(
    cells: Cells, recorded: list[Any], ids: tuple[str, str]
) -> None:
    def twice(book: Any, files: Any) -> None:
        call = next(c for c in book["calls"] if c["result"].get("tools"))
        _, name, given = call["result"]["tools"][0]
        call["result"]["tools"] = [[own, name * 300, given] for own in ids]

    path = changed(Path("class.zai"), twice)
    assert cells.run(f"%zai replay --speed 0 auto {path}", "r").ok
    assert cells.run(BOOK["6"], "6").ok
    cells.run("%zai replay off", "r")
    for _ in range(2):
        messages = cells.run("%zai chat next", "8").bodies[-1]["messages"]
        called = next(m["tool_calls"] for m in messages if m.get("tool_calls"))
        results = [m["tool_call_id"] for m in messages if m["role"] == "tool"]
        assert [c["id"] for c in called] == results
        assert len(set(results)) == len(results) == 2 and all(results)
        assert all(len(c["function"]["name"]) <= 256 for c in called)
        restart(cells)


def test_what_a_pack_says_beside_its_words_is_shown_only_in_part(
    cells: Cells, recorded: list[Any]
) -> None:
    def long(book: Any, files: Any) -> None:
        row = ["t", "https://a.test/", "", ""]
        more = {"answered": "m" * 10**6, "note": "n" * 10**6, "sources": [row] * 10_000}
        first(book, result={**book["calls"][0]["result"], **more})

    assert cells.run(f"%zai replay --speed 0 only {changed(Path('class.zai'), long)}", "r").ok
    ran = cells.run(BOOK["1"], "1")
    assert ran.ok and len(html(ran)) < 50_000


@pytest.mark.parametrize("how", ["half made", "damaged"])
def test_what_was_kept_of_a_pack_is_made_anew_where_it_is_no_good(
    cells: Cells, recorded: list[Any], how: str
) -> None:
    def replayed() -> None:
        restart(cells)
        assert cells.run("%zai replay --speed 0 only class.zai", "r").ok
        ran = cells.run(BOOK["1"], "1")
        assert ran.ok and not ran.sent, ran.out

    replayed()
    packs = Path(cells.zai.session.journal.store.folder) / "packs"
    (kept,) = packs.iterdir()
    cells.run("%zai replay off", "r")
    if how == "damaged":
        for file in kept.glob("journal.db*"):
            file.unlink()
        (kept / "journal.db").write_bytes(b"no database" * 100)
    else:
        (kept / "whole").unlink()
    replayed()
    replayed()
    assert [p.name for p in packs.iterdir()] == [kept.name] and (kept / "whole").exists()


def test_what_killed_kernels_left_of_packs_is_tidied_up(cells: Cells, recorded: list[Any]) -> None:
    import os

    packs = Path(cells.zai.session.journal.store.folder) / "packs"
    for name, age in (("making-old", 2 * 3600), ("making-now", 0)):
        (packs / name).mkdir(parents=True)
        at = (packs / name).stat().st_mtime - age
        os.utime(packs / name, (at, at))
    assert cells.run("%zai replay only class.zai", "r").ok
    assert [p.name for p in packs.glob("making-*")] == ["making-now"]


def test_a_restored_turn_is_no_answer_to_its_question_alone(
    cells: Cells, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("JPY_SESSION_NAME", str(carrying(tmp_path / "a.ipynb", "main", "main")))
    cells.run("%zai restore", "r")
    cells.run("%zai chat --alone asked here", "c0")
    assert "1 answer" in shown(cells.run("%zai pack a.zai", "p"))


def test_a_pack_that_is_missing_leaves_everything_as_it_is(
    cells: Cells, monkeypatch: pytest.MonkeyPatch
) -> None:
    stopped: list[str] = []
    monkeypatch.setattr(cells.zai.commands.background, "stop", stopped.append)
    assert not cells.run("%zai replay only nothere.zai", "1").ok
    assert not stopped and cells.zai.session.replay.mode == "off"
