"""PNG pictures that stand in for a model's: drawn from the prompt, labelled in the pixels."""

from __future__ import annotations

import struct
import zlib

from .scene import CAPTION, Scene, paint

SOFTWARE = "zai_magics sandbox"


def draw(prompt: str, width: int = 1024, height: int = 1024, *, caption: str = CAPTION) -> bytes:
    """A picture of a landscape with the caption and the prompt in it: `draw("a red fox")`.

    `width` and `height` are pixels, 16 to 4096 (else ValueError). The same arguments give the
    same bytes. A prompt too long for its lines ends with an ellipsis in the picture; all of it
    is in the iTXt chunk `Description`.
    """
    scene = paint(prompt, width, height, caption)
    note = f"{caption} ({SOFTWARE}: no model made this picture)"
    return b"".join([
        b"\x89PNG\r\n\x1a\n",
        # Eight bits a pixel, colour type 3: numbers of a palette.
        _chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 3, 0, 0, 0)),
        _text("Software", SOFTWARE),
        _text("Comment", note),
        _text("Description", prompt),
        _chunk(b"PLTE", b"".join(bytes(colour) for colour in scene.palette)),
        _chunk(b"IDAT", _packed(scene)),
        _chunk(b"IEND", b""),
    ])  # fmt: skip


def _packed(scene: Scene) -> bytes:
    """The pixels, each row behind its filter type 0, deflated at the fastest level."""
    width, pixels = scene.width, scene.pixels
    rows = [b"\0" + pixels[at : at + width] for at in range(0, len(pixels), width)]
    return zlib.compress(b"".join(rows), 1)


def _text(keyword: str, text: str) -> bytes:
    """An iTXt chunk: UTF-8, not compressed, no language. It may hold no NUL and no surrogate."""
    clean = text.replace("\0", "\ufffd").encode("utf-8", "replace")
    return _chunk(b"iTXt", keyword.encode("ascii") + b"\0\0\0\0\0" + clean)


def _chunk(kind: bytes, body: bytes) -> bytes:
    """A chunk: its length, its kind, its body, their checksum."""
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))
