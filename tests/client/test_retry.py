"""When a failed request is sent again: the table cell by cell, counted at a real server."""

from __future__ import annotations

import contextlib
import socket
from collections.abc import Callable
from typing import Any

import httpx
import pytest
from loopback import (
    DONE,
    KEY,
    STREAM_HEAD,
    Answer,
    Clock,
    Loopback,
    chunk,
    delta,
    error,
    http,
    reply,
    stream,
    then_close,
)

from zai_magics import errors as e
from zai_magics.client import Client
from zai_magics.retry import Attempts

Connect = Callable[..., tuple[Client, Loopback]]

KINDS: dict[str, Callable[[Client], Any]] = {
    "chat": lambda c: c.chat("hi"),
    "stream": lambda c: list(c.stream("hi")),
    "image": lambda c: c.image("a cat"),
    "video": lambda c: c.video("a bird"),
    "poll": lambda c: c.video_result("job-1"),
    "models": lambda c: c.models(),
}
PAID, CHAT, READ = ("image", "video"), ("chat", "stream"), ("poll", "models")

BUSY = {code: error(code, 429) for code in ("1302", "1303", "1305", "1312")}
REFUSED = {
    **{f"HTTP {s}": http(b"{}", s) for s in (400, 401, 403, 404, 413)},
    **{c: error(c, 429) for c in ["1113", "1304", "1308", "1309", "1310", "1311"]},
    **{str(c): error(c, 429) for c in range(1313, 1322)},
    "1301": error("1301", 400),
    "redirect": http(b"", 302, Location="https://elsewhere.test/x"),
}
UNKNOWN: dict[str, Answer] = {
    **{f"HTTP {s}": http(b"", s) for s in (500, 502, 503, 504)},
    "1234": error("1234", 500),
    "closed before a byte": then_close(b""),
    "reset before a byte": then_close(b"", reset=True),
    "cut in the head": then_close(b"HTTP/1.1 200 OK\r\nContent-"),
    "reset in the body": then_close(reply()[:-30], reset=True),
    "short body": then_close(reply()[:-30]),
    "no HTTP": then_close(b"SSH-2.0-OpenSSH\r\n\r\n"),
    "web page": http(b"<html>Welcome to the hotel</html>", kind="text/html"),
    "broken JSON": http(b'{"id": "x", "choi'),
    "empty": http(b""),
    "JSON of another kind": http(b"[1, 2]"),
    "nothing in it": http({"unexpected": True}),
}
UNSENT: dict[str, Exception] = {
    "refused": httpx.ConnectError("connection refused"),
    "DNS": httpx.ConnectError("[Errno -2] Name or service not known"),
    "TLS": httpx.ConnectError("[SSL: WRONG_VERSION_NUMBER]"),
    "connect timeout": httpx.ConnectTimeout("timed out"),
    "pool": httpx.PoolTimeout("pool"),
    "proxy": httpx.ProxyError("407 Proxy Authentication Required"),
}
LOST = {
    "read timeout": httpx.ReadTimeout("timed out"),
    "write timeout": httpx.WriteTimeout("timed out"),
    "read error": httpx.ReadError("reset"),
    "write error": httpx.WriteError("broken pipe"),
}


def failing(client: Client, kind: str) -> e.ZaiError:
    with pytest.raises(e.ZaiError) as caught:
        KINDS[kind](client)
    return caught.value


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("code", BUSY)
def test_refused_for_now_is_tried_four_times(connect: Connect, kind: str, code: str) -> None:
    client, server = connect(BUSY[code])
    assert failing(client, kind).outcome == "busy"
    assert len(server.asked) == 4


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("what", REFUSED)
def test_refused_for_good_is_never_tried_again(connect: Connect, kind: str, what: str) -> None:
    client, server = connect(REFUSED[what])
    assert failing(client, kind).outcome == "refused"
    # A job that is not found is looked for once at the other route.
    routes = 2 if (kind, what) == ("poll", "HTTP 404") else 1
    assert len({a.path for a in server.asked}) == len(server.asked) == routes


@pytest.mark.parametrize("kind", PAID)
@pytest.mark.parametrize("what", UNKNOWN)
def test_a_paid_request_whose_answer_is_lost_is_sent_once_and_said_so(
    connect: Connect, kind: str, what: str
) -> None:
    client, server = connect(UNKNOWN[what])
    failure = failing(client, kind)
    assert type(failure) is e.MaybeCharged and "charged" in str(failure)
    assert len(server.asked) == 1


@pytest.mark.parametrize("kind", CHAT)
@pytest.mark.parametrize("what", UNKNOWN)
def test_a_chat_whose_answer_is_lost_is_sent_again_twice(
    connect: Connect, kind: str, what: str
) -> None:
    client, server = connect(UNKNOWN[what])
    assert failing(client, kind).outcome == "unknown"
    assert len(server.asked) == 3


@pytest.mark.parametrize("what", UNKNOWN)
def test_a_read_whose_answer_is_lost_is_tried_four_times(connect: Connect, what: str) -> None:
    client, server = connect(UNKNOWN[what])
    assert failing(client, "models").outcome == "unknown"
    assert len(server.asked) == 4


