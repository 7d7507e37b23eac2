"""Pictures and films: jobs by the clock, files that open, and what they would have cost."""

from __future__ import annotations

import io
import re
from types import SimpleNamespace
from typing import Any

import httpx
import pytest
from PIL import Image

from zai_magics.sandbox import Sandbox

KEY = {"Authorization": "Bearer sandbox"}
FLAT = {"code": 500, "msg": "404 NOT_FOUND", "success": False}


def film(http: httpx.Client, prompt: str = "a bird", **more: Any) -> Any:
    """The answer to the creation of a film."""
    body = {"model": "cogvideox-3", "prompt": prompt} | more
    return http.post("/videos/generations", json=body).json()


def picture(http: httpx.Client, prompt: str = "a sunset", **more: Any) -> str:
    """The address of a picture."""
    body = {"model": "glm-image", "prompt": prompt} | more
    return str(http.post("/images/generations", json=body).json()["data"][0]["url"])


def test_a_picture_is_a_png_of_the_size_asked_and_needs_no_key(
    http: httpx.Client, sandbox: Sandbox
) -> None:
    url = picture(http, size="1056x1568")
    assert re.fullmatch(re.escape(sandbox.origin) + r"/sandbox/files/sandbox-\w{16}\.png", url)
    reply = httpx.get(url)
    assert reply.headers["Content-Type"] == "image/png" and reply.headers["X-Zai-Sandbox"] == "1"
    assert Image.open(io.BytesIO(reply.content)).size == (1056, 1568)


def test_a_film_is_ready_when_the_clock_says_so(http: httpx.Client, time: SimpleNamespace) -> None:
    made = film(http)
    assert made["task_status"] == "PROCESSING" and made["model"] == "cogvideox-3+sandbox"
    assert re.fullmatch(r"\d{17}-\d{19}", made["id"])
    path = f"/async-result/{made['id']}"
    time.now += 2.9
    assert http.get(path).json()["task_status"] == "PROCESSING"
    time.now += 0.2
    done = http.get(path).json()
    assert done["task_status"] == "SUCCESS" and done["request_id"] == made["request_id"]
    cover = httpx.get(done["video_result"][0]["cover_image_url"])
    assert Image.open(io.BytesIO(cover.content)).size == (1280, 720)
    assert done["video_result"][0]["url"].endswith(".mp4")


@pytest.mark.parametrize(
    ("asked", "drawn"),
    [
        ("1280x720", (1280, 720)),
        ("720x1280", (720, 1280)),
        ("1024x1024", (720, 720)),
        ("3840x2160", (1280, 720)),
        ("1080x1920", (720, 1280)),
        ("2048x1080", (1280, 672)),
    ],
)
def test_a_film_plays_for_as_long_as_asked_in_the_shape_asked(
    http: httpx.Client, time: SimpleNamespace, asked: str, drawn: tuple[int, int]
) -> None:
    av = pytest.importorskip("av")
    pytest.importorskip("zai_magics.sandbox.drawing.mp4")
    made = film(http, size=asked, with_audio=asked == "720x1280")
    time.now += 10
    url = http.get(f"/async-result/{made['id']}").json()["video_result"][0]["url"]
    reply = httpx.get(url, timeout=60)
    assert reply.headers["Content-Type"] == "video/mp4"
    with av.open(io.BytesIO(reply.content)) as container:
        stream = container.streams.video[0]
        assert (stream.width, stream.height) == drawn
        assert len(container.streams.audio) == (asked == "720x1280")
        assert abs(float(container.duration / av.time_base) - 5) < 0.2


def test_the_references_form_has_its_own_route(http: httpx.Client, time: SimpleNamespace) -> None:
    made = film(http, "[[reference]] a bird")
    assert made == {"id": made["id"], "status": "processing"}
    time.now += 5
    done = http.get(f"/videos/{made['id']}").json()
    assert done["status"] == "completed" and done["video_url"].endswith(".mp4")
    assert http.get(f"/async-result/{made['id']}").status_code == 404


def test_the_route_of_the_other_form_is_the_gateways_flat_404(http: httpx.Client) -> None:
    reply = http.get(f"/videos/{film(http)['id']}")
    assert reply.status_code == 200 and reply.json() == FLAT


def test_a_sandbox_of_the_reference_makes_its_form_unless_asked_otherwise() -> None:
    with (
        Sandbox(dialect="reference", video_seconds=0) as made,
        httpx.Client(base_url=made.base_url, headers=KEY) as http,
    ):
        assert set(film(http)) == {"id", "status"}
        assert film(http, "[[real]] a bird")["task_status"] == "PROCESSING"


