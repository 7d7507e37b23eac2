"""What the clips promise, asked of a real decoder (PyAV: FFmpeg's libraries)."""

from __future__ import annotations

import io
import math
from array import array
from itertools import pairwise

import av
import pytest
from PIL import Image, ImageChops, ImageStat

from zai_magics.sandbox.drawing import aac, h264
from zai_magics.sandbox.drawing.mp4 import film
from zai_magics.sandbox.drawing.png import draw
from zai_magics.sandbox.drawing.scene import CAPTION, paint

FOX = "A red fox sleeping in the snow"


def _frames(clip: bytes) -> list[av.VideoFrame]:
    """Every picture, with its motion vectors; a decoder that had nothing to complain of."""
    av.logging.set_level(av.logging.WARNING)
    try:
        with av.logging.Capture() as complaints, av.open(io.BytesIO(clip)) as file:
            # One thread: what another one says would come too late to be seen here.
            context = file.streams.video[0].codec_context
            context.thread_type, context.thread_count = "NONE", 1
            context.flags2 |= av.codec.context.Flags2.export_mvs
            context.options = {"err_detect": "explode+careful+bitstream"}
            frames = list(file.decode(video=0))
    finally:
        av.logging.set_level(None)
    assert complaints == []
    return frames


def _pictures(clip: bytes) -> list[Image.Image]:
    return [frame.to_image() for frame in _frames(clip)]


def _samples(clip: bytes) -> list[float]:
    with av.open(io.BytesIO(clip)) as file:
        frames = list(file.decode(audio=0))
    assert frames[0].format.name == "fltp"
    # A plane's buffer is longer than what was decoded into it.
    parts = [array("f", bytes(frame.planes[0])[: 4 * frame.samples]) for frame in frames]
    return [value for part in parts for value in part]


def _apart(first: Image.Image, second: Image.Image) -> float:
    """The mean difference of two pictures, 0 to 255."""
    stat = ImageStat.Stat(ImageChops.difference(first.convert("RGB"), second.convert("RGB")))
    return sum(stat.mean) / 3


@pytest.mark.parametrize(
    ("width", "height", "seconds", "fps", "audio"),
    [
        (640, 360, 4, 30, False),
        (320, 240, 2, 24, True),
        (1280, 720, 0.5, 30, True),
        (1920, 1080, 0.2, 60, False),
        (16, 16, 0.5, 120, True),
        (17, 33, 1, 10, False),
        (100, 500, 0.1, 1, True),
        (4096, 16, 0.2, 30, False),
        (16, 4096, 0.2, 30, False),
        (64, 64, 60, 5, True),
    ],
)
def test_a_decoder_shows_every_picture_at_its_size_and_rate(
    width: int, height: int, seconds: float, fps: int, audio: bool
) -> None:
    clip = film(FOX, width, height, seconds=seconds, fps=fps, audio=audio)
    count = max(1, round(seconds * fps))
    with av.open(io.BytesIO(clip)) as file:
        video = file.streams.video[0]
        assert (video.codec_context.name, video.frames, video.average_rate) == ("h264", count, fps)
        assert [stream.codec_context.name for stream in file.streams.audio] == ["aac"] * audio
        assert file.duration is not None
        assert file.duration / 1e6 == pytest.approx(count / fps, abs=0.03)
    pictures = _pictures(clip)
    assert len(pictures) == count
    assert {each.size for each in pictures} == {(width + width % 2, height + height % 2)}


@pytest.mark.parametrize("prompt", [FOX, "", "猫🐱 " * 400])
@pytest.mark.parametrize("size", [(640, 360), (200, 300)])
def test_the_first_picture_is_the_one_that_is_drawn_for_the_prompt(
    prompt: str, size: tuple[int, int]
) -> None:
    first = _pictures(film(prompt, *size, seconds=0.1))[0]
    drawn = Image.open(io.BytesIO(draw(prompt, *size)))
    # Half the colour samples and limited range cost a little.
    assert _apart(first, drawn) < 4


