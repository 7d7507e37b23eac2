"""Media files: fetched safely, known by their content, kept whole under names that tell.

A file's type is decided by its first bytes, never by its name or headers; SVG and HTML are
neither shown nor kept.
"""

from __future__ import annotations

import base64
import binascii
import contextlib
import filecmp
import os
import re
import time
import unicodedata
from collections.abc import Callable, Iterator
from itertools import chain
from pathlib import Path
from typing import NamedTuple, TypeVar
from urllib.parse import urlsplit

from .body import Body
from .endpoint import is_loopback
from .errors import APIError, MediaError, ZaiError, one_line
from .files import part, pieces
from .network import Network, masked
from .retry import Attempts

T = TypeVar("T")
IMAGE_LIMIT, VIDEO_LIMIT = 50 * 1024 * 1024, 1024 * 1024 * 1024
IMAGE_SECONDS, VIDEO_SECONDS = 300.0, 3600.0
MIMES = {
    ".png": "image/png",
    ".jpg": "image/jpeg",
    ".webp": "image/webp",
    ".gif": "image/gif",
    ".mp4": "video/mp4",
    ".webm": "video/webm",
}
_SUFFIXES = {*MIMES, ".jpeg"}
# Names that Windows keeps for devices, whatever their suffix.
_DEVICES = re.compile(r"(con|prn|aux|nul|com\d|lpt\d)")
_PART = re.compile(r"\.[0-9a-f]{16}\.part")
DAY = 86_400.0
_DATA_URL = re.compile(r"^data:[\w.+/-]*;base64,")


class Kept(NamedTuple):
    """A file that was kept: where, and what it is."""

    path: Path
    mime: str


def suffix(content: bytes) -> str:
    """The file suffix that the first bytes call for, "" for what is not a known picture or clip."""
    if content.startswith(b"\x89PNG\r\n\x1a\n"):
        return ".png"
    if content.startswith(b"\xff\xd8\xff"):
        return ".jpg"
    if content[:4] == b"RIFF" and content[8:12] == b"WEBP":
        return ".webp"
    if content[:6] in (b"GIF87a", b"GIF89a"):
        return ".gif"
    if content[4:8] == b"ftyp":
        return ".mp4"
    if content.startswith(b"\x1a\x45\xdf\xa3"):
        return ".webm"
    return ""


def is_picture(content: bytes) -> bool:
    """Whether bytes are a picture of a known kind."""
    return MIMES.get(suffix(content), "").startswith("image/")


def mime_of(path: Path) -> str:
    """What the first bytes of a file say that it is, "" for no known picture or clip."""
    try:
        with open(path, "rb") as file:
            return MIMES.get(suffix(file.read(16)), "")
    except (OSError, ValueError):
        return ""


def fetch(network: Network, url: str) -> bytes:
    """The picture behind a link that the service gave (PNG, JPEG, WEBP or GIF, up to 50 MB).

    Tried again as reads are, also on a 404: the service's file host may not know a new file for
    a moment. Raises MediaError for an unsafe link or another type of file.
    """
    if _DATA_URL.match(url):
        content = _decoded(url)
    else:
        content = _again(network, url, lambda body: body.read(IMAGE_LIMIT, IMAGE_SECONDS))
    _check_type(content, "image")
    return content


def keep(content: bytes, target: Path, again: bool = False) -> Kept:
    """Write a picture to a new file; the suffix follows the content, nothing is overwritten.

    `keep(b, Path("zai_media/a-cat"))` gives `zai_media/a-cat.png`, then `a-cat-2.png`. `again`
    takes a file of such a name that has these very bytes for the one that was to be written: a
    kernel that ended too early may have left it. The file is there whole or not at all. Raises
    MediaError when it cannot be written.
    """
    return _written(iter((content,)), target, "image", again)


def download(network: Network, url: str, target: Path, again: bool = False) -> Kept:
    """Keep the clip behind a link that the service gave (MP4 or WEBM, up to 1 GB) as `keep` does.

    Goes to the disk piece by piece.
    """

    def take(body: Body) -> Kept:
        return _written(body.bounded(VIDEO_LIMIT, VIDEO_SECONDS), target, "video", again)

    return _again(network, url, take)


def copy(source: Path, target: Path) -> Kept:
    """Keep a copy of a picture or clip as `keep` does, piece by piece."""
    return _written(pieces(source), target, "")