@pytest.mark.parametrize(("form", "word"), [("real", "FAIL"), ("reference", "failed")])
def test_a_film_fails_on_request_after_its_time(
    http: httpx.Client, time: SimpleNamespace, form: str, word: str
) -> None:
    made = film(http, f"[[{form}]] [[fail]] a bird")
    path = ("/async-result/" if form == "real" else "/videos/") + made["id"]
    assert "processing" in http.get(path).text.lower()
    time.now += 5
    body = http.get(path).json()
    assert word in (body.get("task_status"), body.get("status")) and "url" not in str(body)


def test_a_picture_can_be_a_job_too(http: httpx.Client, time: SimpleNamespace) -> None:
    body = {"model": "glm-image", "prompt": "a sunset", "request_id": "mine-123"}
    made = http.post("/async/images/generations", json=body).json()
    assert made["request_id"] == "mine-123"
    time.now += 5
    done = http.get(f"/async-result/{made['id']}").json()
    assert httpx.get(done["image_result"][0]["url"]).content[:4] == b"\x89PNG"


def test_every_creation_is_charged_once_and_polls_and_downloads_are_free(
    http: httpx.Client, sandbox: Sandbox, time: SimpleNamespace
) -> None:
    url = picture(http)
    made = film(http, "[[no-cover]] a bird")
    time.now += 5
    done = http.get(f"/async-result/{made['id']}").json()
    httpx.get(url)
    assert "cover_image_url" not in done["video_result"][0]
    assert [(b["model"], b["prompt"]) for b in sandbox.charged] == [
        ("glm-image", "a sunset"),
        ("cogvideox-3", "a bird"),
    ]
    assert sandbox.charged[1]["id"] == made["id"]


def test_an_answer_that_is_lost_after_the_creation_is_charged(
    http: httpx.Client, sandbox: Sandbox
) -> None:
    with pytest.raises(httpx.ReadError):
        film(http, "[[reset-first]] a bird")
    with pytest.raises(ValueError):
        film(http, "[[html]] a bird")
    assert len(sandbox.charged) == 2


def test_an_error_that_was_asked_for_is_not_charged(http: httpx.Client, sandbox: Sandbox) -> None:
    assert film(http, "[[error 1302]] a bird")["error"]["code"] == "1302"
    assert sandbox.charged == []


@pytest.mark.parametrize(
    ("wanted", "start", "end"),
    [
        ("bytes=0-9", 0, 10),
        ("bytes=10-", 10, None),
        ("bytes=-7", -7, None),
        ("bytes=5-99999999", 5, None),
    ],
)
def test_a_range_of_a_file_is_that_part(
    http: httpx.Client, wanted: str, start: int, end: int | None
) -> None:
    url = picture(http)
    whole = httpx.get(url).content
    part = httpx.get(url, headers={"Range": wanted})
    first = start if start >= 0 else len(whole) + start
    assert part.status_code == 206 and part.content == whole[start:end]
    last = first + len(part.content) - 1
    assert part.headers["Content-Range"] == f"bytes {first}-{last}/{len(whole)}"


@pytest.mark.parametrize("wanted", ["bytes=0-1,4-5", "bytes=9-2", "lines=1-2", "bytes=-", "x"])
def test_a_range_that_is_none_gets_the_whole_file(http: httpx.Client, wanted: str) -> None:
    url = picture(http)
    reply = httpx.get(url, headers={"Range": wanted})
    assert reply.status_code == 200 and reply.content == httpx.get(url).content


def test_a_range_behind_the_end_is_416_and_head_has_the_length_alone(http: httpx.Client) -> None:
    url = picture(http)
    size = len(httpx.get(url).content)
    past = httpx.get(url, headers={"Range": f"bytes={size}-"})
    assert past.status_code == 416 and past.headers["Content-Range"] == f"bytes */{size}"
    head = httpx.head(url)
    assert head.headers["Content-Length"] == str(size) and head.content == b""


def test_downloads_fail_on_request(http: httpx.Client) -> None:
    url = picture(http, "[[first-404]] a sunset")
    first = httpx.get(url)
    assert first.status_code == 404 and first.json()["RetCode"] == -148654
    assert httpx.get(url).status_code == 200
    url = picture(http, "[[expired]] a sunset")
    assert [httpx.get(url).status_code for _ in range(2)] == [403, 403]
    assert httpx.get(url.replace("sandbox-", "sandbox-0")).status_code == 404


@pytest.mark.parametrize(
    ("marker", "kind", "start"),
    [("svg", "image/svg+xml", b"<svg"), ("htmlfile", "text/html", b"<!doctype html>")],
)
def test_a_file_can_be_something_else_than_a_picture(
    http: httpx.Client, marker: str, kind: str, start: bytes
) -> None:
    reply = httpx.get(picture(http, f"[[{marker}]] a sunset"))
    assert reply.headers["Content-Type"].startswith(kind) and reply.content.startswith(start)
