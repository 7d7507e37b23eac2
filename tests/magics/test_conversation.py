"""The conversation is cells: what a request carries, whatever is run again, dropped or stopped."""

from __future__ import annotations

from pathlib import Path

import pytest
from shell_cells import Cells

from zai_magics.errors import CommandError

PNG = bytes.fromhex(
    "89504e470d0a1a0a0000000d4948445200000001000000010806000000"
    "1f15c4890000000d49444154789c6360606060000000050001a5f64540"
    "0000000049454e44ae426082"
)


def _ask(cells: Cells, word: str, cell_id: str | None = None, options: str = "") -> list[str]:
    """The user's words of the request that `word` is asked with."""
    ran = cells.run(f"%%zai chat {options}\n[[echo]]{word}", cell_id)
    assert ran.ok, ran.out
    return [m["content"].removeprefix("[[echo]]") for m in ran.body["messages"]]


def _turns(cells: Cells) -> list[str]:
    return [t.prompt.removeprefix("[[echo]]") for t in cells.zai.session.conversation.turns]


def test_a_turn_carries_the_turns_before_it_with_their_answers(cells: Cells) -> None:
    assert _ask(cells, "a", "1") == ["a"]
    assert _ask(cells, "b", "2") == ["a", "a", "b"]
    body = cells.run("%zai chat c", "3").body
    assert [m["role"] for m in body["messages"]] == ["user", "assistant"] * 2 + ["user"]


def test_a_cell_that_is_run_again_replaces_its_turn_in_its_place(cells: Cells) -> None:
    for word, cell in (("a", "1"), ("b", "2"), ("c", "3")):
        _ask(cells, word, cell)
    assert _ask(cells, "B", "2") == ["a", "a", "B"]
    assert _turns(cells) == ["a", "B", "c"]
    assert _ask(cells, "d", "4") == ["a", "a", "B", "B", "c", "c", "d"]
    conversation = cells.zai.session.conversation
    assert [conversation.stale(i) for i in range(4)] == [False, False, True, False]
    assert "older than its context" in str(cells.run("%zai history", "5").displays)


def test_running_all_cells_again_ends_in_the_same_conversation(cells: Cells) -> None:
    notebook = {"1": "%zai new", "2": "%zai chat a", "3": "%zai chat b", "4": "%zai drop"}
    notebook |= {"5": "%zai chat c"}
    for cell, code in notebook.items():
        assert cells.run(code, cell).ok
    once = [t.prompt for t in cells.zai.session.conversation.turns]
    for cell, code in notebook.items():
        assert cells.run(code, cell).ok
    assert [t.prompt for t in cells.zai.session.conversation.turns] == once == ["a", "c"]


def test_lines_and_loops_of_a_cell_make_their_own_turns(cells: Cells) -> None:
    ran = cells.run("for w in 'ab':\n    %zai chat [[echo]]{{ w }}\n%zai chat [[echo]]c", "1")
    assert [len(b["messages"]) for b in ran.bodies] == [1, 3, 5]
    again = cells.run("for w in 'AB':\n    %zai chat [[echo]]{{ w }}\n%zai chat [[echo]]C", "1")
    assert [len(b["messages"]) for b in again.bodies] == [1, 3, 5]
    assert _turns(cells) == ["A", "B", "C"]


def test_a_cell_that_now_makes_fewer_turns_loses_the_rest(cells: Cells) -> None:
    cells.run("for w in 'abc':\n    %zai chat [[echo]]{{ w }}", "1")
    _ask(cells, "d", "2")
    cells.run("for w in 'xy':\n    %zai chat [[echo]]{{ w }}", "1")
    assert _turns(cells) == ["x", "y", "d"]
    cells.run("1 + 1", "2")
    assert _turns(cells) == ["x", "y"]
    cells.run("", "1")
    assert _turns(cells) == []


