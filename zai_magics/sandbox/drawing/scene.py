"""The picture behind every sandbox image and clip: a landscape at a lake, from the prompt's hash.

Pixels are numbers of a palette of 256 colours. The words stand on a darkened band at the top.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from random import Random

from .font import CELL
from .land import fill_lake, raise_hills
from .lettering import PITCH, paint_line, wrap
from .palette import (
    BAND,
    CAPTION_INK,
    PROMPT_INK,
    RULE,
    SCENERY,
    TILE_INK,
    WATER,
    colours,
    mood_of,
)  # fmt: skip
from .sky import sky

CAPTION = "SANDBOX · not a real model"


@dataclass(frozen=True)
class Scene:
    """A painted scene: `width * height` palette numbers, row after row, and its 256 colours.

    `band`, `calm` and `shore` are the rows where the lettering ends, where the first hill or the
    sun begins and where the lake begins.
    """

    width: int
    height: int
    pixels: bytes
    palette: tuple[tuple[int, int, int], ...]
    band: int
    calm: int
    shore: int


def check_size(width: int, height: int) -> None:
    """ValueError unless both are whole numbers from 16 to 4096."""
    for name, value in (("width", width), ("height", height)):
        if isinstance(value, bool) or not isinstance(value, int) or not 16 <= value <= 4096:
            raise ValueError(f"{name} must be a whole number from 16 to 4096, not {value!r}")


def paint(prompt: str, width: int, height: int, caption: str = CAPTION) -> Scene:
    """The scene of a prompt: `paint("a lighthouse", 1024, 768)`.

    The same arguments give the same pixels. ValueError for a size outside 16 to 4096.
    """
    check_size(width, height)
    seed = hashlib.sha256(prompt.encode("utf-8", "surrogatepass")).digest()
    chance = Random(int.from_bytes(seed, "big"))
    mood = mood_of(chance)
    # The lake begins on a multiple of 16, so that a film can move it by whole macroblocks.
    shore = min(height, max(16, round(height * (0.6 + 0.08 * chance.random()) / 16) * 16))
    pixels, sun = sky(chance, width, shore, mood.stars)
    ridge = raise_hills(pixels, chance, width, shore)
    pixels += fill_lake(pixels, chance, width, height - shore)
    band = _letter(pixels, width, height, caption, prompt)
    return Scene(width, height, bytes(pixels), colours(mood), band, min(sun, ridge), shore)


def _letter(pixels: bytearray, width: int, height: int, caption: str, prompt: str) -> int:
    """Burn the words into the top of a picture; the first row below them."""
    scale = _scale(width, height)
    margin = max(1, min(5 * scale, width // 24))
    columns = (width - 2 * margin + scale) // (CELL * scale)
    # The words take at most half of the height, whatever they say.
    room = max(1, min(5, (height // 2 - 2 * margin) // (PITCH * scale)))
    lines = [(line, CAPTION_INK) for line in wrap(caption, columns, max(1, min(2, room - 1)))]
    lines += [(line, PROMPT_INK) for line in wrap(prompt, columns, min(4, room - len(lines)))]
    rows = _rows(lines, width, margin, scale)
    band = min(height, len(rows) // width)
    _stamp(pixels, rows[: band * width], width)
    return band


def _scale(width: int, height: int) -> int:
    """How many pixels a dot of the font is wide: 2 at 512 and 640x360, 3 at 1280x720."""
    extent = min(width, height * 16 / 9)
    wanted: int = round(2 * pow(extent / 620, 0.75))
    return max(1, min(8, wanted, height // (5 * PITCH)))


def _rows(lines: list[tuple[str, int]], width: int, margin: int, scale: int) -> bytes:
    """The band: 0 where the picture shines through, else the number of an ink."""
    rows = [bytes(width)] * margin
    for line, ink in lines:
        inks = bytes([0, ink, TILE_INK]).ljust(256, b"\0")
        for row in paint_line(line, scale):
            rows.append((bytes(margin) + row.translate(inks))[:width].ljust(width, b"\0"))
    rows += [bytes(width)] * margin + [bytes([RULE]) * width] * scale
    return b"".join(rows)


def _stamp(pixels: bytearray, inks: bytes, width: int) -> None:
    """Darken the top of a picture and put the inks on it."""
    dark = pixels[: len(inks)].translate(_DARK)
    # Adding and masking whole bands as integers is a hundred times faster than pixel by pixel.
    ground = int.from_bytes(dark, "little")
    cover = int.from_bytes(inks.translate(_COVER), "little")
    ink = int.from_bytes(inks, "little")
    pixels[: len(inks)] = ((ground | cover) ^ cover | ink).to_bytes(len(inks), "little")


_COVER = bytes([0]) + b"\xff" * 255
_DARK = bytes(
    BAND + (number // 2 if number < WATER else min(number - WATER, SCENERY // 2 - 1))
    for number in range(256)
)
