"""`-T`: functions of the notebook that the model may call, within limits and with leave."""

from __future__ import annotations

import json
from typing import Any

import pytest
from books import restart, save, shown, turns
from bought import html
from shell_cells import Cells

from zai_magics.errors import CommandError, Interrupted, ToolLimit

TOOLS = """
ran = []
def weather(city: str, days: int = 1) -> str:
    "The weather of a city."
    ran.append((city, days))
    return f"{city}: {days} sunny"
def boom(word: str):
    ran.append(word)
    raise ValueError("no " + word)
def onward(word: str):
    ran.append(word)
    return "[[tool weather]] [[arguments {\\"city\\": \\"Rome\\"}]]"
def forever(n: int = 0):
    ran.append(n)
    return "[[tool forever]] [[arguments {\\"n\\": " + str(len(ran)) + "}]]"
def same():
    ran.append(1)
    return "[[tool same]] [[arguments {}]]"
def stopped():
    raise KeyboardInterrupt
"""


@pytest.fixture(autouse=True)
def tools(cells: Cells) -> None:
    """Functions of the notebook."""
    assert cells.run(TOOLS, "tools").ok


def ask(cells: Cells, prompt: str, options: str = "-T weather --approve always") -> Any:
    return cells.run(f"%%zai chat -o made {options}\n{prompt}", "1")


def ran(cells: Cells) -> list[Any]:
    """What the functions were called with."""
    return list(cells.value("ran"))


CALL = '[[tool weather]][[arguments {"city": "Oslo", "days": 2}]]What now?'


def test_a_call_is_run_and_its_result_sent_back(cells: Cells) -> None:
    asked = ask(cells, CALL)
    assert asked.ok, asked.out
    assert ran(cells) == [("Oslo", 2)] and len(asked.bodies) == 2
    first, second = asked.bodies
    (offered,) = first["tools"]
    assert offered["function"]["name"] == "weather"
    assert offered["function"]["parameters"]["required"] == ["city"]
    *_, called, result = second["messages"]
    assert called["role"] == "assistant" and called["reasoning_content"]
    assert json.loads(called["tool_calls"][0]["function"]["arguments"]) == {
        "city": "Oslo",
        "days": 2,
    }
    assert result == {
        "role": "tool",
        "tool_call_id": called["tool_calls"][0]["id"],
        "content": "Oslo: 2 sunny",
    }
    assert "Oslo: 2 sunny" in cells.value("made")


def test_calls_and_results_are_shown_in_order(cells: Cells) -> None:
    asked = ask(cells, CALL)
    html = asked.displays[-1]["data"]["text/html"]
    places = [
        html.index(part) for part in ("weather(city=", "Oslo: 2 sunny", "tools have answered")
    ]
    assert places == sorted(places) and html.count("<details") >= 2
    assert 'weather(city="Oslo", days=2) → Oslo: 2 sunny' in shown(asked)


def test_the_value_has_the_steps_and_what_all_of_it_took(cells: Cells) -> None:
    ask(cells, CALL)
    made = cells.value("made")
    (step,) = made.steps
    (call,) = step.calls
    assert (call.name, call.result, call.error) == ("weather", "Oslo: 2 sunny", "")
    with cells.zai.session.journal.read() as db:
        rows = db.execute("select result from calls order by id").fetchall()
    tokens = [json.loads(result)["usage"] for (result,) in rows]
    assert len(rows) == 2 and made.usage.prompt == sum(t[0] for t in tokens)


def test_the_turn_is_one_and_later_requests_carry_its_rounds(cells: Cells) -> None:
    ask(cells, CALL)
    assert turns(cells) == [cells.zai.session.conversation.turns[0].prompt]
    later = cells.run("%zai chat and then?", "2").body["messages"]
    assert [m["role"] for m in later] == ["user", "assistant", "tool", "assistant", "user"]


