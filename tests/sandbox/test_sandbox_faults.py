"""Error paths that a prompt asks for."""

from __future__ import annotations

import gzip
import json
import re
import socket
from collections.abc import Callable
from types import SimpleNamespace

import httpx
import pytest

from zai_magics.sandbox import MARKERS, Sandbox, faults
from zai_magics.sandbox.errors import CODES

Ask = Callable[..., httpx.Response]
Answer = Callable[..., str]


@pytest.mark.parametrize("code", CODES)
def test_every_documented_code_comes_with_its_status_and_body(ask: Ask, code: str) -> None:
    status, message = CODES[code]
    reply = ask(f"[[error {code}]]", stream=True)
    assert reply.status_code == status
    assert reply.json() == {"error": {"code": code, "message": message}}


def test_an_error_can_strike_the_first_requests_only(ask: Ask) -> None:
    statuses = [ask("[[error 1302 x2]] hello").status_code for _ in range(4)]
    assert statuses == [429, 429, 200, 200]
    assert ask("[[error 1302 x2]] another").status_code == 429


@pytest.mark.parametrize(("word", "status"), [("500", 500), ("418", 418), ("200", 500), ("", 500)])
def test_any_error_status_can_be_asked_for(ask: Ask, word: str, status: int) -> None:
    assert ask(f"[[status {word}]]").status_code == status


def test_retry_after_is_added_to_an_error(ask: Ask) -> None:
    reply = ask("[[error 1302]] [[retry-after 2]] hi")
    assert (reply.status_code, reply.headers["Retry-After"]) == (429, "2")


def test_waits_are_made_before_the_first_byte_and_in_the_middle(
    ask: Ask, time: SimpleNamespace
) -> None:
    for stream in (False, True):
        ask("[[slow 5]] [[stall 3]] hi", stream=stream)
    assert time.waits == [5.0, 3.0, 5.0, 3.0]


@pytest.mark.parametrize("word", ["nan", "inf", "-5", "x", "1e99"])
def test_a_wait_of_nonsense_is_bounded(ask: Ask, time: SimpleNamespace, word: str) -> None:
    ask(f"[[slow {word}]]")
    assert all(0 <= seconds <= 600 for seconds in time.waits)


def test_a_stream_is_cut_without_an_end(ask: Ask) -> None:
    reply = ask("[[cut]] hello", stream=True)
    assert b"Sandbox" in reply.content
    assert b"finish_reason" not in reply.content and b"[DONE]" not in reply.content


def test_a_whole_answer_is_cut_short_of_its_length(ask: Ask) -> None:
    with pytest.raises(httpx.RemoteProtocolError, match=r"incomplete|without sending complete"):
        ask("[[cut]] hello")


@pytest.mark.parametrize("stream", [False, True])
def test_the_connection_is_reset(ask: Ask, stream: bool) -> None:
    for marker in ("reset", "reset-first"):
        with pytest.raises(httpx.ReadError):
            ask(f"[[{marker}]] hello", stream=stream)


def test_a_reset_in_the_middle_leaves_time_to_read_what_came_before(sandbox: Sandbox) -> None:
    # Without the fixture's pause, which does not wait.
    with Sandbox(pace=0) as real, httpx.Client(headers={"Authorization": "Bearer sandbox"}) as http:
        messages = [{"role": "user", "content": "[[reset]] hello"}]
        body = {"model": "glm-4.7", "messages": messages, "stream": True}
        received = b""
        url = f"{real.base_url}/chat/completions"
        with pytest.raises(httpx.ReadError), http.stream("POST", url, json=body) as reply:
            for piece in reply.iter_raw():
                received += piece
        assert b"Sandbox" in received


def test_a_frame_is_cut_in_mid_json_and_the_next_one_glued_on(ask: Ask) -> None:
    lines = ask("[[garble]] hello", stream=True).text.split("\n\n")
    broken = [line for line in lines if line.count("data: {") == 2]
    assert len(broken) == 1
    with pytest.raises(ValueError):
        json.loads(broken[0][6:])
    json.loads(broken[0].rpartition("data: ")[2])
    assert lines[-2] == "data: [DONE]"


def test_an_error_stands_inside_the_stream(ask: Ask) -> None:
    *_, last, end = ask("[[stream-error 1301]] hi", stream=True).text.split("\n\n")
    assert json.loads(last[6:])["error"]["code"] == "1301" and end == ""
    assert ask("[[stream-error 1301]] hi").json()["error"]["code"] == "1301"


