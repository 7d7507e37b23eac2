"""`--schema`: answers that are typed values, asked again when they are not."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from typing import Any

import pytest
from books import shown, turns
from bought import html
from shell_cells import Cells
from shop import Shop

from zai_magics.errors import CommandError, SchemaError

Answer = Callable[[Sequence[str]], None]


@pytest.fixture
def answers(shop: Shop) -> Answer:
    """Let the service say these, one after the other."""

    def say(texts: Sequence[str]) -> None:
        def next_one(number: int) -> None:
            shop.says = texts[min(number, len(texts)) - 1]

        shop.on_order = next_one

    return say


def ask(cells: Cells, options: str = '--schema "name, age int"', prompt: str = "Who?") -> Any:
    return cells.run(f"%%zai chat -o made {options}\n{prompt}", "1")


def sent(shop: Shop) -> list[dict[str, Any]]:
    return [body for _, body in shop.sold]


GOOD = '{"name": "Ada", "age": 36}'


def test_the_answer_is_a_typed_value(cells: Cells, shop: Shop, answers: Answer) -> None:
    answers(['{"name": "Ada", "age": "36"}'])
    assert ask(cells).ok
    assert cells.value("made").data == {"name": "Ada", "age": 36}
    (body,) = sent(shop)
    assert body["response_format"] == {"type": "json_object"}
    assert body["thinking"] == {"type": "disabled"}
    assert '"age"' in body["messages"][0]["content"] and body["messages"][0]["role"] == "system"


def test_thinking_is_on_where_it_is_asked_for(cells: Cells, shop: Shop, answers: Answer) -> None:
    answers([GOOD])
    assert ask(cells, '--think on --schema "name, age int"').ok
    assert sent(shop)[0]["thinking"] == {"type": "enabled"}


def test_a_class_that_makes_none_of_it_is_taken_at_its_word(
    cells: Cells, shop: Shop, answers: Answer, monkeypatch: pytest.MonkeyPatch
) -> None:
    from zai_magics import schema

    monkeypatch.setattr(schema, "read", lambda text, wanted: schema.Read(None, ()))
    answers([GOOD])
    assert ask(cells).ok and shop.bought == 1


def test_an_empty_answer_is_asked_again_without_an_empty_message(
    cells: Cells, shop: Shop, answers: Answer
) -> None:
    answers([" ", GOOD])
    assert ask(cells).ok and cells.value("made").data["age"] == 36
    assert all(message["content"].strip() for message in sent(shop)[1]["messages"])


@pytest.mark.parametrize("bad", ['{"name": "Ada"}', "I cannot.", '{"name": "Ada", "age": "old"}'])
def test_what_does_not_fit_is_asked_again_with_the_errors_only(
    cells: Cells, shop: Shop, answers: Answer, bad: str
) -> None:
    answers([bad, GOOD])
    assert ask(cells).ok and cells.value("made").data == {"name": "Ada", "age": 36}
    first, second = sent(shop)
    *_, said, repair = second["messages"]
    assert second["messages"][: len(first["messages"])] == first["messages"]
    assert said == {"role": "assistant", "content": bad}
    assert (repair["role"] == "user" and "age" in repair["content"]) or "no JSON" in repair[
        "content"
    ]
    assert "Who?" not in repair["content"]


def test_the_conversation_has_the_question_and_the_answer_that_fits(
    cells: Cells, shop: Shop, answers: Answer
) -> None:
    answers(["nonsense", GOOD, "fine"])
    ask(cells)
    assert turns(cells) == ["Who?"]
    cells.run("%zai chat and then?", "2")
    assert [m["content"] for m in sent(shop)[-1]["messages"]] == ["Who?", GOOD, "and then?"]


def test_all_requests_are_counted(cells: Cells, shop: Shop, answers: Answer) -> None:
    answers(["nonsense", "{}", GOOD])
    before = cells.zai.session.spent.calls
    assert ask(cells).ok and shop.bought == 3
    assert cells.zai.session.spent.calls == before + 3
    with cells.zai.session.journal.read() as db:
        assert db.execute("select count(*) from calls").fetchone() == (3,)


def test_after_two_more_tries_the_cell_fails_and_the_words_are_kept(
    cells: Cells, shop: Shop, answers: Answer
) -> None:
    answers(["nonsense"])
    ran = ask(cells)
    assert isinstance(ran.error, SchemaError) and shop.bought == 3
    assert "no JSON" in str(ran.error) and "nonsense" in shown(ran)
    assert "made" not in cells.shell.user_ns
    (turn,) = cells.zai.session.conversation.turns
    assert turn.reply == "nonsense"


def test_an_answer_that_was_cut_says_that_and_is_not_asked_again(
    cells: Cells, shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    order = shop.order

    def cut(path: str, body: dict[str, Any]) -> tuple[int, Any]:
        status, made = order(path, body)
        made["choices"][0]["finish_reason"] = "length"
        return status, made

    monkeypatch.setattr(shop, "order", cut)
    shop.says = '{"name": "Ada", "a'
    ran = ask(cells)
    assert isinstance(ran.error, SchemaError) and shop.bought == 1
    assert "max_tokens" in str(ran.error) and "JSON" not in str(ran.error)


def test_rows_become_a_frame(cells: Cells, shop: Shop, answers: Answer) -> None:
    pandas = pytest.importorskip("pandas")
    answers(['{"items": [{"name": "Ada", "age": 36}, {"name": "Alan", "age": 41}]}'])
    assert ask(cells, '--schema "[name, age int]"').ok
    made = cells.value("made")
    assert [row["age"] for row in made.data] == [36, 41]
    frame = made.to_frame()
    assert isinstance(frame, pandas.DataFrame) and list(frame.columns) == ["name", "age"]


def test_a_class_of_the_notebook_gives_its_instances(
    cells: Cells, shop: Shop, answers: Answer
) -> None:
    pytest.importorskip("pydantic")
    source = "from pydantic import BaseModel\nclass Person(BaseModel):\n    name: str\n    age: int"
    assert cells.run(source, "0").ok
    answers([GOOD])
    assert ask(cells, "--schema Person").ok
    made = cells.value("made").data
    assert type(made).__name__ == "Person" and made.age == 36


@pytest.mark.parametrize(
    "options",
    ['--schema "name, age itn"', "--schema Persn", "--schema '{\"type\": '", '--schema "a, a"'],
)
def test_a_schema_that_is_none_sends_nothing(cells: Cells, shop: Shop, options: str) -> None:
    ran = ask(cells, options)
    assert isinstance(ran.error, CommandError) and shop.bought == 0
    assert len(ran.out.strip().splitlines()) == 1


def test_a_dry_run_shows_the_schema_and_sends_nothing(cells: Cells, shop: Shop) -> None:
    ran = ask(cells, '--dry-run --schema "name, age int"')
    assert ran.ok and shop.bought == 0 and "json_object" in shown(ran) and "age" in shown(ran)


def test_with_an_image_no_json_mode_is_asked_for(
    cells: Cells, shop: Shop, answers: Answer, tmp_path: Any
) -> None:
    from shop import png

    (tmp_path / "p.png").write_bytes(png(1))
    answers([GOOD])
    assert ask(cells, f'-a {tmp_path / "p.png"} --schema "name, age int"').ok
    assert "response_format" not in sent(shop)[0] and cells.value("made").data["age"] == 36


def test_the_sandbox_answers_to_a_schema(cells: Cells) -> None:
    ran = cells.run('%%zai chat -o made --schema "name, age int, tags list"\nWho?', "1")
    assert ran.ok, ran.out
    assert set(cells.value("made").data) == {"name", "age", "tags"}


def test_the_sandbox_answers_with_the_keys_of_a_json_schema_and_no_others(cells: Cells) -> None:
    cells.run(
        'wanted = {"type": "object", "properties": {"city": {"type": "string"}}}\n'
        'free = {"type": "object", "properties": {}}',
        "0",
    )
    assert ask(cells, "--schema wanted").ok
    assert set(cells.value("made").data) == {"city"}
    assert ask(cells, "--schema free").ok
    assert set(cells.value("made").data) == {"sandbox"}


WEATHER = "def weather(city: str) -> str:\n    called.append(city)\n    return 'rain'\ncalled = []"


@pytest.mark.parametrize(("prompt", "calls"), [("Rome?", 0), ('weather in "Rome"?', 1)])
@pytest.mark.parametrize("schema", ['"city, rain bool"', '"[city, rain bool]"'])
def test_the_sandbox_answers_to_a_schema_also_with_tools(
    cells: Cells, prompt: str, calls: int, schema: str
) -> None:
    cells.run(WEATHER, "0")
    ran = ask(cells, f"-T weather --schema {schema} --approve always --alone", prompt)
    assert ran.ok, ran.out
    data = cells.value("made").data
    assert set(data[0] if isinstance(data, list) else data) == {"city", "rain"}
    assert len(cells.value("called")) == calls and len(ran.bodies) == 1 + calls


def test_the_sandbox_answers_to_a_schema_also_with_an_image(cells: Cells, tmp_path: Any) -> None:
    from PIL import Image

    Image.new("RGB", (4, 4)).save(tmp_path / "p.png")
    assert ask(cells, f'-a {tmp_path / "p.png"} --schema "name, age int"').ok
    assert set(cells.value("made").data) == {"name", "age"}


def test_with_tools_the_schema_holds_for_the_last_answer(
    cells: Cells, shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    cells.run("def age() -> int:\n    return 36", "0")
    call = {"id": "c1", "type": "function", "function": {"name": "age", "arguments": "{}"}}
    order = shop.order

    def calls_first(path: str, body: dict[str, Any]) -> tuple[int, Any]:
        status, made = order(path, body)
        if body["messages"][-1]["role"] == "user":
            choice = made["choices"][0]
            choice["message"] = {"role": "assistant", "content": None, "tool_calls": [call]}
            choice["finish_reason"] = "tool_calls"
        return status, made

    monkeypatch.setattr(shop, "order", calls_first)
    shop.says = GOOD
    assert ask(cells, '-T age --approve always --schema "name, age int"').ok
    assert cells.value("made").data == json.loads(GOOD) and shop.bought == 2


@pytest.mark.parametrize(
    ("schema", "meant"),
    [("persn", "Person"), ("Persn", "Person"), ("invioce", "invoice"), ("order", "orders")],
)
def test_a_misspelt_schema_is_refused_before_anything_is_sent(
    cells: Cells, shop: Shop, schema: str, meant: str
) -> None:
    cells.run("from dataclasses import dataclass\n@dataclass\nclass Person:\n    name: str")
    cells.run("invoice = {'type': 'object', 'properties': {'sum': {'type': 'number'}}}")
    cells.run("orders = {'properties': {'sum': {'type': 'number'}}}")
    ran = ask(cells, f"--schema {schema}")
    assert isinstance(ran.error, CommandError) and shop.bought == 0
    assert f"there is no {schema} here; did you mean {meant}?" in str(ran.error)


def test_one_word_alone_is_a_field_and_that_is_said(
    cells: Cells, shop: Shop, answers: Answer
) -> None:
    answers(['{"label": "good"}'])
    cells.run("labels = ['good', 'bad']")
    ran = ask(cells, "--schema label")
    assert ran.ok and cells.value("made").data == {"label": "good"}
    assert "--schema label was taken as one field, &quot;label str&quot;" in html(ran)
    assert "taken as" not in html(ask(cells, '--schema "label str"'))


def test_every_type_that_the_readme_names_is_one() -> None:
    from pathlib import Path

    from zai_magics import schema
    from zai_magics.schema.short import _NAMES, _TYPES

    readme = (Path(__file__).resolve().parents[2] / "README.md").read_text("utf-8")
    listed = readme.partition("Types are `")[2].partition("`")[0].split()
    assert set(_NAMES) <= set(listed)
    for kind in {*listed, *_TYPES} - {"{fields}", "[fields]"}:
        assert schema.parse(f"x {kind}", {}).json["properties"]["x"]
