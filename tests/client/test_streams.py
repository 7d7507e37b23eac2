"""A streamed answer: how it may end, what may stand in it, and what it may not cost."""

from __future__ import annotations

import gzip
import json
import os
import signal
import sys
import threading
import tracemalloc
from collections.abc import Callable, Iterator

import httpx
import pytest
from loopback import (
    DONE,
    KEY,
    STREAM_HEAD,
    Clock,
    Loopback,
    chunk,
    delta,
    error,
    http,
    reply,
    stream,
    then_close,
    then_watch,
)

from zai_magics import direct, sender
from zai_magics import errors as e
from zai_magics.client import Client
from zai_magics.http import SILENCE
from zai_magics.types import Reply

Connect = Callable[..., tuple[Client, Loopback]]
HI = delta(content="Hi")


def read(client: Client) -> Reply:
    with client.stream("hi") as said:
        list(said)
    return said.reply()


@pytest.mark.parametrize(
    ("reason", "words"),
    [
        ("length", "max_tokens"),
        ("sensitive", "content filter"),
        ("network_error", "lost its own connection"),
        ("model_context_window_exceeded", "no longer fits"),
        ("tired", "'tired'"),
    ],
)
def test_each_finish_reason_has_its_own_plain_words(
    connect: Connect, reason: str, words: str
) -> None:
    for before in ((HI,), (delta(reasoning_content="Hm"), HI)):
        said = read(connect(stream(*before, delta(reason), DONE))[0])
        assert said == "Hi" and said.finish_reason == reason and words in said.note


@pytest.mark.parametrize("reason", ["stop", "length"])
def test_thinking_without_a_text_says_so(connect: Connect, reason: str) -> None:
    said = read(connect(stream(delta(reasoning_content="Hm"), delta(reason), DONE))[0])
    assert said == "" and said.thinking == "Hm" and "only thinking" in said.note


@pytest.mark.parametrize(("reason", "words"), [("sensitive", "filter"), ("network_error", "lost")])
def test_a_filtered_or_broken_answer_is_not_taken_for_too_much_thinking(
    connect: Connect, reason: str, words: str
) -> None:
    said = read(connect(stream(delta(reasoning_content="Hm"), delta(reason), DONE))[0])
    assert words in said.note


@pytest.mark.parametrize("end", [(delta("stop"),), (DONE,), (delta("stop"), DONE)])
def test_finish_reason_or_done_makes_an_answer_whole(
    connect: Connect, end: tuple[bytes, ...]
) -> None:
    said = read(connect(stream(HI, *end))[0])
    assert said == "Hi" and said.note == ""


@pytest.mark.parametrize("end", [(delta("stop"),), (DONE,)])
@pytest.mark.parametrize("reset", [True, False])
def test_what_breaks_behind_the_last_word_is_no_loss(
    connect: Connect, end: tuple[bytes, ...], reset: bool
) -> None:
    client, server = connect(then_close(stream(HI, *end, end=b""), reset))
    assert read(client) == "Hi" and len(server.asked) == 1


def test_a_server_that_does_not_end_after_done_is_left(connect: Connect) -> None:
    gone = threading.Event()
    client, _ = connect(then_watch(stream(HI, DONE, end=b""), gone))
    assert read(client) == "Hi"
    assert gone.wait(5)


def test_a_stream_that_just_stops_is_incomplete_and_its_words_are_kept(connect: Connect) -> None:
    client, server = connect(stream(HI))
    with client.stream("hi") as said, pytest.raises(e.IncompleteAnswer, match="ended too early"):
        list(said)
    assert said.reply() == "Hi" and "incomplete" in said.reply().note
    assert len(server.asked) == 1


def test_an_error_in_the_stream_is_raised_and_the_words_are_kept(connect: Connect) -> None:
    failure = b'data: {"error":{"code":"1301","message":"unsafe"}}\n\n'
    client, server = connect(stream(HI, b"event: error\n" + failure))
    with client.stream("hi") as said, pytest.raises(e.ContentRefused):
        list(said)
    assert said.reply() == "Hi" and len(server.asked) == 1


