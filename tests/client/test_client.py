"""What goes out: parameters, headers, endpoints, dialects, connections."""

from __future__ import annotations

import copy
import json
import socket
from collections.abc import Callable
from typing import Any

import pytest
from loopback import DONE, KEY, Clock, Loopback, delta, error, http, reply, stream

from zai_magics import catalogue
from zai_magics import errors as e
from zai_magics._version import __version__
from zai_magics.client import Client
from zai_magics.endpoint import CODING, GENERAL, Endpoint
from zai_magics.types import Job, Usage

Connect = Callable[..., tuple[Client, Loopback]]
TOOL = {"type": "function", "function": {"name": "f", "parameters": {"type": "object"}}}
CHAT = {
    "temperature": 0.7,
    "top_p": 0.9,
    "max_tokens": 1024,
    "thinking": {"type": "enabled", "clear_thinking": False},
    "tools": [TOOL],
    "tool_choice": "auto",
    "stop": ["END"],
    "response_format": {"type": "json_object"},
    "reasoning_effort": "high",
    "do_sample": False,
    "request_id": "request-1",
    "user_id": "user-0001",
    "invented_tomorrow": {"a": [1, None, "ü"]},
}
IMAGE = {"size": "1280x1280", "quality": "hd", "user_id": "user-0001", "invented": 1}
VIDEO = {
    "quality": "quality",
    "size": "1920x1080",
    "fps": 30,
    "with_audio": True,
    "duration": 5,
    "image_url": ["https://a.test/1.png", "https://a.test/2.png"],
    "invented": [],
}


def test_every_chat_parameter_arrives_as_given(connect: Connect) -> None:
    client, server = connect(reply())
    client.chat("Hi", model="glm-4.6", **CHAT)
    user = [{"role": "user", "content": "Hi"}]
    assert server.asked[0].json == {"model": "glm-4.6", "messages": user, "stream": False, **CHAT}
    assert server.asked[0][:2] == ("POST", "/api/paas/v4/chat/completions")


def test_a_stream_asks_for_one(connect: Connect) -> None:
    client, server = connect(stream(delta("stop", content="x"), DONE))
    list(client.stream("Hi", **CHAT))
    assert server.asked[0].json["stream"] is True


def test_every_image_parameter_arrives_as_given(connect: Connect) -> None:
    client, server = connect(http({"data": [{"url": "https://a.test/i.png"}]}))
    assert client.image("A cat", **IMAGE) == ["https://a.test/i.png"]
    assert server.asked[0].json == {"model": "glm-image", "prompt": "A cat", **IMAGE}
    assert server.asked[0].path.endswith("/images/generations")


def test_every_video_parameter_arrives_as_given(connect: Connect) -> None:
    client, server = connect(http({"id": "v-1", "status": "processing"}))
    client.video("A bird", **VIDEO)
    assert server.asked[0].json == {"model": "cogvideox-3", "prompt": "A bird", **VIDEO}
    assert server.asked[0].path.endswith("/videos/generations")


def test_what_is_none_is_left_out(connect: Connect) -> None:
    client, server = connect(reply(), http({"data": [{"url": "u"}]}), http({"id": "1"}))
    client.chat("Hi", temperature=None, stream=None)
    client.image("x", size=None)
    client.video(image_url="https://a.test/1.png", fps=None)
    assert set(server.asked[0].json) == {"model", "messages"}
    assert set(server.asked[1].json) == {"model", "prompt"}
    assert set(server.asked[2].json) == {"model", "image_url"}


def test_messages_go_out_as_they_are_and_stay_as_they_are(connect: Connect) -> None:
    messages: list[dict[str, Any]] = [
        {"role": "system", "content": "s\u2028\x00\\frac{a}{b} {{x}} ünï"},
        {"role": "user", "content": [{"type": "image_url", "image_url": {"url": "https://a"}}]},
        {"role": "assistant", "content": "", "reasoning_content": "r", "tool_calls": [{"id": "1"}]},
        {"role": "tool", "tool_call_id": "1", "content": "7"},
    ]
    before = copy.deepcopy(messages)
    client, server = connect(reply("Fine"))
    said = client.chat(messages)
    assert server.asked[0].json["messages"] == before == messages
    assert said.messages[-1] == {"role": "assistant", "content": "Fine"}
    assert list(said.messages[:-1]) == before