def test_sky_and_lake_move_while_words_and_shore_stand_still() -> None:
    scene = paint(FOX, 640, 360)
    pictures = _pictures(film(FOX, 640, 360, seconds=3))
    words, sky = (0, 0, 640, scene.band - 2), (0, scene.band + 16, 640, scene.calm - 32)
    shore, lake = (0, scene.shore - 14, 640, scene.shore - 4), (0, 310, 640, 360)
    for number in (20, 45, 80):
        assert _apart(pictures[0].crop(words), pictures[number].crop(words)) == 0
        assert _apart(pictures[0].crop(shore), pictures[number].crop(shore)) == 0
        assert _apart(pictures[number].crop(lake), pictures[number - 9].crop(lake)) > 0.8
    assert _apart(pictures[0].crop(sky), pictures[80].crop(sky)) > 0.8


def test_a_decoder_finds_the_vectors_that_were_meant() -> None:
    across, down = 12, 7
    upper = [[0] * across, [round(40 * math.sin(column)) for column in range(across)]]
    lower = [[column * 9 - 50 for column in range(across)], [-7] * across]
    pairs = list(zip(upper, lower, strict=True))
    still = [0] * across
    # Two rows that move together, a still one, one that moves alone, a still one.
    areas = [
        (across, 2 * across, h264.rows(pairs, still)),
        (4 * across, across, h264.rows(pairs[:1], still)),
    ]
    stream = _with_second_picture(across, down, h264.moved(1, across * down, areas))
    found = [[9999] * across for _ in range(2 * down)]
    for vector in _frames(stream)[1].side_data["MOTION_VECTORS"]:  # type: ignore[union-attr]
        for half in range((vector.dst_y - vector.h // 2) // 8, (vector.dst_y + vector.h // 2) // 8):
            found[half][vector.dst_x // 16] = vector.motion_x
    assert found == [
        *[still] * 2,
        *(upper[0], lower[0], upper[1], lower[1]),
        *[still] * 2,
        *(upper[0], lower[0]),
        *[still] * 4,
    ]


def _with_second_picture(across: int, down: int, picture: bytes) -> bytes:
    """A bare H.264 stream of two pictures: a grey one and the one given."""
    flat = bytes([90]) * (256 * across * down)
    first = h264.whole(flat, flat[::4], flat[::4], across)
    sets = h264.sequence_set(across * 16, down * 16, 25), h264.picture_set()
    return b"".join(b"\0\0\0\1" + each for each in (*sets, first, picture))


@pytest.mark.parametrize("number", [1, 2, 300, 7199])
def test_pictures_are_numbered_in_the_order_of_their_showing(number: int) -> None:
    bits = "".join(f"{byte:08b}" for byte in h264.moved(number, 99, [])[1:])
    # After first_mb 0, slice type 5, parameter set 0 and frame_num 1.
    assert bits[:11] == "1" + "00110" + "1" + "0001"
    assert int(bits[11:27], 2) == 2 * number


def test_the_same_arguments_give_the_same_bytes() -> None:
    first, second = (film(FOX, 160, 96, seconds=1, audio=True) for _ in range(2))
    assert first == second != film("another", 160, 96, seconds=1, audio=True)


@pytest.mark.parametrize("audio", [False, True])
def test_the_index_stands_before_the_samples(audio: bool) -> None:
    clip, kinds, at = film(FOX, 160, 96, seconds=1, audio=audio), [], 0
    while at < len(clip):
        kinds.append(clip[at + 4 : at + 8])
        at += int.from_bytes(clip[at : at + 4], "big")
    assert kinds == [b"ftyp", b"moov", b"mdat"] and at == len(clip)


def test_sound_and_pictures_lie_together_in_the_file() -> None:
    clip = film(FOX, 160, 96, seconds=4, audio=True)
    with av.open(io.BytesIO(clip)) as file:
        packets = [(p.pos, p.stream.type) for p in file.demux() if p.pos is not None and p.size]
    kinds = [kind for _, kind in sorted(packets)]
    turns = sum(before != after for before, after in pairwise(kinds))
    assert turns >= 12


@pytest.mark.parametrize("prompt", [FOX, "一只红狐狸 🦊", "half \ud800 a pair", "line\nbreak"])
def test_the_metadata_say_sandbox_and_the_prompt(prompt: str) -> None:
    with av.open(io.BytesIO(film(prompt, 64, 64, seconds=0.1))) as file:
        notes = file.metadata
    assert "sandbox" in notes["encoder"]
    assert notes["comment"].startswith(CAPTION)
    assert notes["comment"].endswith(prompt.encode("utf-8", "replace").decode())


def test_the_tune_has_the_tones_of_its_lines() -> None:
    count = 20
    clip = film(FOX, 64, 64, seconds=count * aac.FRAME / aac.RATE * 1.6, audio=True)
    samples = _samples(clip)[3 * aac.FRAME : 11 * aac.FRAME]
    tones = {line: _strength(samples, line * aac.RATE / 2048) for line in range(6, 40)}
    loudest = sorted(tones, key=tones.__getitem__)[-2:]
    # One of the bass and one of the melody; what lies between is far quieter.
    assert min(loudest) in (8, 12) and max(loudest) in (16, 18, 20, 24, 27, 32)
    others = [tones[line] for line in tones if line not in loudest]
    assert max(others) < 0.2 * tones[loudest[0]]
    assert 0.02 < max(map(abs, samples)) < 0.9


def _strength(samples: list[float], pitch: float) -> float:
    """How much of a pitch is in the samples."""
    turn = 2 * math.pi * pitch / aac.RATE
    real = sum(value * math.cos(turn * at) for at, value in enumerate(samples))
    imaginary = sum(value * math.sin(turn * at) for at, value in enumerate(samples))
    return math.hypot(real, imaginary)


def test_the_sound_is_as_long_as_the_pictures() -> None:
    clip = film(FOX, 64, 64, seconds=2, fps=25, audio=True)
    with av.open(io.BytesIO(clip)) as file:
        sound = file.streams.audio[0]
        assert sound.duration is not None and sound.time_base is not None
        assert float(sound.duration * sound.time_base) == pytest.approx(2)


@pytest.mark.parametrize(
    ("width", "height", "fps", "expected"),
    [
        (176, 144, 15, 11),
        (640, 360, 30, 30),
        (1280, 720, 30, 31),
        (1280, 720, 60, 32),
        (1920, 1080, 60, 42),
        (3840, 2160, 60, 52),
        (4096, 4096, 120, 61),
        (4096, 16, 30, 40),
    ],
)
def test_the_level_is_the_lowest_that_allows_the_size_and_rate(
    width: int, height: int, fps: int, expected: int
) -> None:
    assert h264.level(-(-width // 16), -(-height // 16), fps) == expected


@pytest.mark.parametrize(
    "bits", ["0" * 64, "0" * 23 + "1" * 9, ("0" * 22 + "11") * 3, "1" * 8 + "0" * 40]
)
def test_no_start_code_can_arise_in_a_unit(bits: str) -> None:
    made = h264.unit(0x65, bits)[1:]
    assert not any(code in made for code in (b"\0\0\0", b"\0\0\1", b"\0\0\2"))
    plain = made.replace(b"\0\0\3", b"\0\0")
    ended = bits + "1" + "0" * (-(len(bits) + 1) % 8)
    assert plain == int(ended, 2).to_bytes(len(ended) // 8, "big")


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("seconds", 0.05),
        ("seconds", 61),
        ("seconds", float("nan")),
        ("seconds", "5"),
        ("seconds", True),
        ("fps", 0),
        ("fps", 121),
        ("fps", 29.97),
        ("fps", None),
        ("width", 15),
        ("height", 4097),
        ("width", 640.0),
    ],
)
def test_a_value_out_of_bounds_is_an_error_that_names_it(name: str, value: object) -> None:
    with pytest.raises(ValueError, match=f"{name} must be"):
        film(FOX, **{"seconds": 0.1, "width": 64, "height": 64, name: value})  # type: ignore[arg-type]
