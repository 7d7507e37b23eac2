"""The key: found, held, and in no text, error, traceback or request where it does not belong."""

from __future__ import annotations

import base64
import copy
import json
import os
import pickle
import signal
import socket
import threading
import traceback
from collections.abc import Callable, Iterator
from urllib.parse import quote

import pytest
from loopback import (
    DONE,
    KEY,
    STREAM_HEAD,
    Clock,
    Loopback,
    chunk,
    delta,
    http,
    reply,
    stream,
    then_close,
)

from zai_magics import errors as e
from zai_magics import secret
from zai_magics.client import Client
from zai_magics.secret import Key

Connect = Callable[..., tuple[Client, Loopback]]
ODD_KEY = "0123456789abcdef/0123456789+abcdef=.ABCDEF~GHIJ%KLMNOP"


def in_base64(key: str) -> dict[str, str]:
    """The key in base64 at each of the three offsets, and as a header has it."""
    found = {f"base64 at {n}": base64.b64encode(b"x" * n + key.encode() + b"end") for n in range(3)}
    found["bearer in base64"] = base64.b64encode(f"Bearer {key}".encode())
    found["url-safe base64"] = base64.urlsafe_b64encode(f"??>{key}".encode())
    return {name: value.decode() for name, value in found.items()}


def echoes(key: str) -> dict[str, str]:
    """The texts in which a server may send a key back."""
    plain = {
        "plain": key,
        "bearer": f"Authorization: Bearer {key}",
        "url-encoded": quote(key, safe=""),
        "id alone": f"user {key.split('.')[0]}",
        "secret alone": f"sig={key.split('.')[1]}",
        # Where a message is cut, a part of the key must not stay.
        **{f"behind {n}": "x" * n + key for n in (260, 290, 1150, 1190)},
    }
    return plain | in_base64(key)


def leaks(text: str, key: str = KEY) -> list[str]:
    """Every piece of 12 characters of the key, or of its base64, that stands in a text."""
    forms = [key, quote(key, safe="")]
    for shift in range(3):
        forms.append(base64.b64encode(b"\0" * shift + key.encode()).decode()[4:-4])
    pieces = [form[i : i + 12] for form in forms for i in range(len(form) - 11)]
    return [piece for piece in pieces if piece in text]


def everything(error: BaseException) -> Iterator[str]:
    """All that can be read off an error: its texts, its attributes, its traceback with locals."""
    seen: list[BaseException | None] = [error]
    for one in seen:
        if one is None:
            continue
        yield from (str(one), repr(one), repr(one.args), repr(vars(one)))
        seen += [x for x in (one.__cause__, one.__context__) if x not in seen]
    report = traceback.TracebackException.from_exception(error, capture_locals=True)
    yield "".join(report.format())
    yield repr(getattr(error, "_render_traceback_", str)())


def chain(error: BaseException) -> list[BaseException]:
    """The error and all that it drags along."""
    found = [error]
    for one in found:
        found += [x for x in (one.__cause__, one.__context__) if x is not None and x not in found]
    return found


ECHOES = sorted(echoes(KEY))


@pytest.mark.parametrize("how", ECHOES)
@pytest.mark.parametrize(
    "where", ["message", "code", "request_id", "log id", "flat", "200", "page"]
)
def test_a_body_that_echoes_the_key_leaves_no_trace_of_it(
    connect: Connect, how: str, where: str
) -> None:
    client, _ = connect(echoing(how, where))
    with pytest.raises(e.ZaiError) as caught:
        client.chat("hi")
    for text in everything(caught.value):
        assert not leaks(text)


def echoing(how: str, where: str) -> bytes:
    """An answer with the key in it; the tests that call this hold it in no variable."""
    said = echoes(KEY)[how]
    if where == "stream":
        failure = json.dumps({"error": {"code": "1234", "message": said}}).encode()
        return stream(delta(content="Hi"), b"data: " + failure + b"\n\n")
    if where in ("order", "job"):
        job = {"id": "1", "status": "fail"} if where == "job" else {}
        return http({"data": [], "message": said} | job)
    body: object = {"error": {"code": "1214", "message": said}}
    if where == "code":
        body = {"error": {"code": said, "message": "m"}}
    elif where == "request_id":
        body = {"error": {"code": "1214", "message": "m"}, "request_id": said}
    elif where == "flat":
        body = {"code": 400, "msg": said}
    content = f"<html>{said}</html>".encode() if where == "page" else json.dumps(body).encode()
    header = {"X_Log_Id": said} if where == "log id" else {}
    return http(content, 200 if where in ("200", "page") else 400, **header)