def stem(text: str, limit: int = 48) -> str:
    """A file name's stem from any text: `stem("A cat, on/the mat!")` is "a-cat-on-the-mat"."""
    plain = unicodedata.normalize("NFKD", text[:400]).encode("ascii", "ignore").decode().lower()
    words = re.sub(r"[^a-z0-9]+", "-", plain).strip("-")
    if len(words) > limit:
        words = words[:limit].rsplit("-", 1)[0]
    return f"a-{words}" if _DEVICES.fullmatch(words) else words or "untitled"


def _written(content: Iterator[bytes], target: Path, kind: str, again: bool = False) -> Kept:
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        _tidy(target.parent)
        first = _head(content)
        _check_type(first, kind)
        end = suffix(first)
        with part(target.parent, chain((first,), content)) as finished:
            return Kept(_placed(finished, target, end, again), MIMES[end])
    except (OSError, ValueError) as error:  # ValueError: a name that no file system takes
        why = getattr(error, "strerror", None) or error
        raise MediaError(
            f"cannot write to {one_line(str(target.parent), 120)} ({why}); "
            "give another place with --save PATH"
        ) from None


def _head(content: Iterator[bytes]) -> bytes:
    """Enough of the beginning to know the type, however small the pieces are."""
    head = b""
    for piece in content:
        head += piece
        if len(head) >= 16:
            break
    return head


def _tidy(folder: Path) -> None:
    """Remove what kernels that were killed while writing have left, when it is a day old."""
    for left in folder.glob(".*.part"):
        with contextlib.suppress(OSError):
            if _PART.fullmatch(left.name) and time.time() - left.stat().st_mtime > DAY:
                left.unlink()


def _placed(finished: Path, target: Path, end: str, again: bool) -> Path:
    """Give the finished file its name with the right suffix, the first that is free."""
    name = target.stem if target.suffix.lower() in _SUFFIXES else target.name
    for n in range(1, 10_000):
        path = target.with_name(f"{name}{end}" if n == 1 else f"{name}-{n}{end}")
        try:
            _move(finished, path)
        except FileExistsError:
            if again and filecmp.cmp(finished, path, shallow=False):
                return path
            continue
        return path
    raise MediaError(f"10,000 files named {name} are there already; give a name with --save PATH")


def _move(finished: Path, path: Path) -> None:
    """Rename, but never over a file that is there: a link fails then, a POSIX rename would not."""
    try:
        os.link(finished, path)
    except FileExistsError:
        raise
    except OSError:  # a file system without links
        with open(path, "xb"):
            pass
        try:
            os.replace(finished, path)
        except OSError:
            path.unlink(missing_ok=True)
            raise


def _check_type(content: bytes, kind: str) -> None:
    mime = MIMES.get(suffix(content), "")
    if not mime or not mime.startswith(kind):
        what = mime or _guess(content)
        raise MediaError(f"the service's link gave {what}, not a file of {kind}; it was not kept")


def _check_link(network: Network, url: str) -> None:
    try:
        parts = urlsplit(url)
        host = parts.hostname or ""
    except ValueError:
        raise MediaError("the service gave a link that cannot be read") from None
    here = parts.scheme == "http" and is_loopback(host) and network.endpoint.loopback
    if not host or not (parts.scheme == "https" or here):
        raise MediaError(f"the service gave a link that is not https ({masked(url)}); not fetched")
    if is_loopback(host) and not network.endpoint.loopback:
        raise MediaError("the service gave a link to this machine; not fetched")


def _again(network: Network, url: str, take: Callable[[Body], T]) -> T:
    """`take` from the link, tried again as reads are."""
    _check_link(network, url)
    attempts = Attempts("read", network.timing)
    while True:
        try:
            with network.fetch(url) as body:
                return take(body)
        except ZaiError as error:
            failure = error
        if isinstance(failure, APIError) and failure.status == 404:
            failure.outcome = "busy"  # a new file may not be there yet, for some seconds
            failure.retry_after = failure.retry_after or 1.0
        wait = attempts.after(failure)
        if wait is None:
            break
        network.timing.sleep(wait)
    if isinstance(failure, APIError) and failure.status >= 400:
        raise MediaError(
            f"the file at {masked(url)} cannot be had (HTTP {failure.status}); "
            "its link may have expired"
        )
    raise failure


def _decoded(url: str) -> bytes:
    with contextlib.suppress(binascii.Error, ValueError):
        return base64.b64decode(url.partition(",")[2], validate=True)
    raise MediaError("the service sent a picture that cannot be decoded")


def _guess(content: bytes) -> str:
    start = content[:400].lstrip().lower()
    if start.startswith((b"<svg", b"<?xml")) or b"<svg" in start:
        return "an SVG file"
    return "a web page" if start.startswith(b"<") else "an unknown kind of file"