def test_a_blank_cell_takes_nothing_from_other_cells(cells: Cells) -> None:
    _ask(cells, "a", "1")
    _ask(cells, "b", "2")
    cells.run("  \n", "3")
    assert _turns(cells) == ["a", "b"]


def test_a_run_that_fails_keeps_the_old_turns(cells: Cells) -> None:
    cells.run("%zai chat [[echo]]a\n%zai chat [[echo]]b", "1")
    for code in (
        "%zai chat [[error 1301]]x",
        "%zai chat {{ nope }}",
        "%zai chta",
        "1 / 0",
        "x = = 1",
        "%zai chat --nope x",
        "try:\n    %zai chat [[error 1301]]x\nexcept Exception: pass\n%zai chat {{ nope }}",
    ):
        assert not cells.run(code, "1").ok
        assert _turns(cells) == ["a", "b"], code
    cells.run("%zai chat [[echo]]A\n%zai chat {{ nope }}", "1")
    assert _turns(cells) == ["A", "b"]


def test_a_dry_run_shows_the_request_of_this_place_and_keeps_the_turn(cells: Cells) -> None:
    _ask(cells, "first", "1")
    _ask(cells, "second", "2")
    ran = cells.run("%zai chat --dry-run third", "1")
    assert ran.sent == [] and _turns(cells) == ["first", "second"]
    shown = ran.displays[-1]["data"]["text/plain"]
    assert "third" in shown and "first" not in shown and "second" not in shown


@pytest.mark.parametrize("above", ["%%capture", "%%time", "%%capture out\n%%time", "# note"])
def test_a_cell_within_a_cell_is_the_same_cell(cells: Cells, above: str) -> None:
    for word in "ab":
        assert cells.run(f"{above}\n%%zai chat\n[[echo]]{word}", "1").ok
    assert _turns(cells) == ["b"]
    code = "%zai chat [[echo]]x\nget_ipython().run_cell('%zai chat [[echo]]y')\n%zai chat [[echo]]z"
    for _ in range(2):
        assert cells.run(code, "2").ok
    assert _turns(cells) == ["b", "x", "y", "z"]


@pytest.mark.parametrize(
    "cell_id", [None, "", "vscode-notebook-cell:/home/me/a.ipynb#W0sZmlsZQ%3D%3D"]
)
def test_without_a_usable_cell_id_every_run_appends(cells: Cells, cell_id: str | None) -> None:
    for _ in range(3):
        _ask(cells, "a", cell_id)
    assert _turns(cells) == ["a", "a", "a"]


def test_drop_takes_back_the_turn_run_last_or_the_one_named(cells: Cells) -> None:
    for word, cell in (("a", "1"), ("b", "2"), ("c", "3"), ("A", "1")):
        _ask(cells, word, cell)
    assert "“[[echo]]A”" in cells.run("%zai drop").out
    assert _turns(cells) == ["b", "c"]
    cells.run("%zai drop 1")
    assert _turns(cells) == ["c"]
    assert not cells.run("%zai drop 2").ok and not cells.run("%zai drop 0").ok
    assert _turns(cells) == ["c"]
    assert _ask(cells, "d", "4") == ["c", "c", "d"]


@pytest.mark.parametrize(
    ("given", "words"),
    [("@wh", "-s: there is no wh here; did you mean @who?"), ("@many", "-s takes one text")],
)
def test_a_variable_that_is_no_system_prompt_is_one_line_and_nothing_is_sent(
    cells: Cells, given: str, words: str
) -> None:
    cells.run("who, many = 'Ada', ['a', 'b']")
    ran = cells.run(f"%zai chat -s {given} Hi")
    assert isinstance(ran.error, CommandError) and words in str(ran.error)
    assert ran.sent == []


def test_new_begins_anew(cells: Cells) -> None:
    _ask(cells, "a", "1")
    assert "'lesson'" in cells.run("%zai new lesson").out
    assert _turns(cells) == [] and cells.zai.session.conversation.name == "lesson"
    assert _ask(cells, "b", "2") == ["b"]


