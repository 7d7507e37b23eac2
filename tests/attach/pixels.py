"""Helpers: the pixels of what was attached, and pictures as files."""

from __future__ import annotations

import base64
import io
from typing import Any

from PIL import Image

from zai_magics.attach import Attachment


def content(sent: Attachment) -> bytes:
    """The bytes in an attachment's data URL."""
    head, _, body = sent.url.partition(",")
    assert head.startswith("data:") and head.endswith(";base64")
    return base64.b64decode(body, validate=True)


def opened(sent: Attachment) -> Any:
    """The picture that a model would see."""
    assert sent.kind == "image" and sent.url[:15] in ("data:image/png;", "data:image/jpeg")
    image = Image.open(io.BytesIO(content(sent)))
    image.load()
    return image


def saved(image: Any, form: str, **more: Any) -> bytes:
    """A picture as a file's bytes."""
    to = io.BytesIO()
    image.save(to, form, **more)
    return to.getvalue()
