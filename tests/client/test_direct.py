"""Requests without httpx's client: which connection they take, and how they go out."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable
from contextlib import suppress

import pytest
from loopback import (
    DONE,
    KEY,
    STREAM_HEAD,
    Loopback,
    chunk,
    delta,
    http,
    reply,
    stream,
    then_close,
    then_watch,
)

from zai_magics import errors as e
from zai_magics.client import Client

Connect = Callable[..., tuple[Client, Loopback]]
HI = delta(content="Hi")


def test_one_connection_serves_one_request_after_the_other(connect: Connect) -> None:
    client, server = connect(reply(), stream(HI, delta("stop"), DONE), http(b"no", 401), reply())
    client.chat("1")
    with client.stream("2") as said:
        list(said)
    with pytest.raises(e.AuthenticationError):
        client.chat("3")
    assert client.chat("4") == "Hello"
    assert [asked.connection for asked in server.asked] == [1, 1, 1, 1]


def test_a_request_during_a_stream_takes_another_connection_and_both_come_whole(
    connect: Connect,
) -> None:
    client, server = connect(stream(HI, delta(content=" there"), delta("stop"), DONE), reply())
    with client.stream("1") as said:
        first = next(iter(said))
        between = client.chat("2")
        rest = "".join(one.text for one in said)
    assert (first.text + rest, between) == ("Hi there", "Hello")
    assert [asked.connection for asked in server.asked] == [1, 2]
    client.chat("3")
    assert server.connections == 2, "one of the two is kept"


def test_a_client_that_is_closed_leaves_no_connection_open(connect: Connect) -> None:
    first, second = threading.Event(), threading.Event()
    whole = stream(HI, delta("stop"), DONE)
    client, _ = connect(then_watch(whole, first), then_watch(reply(), second))
    with client.stream("1") as said:
        next(iter(said))
        assert client.chat("2") == "Hello"
    client.close()
    assert first.wait(10) and second.wait(10)


def test_a_connection_that_the_server_has_closed_meanwhile_is_not_used(connect: Connect) -> None:
    ended = threading.Event()

    def answer_and_close(connection: socket.socket) -> None:
        connection.sendall(reply("first"))
        connection.shutdown(socket.SHUT_RDWR)
        ended.set()

    client, server = connect(answer_and_close, reply("second"))
    assert client.chat("1") == "first"
    assert ended.wait(10)
    assert client.chat("2") == "second"
    assert [asked.connection for asked in server.asked] == [1, 2]


def test_an_answer_that_is_left_in_the_middle_takes_its_connection_with_it(
    connect: Connect,
) -> None:
    gone = threading.Event()
    client, server = connect(then_watch(STREAM_HEAD + chunk(HI), gone), reply())
    with client.stream("1") as said:
        next(iter(said))
    assert gone.wait(10)
    assert client.chat("2") == "Hello" and server.connections == 2


def test_a_refusal_that_comes_before_the_request_is_read_is_the_error(
    serve: Callable[..., Loopback],
) -> None:
    """As of a server that looks at the key, or the size, and closes."""
    listener = socket.create_server(("127.0.0.1", 0))

    def refuse() -> None:
        connection, _ = listener.accept()
        connection.recv(1000)
        connection.sendall(http(b'{"error": {"code": "1261", "message": "too long"}}', 400))
        connection.shutdown(socket.SHUT_WR)
        while connection.recv(1 << 20):
            pass
        connection.close()

    thread = threading.Thread(target=refuse, daemon=True)
    thread.start()
    url = f"http://127.0.0.1:{listener.getsockname()[1]}/v4"
    with Client(KEY, base_url=url) as client, pytest.raises(e.InvalidRequest, match="1261"):
        client.chat("x" * 30_000_000)
    thread.join(10)
    listener.close()


def test_a_short_request_goes_out_in_one_packet(connect: Connect) -> None:
    packets: list[bytes] = []
    listener = socket.create_server(("127.0.0.1", 0))

    def take() -> None:
        connection, _ = listener.accept()
        packets.append(connection.recv(1 << 20))
        connection.sendall(reply())

    thread = threading.Thread(target=take, daemon=True)
    thread.start()
    url = f"http://127.0.0.1:{listener.getsockname()[1]}/v4"
    with Client(KEY, base_url=url) as client:
        client.chat("short")
    thread.join(10)
    listener.close()
    head, _, body = packets[0].partition(b"\r\n\r\n")
    assert head.startswith(b"POST /v4/chat/completions HTTP/1.1\r\n") and b"short" in body


@pytest.mark.parametrize("size", [10, 65_000, 66_000, 3_000_000])
def test_a_request_of_any_size_arrives_byte_for_byte(connect: Connect, size: int) -> None:
    client, server = connect(reply())
    words = "".join(chr(97 + n % 26) for n in range(size))
    history = [{"role": "user", "content": words}, {"role": "user", "content": "and?"}]
    client.chat(history)
    assert server.asked[0].json["messages"] == history
    assert int(server.asked[0].headers["content-length"]) == len(server.asked[0].content)


def test_who_uploads_much_lets_others_work_meanwhile(serve: Callable[..., Loopback]) -> None:
    """By a server that reads the first request only when the second is answered."""
    listener = socket.create_server(("127.0.0.1", 0))
    uploading = threading.Event()

    def answer() -> None:
        first, _ = listener.accept()
        first.recv(1000)
        uploading.set()
        second, _ = listener.accept()
        second.recv(1 << 20)
        second.sendall(reply("second"))
        while len(first.recv(1 << 20)) == 1 << 20:
            pass
        first.shutdown(socket.SHUT_RDWR)

    threading.Thread(target=answer, daemon=True).start()
    url, lock = f"http://127.0.0.1:{listener.getsockname()[1]}/v4", threading.Lock()
    one, two = Client(KEY, base_url=url), Client(KEY, base_url=url)
    one.take_turns(lock)
    two.take_turns(lock)

    def upload() -> None:
        with suppress(e.ZaiError):
            one.chat("x" * 30_000_000)
        one.rest()

    thread = threading.Thread(target=upload, daemon=True)
    thread.start()
    assert uploading.wait(30)
    answers: list[str] = []
    asking = threading.Thread(target=lambda: answers.append(two.chat("short")), daemon=True)
    asking.start()
    asking.join(30)
    assert answers == ["second"]
    one.cut()
    thread.join(30)
    listener.close()


def test_what_breaks_off_in_the_head_of_an_answer_is_one_line(connect: Connect) -> None:
    client, _ = connect(then_close(b"HTTP/1.1 200 OK\r\nContent-Le"))
    with pytest.raises(e.ConnectionFailed, match="broke") as caught:
        client.network.open("GET", "/models").__enter__()
    assert "\n" not in str(caught.value)
