"""The client against the sandbox: a second real server, written from the same documents."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from loopback import Clock

from zai_magics import errors as e
from zai_magics import jobs, media
from zai_magics.client import Client
from zai_magics.sandbox import MARKERS, Sandbox


@pytest.fixture
def sandbox(clock: Clock) -> Iterator[Sandbox]:
    with Sandbox(pace=0, clock=lambda: clock.now, pause=lambda seconds: None) as made:
        yield made


@pytest.fixture
def client(sandbox: Sandbox, clock: Clock, monkeypatch: pytest.MonkeyPatch) -> Iterator[Client]:
    monkeypatch.setenv("ZAI_API_KEY", "the-users-own-key")
    with Client(base_url=sandbox.base_url, timing=clock.timing) as made:
        yield made


def test_whole_and_streamed_answers_are_the_same(client: Client) -> None:
    whole = client.chat("Show me a table")
    with client.stream("Show me a table") as said:
        pieces = [d.text for d in said]
    streamed = said.reply()
    assert whole == streamed == "".join(pieces) and len(pieces) > 5
    assert whole.thinking == streamed.thinking and whole.usage == streamed.usage
    assert whole.sandbox and streamed.sandbox and whole.model == "glm-4.7" and whole.cost == 0
    assert not whole.note and not streamed.note


OUTCOMES: dict[str, type[e.ZaiError] | str] = {
    "[[error 1302]]": e.RateLimited,
    "[[error 1302 x2]]": "",
    "[[error 1113]]": e.BalanceError,
    "[[error 1261]]": e.ContextTooLong,
    "[[error 1301]]": e.ContentRefused,
    "[[error 1234 x2]]": "",
    "[[status 500]]": e.ServerError,
    "[[status 503 x2]]": "",
    "[[error 1302 x1]] [[retry-after 2]]": "",
    "[[error 1302]] [[retry-after 3600]]": e.RateLimited,
    "[[slow 5]]": "",
    "[[stall 3]]": "",
    "[[cut]]": e.IncompleteAnswer,
    "[[reset]]": e.IncompleteAnswer,
    "[[reset-first]]": e.ConnectionFailed,
    "[[garble]]": "could not be read",
    "[[stream-error 1301]]": e.ContentRefused,
    "[[finish network_error]]": "lost its own connection",
    "[[finish sensitive]]": "filter",
    "[[finish length]]": "max_tokens",
    "[[html]]": e.BadAnswer,
    "[[flat]]": e.NotFound,
    "[[plain]]": "",
    "[[gzip]]": "",
    "[[redirect]]": e.APIError,
    "[[empty]]": "only thinking",
    "[[bytes]]": "",
}


@pytest.mark.parametrize("marker", OUTCOMES)
def test_every_marker_is_met_as_it_should_be(client: Client, marker: str) -> None:
    expected = OUTCOMES[marker]
    with client.stream(f"{marker} Hello there") as said:
        if isinstance(expected, str):
            list(said)
        else:
            with pytest.raises(expected):
                list(said)
            return
    assert expected in said.reply().note and bool(expected) == bool(said.reply().note)
    assert said.reply() or "thinking" in expected


def test_the_table_above_knows_every_marker_of_a_chat() -> None:
    known = {m.strip("[]").split()[0] for m in OUTCOMES}
    others = {"echo", "tool", "arguments"}  # no faults
    files = {"fail", "real", "reference", "no-cover", "first-404", "expired", "svg", "htmlfile"}
    assert {m.strip("[]").split()[0] for m in MARKERS} <= known | others | files | {"retry-after"}


def test_an_echo_comes_back_byte_for_byte(client: Client) -> None:
    text = 'a\u2028b\x85\x0b\x0c\r\n 汉字 🙂 data: {"x": 1} \\frac{a}{b}'
    with client.stream(f"[[echo]]{text}") as said:
        list(said)
    assert said.reply() == text


def test_the_sandbox_got_its_own_key_only(client: Client, sandbox: Sandbox) -> None:
    client.chat("hi")
    assert "the-users-own-key" not in repr(sandbox.ledger)


@pytest.mark.parametrize("marker", ["", "[[first-404]]"])
def test_a_picture_is_ordered_once_and_kept(
    client: Client, sandbox: Sandbox, tmp_path: Path, marker: str
) -> None:
    (link,) = client.image(f"{marker} A cat", size="1024x1024")
    kept = media.keep(media.fetch(client.network, link), tmp_path / "cat")
    assert kept.path.name == "cat.png" and len(sandbox.charged) == 1


@pytest.mark.parametrize("marker", ["[[svg]]", "[[htmlfile]]", "[[expired]]"])
def test_a_file_that_is_no_picture_is_not_kept(
    client: Client, sandbox: Sandbox, marker: str
) -> None:
    (link,) = client.image(f"{marker} A cat")
    with pytest.raises(e.MediaError):
        media.fetch(client.network, link)
    assert len(sandbox.charged) == 1


@pytest.mark.parametrize("marker", ["[[status 500]]", "[[reset-first]]", "[[html]]", "[[cut]]"])
def test_an_order_whose_answer_is_lost_is_sent_once(
    client: Client, sandbox: Sandbox, marker: str
) -> None:
    for order in (client.image, client.video):
        with pytest.raises(e.MaybeCharged):
            order(f"{marker} A cat")
    assert len([line for line in sandbox.ledger if line["method"] == "POST"]) == 2


@pytest.mark.parametrize("dialect", ["[[real]]", "[[reference]]"])
def test_a_clip_is_made_in_either_dialect(
    client: Client, sandbox: Sandbox, clock: Clock, tmp_path: Path, dialect: str
) -> None:
    job = client.video(f"{dialect} A bird", size="1280x720")
    *_, (done, seconds) = jobs.wait(job, client.video_result, clock.timing)
    assert done.state == "done" and seconds == 3
    kept = media.download(client.network, done.urls[0], tmp_path / "bird")
    assert kept.mime == "video/mp4" and len(sandbox.charged) == 1
    # Without the create answer the other route is found, too.
    assert client.video_result(job.id).urls == done.urls


def test_a_failed_job_fails(client: Client, clock: Clock) -> None:
    job = client.video("[[fail]] A bird")
    with pytest.raises(e.JobFailed):
        list(jobs.wait(job, client.video_result, clock.timing))


def test_the_models_are_listed(client: Client) -> None:
    assert "glm-4.7" in client.models()