def test_a_flat_business_code_in_the_stream_is_an_error(connect: Connect) -> None:
    client, _ = connect(stream(b'data: {"code":1113,"msg":"no money"}\n\n'))
    with pytest.raises(e.BalanceError):
        read(client)


def test_an_error_that_may_pass_breaks_a_begun_answer_as_incomplete(connect: Connect) -> None:
    client, _ = connect(stream(HI, b'data: {"error":{"code":"1234","message":"m"}}\n\n'))
    with client.stream("hi") as said, pytest.raises(e.IncompleteAnswer, match="code 1234"):
        list(said)
    assert said.reply() == "Hi"


def test_plain_json_is_understood_where_a_stream_was_asked(connect: Connect) -> None:
    said = read(connect(reply("Whole"))[0])
    assert said == "Whole" and said.usage == (10, 20, 0, 0) and not said.note


@pytest.mark.parametrize(
    ("answer", "kind", "words"),
    [
        (http({"error": {"code": "1301", "message": "m"}}), e.ContentRefused, "1301"),
        (http({"code": 500, "msg": "404 NOT_FOUND", "success": False}), e.NotFound, "404"),
        (http(b"<!doctype html>", kind="text/html"), e.BadAnswer, "a web page"),
        (http(b"oops"), e.BadAnswer, "not JSON"),
        (http({"id": "1"}), e.BadAnswer, "no reply in it"),
        (http(b"", 307, Location="https://portal.test/login?t=1"), e.APIError, "portal.test"),
        (http(b"", 301, Location="http://[oops"), e.APIError, "elsewhere"),
    ],
)
def test_what_is_no_stream_is_called_by_its_name(
    connect: Connect, answer: bytes, kind: type[e.ZaiError], words: str
) -> None:
    with pytest.raises(kind, match=words):
        read(connect(answer)[0])


def test_a_redirect_is_not_followed(connect: Connect, serve: Callable[..., Loopback]) -> None:
    other = serve(reply("stolen"))
    client, _ = connect(http(b"", 308, Location=f"{other.url}/chat/completions"))
    with pytest.raises(e.APIError, match=r"redirects to 127\.0\.0\.1"):
        read(client)
    assert not other.asked


def test_glued_and_unreadable_frames_are_counted_and_said(connect: Connect) -> None:
    glued = delta(content="lost")[:-12] + delta(content="kept")
    client, _ = connect(stream(HI, glued, b"data: [1]\n\n", delta("stop"), DONE))
    said = read(client)
    assert said == "Hikept" and "2 piece(s)" in said.note and "missing" in said.note


@pytest.mark.parametrize(
    "shape", ["null", "[]", "[null]", '[{"delta":7}]', '"x"', '[{"delta":null}]']
)
def test_events_of_an_unknown_shape_do_no_harm(connect: Connect, shape: str) -> None:
    event = f'data: {{"choices":{shape},"usage":"?"}}\n\n'.encode()
    assert read(connect(stream(event, HI, delta("stop"), DONE))[0]) == "Hi"


def test_usage_in_a_chunk_of_its_own_behind_the_end_is_counted(connect: Connect) -> None:
    usage = b'data: {"choices":[],"usage":{"prompt_tokens":3,"completion_tokens":4}}\n\n'
    said = read(connect(stream(HI, delta("stop"), usage, DONE))[0])
    assert said.usage is not None and said.usage[:2] == (3, 4)


def test_tool_calls_gather_from_their_pieces(connect: Connect) -> None:
    def call(index: object, number: str | None, name: str | None, arguments: object) -> bytes:
        function = {"name": name, "arguments": arguments}
        return delta(tool_calls=[{"index": index, "id": number, "function": function}])

    client, _ = connect(
        stream(
            call(0, "c0", "weather", '{"city":'),
            call(0, None, None, '"Köln"}'),
            call(1, "c1", "time", {"zone": "UTC"}),
            delta("tool_calls"),
            DONE,
        )
    )
    said = read(client)
    assert [tuple(c) for c in said.tool_calls] == [
        ("c0", "weather", '{"city":"Köln"}'),
        ("c1", "time", '{"zone": "UTC"}'),
    ]
    assert said.note == "" and said.messages[-1]["tool_calls"][0]["id"] == "c0"


