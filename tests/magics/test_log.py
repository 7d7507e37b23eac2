"""`%zai log`: everything that was said is found, and brought back as it was."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import polars
import pytest
from books import shown
from shell_cells import Cells

from zai_magics.types import Clip, Picture, Reply, Table

FUNCTION = '{"name": "look_up", "parameters": {"type": "object", "properties": {}}}'
TOOLS = f'[{{"type": "function", "function": {FUNCTION}}}]'


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


def test_every_call_is_in_the_log_the_newest_first(cells: Cells) -> None:
    for words in ("apples", "pears", "apples and pears"):
        ask(cells, f"[[echo]]{words}", "1")
    ask(cells, "[[echo]]alone", options="--alone")
    cells.run("%zai image a cat")
    wanted = ["a cat", *(f"[[echo]]{w}" for w in ("alone", "apples and pears", "pears", "apples"))]
    assert log(cells) == wanted
    assert log(cells, "apples") == ["[[echo]]apples and pears", "[[echo]]apples"]
    assert log(cells, "APP pea") == ["[[echo]]apples and pears"]
    assert log(cells, "-n 2") == wanted[:2]
    shown = cells.run("%zai log -n 2").out
    assert "2 of 5" in shown and "a cat" in shown
    assert "no calls with 'quinces'" in cells.run("%zai log quinces").out


def test_what_a_kernel_before_this_one_said_is_found(cells: Cells) -> None:
    ask(cells, "[[echo]]apples")
    cells.run("%unload_ext zai_magics\n%load_ext zai_magics")
    assert log(cells, "apples") == ["[[echo]]apples"]


def test_words_that_ended_badly_are_in_the_log_as_such(cells: Cells) -> None:
    assert not cells.run("%zai chat [[cut]]a long text please").ok
    assert not cells.run("%zai chat [[error 1301]]refused").ok
    cells.run("%zai log -o found")
    rows = cells.value("found").rows
    assert [row[2] for row in rows] == ["chat, incomplete"]


@pytest.mark.parametrize(
    "words", ["100%", "_", '"', "'", "*", "AND", "NEAR", "-- -x", "-- --", "a?"]
)
def test_signs_are_no_error(cells: Cells, words: str) -> None:
    ask(cells, "[[echo]]Hi")
    assert log(cells, words) == []


def test_what_was_said_in_another_script_is_found(cells: Cells) -> None:
    ask(cells, "[[echo]]我喜欢机器学习")
    ask(cells, "[[echo]]確率分布とは")
    assert log(cells, "学习") == ["[[echo]]我喜欢机器学习"]
    assert log(cells, "分布") == ["[[echo]]確率分布とは"]


def test_here_means_this_notebook(cells: Cells, monkeypatch: pytest.MonkeyPatch) -> None:
    ask(cells, "[[echo]]mine")
    monkeypatch.setenv("JPY_SESSION_NAME", str(Path("other.ipynb").absolute()))
    ask(cells, "[[echo]]theirs")
    assert log(cells, "--here") == ["[[echo]]theirs"]
    assert len(log(cells)) == 2


@pytest.mark.parametrize(
    "words",
    [
        "hello",
        "a long text please",
        "[[finish length]]show me a table",
        "[[echo]]汉字 \\ud83d🙂 {{ chr(0) }} {{ chr(0x2028) }}",
        "[[empty]]x",
        "[[tool look_up]]x",
        "--no-stream -t 0.5 --think off -s 'Be brief.' hi",
    ],
)
def test_a_chat_is_brought_back_as_it_was(cells: Cells, words: str) -> None:
    ask(cells, "[[echo]]before", "1")
    cells.run(f"%zai chat -o made {words}", "2")
    made = cells.value("made")
    cells.run("%zai log -o back --open 2")
    back = cells.value("back")
    assert isinstance(back, Reply)
    assert back.to_dict() == made.to_dict()
    assert back == made and back.messages == made.messages and back.call == made.call


def test_an_answer_that_broke_off_is_brought_back_with_what_had_come(cells: Cells) -> None:
    assert not cells.run("%zai chat [[cut]]a long text please", "1").ok
    (turn,) = cells.zai.session.conversation.turns
    cells.run("%zai log -o back --open 1")
    back = cells.value("back")
    assert back == turn.reply and back and "incomplete" in back.note


def test_tool_calls_come_back(cells: Cells) -> None:
    ran = cells.run(f"%zai chat -o made --param 'tools={TOOLS}' [[tool look_up]]call it")
    assert ran.ok, ran.out
    made = cells.value("made")
    assert made.tool_calls
    cells.run("%zai log -o back --open 1")
    assert cells.value("back").tool_calls == made.tool_calls
    assert cells.value("back").messages == made.messages


def test_an_opened_value_is_shown_once_and_is_in_out(cells: Cells) -> None:
    ask(cells, "[[echo]]look at me")
    ran = cells.run("%zai log --open 1")
    assert ran.out.count("look at me") == 1 and ran.sent == []
    assert cells.run("_ == made").result.result is True
    assert "look at me" not in cells.run("%zai log -q -o x --open 1").out
    assert cells.value("x") == "look at me"


WEATHER = """
def weather(city: str):
    if city == "Oslo":
        return 'SECRETLY [[tool weather]] [[arguments {"city": "Rome"}]]'
    return "12 degrees"
