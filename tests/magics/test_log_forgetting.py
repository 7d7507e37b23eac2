"""`%zai log --forget`, and what is never written down at all: the key."""

from __future__ import annotations

import base64
import sys
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from shell_cells import Cells
from shop import Shop

from zai_magics.types import Table


def ask(cells: Cells, words: str, cell_id: str | None = None, options: str = "") -> Any:
    ran = cells.run(f"%zai chat {options} -o made {words}", cell_id)
    assert ran.ok, ran.out
    return cells.value("made")


@pytest.fixture(autouse=True)
def no_pandas(monkeypatch: pytest.MonkeyPatch) -> None:
    """As where it is not installed."""
    monkeypatch.setitem(sys.modules, "pandas", None)


def log(cells: Cells, words: str = "") -> list[str]:
    """The prompts in the table that the log shows."""
    ran = cells.run(f"%zai log -o found {words}")
    assert ran.ok, ran.out
    assert ran.sent == []
    table = cells.value("found")
    assert isinstance(table, Table)
    return [row[4] for row in table.rows]


def holding(folder: Path, word: str) -> list[str]:
    files = [path for path in folder.rglob("*") if path.is_file()]
    return [path.name for path in files if word.encode() in path.read_bytes()]


def home(cells: Cells) -> Path:
    return Path(cells.zai.session.journal.store.folder)


def test_what_is_forgotten_is_nowhere(cells: Cells) -> None:
    ask(cells, "[[echo]]first", "1")
    ask(cells, "[[echo]]WHISPERED", "2")
    ask(cells, "[[echo]]third", "3")
    ask(cells, "[[echo]]unrelated", "4", "-c b")
    assert log(cells, "whispered") == ["[[echo]]WHISPERED"]
    assert holding(home(cells), "WHISPERED")
    ran = cells.run("%zai log --forget 2")
    assert ran.ok and "call 2 is forgotten" in ran.out
    for word in ("WHISPERED", "whispered"):
        assert holding(home(cells), word) == []
    assert log(cells, "whispered") == []
    assert len(log(cells)) == 3
    turns = [t.prompt for t in cells.zai.session.conversation.turns]
    assert turns == ["[[echo]]first", "[[echo]]third"]
    body = cells.run("%zai chat [[echo]]fourth", "5").body
    assert "WHISPERED" not in str(body) and "third" in str(body)
    cells.run("%zai use main\n%zai history")
    assert "WHISPERED" not in cells.run("%zai history").out
    cells.run("%unload_ext zai_magics")
    assert holding(home_folder(), "WHISPERED") == []
    cells.run("%load_ext zai_magics")


def home_folder() -> Path:
    from zai_magics.journal import home

    return home()


def test_the_same_cell_run_again_after_forgetting_is_new(cells: Cells) -> None:
    ask(cells, "[[echo]]WHISPERED", "1")
    cells.run("%zai log --forget 1")
    ask(cells, "[[echo]]WHISPERED", "1")
    assert log(cells, "whispered") == ["[[echo]]WHISPERED"]
    assert [t.prompt for t in cells.zai.session.conversation.turns] == ["[[echo]]WHISPERED"]
    assert not cells.run("%zai log --forget 1").ok, "a number is not given twice"
    assert cells.run("%zai log -o back --open 2").ok
    assert cells.value("back").messages == cells.value("made").messages


def test_a_forgotten_picture_leaves_no_copy_in_the_journal(cells: Cells) -> None:
    cells.run("made = %zai image WHISPERED")
    made = cells.value("made")
    content = made.bytes
    ran = cells.run("%zai log --forget 1")
    assert "files beside the notebook are yours to delete" in ran.out
    assert made.bytes == content
    files = [path for path in home(cells).rglob("*") if path.is_file()]
    assert not any(content in path.read_bytes() for path in files)
    assert holding(home(cells), "WHISPERED") == []
    assert len(cells.run("%zai image WHISPERED").bodies) == 1


def test_a_picture_that_was_shown_again_is_forgotten_whole(cells: Cells) -> None:
    for _ in range(2):
        assert cells.run("%zai image WHISPERED").ok
    assert holding(home(cells), "WHISPERED")
    assert cells.run("%zai log --forget 1").ok
    assert holding(home(cells), "WHISPERED") == []


def test_what_tools_gave_is_forgotten_with_the_turn(cells: Cells) -> None:
    cells.run("def look(word: str): return 'RESULT of ' + word")
    call = '[[tool look]][[arguments {"word": "ARGUMENT"}]]'
    ask(cells, call, "1", "-T look --approve always")
    assert holding(home(cells), "RESULT") and holding(home(cells), "ARGUMENT")
    numbers = [str(r.id) for r in cells.zai.session.journal.find("", 9)]
    assert cells.run(f"%zai log --forget {numbers[0]}").ok
    assert holding(home(cells), "RESULT") == [] and holding(home(cells), "ARGUMENT") == []