def test_a_conversation_arrives_whole_each_time_it_grows(connect: Connect) -> None:
    client, server = connect(reply())
    half = {"role": "assistant", "content": "half \ud83d"}
    messages: list[dict[str, Any]] = [{"role": "user", "content": "one"}, half]
    for more in (
        {"role": "user", "content": "one"},
        {"role": "assistant", "content": "one"},
        {"role": "assistant", "content": "one", "name": "x"},
        {"role": "user", "content": ["one"]},
        {"role": "user", "content": None},
        {"content": "one"},
        {},
    ):
        messages.append(more)
        client.chat(messages, temperature=0.5)
        assert server.asked[-1].json["messages"] == messages
    messages[0]["content"] = "changed"
    client.chat(messages)
    assert server.asked[-1].json["messages"] == messages


def test_text_goes_out_as_utf_8_and_half_a_character_as_an_escape(connect: Connect) -> None:
    client, server = connect(reply())
    client.chat("汉字")
    client.chat("half \ud83d")
    assert "汉字".encode() in server.asked[0].content
    assert server.asked[1].json["messages"][0]["content"] == "half \ud83d"


@pytest.mark.parametrize("messages", ["", "  \n", [], ["Hi"], [{"role": "user"}, 7], None])
def test_messages_that_are_none_are_refused_before_anything_is_sent(
    connect: Connect, messages: Any
) -> None:
    client, server = connect(reply())
    with pytest.raises(e.PromptError):
        client.chat(messages)
    assert not server.asked


@pytest.mark.parametrize("value", [float("nan"), float("inf"), object(), {1, 2}, b"bytes"])
def test_what_json_does_not_know_is_refused_before_anything_is_sent(
    connect: Connect, value: object
) -> None:
    client, server = connect(reply())
    for ask in (client.chat, client.image, client.video):
        with pytest.raises(e.PromptError):
            ask("Hi", extra=value)
    assert not server.asked


def test_headers_say_who_we_are_and_what_we_read(connect: Connect) -> None:
    client, server = connect(reply())
    client.chat("Hi")
    headers = server.asked[0].headers
    assert headers["authorization"] == f"Bearer {KEY}"
    assert headers["content-type"] == "application/json"
    assert headers["user-agent"] == f"zai-magics/{__version__}"
    assert headers["accept-language"] == "en-US,en"


def test_the_whole_answer_is_read(connect: Connect) -> None:
    usage = {
        "prompt_tokens": 1000,
        "completion_tokens": 50,
        "prompt_tokens_details": {"cached_tokens": 400},
        "completion_tokens_details": {"reasoning_tokens": 30},
    }
    message = {"content": "text", "reasoning_content": "thought", "tool_calls": None}
    choice = {"message": message, "finish_reason": "stop"}
    body = {"id": "i", "request_id": "r", "model": "glm-4.7", "choices": [choice], "usage": usage}
    said = connect(http(body))[0].chat("Hi")
    assert (said, said.thinking, said.finish_reason) == ("text", "thought", "stop")
    assert said.usage == (1000, 50, 400, 30) and said.call.request_id == "r"
    assert said.cost == pytest.approx((600 * 0.6 + 400 * 0.11 + 50 * 2.2) / 1e6)


@pytest.mark.parametrize("usage", [{"total_tokens": 110}, {"input_tokens": 9, "output_tokens": 4}])
def test_tokens_by_other_names_are_tokens_that_nobody_knows(connect: Connect, usage: Any) -> None:
    choice = {"message": {"content": "text"}, "finish_reason": "stop"}
    body = {"id": "i", "model": "glm-4.7", "choices": [choice], "usage": usage}
    said = connect(http(body))[0].chat("Hi")
    assert said.usage is None and said.cost is None


def test_a_web_search_is_in_the_price_of_the_answer_that_it_was_made_for(connect: Connect) -> None:
    choice = {"message": {"content": "text"}, "finish_reason": "stop"}
    usage = {"prompt_tokens": 1000, "completion_tokens": 50}
    found = [{"title": "A page", "link": "https://a.example"}]
    body = {"id": "i", "model": "glm-4.7", "choices": [choice], "usage": usage}
    plain = connect(http(body))[0].chat("Hi")
    searched = connect(http({**body, "web_search": found}))[0].chat("Hi")
    assert plain.cost and searched.cost == pytest.approx(plain.cost + 0.01)


