"""Refusals of the service: each code, status and body shape by its right name."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest
from loopback import Clock, Loopback, error, http, reply

from zai_magics import errors as e
from zai_magics.client import Client

# code, HTTP status, class, what is known (docs.z.ai "Error codes", and its older table)
FAMILIES: list[tuple[str, int, type[e.APIError], str]] = [
    ("1000 1001 1002 1003 1004 1005 401", 401, e.AuthenticationError, "refused"),
    ("1100 1110 1111 1112 1121 1220", 403, e.PermissionDenied, "refused"),
    ("500 1120 1200 1230 1234", 500, e.ServerError, "unknown"),
    ("1113", 429, e.BalanceError, "refused"),
    ("1210 1211 1212 1213 1214 1215 1221 1222 1231", 400, e.InvalidRequest, "refused"),
    ("1261", 400, e.ContextTooLong, "refused"),
    ("1300 1301", 400, e.ContentRefused, "refused"),
    ("1302 1303 1305 1312", 429, e.RateLimited, "busy"),
    ("1304 1308 1309 1310 1311 1313 1314 1315", 429, e.QuotaError, "refused"),
    ("1316 1317 1318 1319 1320 1321", 429, e.QuotaError, "refused"),
]
CODES = [(code, *rest) for codes, *rest in FAMILIES for code in codes.split()]
STATUSES = [
    (400, e.InvalidRequest, "refused"),
    (401, e.AuthenticationError, "refused"),
    (403, e.PermissionDenied, "refused"),
    (404, e.NotFound, "refused"),
    (413, e.InvalidRequest, "refused"),
    (418, e.APIError, "refused"),
    (429, e.RateLimited, "busy"),
    (500, e.ServerError, "unknown"),
    (502, e.ServerError, "unknown"),
    (599, e.ServerError, "unknown"),
]

Connect = Callable[..., tuple[Client, Loopback]]


def refusal(connect: Connect, answer: bytes) -> e.APIError:
    client, _ = connect(answer)
    with pytest.raises(e.APIError) as caught:
        client.chat("hi")
    return caught.value


@pytest.mark.parametrize(("code", "status", "kind", "outcome"), CODES)
def test_every_documented_code_has_its_class_and_outcome(
    connect: Connect, code: str, status: int, kind: type[e.APIError], outcome: str
) -> None:
    for sent in (code, int(code)):
        said = refusal(connect, error(sent, status, X_Log_Id="log-7"))
        assert (type(said), said.code, said.status, said.outcome) == (kind, code, status, outcome)
        assert said.request_id == "log-7"
        assert f"code {code}" in str(said) and f"HTTP {status}" in str(said)


@pytest.mark.parametrize(("code", "status", "kind", "outcome"), CODES)
def test_a_code_means_the_same_whatever_the_status_is(
    connect: Connect, code: str, status: int, kind: type[e.APIError], outcome: str
) -> None:
    said = refusal(connect, error(code, 200))
    assert (type(said), said.outcome, said.status) == (kind, outcome, 200)


@pytest.mark.parametrize(("status", "kind", "outcome"), STATUSES)
@pytest.mark.parametrize("body", [b"", b"<h1>Bad</h1>", b'{"error":{"code":"9999","message":"?"}}'])
def test_the_status_decides_where_no_known_code_does(
    connect: Connect, status: int, kind: type[e.APIError], outcome: str, body: bytes
) -> None:
    said = refusal(connect, http(body, status))
    assert (type(said), said.outcome, said.status) == (kind, outcome, status)


@pytest.mark.parametrize(
    ("body", "status", "kind", "code"),
    [
        ({"code": 500, "msg": "404 NOT_FOUND", "success": False}, 200, e.NotFound, "500"),
        ({"code": 500, "msg": "404 NOT_FOUND", "data": None, "id": None}, 200, e.NotFound, "500"),
        ({"msg": "broken", "code": 500}, 200, e.ServerError, "500"),
        ({"code": 429, "msg": "slow down"}, 200, e.RateLimited, "429"),
        ({"code": 400, "message": "bad"}, 400, e.InvalidRequest, "400"),
        ({"code": 1113, "message": "no money"}, 429, e.BalanceError, "1113"),
        ({"code": 500, "msg": "bad"}, 400, e.InvalidRequest, "500"),
        (
            {"error": {"code": "1301", "message": "m"}, "contentFilter": [{"level": 1}]},
            400,
            e.ContentRefused,
            "1301",
        ),
        (
            {"type": "error", "error": {"type": "t", "code": "1302", "message": "m"}},
            429,
            e.RateLimited,
            "1302",
        ),
        ({"error": "only words"}, 400, e.InvalidRequest, ""),
    ],
)
def test_every_body_shape_is_read(
    connect: Connect, body: dict[str, object], status: int, kind: type[e.APIError], code: str
) -> None:
    said = refusal(connect, http(body, status))
    assert (type(said), said.code) == (kind, code)


def test_the_request_id_of_the_body_comes_before_that_of_the_header(connect: Connect) -> None:
    body = {"error": {"code": "1214", "message": "m"}, "request_id": "body-1"}
    assert refusal(connect, http(body, 400, X_Log_Id="head-1")).request_id == "body-1"


@pytest.mark.parametrize(
    "body",
    [
        b"null",
        b"[]",
        b"7",
        b'"x"',
        b'{"error":[]}',
        b'{"error":{"code":{},"message":[]}}',
        b"[" * 9999,
    ],
)
def test_nonsense_in_a_refusal_is_still_a_refusal(connect: Connect, body: bytes) -> None:
    said = refusal(connect, http(body, 400))
    assert type(said) is e.InvalidRequest and "no message from" in str(said)


def test_a_message_becomes_one_printable_line(connect: Connect) -> None:
    said = refusal(connect, error("1214", 400, "a\n\x1b[31mb\u202ec\u2028" + "x" * 5000))
    assert str(said).startswith("a [31mb c xxx") and str(said).isprintable()
    assert len(str(said)) < 500


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        ("7", 7.0),
        ("0.5", 0.5),
        ("-3", None),
        ("nan", None),
        ("inf", None),
        ("soon", None),
        ("", None),
    ],
)
def test_retry_after_is_read_as_seconds_or_left(
    connect: Connect, value: str, seconds: float | None
) -> None:
    assert refusal(connect, error("1113", 429, Retry_After=value)).retry_after == seconds


def test_retry_after_is_read_as_a_date(connect: Connect) -> None:
    when = format_datetime(datetime.now(UTC) + timedelta(seconds=40), usegmt=True)
    seconds = refusal(connect, error("1113", 429, Retry_After=when)).retry_after
    assert seconds is not None and 30 < seconds <= 40
    past = format_datetime(datetime.now(UTC) - timedelta(days=1), usegmt=True)
    assert refusal(connect, error("1113", 429, Retry_After=past)).retry_after == 0.0


def test_a_pause_of_more_than_a_minute_is_said_and_not_made(connect: Connect, clock: Clock) -> None:
    client, server = connect(error("1302", 429, Retry_After="600"), reply())
    with pytest.raises(e.RateLimited, match="asks to wait 10 min"):
        client.chat("hi")
    assert len(server.asked) == 1 and not clock.slept


def test_a_refusal_whose_body_breaks_off_is_no_lost_answer(connect: Connect) -> None:
    short = error("1214", 400).replace(b"Content-Length: ", b"Content-Length: 9")
    said = refusal(connect, lambda c: (c.sendall(short), c.shutdown(2)))
    assert said.status == 400 and said.outcome == "refused"


@pytest.mark.parametrize("coding", ["br", "gzip", "zstd"])
def test_a_refusal_that_cannot_be_decompressed_keeps_its_status(
    connect: Connect, coding: str
) -> None:
    said = refusal(connect, error("1214", 403, Content_Encoding=coding))
    assert type(said) is e.PermissionDenied


def test_of_an_endless_error_body_64_kb_are_read(connect: Connect) -> None:
    sent: list[int] = []

    def flood(connection: object) -> object:
        head = b"HTTP/1.1 400 X\r\nContent-Length: 999999999\r\n\r\n"
        connection.sendall(head)  # type: ignore[attr-defined]
        for _ in range(500):
            sent.append(connection.send(b"x" * 65536))  # type: ignore[attr-defined]
        return True

    assert refusal(connect, flood).status == 400
    assert sum(sent) < 16_000_000
