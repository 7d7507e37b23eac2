"""Pictures -> what the service takes: PNG or JPEG below 5 MB and up to 6000 x 6000 pixels.

The limits are those of docs.z.ai's vision models. What fits goes byte for byte; everything else
goes through Pillow, and the note says what was done.
"""

from __future__ import annotations

import io
import warnings
from typing import Any

from .picture_bytes import Facts, facts, mime
from .types import Attachment, data_url, noted, refusal, said

BYTES, SIDE = 5_000_000, 6000
AREA = 120_000_000  # pixels that are decoded at most: some 480 MB of memory
SMALLER = "make it smaller and attach that"
_QUALITY = 90
_PLAIN = {"1", "L", "LA", "P", "RGB", "RGBA"}
_ALPHA = {"LA": "LA", "PA": "RGBA", "La": "LA", "RGBa": "RGBA"}
_NO_PILLOW = "is not installed; pip install pillow, or attach a PNG or JPEG below 5 MB"


def from_bytes(content: bytes, name: str) -> Attachment:
    """An attachment of a picture file's content: `from_bytes(png, "cat.png")`.

    Raises PromptError for a file that breaks off, that Pillow cannot read, or that is too large
    to be decoded.
    """
    kind = mime(content)
    known = facts(content) if kind in ("image/png", "image/jpeg") else None
    if known is not None and not known.whole:
        raise refusal(name, "the picture breaks off or is damaged; save it again")
    if known is not None and _fits(known, content):
        return Attachment(name, "image", data_url(kind, content))
    return from_pillow(_opened(content, name), name, photo=kind == "image/jpeg")


def from_pillow(
    image: Any, name: str, notes: list[str] | None = None, photo: bool = False
) -> Attachment:
    """An attachment of a `PIL.Image.Image`, which stays as it is.

    A picture with several frames gives the one that it stands at. `photo` prefers JPEG, and
    `notes` is what was done before. Raises PromptError.
    """
    notes = [*(notes or ())]
    size = image.size
    _check_size(size[0], size[1], name)
    try:
        with warnings.catch_warnings():  # of tags and profiles that say nothing of the pixels
            warnings.simplefilter("ignore")
            notes += _frame(image)
            ready = _scaled(_upright(_plain(image, notes), image, notes), SIDE)
            content, kind, sent = _encoded(ready, photo)
    except Exception as error:  # a damaged file makes Pillow raise many things
        raise refusal(name, f"the picture cannot be read ({said(error)}); save it again") from None
    if sorted(sent) != sorted(size):
        turned = "turned upright" in notes and (sent[0] < sent[1]) != (size[0] < size[1])
        width, height = reversed(size) if turned else size
        notes.append(f"scaled from {width}x{height} to {sent[0]}x{sent[1]}")
    if kind == "image/jpeg" and not photo:
        notes.append("sent as JPEG")
    return Attachment(name, "image", data_url(kind, content), "", noted(name, notes))


def on_white(content: bytes) -> bytes:
    """A PNG with transparent parts as one without."""
    from PIL import Image

    return _saved(_opaque(Image.open(io.BytesIO(content))), "PNG")


def _fits(known: Facts, content: bytes) -> bool:
    """Whether a PNG or JPEG can go as it is: no size, turn or colours that are to be changed."""
    odd = known.channels == 4 or (known.bits == 16 and known.channels == 1) or known.turned
    return len(content) < BYTES and max(known.width, known.height) <= SIDE and not odd


def _check_size(width: int, height: int, name: str) -> None:
    if not width or not height:
        raise refusal(name, f"a picture of {width}x{height} pixels; there is nothing to see in it")
    if width * height > AREA:
        raise refusal(name, f"{width}x{height} pixels are too many to be decoded; {SMALLER}")


def _opened(content: bytes, name: str) -> Any:
    try:
        from PIL import Image
    except ImportError:
        raise refusal(name, f"has to be converted, and Pillow {_NO_PILLOW}") from None
    try:
        with warnings.catch_warnings():  # Pillow warns of large pictures, which are scaled here
            warnings.simplefilter("ignore")
            return Image.open(io.BytesIO(content))
    except Image.DecompressionBombError:
        raise refusal(name, f"has too many pixels to be decoded; {SMALLER}") from None
    except Image.UnidentifiedImageError:  # whose words name an object in memory
        raise refusal(name, "the picture cannot be read; save it again") from None
    except Exception as error:  # a damaged header makes Pillow raise many things
        raise refusal(name, f"the picture cannot be read ({said(error)}); save it again") from None


