"""Whether a request for a picture or a film is one that the service would take.

Raises `Problem` with the documented code. What is returned is what the drawing needs.
"""

from __future__ import annotations

from typing import Any, NamedTuple

from . import fields, models, pictures
from .answers import Body
from .errors import Problem, invalid, missing

_IMAGE = {"quality": fields.one_of("hd", "standard"), "prompt": fields.text(1, 2000), **fields.IDS}
# Below the smallest side that glm-image takes otherwise, but recommended by its documents.
_WIDE = {(1728, 960), (960, 1728)}
_VIDEO_SIZES = (
    "1280x720",
    "720x1280",
    "1024x1024",
    "1920x1080",
    "1080x1920",
    "2048x1080",
    "3840x2160",
)
_VIDEO = {
    "prompt": fields.text(0, 512),
    "quality": fields.one_of("speed", "quality"),
    "with_audio": fields.FLAG,
    "size": fields.one_of(*_VIDEO_SIZES),
    "fps": fields.one_of(30, 60),
    "duration": fields.one_of(5, 10),
    **fields.IDS,
}


class Frame(NamedTuple):
    """What to draw, checked: pixels, and for a film seconds, frames a second and sound."""

    width: int
    height: int
    seconds: int = 0
    fps: int = 0
    audio: bool = False


def image(body: Body) -> Frame:
    """Check the body of POST /images/generations, markers already cut from its prompt."""
    model = _model(body, models.IMAGE)
    fields.required(body, "prompt")
    fields.check(body, _IMAGE)
    own = model == "glm-image"
    size = fields.size(body.get("size", "1280x1280" if own else "1024x1024"))
    if size not in _WIDE or not own:
        _image_size(size, own)
    return Frame(*size)


def _image_size(size: tuple[int, int], own: bool) -> None:
    least, step, area = (1024, 32, 2**22) if own else (512, 16, 2**21)
    sides = all(least <= side <= 2048 and side % step == 0 for side in size)
    if not sides or size[0] * size[1] > area:
        raise invalid("size", f"{least} to 2048 a side, a multiple of {step}, at most {area} px")


def video(body: Body) -> Frame:
    """Check the body of POST /videos/generations, markers already cut from its prompt."""
    _model(body, models.VIDEO)
    if not body.get("prompt") and not body.get("image_url"):
        raise missing("prompt")
    fields.check(body, _VIDEO)
    _frames(body.get("image_url"), body.get("quality"))
    size = fields.size(body.get("size", "1920x1080"))
    seconds, fps = int(body.get("duration") or 5), int(body.get("fps") or 30)
    return Frame(*size, seconds, fps, bool(body.get("with_audio")))


def _frames(given: Any, quality: Any) -> None:
    urls = given if isinstance(given, list) else [given] if given is not None else []
    if len(urls) > 2 or not all(isinstance(url, str) for url in urls):
        raise invalid("image_url", "a URL, or an array of one or two")
    if len(urls) == 2 and quality == "quality":
        raise Problem("1215", "image_url: first and last frame work with quality speed only")
    for url in urls:
        pictures.read(url)


def _model(body: Body, known: tuple[str, ...]) -> str:
    model = fields.required(body, "model")
    if not isinstance(model, str):
        raise invalid("model", "a string")
    if model in known:
        return model
    if model in models.CHAT or model in models.IMAGE or model in models.VIDEO:
        raise Problem("1212", f"The model {model} does not support this method.")
    raise Problem("1211")
