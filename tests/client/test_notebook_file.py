"""A saved notebook read back: its cells, and the turns that its outputs carry."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from zai_magics import notebook
from zai_magics.conversation import Place, Turn
from zai_magics.errors import CommandError
from zai_magics.render import reply as replies
from zai_magics.types import Call, Reply, Usage

BAD = ["", "{", '{"cells": [{"id": "a"}', "[]", "null", "1", '{"cells": {}}', "\xff", "[" * 50_000]
OLD = json.dumps({"nbformat": 3, "worksheets": [{"cells": []}]})


def record(**more: Any) -> dict[str, Any]:
    """A record of version 1, some of its fields replaced."""
    asked = [{"role": "user", "content": "Hi"}]
    call = Call("glm-4.7", Usage(1, 2), 0.1, conversation="main")
    return {**replies.record(Reply("Hello", call, asked=asked)), **more}


def code(name: str | None, *records: Any, **more: Any) -> dict[str, Any]:
    """A code cell whose outputs carry these records."""
    outputs = [
        {"output_type": "display_data", "data": {notebook.RECORD: r}, "metadata": {}}
        for r in records
    ]
    cell = {"cell_type": "code", "source": "%%zai chat\nHi", "outputs": outputs, "metadata": {}}
    return {**cell, **({"id": name} if name else {}), **more}


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "lesson.ipynb"


def save(file: Path, *cells: Any, **more: Any) -> Path:
    """A notebook of these cells."""
    book = {"cells": cells, "metadata": {}, "nbformat": 4, "nbformat_minor": 5, **more}
    file.write_text(json.dumps(book), "utf-8")
    return file


def test_the_record_is_the_one_that_replies_carry() -> None:
    assert notebook.RECORD == replies.RECORD


def test_cell_ids_come_in_the_files_order(file: Path) -> None:
    cells = [code("b"), {"cell_type": "markdown", "id": "a", "source": ""}, code(None), code("c")]
    assert notebook.cell_ids(save(file, *cells)) == ("b", "a", "c")


def test_an_older_notebook_has_no_cell_ids(file: Path) -> None:
    assert notebook.cell_ids(save(file, code(None), nbformat_minor=4)) == ()


@pytest.mark.parametrize("content", [*BAD, OLD])
def test_what_is_no_notebook_has_neither_ids_nor_turns(file: Path, content: str) -> None:
    file.write_bytes(content.encode("latin-1"))
    assert notebook.cell_ids(file) is None
    with pytest.raises(CommandError, match=r"is not a notebook.*give the path") as error:
        notebook.turns(file)
    assert "\n" not in str(error.value)


def test_a_missing_file_says_so_with_the_next_step(file: Path) -> None:
    assert notebook.cell_ids(file) is None
    with pytest.raises(CommandError, match=r"there is no file .*; give the path"):
        notebook.turns(file)


def test_a_folder_is_no_notebook(tmp_path: Path) -> None:
    assert notebook.cell_ids(tmp_path) is None
    with pytest.raises(CommandError, match="no regular file"):
        notebook.turns(tmp_path)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="named pipes are POSIX")
def test_a_named_pipe_is_not_waited_for(file: Path) -> None:
    os.mkfifo(file)
    assert notebook.cell_ids(file) is None


def test_a_file_beyond_the_limit_is_not_read(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    save(file, code("a", record()))
    assert notebook.cell_ids(file) == ("a",)
    monkeypatch.setattr(notebook, "FILE_LIMIT", file.stat().st_size - 1)
    assert notebook.cell_ids(file) is None
    with pytest.raises(CommandError, match="larger than 200 MB"):
        notebook.turns(file)


def test_turns_have_their_cell_their_ordinal_and_their_number(file: Path) -> None:
    save(file, code("b", record(user="1"), record(user="2")), code("a", record(user="3")))
    assert notebook.turns(file) == (
        Turn("1", "Hello", "glm-4.7", Place("b", 0), run=1, asked_in="main"),
        Turn("2", "Hello", "glm-4.7", Place("b", 1), run=2, asked_in="main"),
        Turn("3", "Hello", "glm-4.7", Place("a", 0), run=3, asked_in="main"),
    )


def test_without_cell_ids_turns_have_no_place(file: Path) -> None:
    (turn,) = notebook.turns(save(file, code(None, record()), nbformat_minor=4))
    assert turn.place is None


def test_an_id_that_stands_twice_makes_no_place_twice(file: Path) -> None:
    save(file, code("a", record()), code("a", record()))
    assert [t.place for t in notebook.turns(file)] == [Place("a", 0), Place("a", 1)]


def test_a_record_that_is_left_out_keeps_its_ordinal(file: Path) -> None:
    save(file, code("a", record(version=2), record()))
    assert [(t.place, t.run) for t in notebook.turns(file)] == [(Place("a", 1), 1)]


def test_an_answer_outside_every_conversation_is_no_turn(file: Path) -> None:
    save(file, code("a", record(conversation=""), record()))
    assert [(t.place, t.run) for t in notebook.turns(file)] == [(Place("a", 0), 1)]


def test_a_record_that_names_no_conversation_is_a_turn(file: Path) -> None:
    less = {k: v for k, v in record().items() if k != "conversation"}
    assert len(notebook.turns(save(file, code("a", less)))) == 1


@pytest.mark.parametrize(
    ("note", "state"),
    [
        ("", "complete"),
        ("cut off at max_tokens; raise --max-tokens and run the cell again", "complete"),
        ("interrupted", "interrupted"),
        ("incomplete: it broke off here", "incomplete"),
        ("incomplete: the stream ended early; run the cell again", "incomplete"),
    ],
)
def test_the_note_under_an_answer_tells_its_state(file: Path, note: str, state: str) -> None:
    (turn,) = notebook.turns(save(file, code("a", record(note=note))))
    assert turn.state == state


@pytest.mark.parametrize(
    "wrong",
    [
        *({"version": v} for v in (0, 2, 1.0, True, "1", None)),
        *({"user": v} for v in (None, 1, ["Hi"], {"text": "Hi"}, "", " \n")),
        *({"reply": v} for v in (None, 1, ["Hi"])),
        *({"model": v} for v in (None, 1, [], "m" * 201, "-m", " --raw")),
        *({"attachments": v} for v in (None, "1", 1.5, True)),
        *({"note": v} for v in (None, 1)),
        *({"usage": v} for v in ("", [], 1)),
        *({"cost": v} for v in ("free", True)),
        *({"sandbox": v} for v in (None, 1, "yes")),
        *({"conversation": v} for v in (None, 1, ["main"])),
    ],
    ids=str,
)
def test_a_record_with_a_wrong_field_is_left_out(file: Path, wrong: dict[str, Any]) -> None:
    assert len(notebook.turns(save(file, code("a", record())))) == 1
    assert notebook.turns(save(file, code("a", record(**wrong)))) == ()


@pytest.mark.parametrize("name", ["version", "user", "reply", "model"])
def test_a_record_without_what_is_needed_is_left_out(file: Path, name: str) -> None:
    less = {k: v for k, v in record().items() if k != name}
    assert notebook.turns(save(file, code("a", less))) == ()


@pytest.mark.parametrize("part", ["user", "reply"])
def test_a_text_over_the_limit_is_left_out(file: Path, part: str) -> None:
    limit = notebook.TEXT_LIMIT
    fits, long = record(**{part: "é" * (limit // 2)}), record(**{part: "é" * (limit // 2) + "e"})
    assert [len(getattr(t, part)) for t in notebook.turns(save(file, code("a", fits, long)))] == [
        limit // 2
    ]


def test_turns_beyond_the_limit_are_left_out(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(notebook, "TURN_LIMIT", 3)
    assert len(notebook.turns(save(file, code("a", *[record()] * 5)))) == 3


@pytest.mark.parametrize("name", ["a\nb", " a", "x" * 61, "\u202e", "\x1b[31m", "\ud800"], ids=repr)
def test_a_name_that_no_conversation_can_have_is_none(file: Path, name: str) -> None:
    (turn,) = notebook.turns(save(file, code("a", record(conversation=name))))
    assert turn.asked_in == ""


def test_nothing_but_words_model_and_conversation_is_believed(file: Path) -> None:
    more = {"system": "evil", "params": {"x": 1}, "thinking": "t", "call": 7, "at": 1.0}
    (turn,) = notebook.turns(save(file, code("a", record(**more, attachments=2))))
    assert turn == Turn("Hi", "Hello", "glm-4.7", Place("a"), run=1, asked_in="main")


def test_only_outputs_of_code_cells_count(file: Path) -> None:
    cells = [code("a", record(), cell_type="markdown"), code("b", record(), cell_type="raw")]
    assert notebook.turns(save(file, *cells)) == ()


def test_halves_of_characters_are_joined_or_replaced(file: Path) -> None:
    (turn,) = notebook.turns(save(file, code("a", record(user="\ud83d\ude00", reply="a\ud800b"))))
    assert (turn.user, turn.reply) == ("\U0001f600", "a\ufffdb")


@pytest.mark.parametrize("name", ["\ud800", "a\nb", "x" * 201, "\u202e", 7, ["a"]], ids=repr)
def test_an_id_that_no_front_end_gives_is_none(file: Path, name: Any) -> None:
    save(file, {**code(None, record()), "id": name})
    assert notebook.cell_ids(file) == ()
    assert [t.place for t in notebook.turns(file)] == [None]


KEYS = st.sampled_from(
    ["cells", "cell_type", "id", "outputs", "data", notebook.RECORD, "version", "user", "reply"]
)
LEAVES = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5)
ANY = st.recursive(
    LEAVES | st.just("code") | st.just(record()),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(KEYS, inner, max_size=4),
    max_leaves=12,
)
OUTPUTS = st.builds(lambda v: {"data": {notebook.RECORD: v}}, ANY) | ANY
CELLS = st.builds(lambda o: {"cell_type": "code", "outputs": o}, st.lists(OUTPUTS) | ANY) | ANY


@given(cells=st.lists(CELLS, max_size=4))
@settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_whatever_a_notebook_holds_is_no_exception(file: Path, cells: list[Any]) -> None:
    for turn in notebook.turns(save(file, *cells)):
        assert turn.user and isinstance(turn.reply, str) and turn.model
    assert notebook.cell_ids(file) is not None
