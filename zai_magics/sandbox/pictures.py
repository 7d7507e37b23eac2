"""Pictures in a request: from a data URL or bare base64 to format, pixels and bytes.

Nothing is fetched: an https URL is reported, never read.
"""

from __future__ import annotations

import base64
import binascii
import re
from dataclasses import dataclass

from .errors import Problem

_LARGEST = 5 * 1024 * 1024
_LONGEST_SIDE = 6000
_FRAME_MARKERS = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}


@dataclass(frozen=True)
class Picture:
    """What is known of an image part: of a URL only its text."""

    url: str = ""
    form: str = ""
    width: int = 0
    height: int = 0
    size: int = 0

    def __str__(self) -> str:
        if self.url:
            return f"the URL {self.url[:200]} (not fetched)"
        return f"{self.form}, {self.width} x {self.height} pixels, {self.size:,} bytes"


def read(url: str) -> Picture:
    """Measure an `image_url`: `read("data:image/png;base64,iVBOR…")`.

    Takes https URLs, data URLs and bare base64 (the official SDK strips the prefix). Raises
    Problem 1210 as the service does: PNG and JPEG only, under 5 MB, at most 6000 x 6000.
    """
    if re.match(r"https?://[^\s/]", url, re.IGNORECASE):
        return Picture(url=url)
    data = _decoded(url)
    form, width, height = _measured(data)
    if len(data) > _LARGEST:
        raise Problem("1210", "Image input: the picture is larger than 5 MB.")
    if not (0 < width <= _LONGEST_SIDE and 0 < height <= _LONGEST_SIDE):
        raise Problem("1210", f"Image input: {width} x {height} pixels, the limit is 6000 x 6000.")
    return Picture(form=form, width=width, height=height, size=len(data))


def _decoded(url: str) -> bytes:
    if url[:5].lower() == "data:":
        head, comma, url = url.partition(",")
        if not comma or not head.lower().endswith(";base64"):
            raise Problem("1210", "Image input format / parse error: not a base64 data URL.")
    try:
        return base64.b64decode("".join(url.split()), validate=True)
    except (binascii.Error, ValueError):
        raise Problem("1210", "Image input format / parse error: not base64.") from None


def _measured(data: bytes) -> tuple[str, int, int]:
    if data[:8] == b"\x89PNG\r\n\x1a\n" and data[12:16] == b"IHDR" and len(data) >= 24:
        return "PNG", int.from_bytes(data[16:20]), int.from_bytes(data[20:24])
    if data[:3] == b"\xff\xd8\xff":
        return "JPEG", *_jpeg_size(data)
    raise Problem("1210", "Image input format / parse error: neither PNG nor JPEG.")


def _jpeg_size(data: bytes) -> tuple[int, int]:
    place = 2
    while place + 9 <= len(data) and data[place] == 0xFF:
        marker, length = data[place + 1], int.from_bytes(data[place + 2 : place + 4])
        if marker in _FRAME_MARKERS:
            height, width = data[place + 5 : place + 7], data[place + 7 : place + 9]
            return int.from_bytes(width), int.from_bytes(height)
        # 0xFF may be repeated as padding in front of a marker.
        place += 1 if marker == 0xFF else 2 + length
    raise Problem("1210", "Image input format / parse error: a JPEG without a frame.")
