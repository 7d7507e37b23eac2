"""What the sandbox says."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Any

import httpx
import pytest

from zai_magics.sandbox import LABEL

Ask = Callable[..., httpx.Response]
Answer = Callable[..., Any]


def test_the_first_line_of_a_text_says_that_no_model_was_asked(answer: Answer) -> None:
    assert answer("hello").startswith("*Sandbox: a scripted answer, no model was asked.*\n\n")


def test_header_model_name_and_ids_mark_every_answer(ask: Ask) -> None:
    reply = ask("hello")
    body = reply.json()
    assert reply.headers["X-Zai-Sandbox"] == "1"
    assert body["model"] == "glm-4.7+sandbox"
    assert body["id"] == body["request_id"] == reply.headers["X-Log-Id"]
    assert re.fullmatch(r"20\d{12}[0-9a-f]{16}", body["id"])


def test_it_reports_messages_system_prompt_first_words_and_temperature(answer: Answer) -> None:
    messages = [
        {"role": "system", "content": "Be brief."},
        {"role": "user", "content": "My name is Ada."},
        {"role": "assistant", "content": "Hello."},
        {"role": "user", "content": "Who am I?"},
    ]
    text = answer("", messages=messages, temperature=0.3)
    assert "I received 4 messages for glm-4.7." in text
    assert "The system prompt is “Be brief.”" in text
    assert "The temperature is 0.3." in text
    assert "I have 4 messages of this conversation; you first said: “My name is Ada.”" in text
    assert "Your last message is “Who am I?”" in text


def test_the_same_request_gets_the_same_words(answer: Answer) -> None:
    assert answer("a table, please") == answer("a table, please")


def test_a_long_prompt_is_quoted_within_bounds(answer: Answer) -> None:
    assert len(answer("z" * 5000)) < 1500


@pytest.mark.parametrize(
    ("prompt", "shape"),
    [
        ("a table", r"\|:-+\|"),
        ("some python", r"```python\n"),
        ("a formula", r"\\\(x\^2\\\)[\s\S]*\$e\^[\s\S]*\\\[[\s\S]*\\\][\s\S]*\$\$"),
        ("the price", r"\$5 and tea \$6"),
        ("a list", r"1\. .*\n   - .*\n   - .*\n     - "),
        ("hello", r"I am a script"),
    ],
)
def test_words_of_the_prompt_choose_the_script(answer: Answer, prompt: str, shape: str) -> None:
    assert re.search(shape, answer(prompt))


def test_python_in_the_answer_runs(answer: Answer, capsys: pytest.CaptureFixture[str]) -> None:
    code = re.search(r"```python\n(.*?)\n```", answer("python"), re.DOTALL)
    assert code is not None
    exec(code[1], {})
    assert capsys.readouterr().out == "[4.0, 5.666666666666667, 7.0, 8.0]\n"


def test_a_long_text_has_about_two_thousand_tokens(ask: Ask) -> None:
    assert 1800 <= ask("a long text").json()["usage"]["completion_tokens"] <= 2500


def test_a_request_for_code_alone_gets_a_block_whose_first_line_is_the_label(
    answer: Answer,
) -> None:
    system = {"role": "system", "content": "Answer only with Python code."}
    text = answer("", messages=[system, {"role": "user", "content": "a mean"}])
    assert text.startswith(f"```python\n# {LABEL.strip('*')}\n")
    assert text.endswith("\n```")


def test_thinking_is_on_until_it_is_disabled(ask: Ask) -> None:
    on = ask("hello").json()
    off = ask("hello", thinking={"type": "disabled"}).json()
    assert on["choices"][0]["message"]["reasoning_content"]
    assert on["usage"]["completion_tokens_details"]["reasoning_tokens"] > 0
    assert "reasoning_content" not in off["choices"][0]["message"]
    assert off["usage"]["completion_tokens_details"]["reasoning_tokens"] == 0


def test_max_tokens_counts_thinking_and_ends_with_length(ask: Ask) -> None:
    cut = ask("hello", max_tokens=5).json()
    assert cut["choices"][0]["finish_reason"] == "length"
    assert cut["choices"][0]["message"]["content"] == ""
    assert cut["usage"]["completion_tokens"] == 5


def test_max_tokens_that_suffice_change_nothing(ask: Ask) -> None:
    needed = ask("hello").json()["usage"]["completion_tokens"]
    assert ask("hello", max_tokens=needed).json()["choices"][0]["finish_reason"] == "stop"
    assert ask("hello", max_tokens=needed - 1).json()["choices"][0]["finish_reason"] == "length"


def test_the_text_ends_before_the_first_stop_word(answer: Answer) -> None:
    text = answer("hello", stop=["script", "I"])
    assert text.endswith("I am a ") and "I received" in text


def test_a_json_answer_is_an_object_that_carries_the_label(answer: Answer) -> None:
    data = json.loads(answer("hello", response_format={"type": "json_object"}))
    assert data["sandbox"] == LABEL.strip("*")
    assert data["messages"] == 1 and data["prompt"] == "hello"


def test_a_json_answer_fills_the_schema_in_the_prompt(answer: Answer) -> None:
    schema = {"type": "object", "properties": {"name": {"type": "string"}}}
    system = {"role": "system", "content": f"Follow this: {json.dumps(schema)} !"}
    user = {"role": "user", "content": 'I am "Ada"'}
    text = answer("", messages=[system, user], response_format={"type": "json_object"})
    assert json.loads(text)["name"] == "Ada"


def test_a_closed_schema_is_filled_without_a_further_field(answer: Answer) -> None:
    schema = {"properties": {"age": {"type": "integer"}}, "additionalProperties": False}
    text = answer(f"36 years: {json.dumps(schema)}", response_format={"type": "json_object"})
    assert json.loads(text) == {"age": 36}


def test_a_json_schema_is_ignored_as_the_service_ignores_it(answer: Answer) -> None:
    text = answer("hello", response_format={"type": "json_schema", "json_schema": {}})
    assert text.startswith(LABEL) and "```json\n{" in text


def test_usage_counts_the_earlier_turns_as_cached(ask: Ask) -> None:
    turn = [{"role": "user", "content": "x" * 400}, {"role": "assistant", "content": "ok"}]
    usage = ask("", messages=[*turn, {"role": "user", "content": "y"}]).json()["usage"]
    assert 100 <= usage["prompt_tokens_details"]["cached_tokens"] < usage["prompt_tokens"]
    assert usage["total_tokens"] == usage["prompt_tokens"] + usage["completion_tokens"]


def test_the_coding_base_answers_too(http: httpx.Client) -> None:
    url = str(http.base_url).replace("/api/paas", "/api/coding/paas") + "chat/completions"
    body = {"model": "glm-4.7", "messages": [{"role": "user", "content": "hi"}]}
    assert http.post(url, json=body).json()["model"] == "glm-4.7+sandbox"


def test_an_enabled_web_search_brings_results_that_say_they_are_scripted(ask: Ask) -> None:
    tool = {"type": "web_search", "web_search": {"enable": True, "search_engine": "x"}}
    assert "Sandbox" in ask("news", tools=[tool]).json()["web_search"][0]["title"]
    tool["web_search"] = {}
    assert "web_search" not in ask("news", tools=[tool]).json()


def test_the_tokenizer_counts_text_and_pictures_apart(http: httpx.Client) -> None:
    part = {"type": "image_url", "image_url": {"url": "https://example.invalid/a.png"}}
    content = [part, {"type": "text", "text": "x" * 40}]
    body = {"model": "glm-4.6v", "messages": [{"role": "user", "content": content}]}
    usage = http.post("/tokenizer", json=body).json()["usage"]
    assert usage["image_tokens"] > 0 and usage["prompt_tokens"] == 14
    assert usage["total_tokens"] == usage["image_tokens"] + usage["prompt_tokens"]