def test_an_index_that_is_no_number_is_passed_over(connect: Connect) -> None:
    event = b'data: {"choices":[{"delta":{"tool_calls":[{"index":Infinity,"id":"c"}]}}]}\n\n'
    assert len(read(connect(stream(event, delta("tool_calls"), DONE))[0]).tool_calls) == 1


def test_bytes_one_by_one_and_unicode_line_ends_arrive_as_sent(connect: Connect) -> None:
    text = "a\u2028b\x85c\x0bd\x0ce\U0001f642\r\n"
    # ensure_ascii off: the bytes themselves, as the service sends them
    data = json.dumps({"choices": [{"delta": {"content": text}}]}, ensure_ascii=False).encode()
    sent = b"data:" + data + b"\r\n\r\n" + delta("stop") + DONE
    client, _ = connect(stream(*(sent[i : i + 1] for i in range(len(sent)))))
    assert read(client) == text


@pytest.mark.parametrize("coding", ["gzip", "x-gzip"])
def test_gzip_that_nobody_asked_for_is_read(connect: Connect, coding: str) -> None:
    plain = HI + delta("stop") + DONE
    packed = gzip.compress(plain)
    kind = {"kind": "text/event-stream", "Content_Encoding": coding}
    client, server = connect(
        http(packed, **kind),
        http(gzip.compress(reply().split(b"\r\n\r\n")[1]), Content_Encoding=coding),
    )
    assert read(client) == "Hi" and read(client) == "Hello"
    assert server.asked[0].headers["accept-encoding"] == "identity"


def test_an_unknown_coding_is_named(connect: Connect) -> None:
    with pytest.raises(e.BadAnswer, match="with br"):
        read(connect(http(b"x", Content_Encoding="br"))[0])


@pytest.mark.parametrize("kind", ["application/json", "text/event-stream"])
def test_a_gzip_bomb_stays_small_in_memory(connect: Connect, kind: str) -> None:
    bomb = gzip.compress(b"data: " + b"a" * (200 << 20), 9)
    client, _ = connect(http(bomb, kind=kind, Content_Encoding="gzip"))
    tracemalloc.start()
    try:
        with pytest.raises(e.BadAnswer, match=r"larger than 32 MB|more than 16 MB"):
            client.models() if "json" in kind else read(client)
        assert tracemalloc.get_traced_memory()[1] < 90 << 20
    finally:
        tracemalloc.stop()


def test_a_reply_is_stopped_at_8_mb_of_utf_8(connect: Connect) -> None:
    big = delta(content="汉" * (1 << 20))
    client, server = connect(stream(*[big] * 20))
    with client.stream("hi") as said, pytest.raises(e.BadAnswer, match="8 MB"):
        list(said)
    assert len(server.asked) == 1 and len(said.reply()) == 3 << 20


def test_tool_arguments_count_too(connect: Connect) -> None:
    call = {"index": 0, "function": {"name": "f", "arguments": "x" * (1 << 20)}}
    client, _ = connect(stream(*[delta(tool_calls=[call])] * 20))
    with pytest.raises(e.BadAnswer, match="8 MB"):
        read(client)


def dripping(clock: Clock, head: bytes, drop: bytes, kind: str, status: int = 200) -> Client:
    """A client whose server sends `head` and then `drop` every half second for ever."""

    class Drip(httpx.SyncByteStream):
        def __iter__(self) -> Iterator[bytes]:
            yield head
            for _ in range(100_000):
                clock.now += 0.5
                yield drop
            pytest.fail("read for ever")

    def handle(request: httpx.Request) -> httpx.Response:
        return httpx.Response(status, headers={"Content-Type": kind}, stream=Drip())

    url = "https://api.test/api/paas/v4"
    return Client(KEY, base_url=url, transport=httpx.MockTransport(handle), timing=clock.timing)