def test_any_finish_reason_can_be_asked_for(ask: Ask) -> None:
    whole = ask("[[finish network_error]] hi").json()
    assert whole["choices"][0]["finish_reason"] == "network_error"
    assert '"finish_reason":"odd"' in ask("[[finish odd]] hi", stream=True).text


def test_bodies_of_another_kind(ask: Ask) -> None:
    page = ask("[[html]] hi")
    assert page.headers["Content-Type"].startswith("text/html") and page.text.startswith("<!doc")
    flat = ask("[[flat]] hi", stream=True)
    assert flat.json() == {"code": 500, "msg": "404 NOT_FOUND", "success": False}
    plain = ask("[[plain]] hi", stream=True)
    assert plain.json()["object"] == "chat.completion"
    away = ask("[[redirect]] hi")
    assert (away.status_code, away.headers["Location"]) == (302, "https://example.invalid/")
    assert ask("[[status 502]] [[html]] hi").status_code == 502


@pytest.mark.parametrize("stream", [False, True])
def test_gzip_comes_although_identity_was_asked_for(
    http: httpx.Client, ask: Ask, stream: bool
) -> None:
    http.headers["Accept-Encoding"] = "identity"
    messages = [{"role": "user", "content": "[[gzip]] hi"}]
    body = {"model": "glm-4.7", "messages": messages, "stream": stream}
    with http.stream("POST", "/chat/completions", json=body) as reply:
        data = b"".join(reply.iter_raw())
    assert reply.headers["Content-Encoding"] == "gzip"
    assert b"Sandbox" in gzip.decompress(data)


def test_thinking_without_a_text(ask: Ask) -> None:
    choice = ask("[[empty]] hi").json()["choices"][0]
    assert choice["message"]["content"] == "" and choice["message"]["reasoning_content"]
    assert choice["finish_reason"] == "length"


@pytest.mark.parametrize(
    "text",
    ["plain", " two  spaces ", "a\r\nb\n\n", "<script>x</script>", "{{ x }} $5", "ä\u2028🙂"],
)
def test_an_echo_is_the_rest_of_the_prompt_exactly(answer: Answer, ask: Ask, text: str) -> None:
    assert answer(f"[[echo]] {text}") == text
    message = ask(f"[[echo]]\n{text}").json()["choices"][0]["message"]
    assert message == {"role": "assistant", "content": text}


@pytest.mark.parametrize("stream", [False, True])
def test_one_byte_at_a_time_is_the_same_answer(ask: Ask, stream: bool) -> None:
    def shape(marker: str) -> str:
        # Ids and times differ; the marker itself counts as tokens of the prompt.
        text = ask(f"{marker} [[echo]] aä🙂", stream=stream).text
        return re.sub(r'"(id|request_id)":"\w+"|"\w+_tokens":\d+|"created":\d+', "", text)

    assert shape("[[bytes]]") == shape("[[finish stop]]") and "🙂" in shape("[[bytes]]")


def test_one_byte_at_a_time_really_arrives_in_small_packets(sandbox: Sandbox) -> None:
    content = b'{"role":"user","content":"[[bytes]] a long text"}'
    body = b'{"model":"glm-4.7","messages":[' + content + b"]}"
    head = b"POST /sandbox/api/paas/v4/chat/completions HTTP/1.1\r\nHost: localhost\r\n"
    head += b"Authorization: Bearer sandbox\r\nContent-Length: %d\r\n\r\n" % len(body)
    port = httpx.URL(sandbox.base_url).port or 0
    with socket.create_connection(("127.0.0.1", port), timeout=10) as connection:
        connection.sendall(head + body)
        pieces = [len(connection.recv(65536)) for _ in range(200)]
    assert min(pieces) < 50


def test_markers_are_cut_and_other_brackets_stay(answer: Answer) -> None:
    said = answer("[[finish stop]] if [[ -f x ]] and [[1, 2]] or [[unknown]]")
    assert "“if [[ -f x ]] and [[1, 2]] or [[unknown]]”" in said


def test_only_the_last_message_counts(ask: Ask) -> None:
    messages = [
        {"role": "user", "content": "[[error 1302]] first"},
        {"role": "assistant", "content": "ok"},
        {"role": "user", "content": "second"},
    ]
    reply = ask("", messages=messages)
    assert reply.status_code == 200
    assert "you first said: “first”" in reply.json()["choices"][0]["message"]["content"]


def test_a_prompt_of_many_brackets_costs_no_time(ask: Ask) -> None:
    assert ask("[[error " * 20_000).status_code == 200


def test_the_documentation_lists_every_marker() -> None:
    assert all(form in (faults.__doc__ or "") for form in MARKERS)
    assert all(form.startswith("[[") and form.endswith("]]") for form in MARKERS)