def _frame(image: Any) -> list[str]:
    """What a format that the service does not take has been converted from, and which frame."""
    if image.format in (None, "PNG", "JPEG", "MPO"):
        return []
    frames = getattr(image, "n_frames", 1)
    which = f" (frame {image.tell() + 1} of {frames})" if frames > 1 else ""
    return [f"converted from {image.format}{which}"]


def _plain(image: Any, notes: list[str]) -> Any:
    """The picture in a mode that PNG has, with eight bits a channel."""
    if image.mode in _PLAIN:
        return image
    deep = image.mode.startswith("I;16")
    if deep and image.format == "PNG":  # there the greatest number is white, whatever is in it
        notes.append("16 bits a channel reduced to 8")
        return image.convert("I").point(lambda value: value / 257).convert("L")
    if deep or image.mode in ("I", "F"):
        image = image.convert("I") if deep else image
        low, high = image.getextrema()
        notes.append(f"values {low:.6g} to {high:.6g} shown as black to white")
        scale = 255 / (high - low) if high > low else 0.0
        return image.convert("F").point(lambda value: value * scale - low * scale).convert("L")
    if image.mode not in _ALPHA:
        notes.append(f"converted from {image.mode} to RGB")
    return image.convert(_ALPHA.get(image.mode, "RGB"))


def _upright(plain: Any, image: Any, notes: list[str]) -> Any:
    """The picture as Exif wants it shown: a photo taken with a turned camera stands upright."""
    from PIL import Image

    turns = {
        2: Image.Transpose.FLIP_LEFT_RIGHT,
        3: Image.Transpose.ROTATE_180,
        4: Image.Transpose.FLIP_TOP_BOTTOM,
        5: Image.Transpose.TRANSPOSE,
        6: Image.Transpose.ROTATE_270,
        7: Image.Transpose.TRANSVERSE,
        8: Image.Transpose.ROTATE_90,
    }
    try:
        turn = turns.get(image.getexif().get(0x0112, 1))
    except Exception:  # Exif that cannot be read says nothing
        turn = None
    if turn is None:
        return plain
    notes.append("turned upright")
    return plain.transpose(turn)


def _scaled(image: Any, side: int) -> Any:
    """The picture with no side above `side`; the same object when it fits."""
    width, height = image.size
    if max(width, height) <= side:
        return image
    from PIL import Image

    if image.mode in ("1", "P"):  # between two places of a palette lies no colour
        image = image.convert("RGBA" if "transparency" in image.info else "RGB")
    share = side / max(width, height)
    size = (max(1, round(width * share)), max(1, round(height * share)))
    return image.resize(size, Image.Resampling.LANCZOS, reducing_gap=2.0)


def _encoded(image: Any, photo: bool) -> tuple[bytes, str, tuple[int, int]]:
    """The bytes below the limit, their type and the size of the picture in them."""
    while True:
        if not photo and _worth_png(image):
            content = _saved(image, "PNG")
            if len(content) < BYTES:
                return content, "image/png", image.size
        content = _saved(_opaque(image), "JPEG")
        if len(content) < BYTES:
            return content, "image/jpeg", image.size
        share = min(0.8, (BYTES / len(content)) ** 0.5 * 0.95)
        image = _scaled(image, int(max(image.size) * share))


def _worth_png(image: Any) -> bool:
    """Whether a PNG may fit, judged by its middle: that of a large photo takes seconds, in vain."""
    width, height = image.size
    area = width * height
    if area <= 4_000_000:
        return True
    left, top = max(0, width // 2 - 500), max(0, height // 2 - 500)
    middle = image.crop((left, top, min(width, left + 1000), min(height, top + 1000)))
    share: float = middle.size[0] * middle.size[1] / area
    return len(_saved(middle, "PNG")) < 2 * BYTES * share


def _opaque(image: Any) -> Any:
    """The picture on white, since JPEG has no transparency."""
    if image.mode not in ("LA", "RGBA") and "transparency" not in image.info:
        return image if image.mode in ("L", "RGB") else image.convert("RGB")
    from PIL import Image

    over = image.convert("RGBA")
    white = Image.new("RGBA", over.size, "white")
    return Image.alpha_composite(white, over).convert("RGB")


def _saved(image: Any, form: str) -> bytes:
    to = io.BytesIO()
    # Colours mean something else without their profile, unless they were converted.
    profile = image.info.get("icc_profile") if image.mode in ("RGB", "RGBA") else None
    more: dict[str, Any] = {"compress_level": 6} if form == "PNG" else {"quality": _QUALITY}
    image.save(to, form, icc_profile=profile, **more)
    return to.getvalue()
