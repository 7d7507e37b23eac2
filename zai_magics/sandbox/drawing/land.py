"""The lower part of a scene: hills with a forest, and the lake that mirrors what is above it."""

from __future__ import annotations

from math import pi, sin
from random import Random

from .palette import LAND, RIDGE_TONES, RIDGES, SCENERY, WATER


def raise_hills(pixels: bytearray, chance: Random, width: int, shore: int) -> int:
    """Paint the hills into a sky of `width` by `shore` pixels; the row where the highest begins.

    `raise_hills(sky, Random(7), 640, 240)`
    """
    ridges = [_ridge(chance, width, shore, number) for number in range(RIDGES)]
    ridges[-1] = _forest(ridges[-1], chance, width, shore)
    strips = [_strip(number, min(tops), shore) for number, tops in enumerate(ridges)]
    for x, tops in enumerate(zip(*ridges, strict=True)):
        bottom, column = shore, b""
        # From the nearest to the farthest: each shows only above the ones before it.
        for top, strip in zip(reversed(tops), reversed(strips), strict=True):
            if top < bottom:
                column = strip[top:bottom] + column
                bottom = top
        pixels[bottom * width + x :: width] = column
    return min(map(min, ridges))


def _ridge(chance: Random, width: int, shore: int, number: int) -> list[int]:
    """The first row of a hill in every column: jagged far away, soft nearby."""
    nearness = number / (RIDGES - 1)
    height = shore * (0.40 - 0.27 * nearness) * (0.85 + 0.3 * chance.random())
    sharp = 1 - nearness
    waves = []
    for octave in range(4):
        length = shore * (2.4 - 1.1 * nearness) / 2.03**octave
        waves.append((2 * pi / length, chance.random() * 2 * pi, 0.5 / (1.9 + nearness) ** octave))
    tops = []
    slow, begin = waves[0][0] * 0.31, chance.random() * 2 * pi
    for x in range(width):
        up, sway = 0.0, 1.6 * sin(x * slow + begin)
        for step, start, share in waves:
            # Swaying phases: without them the peaks stand in step, like a fence.
            bend = sin(x * step + start + sway)
            up += share * (sharp * (1 - 2 * abs(bend)) + (1 - sharp) * bend)
        tops.append(min(shore - 1, max(0, int(shore - height * (0.62 + 0.5 * up)))))
    return tops


def _forest(tops: list[int], chance: Random, width: int, shore: int) -> list[int]:
    """The nearest hill with firs: steps that narrow towards the top."""
    tall = max(2.0, shore * 0.075)
    wooded = list(tops)
    at = 0.0
    while at < width:
        grown = tall * (0.45 + 0.55 * chance.random())
        half = grown * 0.24
        foot = tops[min(width - 1, int(at))]
        for x in range(max(0, int(at - half)), min(width, int(at + half) + 1)):
            inward = 1 - abs(x - at) / (half + 0.5)
            # A fir is a tower of skirts: three teeth that lean on the slope of its outline.
            tooth = 0.16 * ((inward * 3.5) % 1)
            wooded[x] = min(wooded[x], max(0, int(foot - grown * (inward - tooth))))
        # Groves and clearings.
        at += half * (0.7 + 1.1 * chance.random()) * (6 if chance.random() < 0.06 else 1)
    return wooded


def _strip(number: int, top: int, shore: int) -> bytes:
    """A hill's tones for every row down to the shore, from its highest top."""
    first, deep = LAND + number * RIDGE_TONES, max(1, shore - top)
    tones = [first] * top
    tones += [first + (y - top) * RIDGE_TONES // deep for y in range(top, shore)]
    return bytes(tones)


def fill_lake(above: bytearray, chance: Random, width: int, height: int) -> bytes:
    """`height` rows of lake below the picture `above`: its mirror image, with ripples.

    `fill_lake(upper, Random(7), 640, 120)`
    """
    shore = len(above) // width
    phase = chance.random() * 2 * pi
    turns = 26 + 24 * min(1.5, height / 300)
    tables = [_water(lift) for lift in (0, 1, 2)]
    rows = []
    for down in range(height):
        # Ripples are longer and wider towards the viewer.
        near = (down + 1) / height
        swell = sin(phase + turns * near**0.6) + 0.6 * sin(2 * phase + 2.7 * turns * near**0.7)
        shift = round(swell * near**0.9 * min(width, 1.5 * shore) / 110)
        source = shore - 1 - min(shore - 1, int(down * (1 + 0.14 * swell * near**0.7)))
        row = bytes(above[source * width : (source + 1) * width])
        rows.append(_aside(row, shift).translate(tables[min(2, max(0, round(swell + 0.8)))]))
    return b"".join(rows)


def _aside(row: bytes, shift: int) -> bytes:
    """A row moved sideways, its outermost pixel repeated."""
    shift = max(-len(row) // 2, min(len(row) // 2, shift))
    if shift >= 0:
        return row[:1] * shift + row[: len(row) - shift]
    return row[-shift:] + row[-1:] * -shift


def _water(lift: int) -> bytes:
    """Scenery numbers to water numbers; `lift` steps lighter for the crest of a ripple."""
    return bytes(
        WATER + min(SCENERY // 2 - 1, number // 2 + (lift if number < LAND - 6 else 0))
        for number in range(SCENERY)
    ).ljust(256, bytes([WATER]))