@pytest.mark.parametrize("how", ECHOES)
def test_an_error_in_a_stream_that_echoes_the_key_leaves_no_trace_of_it(
    connect: Connect, how: str
) -> None:
    client, _ = connect(echoing(how, "stream"))
    with client.stream("hi") as said, pytest.raises(e.IncompleteAnswer) as caught:
        list(said)
    assert not [leak for text in everything(caught.value) for leak in leaks(text)]


@pytest.mark.parametrize("how", ECHOES)
def test_an_order_and_a_job_that_echo_the_key_leave_no_trace_of_it(
    connect: Connect, how: str
) -> None:
    client, _ = connect(echoing(how, "order"), echoing(how, "job"))
    with pytest.raises(e.MaybeCharged) as caught:
        client.image("a cat")
    assert not [leak for text in everything(caught.value) for leak in leaks(text)]
    assert not leaks(client.video_result("1").error)


@pytest.mark.parametrize("how", sorted(echoes(ODD_KEY)))
def test_a_key_with_odd_characters_is_found_in_every_form(how: str) -> None:
    assert not leaks(Key(ODD_KEY).redact(echoes(ODD_KEY)[how]), ODD_KEY)


BROKEN = {
    "refused": http(b"", 401),
    "closed": then_close(b""),
    "cut": then_close(STREAM_HEAD + chunk(delta(content="Hi"))),
    "redirect": http(b"", 302, Location=f"https://x.test/?k={KEY}"),
}


@pytest.mark.parametrize("how", BROKEN)
def test_a_failing_connection_leaves_no_trace_of_the_key_and_holds_no_request(
    connect: Connect, how: str
) -> None:
    client, _ = connect(BROKEN[how])
    with pytest.raises(e.ZaiError) as caught, client.stream("hi") as said:
        list(said)
    assert not [leak for text in everything(caught.value) for leak in leaks(text)]
    for one in chain(caught.value):
        assert isinstance(one, e.ZaiError)  # none of httpx, which hold the request
        assert not hasattr(one, "request") and not hasattr(one, "response")


def test_an_interrupt_while_waiting_shows_no_key(connect: Connect, clock: Clock) -> None:
    client, _ = connect(http(b"", 429))

    def stop(seconds: float) -> None:
        raise KeyboardInterrupt

    clock.sleep = stop  # type: ignore[method-assign]
    client.timing = client.network.timing = clock.timing
    with pytest.raises(KeyboardInterrupt) as caught:
        client.models()
    assert not [leak for text in everything(caught.value) for leak in leaks(text)]


@pytest.mark.skipif(os.name != "posix", reason="presses Ctrl-C as POSIX does")
@pytest.mark.parametrize("words", [10, 30_000_000])
def test_an_interrupt_while_sending_or_receiving_shows_no_key(words: int) -> None:
    """By a server that takes the beginning of a request and says nothing."""
    listener = socket.create_server(("127.0.0.1", 0))

    def take() -> None:
        connection, _ = listener.accept()
        connection.recv(1000)
        os.kill(os.getpid(), signal.SIGINT)
        over.wait(30)
        connection.close()

    over = threading.Event()
    thread = threading.Thread(target=take, daemon=True)
    thread.start()
    url = f"http://127.0.0.1:{listener.getsockname()[1]}/v4"
    with pytest.raises(KeyboardInterrupt) as caught, Client(KEY, base_url=url) as client:
        client.chat("x" * words)
    over.set()
    thread.join(10)
    listener.close()
    assert not [leak for text in everything(caught.value) for leak in leaks(text)]


MALFORMED = {
    "newline": KEY[:20] + "\n" + KEY[20:],
    "blank": KEY[:20] + " " + KEY[20:],
    "umlaut": KEY + "ü",
    "curly quotes": f"“{KEY}”",
    "nul": KEY + "\0x",
    "header": f"{KEY}\r\nX-Evil: 1",
    "inside": f"{KEY}\x7f",
}


@pytest.mark.parametrize("how", MALFORMED)
@pytest.mark.parametrize("source", ["argument", "ZAI_API_KEY", "Z_AI_API_KEY"])
def test_a_malformed_key_is_refused_without_being_shown(
    monkeypatch: pytest.MonkeyPatch, how: str, source: str
) -> None:
    if source != "argument" and how == "nul":
        pytest.skip("no environment holds that")
    with pytest.raises(e.CommandError, match="copy it again") as caught:
        if source == "argument":
            Client(MALFORMED[how])
        else:
            monkeypatch.setenv(source, MALFORMED[how])
            Client()
    assert source.split()[-1] in str(caught.value)
    # The frames of this test are its own; those below must not hold the key.
    caught.value.__traceback__ = caught.value.__traceback__ and caught.value.__traceback__.tb_next
    for text in everything(caught.value):
        assert not leaks(text)


