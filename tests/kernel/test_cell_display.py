"""What a chat leaves in a notebook: one output, whole, safe, and never twice."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
from running import RECORD, Kernel, Run
from scripted import DONE, HEAD, Server, delta

from zai_magics.sandbox import Sandbox

ECHO = "[[echo]] # Title\n\nSome *words*, $x^2$ and `code`.\n\n- one\n- two"
SOURCE = ECHO.removeprefix("[[echo]] ")


def html(display: dict[str, Any]) -> str:
    """A display's HTML."""
    return str(display["data"]["text/html"])


def one_id(run: Run) -> str:
    """The display id that all displays of a cell share."""
    (found,) = {d["transient"]["display_id"] for d in run.displays}
    return str(found)


def test_a_cell_has_one_display_and_updates_of_it(kernel: Kernel, cell: str) -> None:
    run = kernel.run("%%zai chat --max-tokens 300\nshow me a long text", cell)
    assert run.status == "ok"
    assert len(run.new_displays) == 1 and len(run.displays) > 5
    assert one_id(run)


def test_the_first_display_already_says_something(kernel: Kernel, cell: str) -> None:
    run = kernel.run("%%zai chat\n[[slow 0.7]] a table please", cell)
    first = run.new_displays[0]
    assert "asking glm-4.7 …" in html(first)
    assert first["data"]["text/plain"]


def test_the_last_display_is_whole(kernel: Kernel, cell: str) -> None:
    run = kernel.run("%%zai chat\n" + ECHO, cell)
    data = run.displays[-1]["data"]
    assert set(data) == {"text/html", "text/plain", RECORD}
    assert data["text/plain"] == SOURCE
    assert "<h1>Title</h1>" in data["text/html"] and "<em>words</em>" in data["text/html"]
    assert "tex2jax_process" in data["text/html"]
    assert data[RECORD]["reply"] == SOURCE and data[RECORD]["user"] == ECHO


def test_exactly_one_output_is_saved(kernel: Kernel, cell: str) -> None:
    run = kernel.run("%%zai chat\nshow me a table", cell)
    (saved,) = run.outputs()
    assert saved["output_type"] == "display_data"
    assert saved["data"] == run.displays[-1]["data"]


def test_nothing_is_ever_sent_as_markdown(kernel: Kernel, cell: str) -> None:
    run = kernel.run("%%zai chat\nshow me a table", cell)
    for display in run.displays:
        assert set(display["data"]) <= {"text/html", "text/plain", RECORD}


def test_without_a_cell_id_there_is_one_display_at_the_end(kernel: Kernel) -> None:
    run = kernel.run("%%zai chat\n" + ECHO)
    (shown,) = run.displays
    assert shown["data"]["text/plain"] == SOURCE
    assert not run.of("update_display_data")


def test_a_quiet_chat_shows_nothing_at_all(kernel: Kernel, cell: str) -> None:
    run = kernel.run("%%zai chat -q -o kept\n" + ECHO, cell)
    assert run.status == "ok" and run.outputs() == []
    assert kernel.value("str(kept)") == SOURCE


def test_thinking_is_folded_above_the_answer_and_named_while_it_comes(
    kernel: Kernel, cell: str
) -> None:
    run = kernel.run("%%zai chat --max-tokens 300\nshow me a long text", cell)
    final = html(run.displays[-1])
    assert final.index("<details>") < final.index("Sandbox: a scripted answer")
    assert any("▸ Thought" in html(d) for d in run.displays[:-1])


def test_the_value_is_not_shown_a_second_time(kernel: Kernel, cell: str) -> None:
    run = kernel.run("%%zai chat\n" + ECHO, cell)
    assert not run.of("execute_result")
    number = run.reply["content"]["execution_count"]
    assert kernel.value(f"str(Out[{number}])") == SOURCE


def test_the_underscore_shows_the_value_in_the_next_cell(kernel: Kernel, cell: str) -> None:
    number = kernel.run("%%zai chat\n" + ECHO, cell).reply["content"]["execution_count"]
    run = kernel.run("_", "another")
    ((_, result),) = run.of("execute_result")
    assert result["data"]["text/plain"] == SOURCE and "text/html" in result["data"]
    ((_, again),) = kernel.run(f"Out[{number}]", "a third").of("execute_result")
    assert again["data"] == result["data"]


def test_replies_in_a_list_are_told_apart(kernel: Kernel, cell: str) -> None:
    kernel.run("one = %zai chat -q [[echo]] a b", cell)
    ((_, result),) = kernel.run("[one, {1: one}]", cell).of("execute_result")
    assert result["data"]["text/plain"] == "['a b', {1: 'a b'}]"