def test_a_forgotten_chat_takes_its_picture_along(cells: Cells) -> None:
    from test_conversation import PNG

    content = PNG + b"PICTUREBYTES" * 200
    Path("dot.png").write_bytes(content)
    ask(cells, "What?", "1", "-a dot.png")
    assert holding(home(cells), "PICTUREBYTES")
    cells.run("%zai log --forget 1")
    assert holding(home(cells), "PICTUREBYTES") == []


KEY = "0123456789abcdef0123456789abcdef.AB+DEF/HIJKLMNOP"
FORMS = (KEY, quote(KEY, safe=""), base64.b64encode(KEY.encode()).decode(), KEY[:32])


@pytest.mark.parametrize("form", FORMS, ids=["plain", "URL", "base64", "half"])
def test_the_key_never_stands_in_the_journal(
    cells: Cells, monkeypatch: pytest.MonkeyPatch, form: str
) -> None:
    monkeypatch.setenv("ZAI_API_KEY", KEY)
    cells.shell.user_ns["form"] = form
    ask(cells, "[[echo]]Hi", "1")
    for number, line in enumerate(
        (
            "chat say {{ form }}",
            "chat -s '{{ form }}' Hi",
            "chat --stop {{ form }} Hi",
            "chat --param user={{ form }} Hi",
            "system {{ form }}",
            "chat after",
            "system off",
            "image draw {{ form }}",
            "image --param user={{ form }} draw",
            "video film {{ form }}",
            "chat -a https://example.com/{{ form }}.png What?",
            f"new {form[:59]}",
            f"use {form[:59]}",
            f"fork {form[:59]}",
            f"chat -c {form[:59]} Hi",
            "new",
        )
    ):
        ran = cells.run(f"%zai {line}", f"c{number}")
        assert form not in str(ran.bodies), line
        assert [line, holding(home(cells), form)] == [line, []]
    cells.run(f"form = 'x{form}'\n%zai chat later", "9")
    cells.zai.session.journal.close()
    for one in FORMS:
        assert holding(home(cells), one) == []


def test_an_answer_that_repeats_the_key_is_kept_without_it(
    cells: Cells, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ZAI_API_KEY", KEY)
    with Shop() as shop:
        shop.says = f"your key is {KEY}, in base64 {FORMS[2]}, in a URL {FORMS[1]}"
        cells.zai.session.connection.base_url = shop.url
        ran = cells.run("%zai chat -o made What is it?", "1")
        assert ran.ok and "your key is" in cells.value("made")
    assert [holding(home(cells), form) for form in FORMS] == [[]] * len(FORMS)


@pytest.mark.parametrize("number", [1, 2])
def test_a_turn_with_tools_is_forgotten_whole(cells: Cells, number: int) -> None:
    cells.run("def weather(city: str):\n    return '12 degrees'")
    words = "[[tool weather]][[arguments {}]]WHISPERED".replace("{}", '{"city": "Oslo"}')
    ask(cells, words, "1", "-T weather --approve always")
    ask(cells, words, "1", "-T weather --approve always")
    assert cells.run(f"%zai log --forget {number}").ok
    assert log(cells) == [words]
    assert cells.run("%zai log --forget 4").ok
    assert log(cells) == [] and holding(home(cells), "[[tool weather]]") == []


def test_a_turn_that_was_corrected_is_one_line_and_is_forgotten_whole(
    cells: Cells, shop: Shop
) -> None:
    answers = ["BADANSWER", '{"n": "WORSE"}', '{"n": 3}']
    shop.on_order = lambda number: setattr(shop, "says", answers[min(number, 3) - 1])
    ran = cells.run('%%zai chat --schema "n int: SCHEMAWORDS"\nTYPED', "1")
    assert ran.ok and shop.bought == 3, ran.out
    assert log(cells) == ["TYPED"]
    words = ["TYPED", "BADANSWER", "WORSE", "SCHEMAWORDS"]
    assert all(holding(home(cells), word) for word in words)
    assert cells.run("%zai log --forget 3").ok
    assert log(cells) == [] and not any(holding(home(cells), word) for word in words)


def test_what_another_call_of_the_same_tools_brought_stays(cells: Cells) -> None:
    cells.run("def look(word: str): return 'TOOL' + 'RESULT'", "0")
    ask = '%%zai chat -T look --approve always\n[[tool look]][[arguments {"word": "W"}]]QUESTION'
    assert cells.run(ask, "1").ok
    cells.run("%zai replay --speed 0 only", "r")
    assert cells.run(ask, "1").ok
    with cells.zai.session.journal.read() as db:
        (newest,) = db.execute("select max(id) from calls").fetchone()
    assert cells.run(f"%zai log --forget {newest}").ok
    assert holding(home(cells), "TOOLRESULT") and holding(home(cells), "QUESTION")
    assert cells.run("%zai log --forget 2").ok
    assert not holding(home(cells), "TOOLRESULT") and not holding(home(cells), "QUESTION")