"""
ASK = '[[tool weather]][[arguments {"city": "Oslo"}]]What now?'
TOOL = "-T weather --approve always"


def test_a_turn_with_tools_is_one_line_of_the_log(cells: Cells) -> None:
    cells.run(WEATHER)
    for _ in range(2):
        made = ask(cells, ASK, "1", TOOL)
    ask(cells, "[[echo]]and then?", "2")
    assert log(cells) == ["[[echo]]and then?", ASK, ASK]
    rows = cells.value("found").rows
    assert [(row[0], row[2]) for row in rows] == [
        ("7", "chat"), ("6", "chat, 3 requests"), ("3", "chat, 3 requests"),
    ]  # fmt: skip
    assert cells.run("%zai log --open 6 -o back").ok and cells.value("back") == made
    assert log(cells, "-n 2") == ["[[echo]]and then?", ASK]
    assert "the newest 2 of 3" in cells.run("%zai log -n 2").out


def test_a_line_of_the_log_says_what_all_of_a_turn_cost(cells: Cells) -> None:
    cells.run(WEATHER)
    ask(cells, ASK, "1", TOOL)
    with cells.zai.session.journal.write() as db:
        db.execute("update calls set cost = id / 100.0, endpoint = 'https://api.z.ai'")
    log(cells)
    assert cells.value("found").rows[0][-1] == "$0.06"


def test_a_question_asked_again_without_tools_is_a_line_of_its_own(cells: Cells) -> None:
    for _ in range(2):
        ask(cells, "[[echo]]apples", "1")
    ask(cells, f"--param 'tools={TOOLS}' [[tool look_up]]call it", "1")
    ask(cells, f"--param 'tools={TOOLS}' [[tool look_up]]call it", "1")
    assert len(log(cells)) == 4


def test_a_picture_is_brought_back(cells: Cells) -> None:
    cells.run("made = %zai image a cat")
    cells.run("several = %zai image -n 2 a dog")
    made, several = cells.value("made"), cells.value("several")
    for number, before in ((1, made), (2, several[0]), (3, several[1])):
        ran = cells.run(f"%zai log -o back --open {number}")
        back = cells.value("back")
        assert ran.sent == [] and isinstance(back, Picture)
        assert back.stored and back.cost == 0 and back.bytes == before.bytes
        for name in ("path", "url", "prompt", "model", "mime", "sandbox", "revised_prompt"):
            assert getattr(back, name) == getattr(before, name), name


def test_a_clip_is_brought_back(cells: Cells) -> None:
    cells.run("made = %zai video a bird")
    made = cells.value("made")
    ran = cells.run("%zai log -o back --open 1")
    back = cells.value("back")
    assert ran.sent == [] and isinstance(back, Clip)
    for name in ("path", "url", "prompt", "model", "mime", "sandbox", "poster", "job_id", "bytes"):
        assert getattr(back, name) == getattr(made, name), name


@pytest.mark.parametrize("words", ["--open 9", "--forget 9", "--open 0", "--forget -1"])
def test_a_call_that_is_not_there_is_a_clear_error(cells: Cells, words: str) -> None:
    ask(cells, "[[echo]]Hi")
    ran = cells.run(f"%zai log {words}")
    assert not ran.ok and "no call" in ran.out, ran.out
    assert len(log(cells)) == 1


@pytest.fixture(params=["a stand-in", "pandas itself"])
def pandas(
    request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, no_pandas: None
) -> Iterator[None]:
    """pandas, where it is installed, and a module of that name which keeps what it is given."""
    monkeypatch.delitem(sys.modules, "pandas")
    if request.param == "pandas itself":
        pytest.importorskip("pandas")
        yield
        return
    (tmp_path / "pandas.py").write_text(
        "class DataFrame(dict):\n"
        "    columns = property(list)\n"
        "def to_datetime(values, unit, utc): return list(values)\n"
        "def array(values, dtype): return list(values)\n"
    )
    monkeypatch.syspath_prepend(str(tmp_path))
    yield
    sys.modules.pop("pandas", None)


def test_where_there_is_pandas_the_log_is_a_frame(cells: Cells, pandas: None) -> None:
    ask(cells, "[[echo]]apples", "1")
    cells.run("%zai image a cat")
    ran = cells.run("%zai log -o frame\nframe")
    assert ran.ok, ran.out
    frame = cells.value("frame")
    assert type(frame).__name__ == "DataFrame"
    assert list(frame["prompt"]) == ["a cat", "[[echo]]apples"]
    assert list(frame["reply"]) == ["", "apples"]
    assert list(frame["kind"]) == ["image", "chat"]
    assert frame["at"][0] >= frame["at"][1]
    assert frame["prompt_tokens"][1] > 0
    assert frame["cost"][0] == 0
    assert ran.out.count("apples") == 2, "the table once, prompt and answer, and no frame beside it"


def test_the_requests_of_one_map_or_compare_are_one_line(cells: Cells) -> None:
    cells.shell.user_ns["df"] = polars.DataFrame({"n": range(5)})
    cells.run("out = %zai map df row {{ n }}", "1")
    cells.run("%zai compare -t 0,1 -n 2 hello", "2")
    table = shown(cells.run("%zai log", "3"))
    assert "map, 5 requests" in table and "compare, 4 requests" in table
    assert "2 calls" in table
    assert "row 3" in shown(cells.run("%zai log row 3", "3"))