def raising(errors: list[Exception], clock: Clock) -> tuple[Client, list[httpx.Request]]:
    """A client whose connection raises these, the last one for ever."""
    seen: list[httpx.Request] = []

    def handle(request: httpx.Request) -> httpx.Response:
        seen.append(request)
        raise errors.pop(0) if len(errors) > 1 else errors[0]

    transport = httpx.MockTransport(handle)
    url = "https://api.test/api/paas/v4"
    return Client(KEY, base_url=url, transport=transport, timing=clock.timing), seen


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("what", UNSENT)
def test_what_was_never_sent_is_tried_four_times(clock: Clock, kind: str, what: str) -> None:
    client, seen = raising([UNSENT[what]], clock)
    failure = failing(client, kind)
    assert isinstance(failure, e.ConnectionFailed) and failure.outcome == "unsent"
    assert len(seen) == 4


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("what", LOST)
def test_what_was_lost_on_the_way_is_tried_as_the_table_says(
    clock: Clock, kind: str, what: str
) -> None:
    client, seen = raising([LOST[what]], clock)
    failure = failing(client, kind)
    assert isinstance(failure, e.MaybeCharged) == (kind in PAID)
    assert len(seen) == (1 if kind in PAID else 3 if kind in CHAT else 4)


@pytest.mark.parametrize("kind", PAID)
def test_a_paid_request_that_was_not_sent_and_then_lost_is_lost(clock: Clock, kind: str) -> None:
    client, seen = raising([UNSENT["refused"], LOST["read timeout"], UNSENT["refused"]], clock)
    assert type(failing(client, kind)) is e.MaybeCharged
    assert len(seen) == 2


def test_nobody_listening_is_said_plainly(clock: Clock) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    client = Client(KEY, base_url=f"http://127.0.0.1:{port}/v4", timing=clock.timing)
    with pytest.raises(e.ConnectionFailed, match=r"cannot connect to 127\.0\.0\.1.*ZAI_BASE_URL"):
        client.image("a cat")
    assert len(clock.slept) == 3


@pytest.mark.parametrize("shown", [{"content": "Hello"}, {"reasoning_content": "Hm"}])
def test_a_chat_is_not_sent_again_once_something_was_shown(
    connect: Connect, shown: dict[str, str]
) -> None:
    cut = then_close(STREAM_HEAD + chunk(delta(**shown)))
    client, server = connect(cut, reply())
    with client.stream("hi") as said, pytest.raises(e.IncompleteAnswer):
        list(said)
    assert len(server.asked) == 1
    assert said.reply() == shown.get("content", "")
    assert "incomplete" in said.reply().note


def test_a_stream_that_broke_before_its_first_word_is_sent_again_with_a_notice(
    connect: Connect,
) -> None:
    cut = then_close(STREAM_HEAD)
    client, server = connect(cut, stream(delta(content="Hi"), delta("stop"), DONE))
    with client.stream("hi") as said:
        notices = [d.notice for d in said if d.notice]
    assert len(server.asked) == 2 and said.reply() == "Hi" and not said.reply().note
    assert len(notices) == 1 and "trying again" in notices[0]


@pytest.mark.parametrize("seconds", [0, 1, 30, 60])
def test_retry_after_is_honoured_up_to_a_minute(
    connect: Connect, clock: Clock, seconds: int
) -> None:
    client, server = connect(error("1302", 429, Retry_After=str(seconds)), reply())
    assert client.chat("hi") == "Hello"
    assert clock.slept == [max(seconds, 1)] and len(server.asked) == 2


def test_a_minute_is_honoured_though_the_request_itself_took_a_while(clock: Clock) -> None:
    attempts = Attempts("chat", clock.timing)
    clock.now += 25
    failure = e.RateLimited("x", outcome="busy", retry_after=60)
    assert attempts.after(failure) == 60


@pytest.mark.parametrize("kind", KINDS)
def test_retry_after_of_more_than_a_minute_stops(connect: Connect, clock: Clock, kind: str) -> None:
    client, server = connect(error("1302", 429, Retry_After="61"))
    assert "61 s" in str(failing(client, kind))
    assert len(server.asked) == 1 and not clock.slept


def test_the_waits_of_one_chat_are_a_minute_in_all(connect: Connect, clock: Clock) -> None:
    client, server = connect(error("1302", 429, Retry_After="25"))
    failing(client, "chat")
    assert clock.slept == [25, 25] and len(server.asked) == 3


@pytest.mark.parametrize(
    ("failure", "most"),
    [
        (e.RateLimited("x", outcome="busy"), [1, 2, 4]),
        (e.ServerError("x", outcome="busy"), [0.5, 1, 2]),
    ],
)
def test_the_backoff_doubles_from_its_base(
    clock: Clock, failure: e.ZaiError, most: list[float]
) -> None:
    attempts = Attempts("chat", clock.timing)
    assert [attempts.after(failure) for _ in range(4)] == [*most, None]


def test_the_jitter_is_drawn_between_nothing_and_the_bound(clock: Clock) -> None:
    drawn: list[tuple[float, float]] = []

    def uniform(low: float, high: float) -> float:
        drawn.append((low, high))
        return low

    from zai_magics.retry import Timing

    attempts = Attempts("read", Timing(lambda: 0.0, clock.sleep, uniform))
    waits = [attempts.after(e.ConnectionFailed("x")) for _ in range(3)]
    assert waits == [0, 0, 0] and drawn == [(0, 0.5), (0, 1.0), (0, 2.0)]


def test_an_interrupt_during_the_wait_ends_it(connect: Connect, clock: Clock) -> None:
    client, server = connect(error("1302", 429))

    def stop(seconds: float) -> None:
        raise KeyboardInterrupt

    clock.sleep = stop  # type: ignore[method-assign]
    client.timing = client.network.timing = clock.timing
    with contextlib.suppress(KeyboardInterrupt):
        client.image("a cat")
        pytest.fail("not interrupted")
    assert len(server.asked) == 1