@pytest.mark.parametrize("drop", [b"x", b": ping\n\n", b"data:\n\n", delta(content="")])
def test_a_stream_that_says_nothing_useful_ends_after_300_s(clock: Clock, drop: bytes) -> None:
    client = dripping(clock, HI, drop, "text/event-stream")
    started = clock.now
    with client.stream("hi") as said, pytest.raises(e.IncompleteAnswer, match="300 s"):
        list(said)
    assert said.reply() == "Hi" and 300 < clock.now - started < 302


def test_a_whole_answer_that_drips_ends_after_300_s(clock: Clock) -> None:
    client = dripping(clock, b'{"id":"', b"x", "application/json")
    started = clock.now
    with pytest.raises(e.MaybeCharged, match="300 s"):
        client.image("a cat")
    assert 300 < clock.now - started < 302


def test_a_refusal_that_drips_is_a_refusal_after_10_s(clock: Clock) -> None:
    client = dripping(clock, b'{"error":', b" ", "application/json", status=401)
    started = clock.now
    with pytest.raises(e.AuthenticationError):
        client.models()
    assert clock.now - started < 12


def test_useful_text_flows_without_a_limit_of_time(clock: Clock) -> None:
    client = dripping(clock, HI, delta(content="x"), "text/event-stream")
    with client.stream("hi") as said:
        for n, _ in enumerate(said):
            if n == 10_000:
                break
    assert said.elapsed > 4_000 and len(said.reply()) > 10_000


def test_a_stopped_reader_closes_the_connection(connect: Connect) -> None:
    gone = threading.Event()
    client, _ = connect(then_watch(STREAM_HEAD + chunk(HI), gone))
    with pytest.raises(KeyboardInterrupt), client.stream("hi") as said:
        for got in said:
            assert got.text == "Hi"
            raise KeyboardInterrupt
    assert gone.wait(5) and said.reply() == "Hi" and "incomplete" in said.reply().note


@pytest.mark.skipif(sys.platform == "win32", reason="signals do not end a blocked read there")
@pytest.mark.parametrize("sent", [b"", STREAM_HEAD, STREAM_HEAD + chunk(HI)])
def test_an_interrupt_in_the_middle_of_a_read_closes_the_connection(
    connect: Connect, sent: bytes
) -> None:
    gone = threading.Event()
    interrupt = threading.Timer(0.1, os.kill, (os.getpid(), signal.SIGINT))
    client, _ = connect(then_watch(sent, gone, interrupt.start))
    with pytest.raises(KeyboardInterrupt), client.stream("hi") as said:
        list(said)
    assert gone.wait(5)
    assert said.reply() == ("Hi" if chunk(HI) in sent else "")


@pytest.mark.skipif(sys.platform == "win32", reason="signals do not end a blocked read there")
def test_an_interrupted_paid_request_is_not_sent_again(connect: Connect) -> None:
    gone = threading.Event()
    interrupt = threading.Timer(0.1, os.kill, (os.getpid(), signal.SIGINT))
    client, server = connect(then_watch(b"", gone, interrupt.start))
    with pytest.raises(KeyboardInterrupt):
        client.image("a cat")
    assert gone.wait(5) and len(server.asked) == 1


def test_the_client_works_on_after_an_interrupt(connect: Connect) -> None:
    client, _ = connect(then_watch(STREAM_HEAD + chunk(HI), threading.Event()), reply("Again"))
    with client.stream("hi") as said:
        next(iter(said))
    assert client.chat("hi") == "Again"


def test_the_limits_of_waiting_are_the_same_with_and_without_a_proxy() -> None:
    alone, by_client = direct.LIMITS["timeout"], sender.limits().as_dict()
    assert alone == by_client == httpx.Timeout(SILENCE, connect=10.0).as_dict()


def test_a_busy_service_is_noticed_in_the_stream(connect: Connect, clock: Clock) -> None:
    client, _ = connect(error("1305", 429, "busy"), stream(HI, delta("stop"), DONE))
    with client.stream("hi") as said:
        got = list(said)
    assert got[0].notice == "busy (HTTP 429 code 1305); trying again in 1 s"
    assert said.reply() == "Hi" and said.elapsed >= 1
