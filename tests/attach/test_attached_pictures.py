"""Pictures arrive as they are when they fit, and otherwise as they look."""

from __future__ import annotations

import contextlib
import struct
import warnings
import zlib
from typing import Any

import pytest

np = pytest.importorskip("numpy")
pytest.importorskip("PIL")

from PIL import Image  # noqa: E402
from pixels import content, opened, saved  # noqa: E402

from zai_magics.attach import Attachment, from_value, is_attachable, picture  # noqa: E402
from zai_magics.errors import PromptError  # noqa: E402

NOISE = np.random.default_rng(1).integers(0, 256, (40, 30, 3), dtype="uint8")
SLOPE = (np.arange(1200).reshape(40, 30) * 54).astype("uint16")


def png(*size: int, bits: int = 8, colour: int = 2, pixels: bytes = b"") -> bytes:
    """A PNG file of our own making, which may claim any size."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return (
            struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
        )

    head = struct.pack(">IIBBBBB", *size, bits, colour, 0, 0, 0)
    body = chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(pixels)) + chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + body


@pytest.mark.parametrize("form", ["PNG", "JPEG"])
@pytest.mark.parametrize("kind", [bytes, bytearray, memoryview])
def test_a_picture_within_the_limits_goes_byte_for_byte(form: str, kind: Any) -> None:
    given = saved(Image.fromarray(NOISE), form)
    sent = from_value(kind(given), "cat")
    assert content(sent) == given and sent.note == "" and sent.name == "cat"
    assert sent.url.startswith(f"data:image/{form.lower()};base64,")


@pytest.mark.parametrize("form", ["WEBP", "GIF", "BMP", "TIFF"])
def test_another_format_is_converted_and_said(form: str) -> None:
    plain = Image.fromarray(NOISE).quantize(64).convert("RGB")
    given = saved(plain, form, **({"lossless": True} if form == "WEBP" else {}))
    sent = from_value(given, "cat")
    assert sent.url.startswith("data:image/png;")
    assert (np.asarray(opened(sent).convert("RGB")) == np.asarray(plain)).all()
    assert sent.note == f"cat: converted from {form}"


def test_of_an_animation_the_first_frame_is_sent() -> None:
    frames = [Image.new("RGB", (9, 9), colour) for colour in ("red", "blue")]
    sent = from_value(saved(frames[0], "GIF", save_all=True, append_images=frames[1:]), "a")
    assert opened(sent).convert("RGB").getpixel((4, 4)) == (255, 0, 0)
    assert sent.note == "a: converted from GIF (frame 1 of 2)"


@pytest.mark.parametrize(("size", "sent_size"), [((6100, 61), (6000, 60)), ((9, 7000), (8, 6000))])
def test_too_many_pixels_are_scaled_down_with_their_aspect_kept(size: Any, sent_size: Any) -> None:
    given = saved(Image.new("RGB", size, "red"), "PNG")
    sent = from_value(given, "wide")
    assert opened(sent).size == sent_size
    assert sent.note == "wide: scaled from {}x{} to {}x{}".format(*size, *sent_size)


def test_too_many_bytes_are_made_fewer() -> None:
    noise = np.random.default_rng(2).integers(0, 256, (1500, 2000, 3), dtype="uint8")
    given = saved(Image.fromarray(noise), "PNG")
    assert len(given) > picture.BYTES
    sent = from_value(given, "noise")
    assert len(content(sent)) < picture.BYTES and "sent as JPEG" in sent.note
    assert opened(sent).size[0] * 3 == opened(sent).size[1] * 4


def test_what_a_picture_of_8000_by_6000_shows_is_still_there() -> None:
    given = Image.new("L", (8000, 6000), 0)
    given.paste(255, (4000, 0, 8000, 3000))
    sent = from_value(given, "fig")
    seen = opened(sent)
    assert seen.size == (6000, 4500) and "fig: scaled from 8000x6000 to 6000x4500" in sent.note
    corners = [seen.getpixel((x, y)) for x in (100, 5900) for y in (100, 4400)]
    assert [value > 127 for value in corners] == [False, False, True, False]
    assert given.size == (8000, 6000)


@pytest.mark.parametrize("turn", range(2, 9))
@pytest.mark.parametrize("form", ["JPEG", "PNG", "value"])
def test_a_photo_of_a_turned_camera_arrives_upright(turn: int, form: str) -> None:
    quarters = Image.new("RGB", (64, 32), "black")
    quarters.paste((255, 0, 0), (0, 0, 32, 16))
    back = {5: 5, 6: 8, 7: 7, 8: 6}.get(turn, turn)
    exif = Image.Exif()
    exif[0x0112] = back
    from PIL import ImageOps

    stored = ImageOps.exif_transpose(_with(quarters, back))
    again = Image.Exif()
    again[0x0112] = {6: 8, 8: 6}.get(back, back)
    given: Any = saved(stored, "JPEG" if form == "JPEG" else "PNG", exif=again)
    sent = from_value(_reopened(given) if form == "value" else given, "photo")
    seen = opened(sent)
    assert seen.size == (64, 32) and "turned upright" in sent.note
    assert seen.getpixel((8, 8))[0] > 200 and seen.getpixel((50, 25))[0] < 50
    assert seen.getexif().get(0x0112, 1) == 1


def _with(image: Any, orientation: int) -> Any:
    exif = Image.Exif()
    exif[0x0112] = orientation
    return _reopened(saved(image, "PNG", exif=exif))


def _reopened(given: bytes) -> Any:
    import io

    return Image.open(io.BytesIO(given))


def test_sixteen_bits_of_grey_are_seen_and_not_clipped() -> None:
    sent = from_value(saved(Image.fromarray(SLOPE), "PNG"), "x")
    assert abs(np.asarray(opened(sent)).astype(int) - SLOPE // 257).max() <= 1
    assert "16 bits" in sent.note


@pytest.mark.parametrize(
    "mode", ["1", "L", "LA", "P", "PA", "RGB", "RGBA", "RGBX", "CMYK", "YCbCr", "HSV"]
)
def test_every_mode_of_pillow_arrives_in_its_colours(mode: str) -> None:
    base = Image.fromarray(NOISE)
    given = base.convert("P").convert("PA") if mode == "PA" else base.convert(mode)
    seen = opened(from_value(given, "x")).convert("RGB")
    assert (np.asarray(seen) == np.asarray(given.convert("RGB"))).all()


@pytest.mark.parametrize("mode", ["I", "F", "I;16"])
def test_a_mode_without_a_range_goes_from_black_to_white(mode: str) -> None:
    given = Image.fromarray(SLOPE.astype({"I": "int32", "F": "float32", "I;16": "uint16"}[mode]))
    assert given.mode == mode
    sent = from_value(given, "x")
    assert opened(sent).getextrema() == (0, 255) and "values 0 to 64746" in sent.note


def test_a_transparent_picture_stays_transparent_as_png() -> None:
    given = Image.new("RGBA", (20, 20), (10, 20, 30, 0))
    given.putpixel((3, 3), (1, 2, 3, 128))
    assert opened(from_value(given, "x")).getpixel((3, 3)) == (1, 2, 3, 128)


def test_transparent_becomes_white_where_it_has_to_be_a_jpeg() -> None:
    noise = np.random.default_rng(3).integers(0, 256, (1500, 1500, 4), dtype="uint8")
    noise[:100, :, 3] = 0
    sent = from_value(noise, "x")
    assert sent.url.startswith("data:image/jpeg") and "JPEG" in sent.note
    assert min(opened(sent).getpixel((50, 5))) > 240


@pytest.mark.parametrize("form", ["PNG", "JPEG", "WEBP", "GIF", "TIFF", "BMP"])
@pytest.mark.parametrize("share", [0.2, 0.6, 0.95])
def test_a_picture_that_breaks_off_is_refused(form: str, share: float) -> None:
    given = saved(Image.fromarray(NOISE), form)
    with pytest.raises(PromptError, match=r"^x: .*save it again$"):
        from_value(given[: int(len(given) * share)], "x")


def test_a_damaged_png_is_refused_by_its_checksum() -> None:
    given = bytearray(saved(Image.fromarray(NOISE), "PNG"))
    given[len(given) // 2] ^= 1
    with pytest.raises(PromptError, match="breaks off or is damaged"):
        from_value(bytes(given), "x")


def test_more_pixels_than_memory_are_never_decoded() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for size in ((50_000, 50_000), (12_000, 11_000), (2**31 - 1, 2**31 - 1)):
            with pytest.raises(PromptError, match="decoded; make it smaller"):
                from_value(png(*size, pixels=b"\0" * 1000), "bomb")


def test_a_damaged_tag_is_no_business_of_the_users() -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    given = bytearray(saved(Image.fromarray(NOISE), "TIFF", exif=exif))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for place in range(8, 200):
            spoilt = given.copy()
            spoilt[place] ^= 0x55
            with contextlib.suppress(PromptError):
                from_value(spoilt, "x")


def test_the_picture_given_is_left_as_it_is() -> None:
    given = Image.fromarray(NOISE).convert("P")
    before = given.tobytes(), given.mode, given.size, dict(given.info)
    from_value(given, "x")
    assert (given.tobytes(), given.mode, given.size, dict(given.info)) == before


def test_a_picture_whose_file_is_closed_is_refused() -> None:
    image = _reopened(saved(Image.fromarray(NOISE), "PNG"))
    image.close()
    with pytest.raises(PromptError, match="cannot be read"):
        from_value(image, "x")


def test_the_colour_profile_of_a_converted_photo_is_kept() -> None:
    from PIL import ImageCms

    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    sent = from_value(saved(Image.fromarray(NOISE), "WEBP", icc_profile=profile), "x")
    assert opened(sent).info["icc_profile"] == profile


def test_a_display_image_of_ipython_is_its_picture() -> None:
    display = pytest.importorskip("IPython.display")
    given = saved(Image.fromarray(NOISE), "PNG")
    assert content(from_value(display.Image(data=given), "x")) == given
    link = from_value(display.Image(url="https://a.b/c.png"), "x")
    assert link == Attachment("x", "image", "https://a.b/c.png")
    assert is_attachable(display.Image(data=given))


class Drawing:
    """Draws itself as PNG, as charts of many libraries do."""

    def __init__(self, drawn: Any) -> None:
        self.drawn = drawn

    def _repr_png_(self) -> Any:
        if isinstance(self.drawn, Exception):
            raise self.drawn
        return self.drawn


def test_what_displays_itself_as_png_is_attached_as_that() -> None:
    given = saved(Image.fromarray(NOISE), "PNG")
    assert content(from_value(Drawing(given), "x")) == given
    assert content(from_value(Drawing((given, {"width": 3})), "x")) == given
    with pytest.raises(PromptError, match=r"cannot be drawn \(KeyError: 'k'\)"):
        from_value(Drawing(KeyError("k")), "x")
    with pytest.raises(PromptError, match="is of type Drawing"):
        from_value(Drawing(None), "x")


@pytest.mark.parametrize("value", [b"", b"abc", bytearray(b"\0" * 99)])
def test_bytes_of_no_picture_are_refused(value: Any) -> None:
    assert not is_attachable(value)
    with pytest.raises(PromptError, match="PNG, JPEG, WEBP, GIF or PDF"):
        from_value(value, "x")