def test_the_system_prompt_stands_before_every_turn_until_it_is_taken_off(cells: Cells) -> None:
    cells.run("who = 'Ada'")
    cells.run("%%zai system\nYou are {{ who }}.\nBe brief?")
    assert _ask(cells, "a", "1") == ["You are Ada.\nBe brief?", "a"]
    assert "You are Ada." in cells.run("%zai system").out
    assert _ask(cells, "b", "2", "--alone")[0] == "b"
    assert _ask(cells, "b", "2", "-s 'Only now'")[0] == "Only now"
    assert _ask(cells, "b", "2", "-s ''")[0] == "a"
    assert _ask(cells, "b", "2", "-s @who")[0] == "Ada"
    assert _ask(cells, "b", "2", "-s '@who: be kind'")[0] == "@who: be kind"
    cells.run("%zai system off")
    assert _ask(cells, "b", "2") == ["a", "a", "b"]
    assert "no system prompt" in cells.run("%zai system").out


def test_a_turn_alone_neither_takes_nor_leaves_anything(cells: Cells) -> None:
    _ask(cells, "a", "1")
    assert _ask(cells, "b", "2", "--alone") == ["b"]
    assert _turns(cells) == ["a"]


def test_thinking_is_kept_but_not_sent_back(cells: Cells) -> None:
    cells.run("%zai chat hello", "1")
    turn = cells.zai.session.conversation.turns[0]
    assert turn.thinking
    assert turn.thinking not in str(cells.run("%zai chat again", "2").body)


def test_history_shows_the_turns(cells: Cells) -> None:
    _ask(cells, "what is it", "1")
    assert "what is it" in cells.run("%zai history").out
    assert cells.run("%zai history", "9").sent == []


def test_an_image_makes_the_vision_model_answer_and_says_so(cells: Cells, tmp_path: Path) -> None:
    Path("dot.png").write_bytes(PNG)
    ran = cells.run("x = %zai chat -a dot.png -a https://example.com/b.jpg What is it?")
    assert ran.ok, ran.out
    first, second, words = ran.body["messages"][-1]["content"]
    assert first["image_url"]["url"].startswith("data:image/png;base64,iVBOR")
    assert second == {"type": "image_url", "image_url": {"url": "https://example.com/b.jpg"}}
    assert words == {"type": "text", "text": "What is it?"}
    assert ran.body["model"] == "glm-4.6v"
    assert "glm-4.7 reads no images, so glm-4.6v was asked" in cells.value("x").note
    assert "glm-4.6v was asked" in ran.out
    later = cells.run("%zai chat And now?").body
    assert later["model"] == "glm-4.6v" and len(later["messages"]) == 3
    chosen = cells.run("y = %zai chat -m glm-4.5v -a dot.png Hm?").body
    assert chosen["model"] == "glm-4.5v" and cells.value("y").note == ""


@pytest.mark.parametrize(
    ("content", "says"),
    [(b"GIF89a", "cannot be read"), (b"", "empty"), (None, "no file of that name")],
)
def test_what_is_no_picture_is_refused(cells: Cells, content: bytes | None, says: str) -> None:
    if content is not None:
        Path("a.png").write_bytes(content)
    ran = cells.run("%zai chat -a a.png What?")
    assert not ran.ok and says in ran.out and ran.sent == []


def test_cells_within_the_first_cell_that_asks_make_their_own_turns(
    bare: Cells, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Nothing may be asked of the magics before: they are made at the first use.
    monkeypatch.setenv("ZAI_BASE_URL", bare.sandbox.base_url)
    nested = "for w in 'ab':\n    get_ipython().run_cell('%zai chat [[echo]]' + w)"
    assert bare.run(nested, "1").ok
    assert _turns(bare) == ["a", "b"]
    assert bare.run(nested, "1").ok
    assert _turns(bare) == ["a", "b"]