def test_in_a_new_kernel_the_rounds_are_there(
    cells: Cells, tmp_path: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    from books import save

    path = save(tmp_path / "lesson.ipynb", {"1": "%%zai chat"})
    monkeypatch.setenv("JPY_SESSION_NAME", str(path))
    ask(cells, CALL)
    restart(cells)
    later = cells.run("%zai chat and then?", "2").body["messages"]
    assert [m["role"] for m in later] == ["user", "assistant", "tool", "assistant", "user"]
    cells.run("%zai log -q -o found -n 5")
    (value,) = [
        r
        for r in (cells.run(f"x = %zai log --open {n}") and cells.value("x") for n in (1, 2))
        if r.steps
    ]
    assert value.steps[0].calls[0].result == "Oslo: 2 sunny"


def test_several_rounds_go_on_until_there_are_words(cells: Cells) -> None:
    asked = ask(
        cells, '[[tool onward]][[arguments {"word": "a"}]]', "-T onward -T weather --approve always"
    )
    assert asked.ok and len(asked.bodies) == 3
    assert ran(cells) == ["a", ("Rome", 1)] and len(cells.value("made").steps) == 2


def test_several_calls_in_one_answer_are_run_in_their_order(cells: Cells) -> None:
    asked = ask(cells, 'Use weather for "Oslo", then boom', "-T weather -T boom --approve always")
    assert asked.ok, asked.out
    (step,) = cells.value("made").steps
    assert [c.name for c in step.calls] == ["weather", "boom"]


def test_a_function_that_raises_tells_the_model_and_the_user(cells: Cells) -> None:
    asked = ask(cells, '[[tool boom]][[arguments {"word": "luck"}]]', "-T boom --approve always")
    assert asked.ok and "ValueError: no luck" in asked.bodies[1]["messages"][-1]["content"]
    assert "failed: ValueError: no luck" in shown(asked)


WRONG = {
    "a number for a text": '{"city": 7}',
    "a text for a number": '{"city": "Oslo", "days": "2"}',
    "an unknown name": '{"city": "Oslo", "nights": 2}',
    "nothing": "{}",
    "no JSON": "city=Oslo",
    "cut JSON": '{"city": "Os',
    "a list": '["Oslo"]',
    "a key twice": '{"city": "Oslo", "city": "Rome"}',
}


@pytest.mark.parametrize("name", WRONG)
def test_arguments_that_do_not_fit_run_nothing(cells: Cells, name: str) -> None:
    asked = ask(cells, f"[[tool weather]][[arguments {WRONG[name]}]]")
    assert asked.ok and ran(cells) == []
    assert len(asked.bodies) == 2 and "not run" in shown(asked)


def test_a_tool_that_was_not_offered_is_not_run(cells: Cells) -> None:
    asked = ask(cells, '[[tool boom]][[arguments {"word": "x"}]]')
    assert asked.ok and ran(cells) == []
    assert "no tool" in asked.bodies[1]["messages"][-1]["content"]


@pytest.mark.parametrize(
    ("answer", "runs"),
    [("y", True), ("YES ", True), ("", False), ("n", False), (" No", False)],
)
def test_each_call_is_asked_for_and_shown_whole(
    cells: Cells, monkeypatch: pytest.MonkeyPatch, answer: str, runs: bool
) -> None:
    asked_for: list[str] = []
    monkeypatch.setattr("builtins.input", lambda words="": asked_for.append(words) or answer)
    monkeypatch.setattr(cells.shell, "kernel", type("K", (), {"_allow_stdin": True}), raising=False)
    asked = ask(cells, CALL, "-T weather")
    assert asked.ok and ran(cells) == [("Oslo", 2)] * runs
    assert len(asked_for) == 1 and "weather" in asked_for[0] and "Oslo" in asked_for[0]
    if not runs:
        assert "did not allow" in asked.bodies[1]["messages"][-1]["content"]


@pytest.mark.parametrize(
    ("answers", "runs"),
    [(["always", "y"], True), (["maybe", "no"], False), (["always", "always"], False)],
)
def test_an_answer_that_is_neither_yes_nor_no_is_asked_for_once_more(
    cells: Cells, monkeypatch: pytest.MonkeyPatch, answers: list[str], runs: bool
) -> None:
    asked_for: list[str] = []
    left = iter(answers)
    monkeypatch.setattr("builtins.input", lambda words="": asked_for.append(words) or next(left))
    monkeypatch.setattr(cells.shell, "kernel", type("K", (), {"_allow_stdin": True}), raising=False)
    assert ask(cells, CALL, "-T weather").ok and ran(cells) == [("Oslo", 2)] * runs
    assert len(asked_for) == 2 and "y or n" in asked_for[1] and "weather" in asked_for[0]


def test_where_nobody_can_be_asked_nothing_is_run(
    cells: Cells, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        cells.shell, "kernel", type("K", (), {"_allow_stdin": False}), raising=False
    )
    asked = ask(cells, CALL, "-T weather")
    assert asked.ok and ran(cells) == []
    assert "→ not run: nobody can be asked here (--approve always)" in shown(asked)
    assert "nobody can be asked" in asked.bodies[1]["messages"][-1]["content"]


def test_never_means_never(cells: Cells) -> None:
    assert ask(cells, CALL, "-T weather --approve never").ok and ran(cells) == []


@pytest.mark.parametrize(("tool", "most"), [("forever", 8), ("same", 3)])
def test_a_loop_without_end_is_stopped_and_what_was_said_is_kept(
    cells: Cells, tool: str, most: int
) -> None:
    asked = ask(cells, f"[[tool {tool}]][[arguments {{}}]]", f"-T {tool} --approve always")
    assert isinstance(asked.error, ToolLimit) and len(ran(cells)) < most + 1
    assert len(asked.bodies) <= most + 1
    assert cells.zai.session.conversation.turns[0].state == "incomplete"


def test_an_interrupt_in_a_tool_stops_the_turn_and_keeps_it(cells: Cells) -> None:
    asked = ask(cells, "[[tool stopped]][[arguments {}]]", "-T stopped --approve always")
    assert isinstance(asked.error, Interrupted) and len(asked.bodies) == 1
    assert "stopped() → failed: stopped by the user" in shown(asked)
    assert "interrupted" in html(asked)
    (turn,) = cells.zai.session.conversation.turns
    assert turn.state == "interrupted" and turn.call
    later = cells.run("%zai chat and then?", "2")
    assert [m["role"] for m in later.body["messages"]] == ["user", "assistant", "tool", "user"]


def test_a_network_that_fails_after_a_call_keeps_what_was_done(cells: Cells) -> None:
    cells.run('def bad():\n    ran.append(1)\n    return "[[error 1301]]"', "2")
    asked = ask(cells, "[[tool bad]][[arguments {}]]", "-T bad --approve always")
    assert not asked.ok and ran(cells) == [1] and "bad()" in shown(asked)


def test_a_result_that_holds_the_key_is_withheld(
    cells: Cells, monkeypatch: pytest.MonkeyPatch
) -> None:
    from shop import KEY

    monkeypatch.setenv("ZAI_API_KEY", KEY)
    cells.run("import os\ndef leak():\n    return str(dict(os.environ))", "2")
    asked = ask(cells, "[[tool leak]][[arguments {}]]", "-T leak --approve always")
    assert (
        asked.ok and KEY not in json.dumps(asked.bodies) and "withheld" in json.dumps(asked.bodies)
    )


@pytest.mark.parametrize("name", ["nothing", "int", "ran"])
def test_what_is_no_tool_sends_nothing(cells: Cells, name: str) -> None:
    asked = ask(cells, "hi", f"-T {name}")
    assert isinstance(asked.error, CommandError) and asked.sent == [], name


def test_sources_of_a_web_search_are_listed_as_links_whose_hosts_are_seen(cells: Cells) -> None:
    asked = ask(cells, "news?", "--web")
    assert asked.body["tools"][0]["web_search"]["enable"] is True
    html = asked.displays[-1]["data"]["text/html"]
    assert 'href="https://example.invalid/1"' in html and "example.invalid" in html
    made = cells.value("made")
    assert [s.url for s in made.sources] == [f"https://example.invalid/{n}" for n in (1, 2)]
    cells.run("again = %zai log --open 1", "3")
    assert cells.value("again").sources == made.sources


@pytest.mark.parametrize("name", ["a.md", "a.html", "a.json", "a.py", "a.ipynb"])
def test_an_export_tells_of_the_calls_or_leaves_them_out_and_can_be_written_again(
    cells: Cells, tmp_path: Any, name: str
) -> None:
    ask(cells, CALL, "-T weather --approve always --web")
    for _ in range(2):
        ran = cells.run(f"%zai export {name}", "2")
        assert ran.ok, ran.out
    text = (tmp_path / name).read_text("utf-8")
    assert "tools have answered" in text or name == "a.py"
    assert ("Oslo: 2 sunny" in text) == (name != "a.py")
    if name in ("a.py", "a.ipynb"):  # what cannot be called there is not offered there
        assert '"function"' not in text.replace('\\"', '"') and "web" in text


def test_history_shows_the_calls_of_a_turn(cells: Cells) -> None:
    ask(cells, CALL)
    assert 'weather(city="Oslo", days=2) → Oslo: 2 sunny' in shown(cells.run("%zai history", "2"))


def test_a_long_prompt_is_shortened_in_the_history_and_whole_in_an_export(
    cells: Cells, tmp_path: Any
) -> None:
    words = " ".join(f"w{number}" for number in range(2000))
    cells.run(f"%%zai\n{words} the question?", "1")
    told = shown(cells.run("%zai history", "2"))
    assert "w0 w1" in told and "the question?" in told and "w700" not in told
    cells.run("%zai export a.html", "3")
    assert "w700" in (tmp_path / "a.html").read_text("utf-8")


def test_an_interrupt_while_a_round_is_written_down_stops_the_turn_and_keeps_it(
    cells: Cells, monkeypatch: pytest.MonkeyPatch
) -> None:
    from zai_magics.conversations import Conversations

    add, times = Conversations.add, []

    def stopped_once(self: Conversations, *given: Any) -> None:
        add(self, *given)
        times.append(given)
        if len(times) == 1:
            raise KeyboardInterrupt

    monkeypatch.setattr(Conversations, "add", stopped_once)
    asked = ask(cells, CALL)
    assert isinstance(asked.error, Interrupted) and ran(cells) == [] and len(asked.bodies) == 1
    with cells.zai.session.journal.read() as db:
        assert db.execute("select count(*) from calls").fetchone() == (2,)  # and the turn
    assert len(cells.zai.session.conversation.turns) == 1


HIDING = """
import dataclasses
seen = []
@dataclasses.dataclass
class Job:
    name: str
    cmd: dataclasses.InitVar[str] = ""
    def __post_init__(self, cmd):
        seen.append("made " + cmd)
        if cmd == "exit":
            raise SystemExit(3)
def job(j: Job):
    seen.append("run")
    return "done"
"""


def hidden(cells: Cells, options: str, cmd: str = "rm -rf /") -> Any:
    assert cells.run(HIDING, "0").ok
    arguments = json.dumps({"j": {"name": "ls", "cmd": cmd}})
    return ask(cells, f"[[tool job]][[arguments {arguments}]]", f"-T job {options}")


@pytest.mark.parametrize("answer", ["y", "n"])
def test_the_user_sees_what_the_model_wrote_before_anything_is_made_of_it(
    cells: Cells, monkeypatch: pytest.MonkeyPatch, answer: str
) -> None:
    asked_for: list[tuple[str, list[str]]] = []

    def answered(words: str) -> str:
        asked_for.append((words, list(cells.value("seen"))))
        return answer

    monkeypatch.setattr("builtins.input", answered)
    kernel = type("Kernel", (), {"_allow_stdin": True})
    monkeypatch.setattr(cells.shell, "kernel", kernel, raising=False)
    assert hidden(cells, "").ok
    ((words, before),) = asked_for
    assert "rm -rf /" in words and before == []
    assert cells.value("seen") == (["made rm -rf /", "run"] if answer == "y" else [])


def test_never_makes_nothing_of_the_arguments(cells: Cells) -> None:
    assert hidden(cells, "--approve never").ok and cells.value("seen") == []


def test_a_class_that_ends_python_while_it_is_made_ends_the_call_alone(cells: Cells) -> None:
    asked = hidden(cells, "--approve always", "exit")
    assert asked.ok and "not run: SystemExit" in shown(asked) and len(asked.bodies) == 2


def lesson(tmp_path: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """A notebook that is saved, so that a new kernel knows it."""
    from books import save

    path = save(tmp_path / "lesson.ipynb", {"1": "%%zai chat"})
    monkeypatch.setenv("JPY_SESSION_NAME", str(path))


@pytest.mark.parametrize("words", ["I look it up.", ""])
def test_a_request_that_fails_after_a_call_leaves_the_turn_as_far_as_it_came(
    cells: Cells, shop: Any, tmp_path: Any, monkeypatch: pytest.MonkeyPatch, words: str
) -> None:
    lesson(tmp_path, monkeypatch)
    order, call = shop.order, {"type": "function", "function": {"name": "weather"}}
    call["function"]["arguments"] = '{"city": "Rome"}'

    def answers(where: str, body: Any) -> Any:
        if body["messages"][-1]["role"] == "tool":
            return 400, {"error": {"code": "1301", "message": "no"}}
        status, made = order(where, body)
        if "question" in body["messages"][-1]["content"]:
            made["choices"][0]["message"] = {"content": words, "tool_calls": [{**call, "id": "7"}]}
            made["choices"][0]["finish_reason"] = "tool_calls"
        return status, made

    monkeypatch.setattr(shop, "order", answers)
    asked = ask(cells, "question")
    assert not asked.ok and shown(asked).count(words or "weather(") == 1
    assert "incomplete" in html(asked)
    kept = [("user", "question"), ("assistant", words), ("tool", "Rome: 1 sunny"), ("user", "on")]
    for kernel in ("the same", "a new one"):
        assert "incomplete" in shown(cells.run("%zai history", "9"))
        assert cells.run("%zai chat on", "2").ok
        sent = shop.sold[-1][1]["messages"]
        assert [(m["role"], m["content"]) for m in sent] == kept, kernel
        cells.run("%zai drop", "3")
        if kernel == "the same":
            restart(cells)
            cells.zai.session.connection.base_url, cells.zai.session.timing = shop.url, shop.timing


def test_an_answer_of_endless_calls_is_refused_and_costs_no_memory(
    cells: Cells, shop: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    order = shop.order

    def answers(where: str, body: Any) -> Any:
        status, made = order(where, body)
        made["choices"][0]["message"] = {"content": "", "tool_calls": [{}] * 100_000}
        return status, made

    monkeypatch.setattr(shop, "order", answers)
    asked = ask(cells, "question")
    assert "more than 128 functions" in str(asked.error)
    assert len(html(asked)) < 100_000 and ran(cells) == []


def test_a_picture_of_a_tool_goes_to_the_vision_model_with_parameters_that_it_takes(
    cells: Cells,
) -> None:
    drawn = "from PIL import Image\ndef draw(): return Image.new('RGB', (20, 20), 'red')"
    cells.run(drawn, "2")
    options = "-T draw --approve always --web -m glm-5.3 --think off --max-tokens 120000"
    asked = ask(cells, "[[tool draw]][[arguments {}]]", options)
    first, second = asked.bodies
    assert first["reasoning_effort"] == "low" and first["max_tokens"] == 120_000
    assert second["model"] == "glm-4.6v" and second["max_tokens"] == 32_768
    assert second["thinking"] == {"type": "disabled"} and "reasoning_effort" not in second
    assert [tool["type"] for tool in second["tools"]] == ["function"]


def test_rounds_and_a_repair_keep_their_order_and_outlive_the_kernel(
    cells: Cells, shop: Any, tmp_path: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    lesson(tmp_path, monkeypatch)
    order, call = shop.order, {"type": "function", "function": {"name": "same", "arguments": "{}"}}

    def answers(where: str, body: Any) -> Any:
        status, made = order(where, body)
        said = [m["role"] for m in body["messages"]]
        choice = made["choices"][0]
        if "tool" in said:
            choice["message"]["content"] = '{"name": "Ada"}'
        elif said[-2:] == ["assistant", "user"]:
            choice["message"] = {"role": "assistant", "content": "", "tool_calls": [call, call]}
            choice["finish_reason"] = "tool_calls"
        return status, made

    monkeypatch.setattr(shop, "order", answers)
    asked = ask(cells, "Who?", "--schema name -T same --approve always")
    assert asked.ok, asked.out
    *_, (_, last) = shop.sold
    roles = [m["role"] for m in last["messages"]]
    assert roles == ["system", "user", "assistant", "user", "assistant", "tool", "tool"]
    ids = [m["tool_call_id"] for m in last["messages"] if m["role"] == "tool"]
    assert len(set(ids)) == 2 and all(ids)
    kept = ["user", "assistant", "tool", "tool", "assistant", "user"]
    for kernel in ("the same", "a new one"):
        assert cells.run("%zai chat --alone hi", "9").ok
        cells.run("%zai chat and then?", "2")
        assert [m["role"] for m in shop.sold[-1][1]["messages"]] == kept, kernel
        cells.run("%zai drop", "3")
        if kernel == "the same":
            restart(cells)
            cells.zai.session.connection.base_url, cells.zai.session.timing = shop.url, shop.timing


@pytest.mark.parametrize("where", ["default", "docstring", "schema", "dry run"])
def test_the_key_in_a_tool_or_a_schema_is_not_sent(
    cells: Cells, monkeypatch: pytest.MonkeyPatch, where: str
) -> None:
    from shop import KEY

    monkeypatch.setenv("ZAI_API_KEY", KEY)
    cells.run("import os\nKEY = os.environ['ZAI_API_KEY']\ndef f(auth: str = KEY): return 1", "0")
    cells.run("def g(): return 1\ng.__doc__ = 'Use ' + KEY", "0")
    cells.run("s = {'type': 'object', 'properties': {'a': {'description': KEY}}}", "0")
    options = {"default": "-T f", "docstring": "-T g", "schema": "--schema s"}
    asked = cells.run(f"%zai chat {options.get(where, '--dry-run -T f')} hi", "1")
    assert not asked.ok and asked.sent == [] and KEY not in asked.out + html(asked)


def test_an_interrupt_on_the_way_to_the_next_request_keeps_the_round(
    cells: Cells, tmp_path: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    from zai_magics.session import Session

    path = save(tmp_path / "lesson.ipynb", dict.fromkeys("12", "%%zai"))
    monkeypatch.setenv("JPY_SESSION_NAME", str(path))
    real, count = Session.stream, [0]

    def second(*given: Any) -> Any:
        count[0] += 1
        if count[0] == 2:
            raise KeyboardInterrupt
        return real(*given)

    monkeypatch.setattr(Session, "stream", second)
    asked = ask(cells, CALL)
    assert isinstance(asked.error, Interrupted) and len(asked.bodies) == 1
    for _ in range(2):
        messages = cells.run("%zai chat and?", "2").bodies[-1]["messages"]
        assert [m["role"] for m in messages][:3] == ["user", "assistant", "tool"]
        restart(cells)