def test_a_bad_endpoint_shows_neither_key_nor_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ZAI_API_KEY", KEY)
    monkeypatch.setenv("ZAI_BASE_URL", "http://insecure.test")
    for make in (lambda: Client(), lambda: Client(KEY, base_url="http://insecure.test")):
        with pytest.raises(e.CommandError) as caught:
            make()
        assert not [leak for text in everything(caught.value) for leak in leaks(text)]


def test_blanks_around_a_key_are_taken_off(
    connect: Connect, serve: Callable[..., Loopback]
) -> None:
    server = serve(reply())
    Client(f"  {KEY}\r\n", base_url=server.url).chat("hi")
    assert server.asked[0].headers["authorization"] == f"Bearer {KEY}"


def test_a_key_shows_only_where_it_came_from() -> None:
    key = Key(KEY, "ZAI_API_KEY")
    assert repr(key) == str(key) == f"{key}" == "<key from ZAI_API_KEY>"
    assert not hasattr(key, "__dict__")
    assert not leaks(repr([key, {"k": key}]))


def test_a_key_is_neither_pickled_nor_copied() -> None:
    key = Key(KEY)
    for take in (pickle.dumps, copy.copy, copy.deepcopy):
        for holder in (key, [key] if take is not copy.copy else key):
            with pytest.raises(TypeError):
                take(holder)
    for protocol in range(pickle.HIGHEST_PROTOCOL + 1):
        with pytest.raises(TypeError):
            pickle.dumps(key, protocol)


def test_a_client_shows_no_key_in_any_of_its_parts(connect: Connect) -> None:
    client, _ = connect(reply())
    client.chat("hi")
    network = client.network
    for thing in (client, vars(client), network, vars(network), network._keep()):
        assert not leaks(repr(thing))


# Where it is found


def test_the_argument_comes_first_and_then_the_environment() -> None:
    environ = {"ZAI_API_KEY": "first-key", "Z_AI_API_KEY": "second-key"}
    assert secret.find("given-key", environ).reveal() == "given-key"  # type: ignore[union-attr]
    assert secret.find(None, environ).source == "ZAI_API_KEY"  # type: ignore[union-attr]
    del environ["ZAI_API_KEY"]
    assert secret.find("", environ).reveal() == "second-key"  # type: ignore[union-attr]
    assert secret.find(None, {"ZAI_API_KEY": "  "}) is None


def test_without_a_key_both_ways_on_are_named() -> None:
    with pytest.raises(e.KeyMissing, match=r"%zai login.*%zai sandbox"):
        Client()


def test_the_sandbox_never_gets_the_users_key(
    monkeypatch: pytest.MonkeyPatch, serve: Callable[..., Loopback]
) -> None:
    monkeypatch.setenv("ZAI_API_KEY", KEY)
    server = serve(reply(), http({"data": [{"url": "u"}]}), http({"data": []}))
    for given in (None, KEY, Key(KEY)):
        client = Client(given, base_url=f"{server.origin}/sandbox/api/paas/v4")
        assert client.network.key.reveal() == "sandbox"
    client.chat("hi")
    client.image("a cat")
    client.models()
    for asked in server.asked:
        assert asked.headers["authorization"] == "Bearer sandbox"
        assert not leaks(repr(asked))


def test_another_server_is_no_sandbox_for_having_its_path() -> None:
    client = Client(KEY, base_url="https://evil.test/sandbox/api/paas/v4")
    assert not client.network.endpoint.sandbox and client.network.endpoint.name == "evil.test"


def test_clients_in_threads_share_a_key(serve: Callable[..., Loopback]) -> None:
    server, key = serve(reply()), Key(KEY)
    made = [Client(key, base_url=server.url) for _ in range(4)]
    threads = [threading.Thread(target=c.chat, args=("hi",)) for c in made]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(10)
    assert len(server.asked) == 4


def test_the_stream_of_a_good_answer_is_not_touched(connect: Connect) -> None:
    words = "0123456789abcdef and ABCDEFGH are words"
    client, _ = connect(stream(delta(content=words), delta("stop"), DONE))
    assert client.chat("hi", stream=True) == words