@pytest.mark.parametrize(
    ("asked", "made", "wanted"),
    [
        ((1, 9e11), (5, 2), (1, 5, 1, 2)),
        ((10, 4), (5, 9e11), (10, 5, 4, 5)),
        ((-5, 7), (-1, 3), (0, 0, 0, 0)),
        ((None, 7), ("x", 3), None),
        ((1e300, 1), (True, 0), (0, 1, 0, 0)),
    ],
)
def test_parts_are_never_more_than_the_whole_and_a_price_is_never_below_nothing(
    connect: Connect, asked: Any, made: Any, wanted: Any
) -> None:
    usage = {
        "prompt_tokens": asked[0],
        "completion_tokens": made[0],
        "prompt_tokens_details": {"cached_tokens": asked[1]},
        "completion_tokens_details": {"reasoning_tokens": made[1]},
    }
    choice = {"message": {"content": "text"}, "finish_reason": "stop"}
    body = {"id": "i", "model": "glm-4.7", "choices": [choice], "usage": usage}
    said = connect(http(body))[0].chat("Hi")
    assert said.usage == wanted
    # Words that were counted as none, or not at all, have a price that nobody knows.
    assert said.cost is None if not wanted or not wanted[1] else 0 <= (said.cost or 0.0) < 0.001
    assert catalogue.cost("glm-4.7", Usage(1, 0, 10**12)) == pytest.approx(0.11e-6)


# Endpoints


def test_the_general_endpoint_is_the_default() -> None:
    assert Client(KEY).network.endpoint.url == "https://api.z.ai/api/paas/v4" == GENERAL


def test_the_coding_endpoint_is_there_when_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ZAI_BASE_URL", "https://other.test/v4")
    assert Client(KEY, coding=True).network.endpoint.url == CODING
    assert CODING == "https://api.z.ai/api/coding/paas/v4"


