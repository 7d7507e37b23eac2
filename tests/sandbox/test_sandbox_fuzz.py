"""Odd bodies to every endpoint: a documented error or a success, never a crash."""

from __future__ import annotations

import json
import random
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from zai_magics.sandbox import Sandbox

PATHS = (
    "/chat/completions",
    "/images/generations",
    "/async/images/generations",
    "/videos/generations",
    "/tokenizer",
)
SCALARS = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=True)
    | st.text(max_size=12)
    | st.sampled_from(["", "glm-4.7", "glm-4.6v", "1280x1280", 10**400, -1, 1e308, "[[echo]] x"])
)
JSON = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner),
    max_leaves=8,
)
USER = {"role": "user", "content": "please f and g, [[tool]] a table"}
IMAGE = {"type": "image_url", "image_url": {"url": "https://example.invalid/a"}}
FUNCTION = {"name": "f", "parameters": {"type": "object", "properties": {"a": {"type": "string"}}}}
# Good requests, in which one place or several are replaced by something odd.
GOOD: dict[str, dict[str, Any]] = {
    "/chat/completions": {
        "model": "glm-4.6v",
        "messages": [
            {"role": "system", "content": "Answer {} with JSON."},
            {"role": "user", "content": [IMAGE, {"type": "text", "text": "hi"}]},
            {"role": "assistant", "tool_calls": [{"id": "c", "function": {"name": "f"}}]},
            {"role": "tool", "tool_call_id": "c", "content": "7"},
            USER,
        ],
        "tools": [
            {"type": "function", "function": FUNCTION},
            {"type": "web_search", "web_search": {"enable": True}},
        ],
        "thinking": {"type": "enabled"},
        "response_format": {"type": "json_object"},
        "stop": ["x"],
        "stream": False,
        "max_tokens": 50,
        "temperature": 1,
        "request_id": "abcdef",
    },
    "/images/generations": {"model": "glm-image", "prompt": "a", "size": "1280x1280", "n": 1},
    "/async/images/generations": {"model": "glm-image", "prompt": "a", "quality": "hd"},
    "/videos/generations": {
        "model": "cogvideox-3",
        "prompt": "a",
        "image_url": ["https://example.invalid/a"],
        "size": "1280x720",
        "fps": 30,
        "duration": 5,
        "with_audio": True,
    },
    "/tokenizer": {"model": "glm-4.7", "messages": [USER]},
}


@pytest.fixture(scope="module")
def client() -> Iterator[httpx.Client]:
    """One sandbox for the whole battery."""
    with (
        Sandbox(pace=0, pause=lambda seconds: None) as made,
        httpx.Client(base_url=made.base_url, headers={"Authorization": "Bearer sandbox"}) as http,
    ):
        yield http


def spots(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """The ways to all places inside a JSON value."""
    inner = value.items() if isinstance(value, dict) else enumerate(value)
    for key, one in list(inner) if isinstance(value, dict | list) else []:
        yield (*path, key)
        if isinstance(one, dict | list):
            yield from spots(one, (*path, key))


def spoilt(path: str, odd: list[Any], seed: int) -> Any:
    """A good request with odd values put into places of it."""
    body, chance = json.loads(json.dumps(GOOD[path])), random.Random(seed)
    for value in odd:
        *way, last = chance.choice(list(spots(body)))
        place = body
        for step in way:
            place = place[step]
        place[last] = value
    return body


def documented(reply: httpx.Response) -> None:
    """A success, or an error in the documented form with a status below 500."""
    assert reply.headers["X-Zai-Sandbox"] == "1" and reply.headers["X-Log-Id"]
    assert reply.status_code in (200, 400, 401, 403, 404, 413), reply.text
    if reply.headers["Content-Type"].startswith("application/json"):
        body = reply.json()
        if reply.status_code != 200:
            assert set(body["error"]) == {"code", "message"}
            assert isinstance(body["error"]["code"], str)


def send(client: httpx.Client, path: str, body: Any) -> None:
    """Send any value as JSON, NaN and lone surrogates included."""
    data = json.dumps(body).encode() if not isinstance(body, bytes) else body
    documented(client.post(path, content=data))


QUICK = settings(
    max_examples=60, deadline=None, database=None, suppress_health_check=list(HealthCheck)
)
THOROUGH = settings(QUICK, max_examples=6000)


def any_value(client: httpx.Client, path: str, body: Any) -> None:
    send(client, path, body)


def any_place(client: httpx.Client, path: str, odd: list[Any], seed: int, stream: bool) -> None:
    body = spoilt(path, odd, seed)
    if stream and isinstance(body, dict) and path == "/chat/completions":
        body["stream"] = True
    send(client, path, body)


VALUE = given(path=st.sampled_from(PATHS), body=JSON | st.binary(max_size=40))
PLACE = given(
    path=st.sampled_from(PATHS),
    odd=st.lists(JSON, min_size=1, max_size=3),
    seed=st.integers(0, 10**6),
    stream=st.booleans(),
)


@QUICK
@VALUE
def test_any_body_gets_a_documented_answer(client: httpx.Client, path: str, body: Any) -> None:
    any_value(client, path, body)


@QUICK
@PLACE
def test_a_good_request_spoilt_in_any_place_gets_a_documented_answer(
    client: httpx.Client, path: str, odd: list[Any], seed: int, stream: bool
) -> None:
    any_place(client, path, odd, seed, stream)


@pytest.mark.long
@THOROUGH
@VALUE
def test_any_of_thousands_of_bodies_gets_a_documented_answer(
    client: httpx.Client, path: str, body: Any
) -> None:
    any_value(client, path, body)


@pytest.mark.long
@THOROUGH
@PLACE
def test_thousands_of_spoilt_requests_get_documented_answers(
    client: httpx.Client, path: str, odd: list[Any], seed: int, stream: bool
) -> None:
    any_place(client, path, odd, seed, stream)


@pytest.mark.parametrize("path", PATHS)
def test_the_good_requests_of_this_battery_are_good(client: httpx.Client, path: str) -> None:
    body = GOOD[path]
    assert client.post(path, json=body).status_code == 200
    for way in spots(body):
        for odd in ([], {}, "", 0, -1, True, None, "x" * 3000, [[]], {"": None}, 1e308):
            send(client, path, _with(body, way, odd))


def _with(body: Any, way: tuple[Any, ...], odd: Any) -> Any:
    changed = json.loads(json.dumps(body))
    place = changed
    for step in way[:-1]:
        place = place[step]
    place[way[-1]] = odd
    return changed