def test_an_assigned_reply_is_shown_once_and_again_when_named(kernel: Kernel, cell: str) -> None:
    run = kernel.run("got = %zai chat [[echo]] hello\ngot", cell)
    assert len(run.outputs()) == 1
    assert len(kernel.run("got", cell).of("execute_result")) == 1


def test_two_chats_in_a_loop_have_a_display_each(kernel: Kernel, cell: str) -> None:
    run = kernel.run("for word in ('uno', 'due'):\n    %zai chat [[echo]] {{ word }}", cell)
    saved = run.outputs()
    assert [o["data"]["text/plain"] for o in saved] == ["uno", "due"]
    assert len({d["transient"]["display_id"] for d in run.new_displays}) == 2


def test_a_captured_cell_shows_nothing_outside(kernel: Kernel, cell: str) -> None:
    run = kernel.run("%%capture caught\n%zai chat [[echo]] inside", cell)
    assert run.outputs() == []
    assert kernel.value("[o.data['text/plain'] for o in caught.outputs if o.data]") == ["inside"]


@pytest.mark.parametrize(
    ("prompt", "name"),
    [
        ("[[error 1261]] x", "ContextTooLong"),
        ("[[error 1301]] x", "ContentRefused"),
        ("[[html]] x", "BadAnswer"),
        ("[[redirect]] x", "APIError"),
        ("{{ unknown_name }}", "PromptError"),
    ],
)
def test_an_error_is_one_line_under_its_own_name(
    kernel: Kernel, cell: str, prompt: str, name: str
) -> None:
    run = kernel.run(f"%%zai chat\n{prompt}", cell)
    assert run.status == "error" and run.error["ename"] == name
    (line,) = run.error["traceback"]
    assert line.startswith(f"{name}: ") and "\n" not in line


def test_an_unknown_option_fails_the_cell_and_shows_nothing_else(kernel: Kernel, cell: str) -> None:
    run = kernel.run("%zai chat --tempratur 1 hello", cell)
    assert [o["output_type"] for o in run.outputs()] == ["error"]
    assert run.error["ename"] == "CommandError" and "--temperature" in run.error["evalue"]


def test_after_a_late_error_nothing_is_still_being_asked(kernel: Kernel, cell: str) -> None:
    run = kernel.run("%%zai chat\n[[slow 0.7]] [[error 1261]] x", cell)
    shown, error = run.outputs()
    assert error["ename"] == "ContextTooLong"
    assert "asking" not in html(shown) and "gave no answer" in html(shown)
    assert shown["data"]["text/plain"] == "glm-4.7 gave no answer"


def test_a_stream_that_breaks_off_keeps_its_words_and_says_so(kernel: Kernel, cell: str) -> None:
    run = kernel.run("%%zai chat\n[[cut]] show me a table", cell)
    shown, error = run.outputs()
    assert error["ename"] == "IncompleteAnswer"
    assert "incomplete" in html(shown) and "Sandbox" in html(shown)
    assert shown["data"]["text/plain"].startswith("*Sandbox")


def test_an_error_within_the_stream_keeps_the_words_before_it(kernel: Kernel, cell: str) -> None:
    run = kernel.run("%%zai chat\n[[stream-error 1301]] show me a table", cell)
    shown, error = run.outputs()
    assert error["ename"] == "ContentRefused"
    assert "Sandbox" in shown["data"]["text/plain"] and RECORD in shown["data"]


def test_a_reason_to_end_that_matters_stands_under_the_answer(kernel: Kernel, cell: str) -> None:
    run = kernel.run("%%zai chat\n[[finish sensitive]] hello", cell)
    assert run.status == "ok"
    assert "content filter" in html(run.outputs()[0])


def test_words_that_came_are_shown_although_the_stream_stalls(
    kernel: Kernel, server: Server, cell: str
) -> None:
    sent: list[float] = []

    def script(peer: Any) -> None:
        peer.send(HEAD)
        for word in ("alpha ", "beta ", "gamma"):
            sent.append(__import__("time").monotonic())
            peer.send(delta(word))
        peer.go.wait(20)
        peer.send(delta("!", finish="stop") + DONE)

    server.script = script
    run = kernel.begin("%%zai chat\nhello", cell)
    late = kernel.wait(run, "gamma") - sent[-1]
    server.go.set()
    assert kernel.end(run).outputs()[0]["data"]["text/plain"] == "alpha beta gamma!"
    assert late < 0.5  # about 0.1 s on an idle machine


