"""The shape of an event stream, byte by byte."""

from __future__ import annotations

import json
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import httpx
import pytest

from zai_magics.sandbox import Sandbox

Ask = Callable[..., httpx.Response]


def frames(reply: httpx.Response) -> list[Any]:
    """The frames of a stream; fails on anything but data lines between blank lines."""
    assert reply.headers["Content-Type"] == "text/event-stream;charset=UTF-8"
    *events, rest = reply.content.decode().split("\n\n")
    assert rest == "" and all(event.startswith("data: ") for event in events)
    assert all("\n" not in event for event in events)
    return [e if e == "[DONE]" else json.loads(e) for e in (e[6:] for e in events)]


def deltas(events: list[Any], name: str) -> list[str]:
    """The values of one key of the deltas."""
    found = (event["choices"][0]["delta"] for event in events if event != "[DONE]")
    return [delta[name] for delta in found if name in delta]


def test_thinking_comes_first_then_text_then_the_end_with_usage_then_done(ask: Ask) -> None:
    *body, last, done = frames(ask("hello", stream=True))
    keys = [next(k for k in e["choices"][0]["delta"] if k != "role") for e in body]
    turn = keys.index("content")
    assert set(keys[:turn]) == {"reasoning_content"} and set(keys[turn:]) == {"content"}
    assert all(e["choices"][0]["delta"]["role"] == "assistant" for e in body)
    assert all("usage" not in e and "finish_reason" not in e["choices"][0] for e in body)
    assert all("request_id" not in e for e in body)
    assert last["choices"][0]["finish_reason"] == "stop"
    assert last["choices"][0]["delta"] == {"role": "assistant", "content": ""}
    assert last["usage"]["total_tokens"] > 0 and done == "[DONE]"


@pytest.mark.parametrize("prompt", ["hello", "a long text", "a formula", "code"])
def test_the_pieces_of_a_stream_are_the_text_of_the_whole_answer(ask: Ask, prompt: str) -> None:
    whole = ask(prompt).json()
    events = frames(ask(prompt, stream=True))
    message = whole["choices"][0]["message"]
    assert "".join(deltas(events, "content")) == message["content"]
    assert "".join(deltas(events, "reasoning_content")) == message["reasoning_content"]
    assert events[-2]["usage"] == whole["usage"]


def test_every_piece_is_about_a_word(ask: Ask) -> None:
    pieces = deltas(frames(ask("[[echo]] one two " + "z" * 100, stream=True)), "content")
    assert pieces == ["one", " two", " " + "z" * 40, "z" * 40, "z" * 20, ""]


def test_frames_are_paced_and_a_long_text_takes_at_most_ten_seconds(time: SimpleNamespace) -> None:
    made = Sandbox(pace=0.02, pause=time.waits.append)
    with made, httpx.Client(headers={"Authorization": "Bearer sandbox"}) as client:
        for prompt in ("hello", "a long text"):
            time.waits.clear()
            messages = [{"role": "user", "content": prompt}]
            body = {"model": "glm-4.7", "messages": messages, "stream": True}
            client.post(f"{made.base_url}/chat/completions", json=body)
            if prompt == "hello":
                assert set(time.waits) == {0.02}
            else:
                assert 9 < sum(time.waits) < 10.1 and len(time.waits) > 1800


def test_a_call_comes_in_one_frame_without_a_role(ask: Ask) -> None:
    tools = [{"type": "function", "function": {"name": "add", "parameters": {}}}]
    events = frames(ask("add", stream=True, tools=tools))
    calls = [e for e in events[:-1] if "tool_calls" in e["choices"][0]["delta"]]
    assert len(calls) == 1 and "role" not in calls[0]["choices"][0]["delta"]
    assert events[-2]["choices"][0]["finish_reason"] == "tool_calls"


def test_tool_stream_splits_the_arguments_under_one_index(ask: Ask) -> None:
    schema = {"type": "object", "properties": {"city": {"type": "string"}}}
    tools = [{"type": "function", "function": {"name": "go", "parameters": schema}}]
    parts = deltas(
        frames(ask('go to "Llanfairpwllgwyngyll"', stream=True, tool_stream=True, tools=tools)),
        "tool_calls",
    )
    assert len(parts) > 2 and {part[0]["index"] for part in parts} == {0}
    assert parts[0][0]["function"]["name"] == "go" and "id" not in parts[1][0]
    text = "".join(part[0]["function"]["arguments"] for part in parts)
    assert json.loads(text) == {"city": "Llanfairpwllgwyngyll"}


def test_a_web_search_stands_in_a_frame_of_its_own(ask: Ask) -> None:
    tool = {"type": "web_search", "web_search": {"enable": True}}
    assert frames(ask("news", stream=True, tools=[tool]))[0]["web_search"][0]["refer"] == "ref_1"


def test_characters_of_several_bytes_and_line_separators_go_out_as_they_are(ask: Ask) -> None:
    odd = "ä 汉 🙂 \u2028 \x85 \x0b end"
    reply = ask(f"[[echo]] {odd}", stream=True)
    assert "\u2028".encode() in reply.content and "🙂".encode() in reply.content
    assert "".join(deltas(frames(reply), "content")) == odd
