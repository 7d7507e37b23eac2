"""What moves in a film of a scene: clouds drift, the lake ripples; hills and words stand still."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from math import pi, sin

from . import h264
from .scene import Scene

_STEPS = 256
"""Steps of a turn of a wave."""
_TURN = 2.5
"""Seconds of a ripple."""
_DRIFT = 24.0
"""Seconds in which the clouds go out and come back."""


@dataclass(frozen=True)
class Motion:
    """The moving parts of a scene, in macroblocks: `Motion.of(scene)`.

    `across` columns and `down` rows; the clouds are in `sky` rows from `top`, the lake begins at
    row `shore`. An area without rows does not move.
    """

    across: int
    down: int
    top: int
    sky: int
    shore: int

    @classmethod
    def of(cls, scene: Scene) -> Motion:
        """The motion that a scene has room for."""
        across, down = -(-scene.width // 16), -(-scene.height // 16)
        # Whole macroblocks between the words and the first thing that must stand still.
        top = max(1, -(-scene.band // 16))
        sky = max(0, scene.calm // 16 - top)
        return cls(
            across, down, top, sky, max(-(-scene.band // 16), scene.shore // 16, top + sky + 1)
        )

    def pictures(self, count: int, fps: int) -> Iterator[bytes]:
        """Pictures 1 to `count` as NAL units."""
        clouds = lru_cache(maxsize=None)(self._clouds)
        lake = lru_cache(maxsize=None)(self._lake)
        turn = max(1, round(fps * _TURN))
        reach = 4 * min(160.0, self.across * 16 * 0.09)
        for number in range(1, count + 1):
            shift = round(reach * sin(2 * pi * number / (fps * _DRIFT)))
            # The first picture is flat: the ripples grow from it within half a second.
            swell = min(8, round(16 * number / fps))
            areas = [clouds(shift), lake(number % turn * _STEPS // turn, swell)]
            total = self.across * self.down
            yield h264.moved(number, total, [area for area in areas if area[1]])

    def _clouds(self, shift: int) -> h264.Area:
        """The sky, moved by `shift` quarter pixels in its middle, less towards its edges."""
        columns = [sin(pi * (column + 0.5) / self.across) for column in range(self.across)]
        halves = []
        for half in range(2 * self.sky):
            # Still at the bottom, where it meets hills and sun.
            part = shift * min(1.0, (2 * self.sky - half) / (2 * self.sky) * 1.6)
            halves.append([round(part * column) for column in columns])
        return self._area(self.top, halves)

    def _lake(self, phase: int, swell: int) -> h264.Area:
        """The lake at a step of its wave, with ripples that are wider towards the viewer."""
        count = max(0, self.down - self.shore)
        halves = []
        for half in range(2 * count):
            near = (half + 1) / (2 * count)
            wide = 4 * swell / 8 * min(20.0, 1 + self.down * 0.2) * near
            wave = _wave(round(wide * 4) / 4, self.across)
            start = (phase + half * 43) % _STEPS
            halves.append(wave[start : start + 11 * self.across : 11])
        return self._area(self.shore, halves)

    def _area(self, first: int, halves: list[list[int]]) -> h264.Area:
        """Rows of shifts, two a macroblock, as an area below a still row."""
        pairs = list(zip(halves[::2], halves[1::2], strict=True))
        bits = h264.rows(pairs, [0] * self.across)
        return first * self.across, len(pairs) * self.across, bits


@lru_cache(maxsize=512)
def _wave(wide: float, across: int) -> list[int]:
    """A sine of `wide` quarter pixels, long enough for a row that starts at any step."""
    turn = [round(wide * sin(2 * pi * step / _STEPS)) for step in range(_STEPS)]
    return turn * (2 + 11 * across // _STEPS)
