"""The upper part of a scene: clouds, a sun or moon with its glow, stars.

The clouds are a plasma: three sheared waves and a gradient, added as big integers (which adds a
million bytes in a millisecond), then coloured by `bytes.translate`.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import exp, pi, sin
from random import Random

from .palette import SKY_TONES, STAR, SUN

_TONES = bytes(min(SKY_TONES - 1, value * SKY_TONES // 230) for value in range(512))
_CLAMP = bytes(min(value, SKY_TONES - 1) for value in range(256))


def sky(chance: Random, width: int, height: int, stars: int) -> tuple[bytearray, int]:
    """Rows of sky, and the row where the sun or moon begins: `sky(Random(7), 640, 240, 100)`."""
    unit = max(width / 2, height)
    layers = [_wave(chance, width, height, unit, finer) for finer in (1.0, 2.3, 5.0)]
    # All layers together stay below 256: adding whole pictures never carries between bytes.
    total = sum(int.from_bytes(layer, "little") for layer in layers)
    clouds = total.to_bytes(width * height, "little")
    field = bytearray().join(
        clouds[y * width : (y + 1) * width].translate(_tones(y / height)) for y in range(height)
    )
    _stars(field, chance, width, min(stars, len(field) // 1200))
    return field, _sun(field, chance, width, height)


def _stars(field: bytearray, chance: Random, width: int, count: int) -> None:
    """Stars, most of them high up, larger in a large picture."""
    height = len(field) // width
    size = max(1, round(min(width, height) / 450))
    for _ in range(count):
        row = int(chance.random() * chance.random() * height)
        first = row * width + int(chance.random() * max(1, width - size))
        for at in range(first, min(len(field) - size, first + size * width), width):
            field[at : at + size] = bytes([STAR]) * size


def _wave(chance: Random, width: int, height: int, unit: float, finer: float) -> bytes:
    """A layer of soft cloud: one wavy row, seen through a window that wanders from row to row."""
    first, second, bend = (chance.random() * 2 * pi for _ in range(3))
    step, drift = 2 * pi * finer / unit, (2 + 3 * chance.random()) * (1 if finer != 2.3 else -1)
    offsets = [
        int(drift * y + unit * 0.16 / finer * sin(y * step * 3.1 + bend)) for y in range(height)
    ]
    least = min(offsets)
    high = 17 / (1 + finer / 8)
    row = bytes(
        int(high * (1 + 0.6 * sin(x * step + first) + 0.4 * sin(x * step * 2.37 + second)))
        for x in range(width + max(offsets) - least)
    )
    return b"".join([row[at - least : at - least + width] for at in offsets])


def _tones(down: float) -> bytes:
    """The table from clouds to tones at a place from zenith, 0, to horizon, 1."""
    bright = int(118 * down**1.15)
    return _TONES[bright : bright + 256]


def _sun(field: bytearray, chance: Random, width: int, height: int) -> int:
    """A sun or moon over the hills, with a soft glow around it; its first row."""
    radius = min(width, height) * (0.07 + 0.05 * chance.random())
    middle = width * (0.2 + 0.6 * chance.random())
    centre = height * (0.58 + 0.14 * chance.random())
    reach = radius * 4
    left, right = max(0, int(middle - reach)), min(width, int(middle + reach))
    # Squares of distances in 1/255 of the reach's square: a row's table is a part of one long one.
    across = bytes(min(255, int(255 * ((x - middle) / reach) ** 2)) for x in range(left, right))
    glow = [int(24 * max(0.0, exp(-4.5 * d / 255) - 0.011)) for d in range(256)] + [0] * 256
    for y in range(max(0, int(centre - reach)), min(height, int(centre + reach))):
        down = min(255, int(255 * ((y - centre) / reach) ** 2))
        at = slice(y * width + left, y * width + right)
        field[at] = _brighter(field[at], across, glow, down)
    for y in range(max(0, int(centre - radius)), min(height, int(centre + radius) + 1)):
        half = max(0.0, radius * radius - (y - centre) ** 2) ** 0.5
        first, last = max(0, round(middle - half)), min(width, round(middle + half))
        field[y * width + first : y * width + last] = bytes([SUN]) * (last - first)
    return max(0, int(centre - radius))


def _brighter(row: bytearray, across: bytes, glow: Sequence[int], down: int) -> bytes:
    """A row of sky with the glow added, never beyond the brightest tone."""
    table = bytes(glow[down : down + 256])
    light = int.from_bytes(across.translate(table), "little")
    total = int.from_bytes(row, "little") + light
    return total.to_bytes(len(row), "little").translate(_CLAMP)
