"""The bytes of a picture, read without a library: its type, its size, whether it is whole.

Layouts: the PNG specification (W3C), the JPEG standard (ITU T.81) and Exif 2.3.
"""

from __future__ import annotations

import struct
import zlib
from typing import NamedTuple

_PNG = b"\x89PNG\r\n\x1a\n"
_MAGIC = (
    (_PNG, "image/png"),
    (b"\xff\xd8\xff", "image/jpeg"),
    (b"GIF87a", "image/gif"),
    (b"GIF89a", "image/gif"),
    (b"BM", "image/bmp"),
    (b"II*\0", "image/tiff"),
    (b"MM\0*", "image/tiff"),
)
_ORIENTATION = 0x0112


class Facts(NamedTuple):
    """What the header says. `whole` is false for a file that breaks off.

    `channels` is 4 for CMYK; `bits` of one channel; `turned` when Exif wants it shown turned.
    """

    width: int
    height: int
    whole: bool = False
    channels: int = 3
    bits: int = 8
    turned: bool = False


def mime(content: bytes) -> str:
    """The type that the first bytes tell, "" when it is no picture that is known."""
    for magic, kind in _MAGIC:
        # "BM" may begin any text; a bitmap's header has zeros where a text has letters.
        if content.startswith(magic) and (magic != b"BM" or content[6:10] == b"\0\0\0\0"):
            return kind
    return "image/webp" if content[:4] == b"RIFF" and content[8:12] == b"WEBP" else ""


def facts(content: bytes) -> Facts | None:
    """What a PNG's or JPEG's header says, None when it cannot be read."""
    try:
        return _png(content) if content.startswith(_PNG) else _jpeg(content)
    except (struct.error, IndexError):
        return None


def _png(content: bytes) -> Facts | None:
    width, height, bits, colour = struct.unpack_from(">IIBB", content, 16)
    if content[12:16] != b"IHDR" or not width or not height:
        return None
    at, whole, turned = 8, False, False
    while at + 12 <= len(content) and not whole:
        size, kind = struct.unpack_from(">I4s", content, at)
        body = memoryview(content)[at + 4 : at + 8 + size]
        check = content[at + 8 + size : at + 12 + size]
        if check != zlib.crc32(body).to_bytes(4, "big"):
            break
        whole = kind == b"IEND"
        turned = turned or (kind == b"eXIf" and _turned(bytes(body[4:])))
        at += 12 + size
    return Facts(width, height, whole, 1 if colour == 0 else 3, bits, turned)


def _jpeg(content: bytes) -> Facts | None:
    at, found, turned = 2, None, False
    while content[at] == 0xFF:
        marker = content[at + 1]
        if marker == 0xFF:  # a fill byte
            at += 1
            continue
        size = int.from_bytes(content[at + 2 : at + 4], "big")
        body = content[at + 4 : at + 2 + size]
        if 0xC0 <= marker <= 0xCF and marker not in (0xC4, 0xC8, 0xCC):
            bits, height, width, channels = struct.unpack_from(">BHHB", body)
            found = Facts(width, height, False, channels, bits)
        elif marker == 0xE1 and body.startswith(b"Exif\0\0"):
            turned = _turned(body[6:])
        at += 2 + size
        if marker == 0xDA:  # the pixels; a thumbnail's end has been passed by here
            if found is None or not found.width or not found.height:
                return None
            return found._replace(whole=content.find(b"\xff\xd9", at) > 0, turned=turned)
    return None


def _turned(exif: bytes) -> bool:
    """Whether the orientation in a TIFF header is another than upright (1)."""
    order = "<" if exif[:2] == b"II" else ">"
    try:
        (at,) = struct.unpack_from(order + "I", exif, 4)
        (count,) = struct.unpack_from(order + "H", exif, at)
        for n in range(min(count, 200)):
            tag, _, _, value = struct.unpack_from(order + "HHIH", exif, at + 2 + 12 * n)
            if tag == _ORIENTATION:
                return bool(2 <= value <= 8)
    except struct.error:
        pass
    return False