def test_thinking_is_seen_before_the_answer_and_gives_way_to_it(
    kernel: Kernel, server: Server, cell: str
) -> None:
    def script(peer: Any) -> None:
        peer.send(HEAD + delta(thinking="First I weigh it."))
        peer.go.wait(20)
        peer.send(delta("So.") + delta(finish="stop") + DONE)

    server.script = script
    run = kernel.begin("%%zai chat\nhello", cell)
    kernel.wait(run, "First I weigh it.")
    server.go.set()
    final = html(kernel.end(run).outputs()[0])
    assert "Thought for" in final and "So." in final and "thinking …" not in final


def test_a_busy_service_is_named_while_the_cell_waits_for_it(kernel: Kernel, cell: str) -> None:
    run = kernel.run("%%zai chat\n[[error 1302 x1]] [[retry-after 1]] hello there", cell)
    assert run.status == "ok"
    assert any("trying again in" in html(d) for d in run.displays)
    assert "trying again" not in html(run.displays[-1]) and len(run.outputs()) == 1


def test_a_reply_as_json_and_as_text_is_shown_as_asked(kernel: Kernel, cell: str) -> None:
    shown = html(kernel.run('%%zai chat -f json\n[[echo]] {"a": [1, 2]}', cell).outputs()[0])
    assert "&quot;a&quot;" in shown and "<pre" in shown
    shown = html(kernel.run("%%zai chat -f text\n[[echo]] *a* $b$", cell).outputs()[0])
    assert "*a* $b$" in re.sub("<[^>]*>", "", shown) and "<em>" not in shown


def test_hostile_words_never_become_markup_in_any_update(kernel: Kernel, cell: str) -> None:
    hostile = "[[echo]] <img src=x onerror=alert(1)> <script>alert(1)</script> ![a](http://e.x/b)"
    run = kernel.run(f"%%zai chat\n{hostile}", cell)
    for display in run.displays:
        assert "<script" not in html(display) and "<img" not in html(display)


def test_the_record_in_the_output_is_json_and_the_sandbox_is_named(
    kernel: Kernel, sandbox: Sandbox, cell: str
) -> None:
    data = kernel.run("%%zai chat\nshow me a table", cell).outputs()[0]["data"]
    assert json.loads(json.dumps(data[RECORD]))["sandbox"] is True
    assert ">sandbox</span>" in data["text/html"]


def test_halves_of_characters_never_keep_a_reply_from_being_shown(
    kernel: Kernel, server: Server, cell: str
) -> None:
    server.script = lambda peer: peer.send(
        HEAD + delta("a \ud83d") + delta("\ude00 b \ud800 c", finish="stop") + DONE
    )
    run = kernel.run("%%zai chat\nhello", cell)
    assert run.status == "ok", run.of("error")
    (saved,) = run.outputs()
    assert saved["data"]["text/plain"] == "a 😀 b \ufffd c"
    assert saved["data"][RECORD]["reply"] == "a 😀 b \ufffd c"


def test_thinking_alone_is_said_to_have_no_text(kernel: Kernel, cell: str) -> None:
    run = kernel.run("%%zai chat\n[[empty]] hello", cell)
    (saved,) = run.outputs()
    assert "only thinking came" in html(saved) or "max_tokens" in html(saved)
    assert "<details>" in html(saved) and "thinking …" not in html(saved)


def test_a_cell_that_is_not_streamed_still_has_one_whole_output(kernel: Kernel, cell: str) -> None:
    run = kernel.run("%%zai chat --no-stream\n" + ECHO, cell)
    (saved,) = run.outputs()
    assert saved["data"]["text/plain"] == SOURCE


def test_words_printed_around_a_chat_stay_in_their_order(kernel: Kernel, cell: str) -> None:
    run = kernel.run("print('before')\n%zai chat [[echo]] between\nprint('after')", cell)
    assert [o["output_type"] for o in run.outputs()] == ["stream", "display_data", "stream"]


def test_a_chat_leaves_no_thread_but_the_two_that_all_of_them_share(
    kernel: Kernel, cell: str
) -> None:
    threads = "sorted((t.name, t.ident) for t in __import__('threading').enumerate())"
    kernel.run("%%zai chat --max-tokens 300\nshow me a long text", cell)
    before = kernel.value(threads)
    kernel.run("%%zai chat --max-tokens 300\nshow me a long text", cell)
    assert kernel.value(threads) == before
    kept = [name for name, _ in before if name.startswith("zai-")]
    assert kept == ["zai-painting", "zai-sending"]
