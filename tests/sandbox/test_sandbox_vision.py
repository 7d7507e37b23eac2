"""Pictures in a request."""

from __future__ import annotations

import base64
import io
from collections.abc import Callable
from typing import Any

import httpx
import pytest
from PIL import Image

Ask = Callable[..., httpx.Response]


def picture(form: str, width: int = 33, height: int = 21) -> bytes:
    """A file of Pillow's, not of the sandbox's own making."""
    file = io.BytesIO()
    Image.new("RGB", (width, height), "teal").save(file, form)
    return file.getvalue()


def shown(ask: Ask, url: Any, model: str = "glm-4.6v") -> httpx.Response:
    """Send a picture and a word."""
    parts = [{"type": "image_url", "image_url": {"url": url}}, {"type": "text", "text": "what?"}]
    return ask("", model=model, messages=[{"role": "user", "content": parts}])


def text(reply: httpx.Response) -> str:
    """The answer's text."""
    return str(reply.json()["choices"][0]["message"]["content"])


@pytest.mark.parametrize("form", ["png", "jpeg"])
@pytest.mark.parametrize("prefix", ["data:image/{};base64,", ""])
def test_a_picture_is_measured_from_its_bytes(ask: Ask, form: str, prefix: str) -> None:
    data = picture(form)
    url = prefix.format(form) + base64.b64encode(data).decode()
    assert f"{form.upper()}, 33 x 21 pixels, {len(data):,} bytes" in text(shown(ask, url))


def test_a_progressive_jpeg_with_metadata_is_measured(ask: Ask) -> None:
    file = io.BytesIO()
    image = Image.new("RGB", (300, 200), "red")
    image.save(file, "jpeg", progressive=True, exif=Image.Exif(), comment=b"x" * 300)
    url = "data:image/jpeg;base64," + base64.b64encode(file.getvalue()).decode()
    assert "JPEG, 300 x 200 pixels" in text(shown(ask, url))


def test_an_address_is_reported_and_not_fetched(ask: Ask) -> None:
    assert "https://example.invalid/a.png (not fetched)" in text(
        shown(ask, "https://example.invalid/a.png")
    )


def test_a_text_model_refuses_a_picture(ask: Ask) -> None:
    reply = shown(ask, "https://example.invalid/a.png", model="glm-4.7")
    assert reply.status_code == 400 and reply.json()["error"]["code"] == "1210"


@pytest.mark.parametrize(
    "url",
    [
        "",
        "hello",
        "data:image/png;base64,",
        "data:image/png;base64,!!!!",
        "data:image/png,abc",
        "data:image/gif;base64," + base64.b64encode(picture("gif")).decode(),
        "data:image/jpeg;base64," + base64.b64encode(b"\xff\xd8\xff\xff\xff\xff").decode(),
        "data:image/png;base64," + base64.b64encode(picture("png", 6001, 1)).decode(),
        "data:image/png;base64," + base64.b64encode(picture("png") + bytes(6 << 20)).decode(),
    ],
)
def test_what_is_no_picture_or_too_large_is_refused(ask: Ask, url: str) -> None:
    reply = shown(ask, url)
    assert reply.status_code == 400 and reply.json()["error"]["code"] == "1210"


def test_files_and_films_are_reported_by_name(ask: Ask) -> None:
    parts = [
        {"type": "video_url", "video_url": {"url": "https://example.invalid/v.mp4"}},
        {"type": "file", "file": {"filename": "notes.pdf", "file_data": "data:,x"}},
        {"type": "text", "text": "compare"},
    ]
    said = text(ask("", model="glm-5.3-flash", messages=[{"role": "user", "content": parts}]))
    assert "video: “https://example.invalid/v.mp4”" in said and "file: “notes.pdf”" in said
