"""Text files -> fenced text: which encoding, and head and tail of what is too long."""

from __future__ import annotations

import codecs
import re
from pathlib import PurePath
from typing import BinaryIO

from ..text import whole
from .types import Attachment, noted

LIMIT = 200_000  # bytes
_HEAD, _TAIL = 150_000, 50_000
_MARKS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),  # begins as UTF-16's does, so it is asked for first
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
_WIDTH = {"utf-16-le": 2, "utf-16-be": 2, "utf-32-le": 4, "utf-32-be": 4}
# What no text has: all control characters but tab, newlines, form feed, backspace and escape.
_BINARY = re.compile(rb"[\x00-\x07\x0b\x0e-\x1a\x1c-\x1f\x7f]")
_FENCE = re.compile(r"^[ \t]*(`{3,})", re.M)


def from_file(file: BinaryIO, size: int, name: str) -> Attachment | None:
    """An attachment of an open text file of `size` bytes; None when it is no text.

    The text stands in a fence under the file's name. Of more than 200 KB the first 150 and the
    last 50 KB are sent, and the note says so.
    """
    head = file.read(LIMIT if size <= LIMIT else _HEAD)
    tail = b""
    if size > LIMIT:
        file.seek(size - _TAIL)
        tail = file.read(_TAIL)
    mark, encoding = _encoding(head + tail)
    if not encoding:
        return None
    notes = ["read as Latin-1"] if encoding == "latin-1" else []
    text = _decoded(head[len(mark) :], encoding)
    if tail:
        left = size - len(head) - len(tail)
        notes.append(f"{left:,} bytes of {size:,} left out of its middle")
        end = _decoded(tail[size % _WIDTH.get(encoding, 1) :], encoding)
        # Whole lines where there are any: a half of one looks like another value.
        text, end = _to_line(text), _from_line(end)
        text = f"{text}\n\n[… {left:,} bytes left out …]\n\n{end}"
    return Attachment(name, "text", "", fenced(text, name), noted(name, notes))


def fenced(text: str, name: str) -> str:
    """Text under its name in a fence that nothing in it can close."""
    longest = max((len(fence) for fence in _FENCE.findall(text)), default=2)
    fence = "`" * max(3, longest + 1)
    kind = PurePath(name).suffix[1:].lower()
    kind = kind if kind.isascii() and kind.isalnum() else ""
    body = whole(text.replace("\r\n", "\n"))
    return f"{whole(_shared(name))}:\n{fence}{kind}\n{body.rstrip(chr(10))}\n{fence}"


def _shared(name: str) -> str:
    """A path as it is told to others: what leads to the notebook's folder is nobody's business."""
    path = PurePath(name)
    return path.name if path.is_absolute() or path.parts[:1] in (("~",), ("..",)) else name


def _encoding(content: bytes) -> tuple[bytes, str]:
    """The byte order mark and the encoding; an empty encoding for what is no text."""
    for mark, encoding in _MARKS:
        if content.startswith(mark):
            return mark, encoding
    if _BINARY.search(content):
        return b"", ""
    # Where head and tail meet, two characters may be cut.
    torn = 6 if len(content) >= LIMIT else 0
    try:
        content.decode()
    except UnicodeDecodeError:
        replaced = content.decode(errors="replace").count("\ufffd")
        return b"", "utf-8" if replaced <= torn else "latin-1"
    return b"", "utf-8"


def _decoded(content: bytes, encoding: str) -> str:
    # "ignore" drops the characters that are cut at the ends of a head and a tail.
    return content.decode(encoding, "ignore" if len(content) > 40_000 else "replace")


def _to_line(text: str) -> str:
    cut = text.rfind("\n")
    return text[:cut] if cut > len(text) // 2 else text


def _from_line(text: str) -> str:
    cut = text.find("\n")
    return text[cut + 1 :] if 0 <= cut < len(text) // 2 else text
