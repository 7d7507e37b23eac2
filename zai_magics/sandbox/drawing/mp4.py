"""MP4 films that stand in for a model's: the scene of the prompt, moving, with a tune if asked.

The file is H.264 and AAC-LC in ISO/IEC 14496-12 boxes, the index before the samples.
"""

from __future__ import annotations

import struct

from . import aac, h264
from .boxes import Track, box, file, full
from .motion import Motion
from .png import SOFTWARE
from .scene import CAPTION, Scene, check_size, paint

_TICKS = 512
"""Time units of a picture."""


def film(
    prompt: str,
    width: int = 1280,
    height: int = 720,
    *,
    seconds: float = 5,
    fps: int = 30,
    audio: bool = False,
) -> bytes:
    """A clip of the scene that `png.draw` paints for the prompt: `film("a red fox", audio=True)`.

    `width` and `height` are pixels, 16 to 4096, an odd one is shown a pixel larger (colours come
    in pairs of pixels); `seconds` 0.1 to 60; `fps` 1 to 120. ValueError outside these. The clip
    is as long as the nearest whole number of pictures. The same arguments give the same bytes.
    """
    check_size(width, height)
    _check_time(seconds, fps)
    scene = paint(prompt, width + width % 2, height + height % 2)
    count = max(1, round(seconds * fps))
    tracks = [_video(scene, count, fps)]
    if audio:
        tracks.append(_sound(prompt, -(-count * aac.RATE // fps)))
    notes = {
        b"\xa9nam": "sandbox clip",
        b"\xa9too": SOFTWARE,
        b"\xa9cmt": f"{CAPTION} ({SOFTWARE}). Prompt: {prompt}",
    }
    return file(tracks, notes)


def _check_time(seconds: float, fps: int) -> None:
    """ValueError for a length or a rate out of bounds."""
    if isinstance(fps, bool) or not isinstance(fps, int) or not 1 <= fps <= 120:
        raise ValueError(f"fps must be a whole number from 1 to 120, not {fps!r}")
    if (
        isinstance(seconds, bool)
        or not isinstance(seconds, int | float)
        or not (0.1 <= seconds <= 60)
    ):
        raise ValueError(f"seconds must be a number from 0.1 to 60, not {seconds!r}")


def _video(scene: Scene, count: int, fps: int) -> Track:
    """The pictures of a scene."""
    sets = h264.sequence_set(scene.width, scene.height, fps), h264.picture_set()
    motion = Motion.of(scene)
    pictures = [h264.whole(*_planes(scene), motion.across), *motion.pictures(count - 1, fps)]
    config = b"\x01" + sets[0][1:4] + b"\xff\xe1"
    config += struct.pack(">H", len(sets[0])) + sets[0] + b"\x01"
    config += struct.pack(">H", len(sets[1])) + sets[1]
    entry = box(
        b"avc1",
        bytes(6) + b"\0\x01" + bytes(16),
        struct.pack(">HHII", scene.width, scene.height, 0x480000, 0x480000),
        bytes(4) + b"\0\x01" + bytes(32) + b"\0\x18\xff\xff",
        box(b"avcC", config),
        box(b"colr", b"nclx" + struct.pack(">3HB", 1, 1, 1, 0)),
        box(b"pasp", struct.pack(">II", 1, 1)),
    )
    return Track(
        [struct.pack(">I", len(picture)) + picture for picture in pictures],
        fps * _TICKS,
        ((count, _TICKS),),
        max(1, fps // 2),
        (scene.width, scene.height),
        full(b"vmhd", 1, bytes(8)),
        entry,
    )


def _planes(scene: Scene) -> tuple[bytes, bytes, bytes]:
    """Luma and chroma of a scene in BT.709's limited range, padded to whole macroblocks."""
    pixels, width = scene.pixels, scene.width
    more = -width % 16
    rows = [pixels[at : at + width] for at in range(0, len(pixels), width)]
    rows = [row + row[-1:] * more for row in rows] if more else rows
    rows += rows[-1:] * (-scene.height % 16)
    fine, coarse = b"".join(rows), b"".join([row[::2] for row in rows[::2]])
    kinds = [bytes(kind) for kind in zip(*map(_samples, scene.palette), strict=True)]
    return fine.translate(kinds[0]), coarse.translate(kinds[1]), coarse.translate(kinds[2])


def _samples(colour: tuple[int, int, int]) -> tuple[int, int, int]:
    """A colour as luma, blue and red difference of BT.709, in limited range."""
    red, green, blue = colour
    luma = 0.2126 * red + 0.7152 * green + 0.0722 * blue
    return (
        round(16 + luma * 219 / 255),
        round(128 + (blue - luma) / 1.8556 * 224 / 255),
        round(128 + (red - luma) / 1.5748 * 224 / 255),
    )


def _sound(prompt: str, length: int) -> Track:
    """A tune of `length` audio samples; the last frame is counted only as far as it is needed."""
    frames = aac.melody(prompt.encode("utf-8", "replace").decode(), -(-length // aac.FRAME))
    rest = length - (len(frames) - 1) * aac.FRAME
    decoder = b"\x40\x15" + bytes(3) + struct.pack(">II", 16000, 8000)
    decoder += b"\x05" + bytes([len(aac.CONFIG)]) + aac.CONFIG
    stream = b"\0\x02\0" + b"\x04" + bytes([len(decoder)]) + decoder + b"\x06\x01\x02"
    entry = box(
        b"mp4a",
        bytes(6) + b"\0\x01" + bytes(8) + struct.pack(">HHIHH", 1, 16, 0, aac.RATE, 0),
        full(b"esds", 0, b"\x03" + bytes([len(stream)]) + stream),
    )
    durations = ((len(frames) - 1, aac.FRAME), (1, rest))
    header = full(b"smhd", 0, bytes(4))
    return Track(frames, aac.RATE, durations, 24, (0, 0), header, entry)