def test_zai_base_url_is_read_when_a_client_is_made(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ZAI_BASE_URL", " https://other.test/v4/ ")
    assert Client(KEY).network.endpoint.url == "https://other.test/v4"
    explicit = Client(KEY, base_url="https://third.test/v4")
    assert explicit.network.endpoint.url == "https://third.test/v4"


@pytest.mark.parametrize(
    "url",
    [
        "https://api.z.ai/api/paas/v4",
        "HTTPS://API.Z.AI/api",
        "http://localhost:8000/v4",
        "http://127.0.0.1/v4",
        "http://127.9.9.9:1/v4",
        "http://[::1]:8000/v4",
    ],
)
def test_https_and_this_machine_are_taken(url: str) -> None:
    assert Endpoint(url).url == url


@pytest.mark.parametrize(
    "url",
    [
        "http://api.z.ai/v4",
        "http://localhost.evil.test/v4",
        "http://127.0.0.1.evil.test/v4",
        "http://192.168.0.1/v4",
        "http://0.0.0.0/v4",
        "http://2130706433/v4",
        "https://user:pass@api.z.ai/v4",
        "https://user@api.z.ai/v4",
        "https://@api.z.ai/v4",
        "https://api.z.ai\\@evil.test/v4",
        "ftp://api.z.ai/v4",
        "file:///etc/passwd",
        "api.z.ai/v4",
        "//api.z.ai/v4",
        "https:///v4",
        "https://",
        "https://api.z.ai/v4?x=1",
        "https://api.z.ai/v4?",
        "https://api.z.ai/v4#x",
        "https://api.z.ai:port/v4",
        "https://[::1/v4",
        "   ",
    ],
)
def test_any_other_base_url_is_refused_without_repeating_it(url: str) -> None:
    with pytest.raises(e.CommandError) as caught:
        Endpoint(url)
    assert "base URL" in str(caught.value) and "pass" not in str(caught.value)


def test_making_a_client_touches_no_network(monkeypatch: pytest.MonkeyPatch) -> None:
    def never(*args: object, **more: object) -> None:
        raise AssertionError("a socket was made")

    monkeypatch.setattr(socket, "socket", never)
    monkeypatch.setattr(socket, "getaddrinfo", never)
    Client(KEY).close()
    Client(KEY).stream("Hi").close()


# Connections


def test_chats_share_one_connection_and_paid_requests_have_their_own(connect: Connect) -> None:
    picture = http({"data": [{"url": "https://a.test/1.png"}]})
    streamed = stream(delta("stop", content="x"), DONE)
    client, server = connect(reply(), streamed, reply(), picture, picture, reply())
    client.chat("1")
    list(client.stream("2"))
    client.chat("3")
    client.image("4")
    client.image("5")
    client.chat("6")
    assert [a.connection for a in server.asked] == [1, 1, 1, 2, 3, 1]


def test_a_closed_client_may_be_used_again(connect: Connect) -> None:
    client, server = connect(reply())
    with client:
        client.chat("1")
    assert client.chat("2") == "Hello" and server.connections == 2


# Videos, in either dialect

REAL = {"model": "m", "id": "7-8", "request_id": "r", "task_status": "PROCESSING"}
FILM = {"url": "https://a.test/v.mp4", "cover_image_url": "https://a.test/c.png"}


def test_the_services_dialect_is_followed(connect: Connect) -> None:
    done = {"task_status": "SUCCESS", "video_result": [FILM]}
    client, server = connect(http(REAL), http({"task_status": "PROCESSING"}), http(done))
    job = client.video("A bird")
    assert (job.id, job.state, job.prompt) == ("7-8", "pending", "A bird")
    job = client.video_result(job)
    assert job.state == "pending"
    job = client.video_result(job)
    assert (job.state, job.urls, job.cover_url) == ("done", (FILM["url"],), FILM["cover_image_url"])
    assert {a.path for a in server.asked[1:]} == {"/api/paas/v4/async-result/7-8"}


def test_the_references_dialect_is_followed(connect: Connect) -> None:
    done = {"id": "video-1", "status": "completed", "video_url": "https://a.test/v.mp4"}
    client, server = connect(http({"id": "video-1", "status": "processing"}), http(done))
    job = client.video_result(client.video("A bird"))
    assert (job.state, job.urls) == ("done", ("https://a.test/v.mp4",))
    assert server.asked[1].path == "/api/paas/v4/videos/video-1"


FLAT = {"code": 500, "msg": "404 NOT_FOUND", "success": False}


@pytest.mark.parametrize("missing", [http(b"", 404), http(FLAT), error("404", 404)])
@pytest.mark.parametrize("route", ["/async-result", "/videos"])
def test_the_other_route_is_tried_once_and_remembered(
    connect: Connect, missing: bytes, route: str
) -> None:
    client, server = connect(missing, http({"task_status": "PROCESSING"}))
    job = client.video_result(Job(id="7", route=route))
    client.video_result(job)
    other = {"/async-result": "/videos", "/videos": "/async-result"}[route]
    paths = [a.path.removeprefix("/api/paas/v4") for a in server.asked]
    assert paths == [f"{route}/7", f"{other}/7", f"{other}/7"]


@pytest.mark.parametrize("missing", [http(b"", 404), http(FLAT)])
def test_a_job_that_neither_route_knows_is_not_found(connect: Connect, missing: bytes) -> None:
    client, server = connect(missing)
    with pytest.raises(e.NotFound):
        client.video_result("gone")
    assert len(server.asked) == 2


@pytest.mark.parametrize(
    ("number", "path"),
    [
        ("a/b", "a%2Fb"),
        ("../models", "..%2Fmodels"),
        ("..", "%2E%2E"),
        ("x?y#z", "x%3Fy%23z"),
        ("ü %", "%C3%BC%20%25"),
    ],
)
def test_a_jobs_id_is_quoted(connect: Connect, number: str, path: str) -> None:
    client, server = connect(http({"task_status": "PROCESSING"}))
    client.video_result(number)
    assert server.asked[0].path == f"/api/paas/v4/async-result/{path}"


@pytest.mark.parametrize(
    ("body", "state", "urls"),
    [
        ({"task_status": "SUBMITTED"}, "pending", ()),
        ({"status": "queued"}, "pending", ()),
        ({"status": "Succeeded", "url": "https://u"}, "done", ("https://u",)),
        ({"status": "done", "data": [{"url": "https://u"}]}, "done", ("https://u",)),
        (
            {"task_status": "SUCCESS", "image_result": [{"url": "https://u"}]},
            "done",
            ("https://u",),
        ),
        ({"video_url": "https://u"}, "done", ("https://u",)),
        ({"task_status": "SUCCESS", "video_result": []}, "pending", ()),
        ({"task_status": "FAIL", "error": {"code": "1", "message": "unsafe"}}, "failed", ()),
        ({"id": "1", "status": "cancelled", "message": "by you"}, "failed", ()),
    ],
)
def test_every_way_to_say_a_jobs_state_is_read(
    connect: Connect, body: dict[str, Any], state: str, urls: tuple[str, ...]
) -> None:
    job = connect(http(body))[0].video_result("1")
    assert (job.state, job.urls) == (state, urls)
    assert bool(job.error) == (state == "failed")


@pytest.mark.parametrize("body", [{"status": "error"}, {"id": "2", "status": "failed"}])
def test_a_failure_that_is_not_the_jobs_is_no_word_about_it(
    connect: Connect, body: dict[str, Any]
) -> None:
    answers = [http({**body, "message": "upstream timed out"})] * 4
    with pytest.raises(e.BadAnswer, match="without naming the job") as caught:
        connect(*answers)[0].video_result("1")
    assert caught.value.outcome == "unknown"


@pytest.mark.parametrize("body", [{}, {"id": None}, {"id": True}, {"id": ["x"]}])
def test_a_create_answer_without_a_job_may_have_been_charged(
    connect: Connect, body: dict[str, Any]
) -> None:
    with pytest.raises(e.MaybeCharged, match="names no job"):
        connect(http(body))[0].video("A bird")


# Pictures and models


def test_pictures_come_as_links_with_the_prompt_that_was_made_of_ours(connect: Connect) -> None:
    rows = [{"url": "https://a.test/1.png", "revised_prompt": "better"}, 7, {"b64_json": "QUJD"}]
    links = connect(http({"data": rows}))[0].image_links("A cat", n=2)
    assert links == [("https://a.test/1.png", "better"), ("data:image/png;base64,QUJD", "")]


@pytest.mark.parametrize(
    ("params", "kept"),
    [({}, 1), ({"n": 1}, 1), ({"n": 3}, 3), ({"n": 10**9}, 1), ({"n": "x"}, 1), ({"n": -1}, 1)],
)
def test_no_more_pictures_than_were_ordered_are_taken_and_it_is_said(
    connect: Connect, params: dict[str, Any], kept: int
) -> None:
    rows = [{"url": f"https://a.test/{n}.png"} for n in range(500)]
    client = connect(http({"data": rows}))[0]
    told: list[str] = []
    client.warn = told.append
    assert client.image("A cat", **params) == [row["url"] for row in rows[:kept]]
    assert len(told) == 1 and "500 links" in told[0]


@pytest.mark.parametrize("data", [None, [], {}, [None], [{"url": ""}], [{"url": 7}], "x"])
def test_an_answer_without_a_picture_may_have_been_charged(connect: Connect, data: Any) -> None:
    client, server = connect(http({"created": 1, "data": data}))
    with pytest.raises(e.MaybeCharged, match="no picture"):
        client.image("A cat")
    assert len(server.asked) == 1


def test_the_models_that_the_service_lists_are_given(connect: Connect) -> None:
    rows = [{"id": "glm-4.7", "object": "model"}, {"id": 7}, None, {"id": "glm-5"}]
    client, server = connect(http({"object": "list", "data": rows}), http({"data": "?"}))
    assert client.models() == ["glm-4.7", "glm-5"]
    assert server.asked[0][:2] == ("GET", "/api/paas/v4/models")
    with pytest.raises(e.BadAnswer):
        client.models()


def test_an_answer_over_32_mb_is_not_read(connect: Connect, clock: Clock) -> None:
    client, _ = connect(http(json.dumps({"data": "x" * (33 << 20)}).encode()))
    with pytest.raises(e.MaybeCharged, match="32 MB"):
        client.image("A cat")
