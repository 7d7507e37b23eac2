"""A message as it is kept and known: its row, its digest, and the files that are embedded in it.

Pure: whoever keeps the files is given.
"""

from __future__ import annotations

import base64
import binascii
import json
import re
from collections.abc import Callable, Sequence
from hashlib import blake2b
from typing import Any

from ..types import Json
from .blobs import name_of
from .rows import as_text

MARK = "zai-blob:"
KEPT_URL = re.compile(r"zai-blob:([0-9a-f]{64});([\w.+/-]{1,60})")
_DATA_URL = re.compile(r"data:([\w.+/-]{1,60});base64,")
_LARGE = 1000
_ENCODER = json.JSONEncoder(sort_keys=True, separators=(",", ":"))


def digest(*parts: bytes | str) -> bytes:
    """The 16 bytes by which content is known."""
    encoded = [p.encode("utf-8", "surrogatepass") if isinstance(p, str) else p for p in parts]
    sizes = ",".join([str(len(data)) for data in encoded])  # where one ends and the next begins
    return blake2b(b"".join((sizes.encode(), b":", *encoded)), digest_size=16).digest()


def path_digest(messages: Sequence[Json]) -> bytes:
    """By what a thread is known, as `Texts.put` knows it; nothing is written."""
    path = b""
    for message in messages:
        role, text, more = row(message, lambda text: named(text, name_of))
        path = digest(path, digest(role, text, more or ""))
    return path


def likeness(messages: Sequence[Json]) -> bytes:
    """The same where an embedded file counts by its form alone: a figure that is drawn by another
    version has other bytes.
    """
    path = b""
    for message in messages:
        path = digest(path, *(part or "" for part in row(message, _form)))
    return path


def row(message: Json, change: Callable[[str], str]) -> tuple[str, str, str | None]:
    """A message's role and words, and as JSON what is more than these, its texts changed."""
    role, content = message.get("role"), message.get("content")
    if isinstance(content, str) and isinstance(role, str) and len(message) == 2:
        plain = storable(content)
        if plain is content:
            return role, str(content), None
    more = _ENCODER.encode(mapped(message, change))
    return str(role), storable(words(content)), more


def named(text: str, keep: Callable[[bytes], str]) -> str:
    """A large data URL as the name of the blob that holds its bytes."""
    if text.startswith(MARK):
        return MARK + text
    mime, content = _embedded(text) if len(text) > _LARGE else ("", b"")
    if not mime or base64.b64encode(content).decode() != text.partition(",")[2]:
        return text
    return f"{MARK}{keep(content)};{mime}"


def _form(text: str) -> str:
    """An embedded picture as its type and size, another file as its type."""
    mime, content = _embedded(text)
    if not mime:
        return text
    from ..attach.picture_bytes import facts as facts_of

    about = facts_of(content)
    return f"{mime} {about.width}x{about.height}" if about else mime


def _embedded(text: str) -> tuple[str, bytes]:
    """The type and the bytes of a data URL, ("", b"") of anything else."""
    found = _DATA_URL.match(text)
    if found is None:
        return "", b""
    try:
        return found.group(1), base64.b64decode(text[found.end() :], validate=True)
    except (binascii.Error, ValueError):
        return "", b""


def words(content: Any) -> str:
    """The words of a message's content."""
    if isinstance(content, str):
        return content
    parts = content if isinstance(content, (list, tuple)) else ()
    return "\n".join(p["text"] for p in parts if isinstance(p, dict) and "text" in p)


def blobs_in(more: Any) -> set[str]:
    """The names of the blobs that a message's JSON names."""
    return {name for name, _ in KEPT_URL.findall(as_text(more))}


def is_message(found: Any) -> bool:
    """Whether a message has the shape that whoever reads it relies on."""
    if not isinstance(found, dict) or not isinstance(found.get("role"), str):
        return False
    content, tools = found.get("content"), found.get("tool_calls", [])
    if isinstance(content, list):
        return all(map(_is_part, content))
    right = content is None or isinstance(content, str)
    return right and isinstance(tools, list) and all(isinstance(t, dict) for t in tools)


def _is_part(found: Any) -> bool:
    if not isinstance(found, dict):
        return False
    if found.get("type") == "text" or "text" in found:
        return isinstance(found.get("text"), str)
    image = found.get("image_url", {})
    return isinstance(image, dict) and isinstance(image.get("url", ""), str)


def storable(text: str) -> str:
    """Text as SQLite can keep it: it takes no lone surrogates."""
    if text.isascii():
        return text
    try:
        text.encode()
    except UnicodeEncodeError:
        return text.encode("utf-8", "replace").decode()
    return text


def mapped(value: Any, change: Any) -> Any:
    """A JSON value with every string changed."""
    if isinstance(value, str):
        return change(value)
    if isinstance(value, dict):
        return {name: mapped(inner, change) for name, inner in value.items()}
    return [mapped(v, change) for v in value] if isinstance(value, (list, tuple)) else value
