"""A short melody as AAC-LC: one or two lines of the transform a frame, nothing else.

Written after ISO/IEC 14496-3, subpart 4. Mono, 48 kHz, 1024 samples a frame. A line that keeps
its sign (with odd numbers: changes it) from frame to frame sounds as a pure tone of its number
times 23.4 Hz, and multiples of one number are in tune with each other.
"""

from __future__ import annotations

from random import Random

RATE = 48000
FRAME = 1024
CONFIG = bytes([0x11, 0x88])
"""AudioSpecificConfig: object type 2 (AAC-LC), 48 kHz (index 3), one channel."""

# Just ratios 1, 9/8, 5/4, 3/2, 27/16, 2 over 375 Hz: a pentatonic scale has no wrong notes.
_SCALE = (16, 18, 20, 24, 27, 32)
_BASS = (8, 12)
_NOTE = 12
"""Frames of a note, a quarter of a second."""
_LOUD = 190
"""Gain of a fresh note; a step of the gain is 1.5 dB."""
_BANDS = 10
"""Scale factor bands in use: at 48 kHz the first ten are four lines wide."""

# Codebook 1, table 4.A.2: four values at once. Only nothing and a single 1 or -1 are needed.
_NOTHING = "0"
_ONE = {
    (0, 1): "10000", (1, 1): "10011", (2, 1): "10110", (3, 1): "10100",
    (0, -1): "10001", (1, -1): "10111", (2, -1): "10101", (3, -1): "10010",
}  # fmt: skip


def melody(seed: str, count: int) -> list[bytes]:
    """`count` frames of a tune of its own for every seed: `melody("a red fox", 235)`."""
    chance = Random(seed)
    place = int(chance.random() * len(_SCALE))
    frames: list[bytes] = []
    while len(frames) < count:
        place = max(0, min(len(_SCALE) - 1, place + int(chance.random() * 5) - 2))
        bass = _BASS[len(frames) // (_NOTE * 4) % 2]
        for age in range(_NOTE):
            frames.append(_frame(len(frames), (bass, _SCALE[place]), _LOUD - age))
    return frames[:count]


def _frame(number: int, lines: tuple[int, ...], gain: int) -> bytes:
    """A raw data block with some lines at one gain."""
    bits = "000" + "0000"  # a single channel element
    bits += f"{gain:08b}" + "0" + "00" + "0" + f"{_BANDS:06b}" + "0"  # a long sine window
    bits += "0001" + f"{_BANDS:05b}"  # one section, codebook 1
    bits += "0" * _BANDS  # every band at the same gain
    bits += "000"  # no pulses, no noise shaping, no gain control
    for first in range(0, 4 * _BANDS, 4):
        here = [line for line in lines if first <= line < first + 4]
        signs = [-1 if line % 2 and number % 2 else 1 for line in here]
        bits += _ONE[here[0] - first, signs[0]] if here else _NOTHING
    bits += "111"  # the end
    bits += "0" * (-len(bits) % 8)
    return int(bits, 2).to_bytes(len(bits) // 8, "big")
