"""Requests that the service would refuse, and the code and status of the refusal."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

USER = [{"role": "user", "content": "hi"}]
CHAT = {"model": "glm-4.7", "messages": USER}
IMAGE = {"model": "glm-image", "prompt": "a sunset"}
VIDEO = {"model": "cogvideox-3", "prompt": "a bird"}
FUNCTION = {"type": "function", "function": {"name": "f"}}


def refusal(http: httpx.Client, path: str, body: Any) -> tuple[int, str]:
    """Status and code; the body must have the documented form."""
    reply = http.post(path, json=body)
    error = reply.json()["error"]
    assert set(error) == {"code", "message"} and error["message"]
    return reply.status_code, error["code"]


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"model": None}, "1213"),
        ({"model": 5}, "1214"),
        ({"model": "gpt-4"}, "1214"),
        ({"model": "glm-image"}, "1212"),
        ({"messages": None}, "1213"),
        ({"messages": []}, "1214"),
        ({"messages": {}}, "1214"),
        ({"messages": ["hi"]}, "1214"),
        ({"messages": [{"content": "hi"}]}, "1213"),
        ({"messages": [{"role": "robot", "content": "hi"}]}, "1214"),
        ({"messages": [{"role": "user"}]}, "1213"),
        ({"messages": [{"role": "user", "content": 5}]}, "1214"),
        ({"messages": [{"role": "user", "content": []}]}, "1214"),
        ({"messages": [{"role": "user", "content": ["hi"]}]}, "1214"),
        ({"messages": [{"role": "user", "content": [{"type": "text"}]}]}, "1214"),
        ({"messages": [{"role": "user", "content": [{"type": "image_url"}]}]}, "1210"),
        ({"messages": [{"role": "system", "content": "hi"}]}, "1214"),
        ({"messages": [*USER, {"role": "tool", "content": "7"}]}, "1213"),
        ({"messages": [*USER, {"role": "assistant", "tool_calls": [{}]}]}, "1214"),
        ({"messages": [{"role": "user", "content": "x" * 900_000}]}, "1261"),
        ({"temperature": 2.1}, "1214"),
        ({"temperature": "hot"}, "1214"),
        ({"temperature": True}, "1214"),
        ({"top_p": 0}, "1214"),
        ({"max_tokens": 0}, "1214"),
        ({"max_tokens": 1.5}, "1214"),
        ({"max_tokens": 10**400}, "1214"),
        ({"stream": "yes"}, "1214"),
        ({"thinking": []}, "1214"),
        ({"thinking": {"type": "maybe"}}, "1214"),
        ({"reasoning_effort": "huge"}, "1214"),
        ({"model": "glm-5.3", "thinking": {"type": "disabled"}}, "1210"),
        ({"model": "glm-5.3", "reasoning_effort": "medium"}, "1210"),
        ({"stop": "word"}, "1214"),
        ({"stop": []}, "1214"),
        ({"response_format": {"type": "xml"}}, "1214"),
        ({"tools": {}}, "1214"),
        ({"tools": ["f"]}, "1214"),
        ({"tools": [{"type": "rocket"}]}, "1214"),
        ({"tools": [{"type": "function"}]}, "1213"),
        ({"tools": [{"type": "function", "function": {"name": "a b"}}]}, "1214"),
        ({"tools": [{"type": "function", "function": {"name": "f", "parameters": 1}}]}, "1214"),
        ({"tools": [{"type": "function", "function": {"name": "f", "parameters": []}}]}, "1214"),
        ({"tools": [{"type": "web_search", "web_search": []}]}, "1214"),
        ({"tools": [FUNCTION] * 129}, "1214"),
        ({"request_id": "short"}, "1214"),
        ({"user_id": "x" * 129}, "1214"),
    ],
)
def test_an_odd_chat_is_refused(http: httpx.Client, change: dict[str, Any], code: str) -> None:
    assert refusal(http, "/chat/completions", CHAT | change) == (400, code)


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"model": None}, "1213"),
        ({"model": "dall-e"}, "1211"),
        ({"model": "glm-4.7"}, "1212"),
        ({"prompt": None}, "1213"),
        ({"prompt": ""}, "1213"),
        ({"prompt": ["a"]}, "1214"),
        ({"prompt": "x" * 2001}, "1214"),
        ({"quality": "ultra"}, "1214"),
        ({"size": []}, "1214"),
        ({"size": ""}, "1214"),
        ({"size": "large"}, "1214"),
        ({"size": "1000x1000"}, "1214"),
        ({"size": "1040x1040"}, "1214"),
        ({"size": "992x1024"}, "1214"),
        ({"size": "2048x2080"}, "1214"),
        ({"model": "cogview-4", "size": "2048x2048"}, "1214"),
        ({"model": "cogview-4", "size": "496x512"}, "1214"),
    ],
)
@pytest.mark.parametrize("path", ["/images/generations", "/async/images/generations"])
def test_an_odd_picture_is_refused(
    http: httpx.Client, path: str, change: dict[str, Any], code: str
) -> None:
    assert refusal(http, path, IMAGE | change) == (400, code)


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"model": "sora"}, "1211"),
        ({"model": "glm-image"}, "1212"),
        ({"prompt": None}, "1213"),
        ({"prompt": "x" * 513}, "1214"),
        ({"image_url": {}}, "1214"),
        ({"image_url": ["https://a.invalid/1"] * 3}, "1214"),
        ({"image_url": ["https://a.invalid/1"] * 2, "quality": "quality"}, "1215"),
        ({"image_url": "not a picture"}, "1210"),
        ({"quality": "best"}, "1214"),
        ({"with_audio": "yes"}, "1214"),
        ({"size": "640x480"}, "1214"),
        ({"fps": 24}, "1214"),
        ({"fps": True}, "1214"),
        ({"duration": 7}, "1214"),
    ],
)
def test_an_odd_film_is_refused(http: httpx.Client, change: dict[str, Any], code: str) -> None:
    assert refusal(http, "/videos/generations", VIDEO | change) == (400, code)


@pytest.mark.parametrize("size", ["1280x1280", "1728x960", "1024x2048", "2048x2048", "1568x1056"])
def test_documented_picture_sizes_are_taken(http: httpx.Client, size: str) -> None:
    assert http.post("/images/generations", json=IMAGE | {"size": size}).status_code == 200


def test_explicit_nulls_count_as_absent_and_unknown_parameters_pass(http: httpx.Client) -> None:
    nulls = dict.fromkeys(["thinking", "tools", "stop", "max_tokens", "response_format", "top_p"])
    assert http.post("/chat/completions", json=CHAT | nulls | {"seed": 1}).status_code == 200
    nulls = dict.fromkeys(["image_url", "size", "fps", "duration", "quality", "with_audio"])
    assert http.post("/videos/generations", json=VIDEO | nulls | {"x": 1}).status_code == 200


def test_a_refused_picture_or_film_is_not_charged(http: httpx.Client, sandbox: Any) -> None:
    refusal(http, "/images/generations", IMAGE | {"size": "1x1"})
    refusal(http, "/videos/generations", VIDEO | {"fps": 1})
    assert sandbox.charged == []


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"hello",
        b"[]",
        b"null",
        b'{"a":NaN}',
        b'{"a":Infinity}',
        b'{"a":' + b"9" * 5000 + b"}",
        b'\xff\xfe{"\x00',
        '{"model":"glm-4.7"}'.encode("utf-16"),
        b"\xef\xbb\xbf{}",
        b'{"a":' + b"[" * 100_000,
        b'{"a":' + b"[" * 500 + b"]" * 500 + b"}",
        b'{"a":"\x00"}',
    ],
)
def test_a_body_that_is_no_json_object_is_refused(http: httpx.Client, data: bytes) -> None:
    for path in ("/chat/completions", "/images/generations", "/videos/generations", "/tokenizer"):
        reply = http.post(path, content=data)
        assert (reply.status_code, reply.json()["error"]["code"]) == (400, "1214")


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/chat/completions"),
        ("POST", "/models"),
        ("GET", "/"),
        ("POST", "/embeddings"),
        ("DELETE", "/videos/1"),
        ("OPTIONS", "/models"),
        ("GET", "/async-result/none"),
        ("GET", "http://127.0.0.1/etc/passwd"),
    ],
)
def test_everything_else_is_not_found(
    http: httpx.Client, sandbox: Any, method: str, path: str
) -> None:
    url = path.replace("http://127.0.0.1", sandbox.origin)
    reply = http.request(method, url)
    assert reply.status_code == 404 and reply.json()["error"]["code"] == "404"


def test_half_a_surrogate_pair_in_a_prompt_is_answered(http: httpx.Client) -> None:
    data = rb'{"model":"glm-4.7","messages":[{"role":"user","content":"[[echo]] a\ud800b"}]}'
    reply = http.post("/chat/completions", content=data)
    assert reply.status_code == 200 and rb"a\ud800b" in reply.content
