"""The 256 colours of a scene: which number means what, and the moods they are mixed from."""

from __future__ import annotations

from dataclasses import dataclass
from random import Random

Colour = tuple[int, int, int]

SKY_TONES = 72
"""Numbers 0 to 71: the sky from the zenith to the brightest glow at the horizon."""
SUN, STAR = 72, 73
LAND = 74
"""Where the hills begin: `RIDGES` of them, `RIDGE_TONES` numbers each, the farthest first."""
RIDGES, RIDGE_TONES = 4, 12
SCENERY = LAND + RIDGES * RIDGE_TONES
"""How many numbers the scenery has; its twins in water and under the band have half as many."""
WATER = SCENERY
BAND = WATER + SCENERY // 2
CAPTION_INK, PROMPT_INK, TILE_INK, RULE = range(BAND + SCENERY // 2, BAND + SCENERY // 2 + 4)


@dataclass(frozen=True)
class Mood:
    """Colours of an hour: the sky from zenith to horizon, far and near hills, sun, water, stars.

    `stars` is how many stars a large picture has.
    """

    sky: tuple[Colour, ...]
    far: Colour
    near: Colour
    sun: Colour
    water: Colour
    stars: int = 0


_MOODS = (
    # dusk, dawn, northern lights, desert, mint day, lavender, moonlight, embers
    Mood(((34, 28, 78), (112, 56, 128), (236, 112, 104), (255, 208, 144)),
         (150, 84, 128), (26, 18, 44), (255, 238, 206), (40, 28, 70)),
    Mood(((58, 108, 172), (132, 172, 210), (246, 208, 190), (255, 240, 208)),
         (142, 150, 188), (32, 48, 72), (255, 252, 236), (52, 90, 140)),
    Mood(((6, 10, 34), (10, 40, 72), (20, 116, 112), (126, 226, 164)),
         (24, 74, 92), (4, 10, 22), (236, 250, 240), (6, 24, 44), 150),
    Mood(((44, 60, 112), (176, 112, 116), (240, 160, 92), (255, 224, 156)),
         (192, 102, 82), (56, 22, 30), (255, 244, 214), (70, 50, 84)),
    Mood(((34, 112, 168), (96, 184, 208), (190, 228, 220), (252, 246, 222)),
         (116, 168, 178), (14, 60, 62), (255, 255, 244), (24, 96, 124)),
    Mood(((48, 44, 108), (116, 98, 180), (212, 160, 212), (255, 224, 228)),
         (152, 126, 188), (34, 28, 62), (255, 246, 240), (62, 54, 120)),
    Mood(((5, 9, 28), (16, 30, 70), (46, 76, 132), (150, 184, 216)),
         (44, 68, 112), (5, 9, 22), (244, 246, 235), (10, 20, 48), 220),
    Mood(((22, 10, 30), (92, 22, 46), (206, 66, 46), (255, 176, 92)),
         (118, 36, 44), (16, 6, 14), (255, 226, 170), (40, 12, 28), 60),
)  # fmt: skip


def mix(first: Colour, second: Colour, share: float) -> Colour:
    """A colour between two: `mix((0, 0, 0), (255, 255, 255), 0.5)` is a middle grey."""
    red, green, blue = (
        round(a + (b - a) * share) for a, b in zip(first, second, strict=True)
    )  # fmt: skip
    return red, green, blue


def mood_of(chance: Random) -> Mood:
    """One of the moods, with a touch of another, so that hardly two prompts share their colours."""
    first, second = (_MOODS[int(chance.random() * len(_MOODS))] for _ in range(2))
    share = 0.3 * chance.random()
    pairs = zip(first.sky, second.sky, strict=True)
    return Mood(
        tuple(mix(a, b, share) for a, b in pairs),
        mix(first.far, second.far, share),
        mix(first.near, second.near, share),
        first.sun,
        mix(first.water, second.water, share),
        first.stars,
    )


def colours(mood: Mood) -> tuple[Colour, ...]:
    """The 256 colours of a mood, by number."""
    scenery = [_between(mood.sky, tone / (SKY_TONES - 1)) for tone in range(SKY_TONES)]
    scenery += [mood.sun, mix(mood.sky[0], (255, 255, 255), 0.75)]
    for ridge in range(RIDGES):
        hill = mix(mood.far, mood.near, ridge / (RIDGES - 1))
        # Mist: towards the valley a hill takes the colour of the horizon, the far ones most.
        mist = mix(hill, mood.sky[2], 0.6 - 0.15 * ridge)
        scenery += [mix(hill, mist, tone / (RIDGE_TONES - 1)) for tone in range(RIDGE_TONES)]
    twins = scenery[::2]
    # The sun's mirror image stays bright: tinted like the rest it would be a grey patch.
    tints = [0.12 if number == SUN // 2 else 0.42 for number in range(len(twins))]
    table = scenery + [mix(c, mood.water, tint) for c, tint in zip(twins, tints, strict=True)]
    table += [mix(colour, (10, 12, 20), 0.76) for colour in twins]
    table += [(255, 205, 92), (250, 250, 250), (92, 100, 122), (255, 205, 92)]
    return tuple(table + [(0, 0, 0)] * (256 - len(table)))


def _between(stops: tuple[Colour, ...], place: float) -> Colour:
    """The colour at `place`, from 0 to 1, of a gradient through evenly spaced stops."""
    scaled = place * (len(stops) - 1)
    at = min(int(scaled), len(stops) - 2)
    return mix(stops[at], stops[at + 1], scaled - at)
