"""What an attachment is, and how a refusal reads."""

from __future__ import annotations

import base64
from typing import NamedTuple

from ..errors import PromptError, one_line

WAYS = "attach a figure, a picture, an array, a DataFrame, a file or a URL"


class Attachment(NamedTuple):
    """Something to be sent beside a prompt: `Attachment("fig", "image", url="data:…")`.

    `kind` is image, file, text or video. An image, file or video has a `url`: a data URL, or a
    link as it was given. `text` is what can be said of it in words (a table, a text file, what a
    figure draws) and may stand beside an image. `note` says what was changed, "" if nothing was.
    """

    name: str
    kind: str
    url: str = ""
    text: str = ""
    note: str = ""


def data_url(mime: str, content: bytes) -> str:
    """`data_url("image/png", b"…")` is "data:image/png;base64,…"."""
    return f"data:{mime};base64,{base64.b64encode(content).decode()}"


def noted(name: str, notes: list[str]) -> str:
    """What was changed: `noted("fig", ["scaled", "turned"])` is "fig: scaled, turned"."""
    return f"{one_line(name, 80)}: {', '.join(notes)}" if notes else ""


def refusal(name: str, why: str) -> PromptError:
    """The error of something that cannot be attached; `why` ends with the next step."""
    return PromptError(f"{one_line(name, 80)}: {one_line(why, 600)}")


def said(error: BaseException) -> str:
    """A foreign error in a few words, whatever its text does: "ValueError: no such mode"."""
    try:
        text = str(error)
    except Exception:
        text = ""
    return one_line(f"{type(error).__name__}: {text}" if text else type(error).__name__, 160)
