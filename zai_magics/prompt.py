"""User values -> prompt: `{{ expression }}` in the text, and attachments beside it.

Everything else goes out byte for byte. What is inserted is not scanned again.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from . import expression
from .errors import PromptError, one_line

IMAGE_LIMIT = 5 * 1024 * 1024
INSERT_LIMIT = 1_000_000
_IMAGE_TYPES = {b"\x89PNG\r\n\x1a\n": "image/png", b"\xff\xd8\xff": "image/jpeg"}
_URL = re.compile(r"^https?://\S+$", re.I)
_DATA_URL = re.compile(r"^data:image/(?:png|jpeg|jpg);base64,[A-Za-z0-9+/=\s]+$")
_RAW = "or send the text as it is with --raw"


def expand(text: str, names: Mapping[str, Any]) -> str:
    """`text` with every `{{ expression }}` replaced by its value's text, once.

    `expand("About {{ n + 1 }} cats", {"n": 2})` is "About 3 cats". Raises PromptError for an
    unknown name (with the nearest), a failing expression, or a value with no text form.
    """
    if "{{" not in text:
        return text
    return "".join(_pieces(text, names))


def _pieces(text: str, names: Mapping[str, Any]) -> Iterator[str]:
    at = 0
    while (start := text.find("{{", at)) >= 0:
        yield text[at:start]
        source, at = _expression(text, start)
        yield _text_of(_value(source, names), source) if source is not None else "{{"
    yield text[at:]


def _expression(text: str, start: int) -> tuple[str | None, int]:
    """The expression of the `{{` at `start` and where its `}}` ends; None when nothing closes it.

    The first `}}` that makes an expression is the end, so that `{{ {"a": {}} }}` works.
    """
    end = text.find("}}", start + 2)
    if end < 0:
        return None, start + 2
    first = text[start + 2 : end].strip()
    while 0 <= end < start + 2000:
        source = text[start + 2 : end].strip()
        if source and expression.compiles(source):
            return source, end + 2
        end = text.find("}}", end + 1)
    shown = one_line(first, 40)
    raise PromptError(f"{{{{ {shown} }}}} is not an expression; correct it, {_RAW}")


def _value(source: str, names: Mapping[str, Any]) -> Any:
    shown = f"{{{{ {one_line(source, 60)} }}}}"
    return expression.evaluate(source, names, shown, _RAW)


def _text_of(value: Any, source: str) -> str:
    kind = type(value).__module__.partition(".")[0]
    if isinstance(value, (bytes, bytearray, memoryview)) or kind in ("PIL", "matplotlib", "plotly"):
        raise PromptError(
            f"{{{{ {one_line(source, 40)} }}}} is a {type(value).__name__}, which has no text; "
            "save it as a PNG and attach it with -a PATH"
        )
    try:
        text = str(value)
    except Exception as error:
        raise PromptError(
            f"{{{{ {one_line(source, 40)} }}}} has no text form ({type(error).__name__})"
        ) from None
    if len(text) > INSERT_LIMIT:
        raise PromptError(
            f"{{{{ {one_line(source, 40)} }}}} is {len(text):,} characters long, more than any "
            "model takes; insert a part of it"
        )
    return text


def image(attachment: str) -> str:
    """What `-a X` sends: a URL as it is, a file as a data URL.

    PNG and JPEG up to 5 MB, known by content (docs.z.ai, vision). Raises PromptError.
    """
    if _URL.match(attachment) or _DATA_URL.match(attachment):
        return attachment
    path = Path(attachment).expanduser()
    shown = one_line(attachment, 80)
    try:
        size = path.stat().st_size
        content = path.read_bytes() if path.is_file() and size <= IMAGE_LIMIT else b""
    except OSError as error:
        why = error.strerror or type(error).__name__
        raise PromptError(f"-a {shown}: {why}; give a path or URL of an image") from None
    if size > IMAGE_LIMIT:
        raise PromptError(f"-a {shown}: {size / 2**20:.1f} MB; the service takes up to 5 MB")
    for magic, mime in _IMAGE_TYPES.items():
        if content.startswith(magic):
            return f"data:{mime};base64,{base64.b64encode(content).decode()}"
    raise PromptError(f"-a {shown}: not a PNG or JPEG image, which is what vision models take")
