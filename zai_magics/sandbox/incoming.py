"""The body of a request off the connection: by length or in chunks, and never without bound."""

from __future__ import annotations

from email.message import Message
from io import BufferedIOBase

from .errors import Problem

LARGEST = 64 * 1024 * 1024


class Unreadable(Problem):
    """The body's end cannot be known (or is too far): answer, then close the connection."""


def read_body(headers: Message, stream: BufferedIOBase) -> bytes:
    """Read the body to its end: `read_body(handler.headers, handler.rfile)`.

    At most 64 MB. Raises Unreadable with status 413 beyond that, else 400.
    """
    coding = headers.get("Transfer-Encoding")
    lengths = headers.get_all("Content-Length", [])
    if coding is not None:
        if coding.strip().lower() != "chunked" or lengths:
            raise Unreadable("1214", "Transfer-Encoding: only chunked, and no Content-Length")
        return _chunks(stream)
    if not lengths:
        return b""
    text = lengths[0].strip()
    if len(set(lengths)) > 1 or not (text.isascii() and text.isdecimal()):
        raise Unreadable("1214", "Content-Length: invalid")
    # Nine digits are enough for any length that is allowed; int() of thousands would fail.
    length = int(text) if len(text) < 10 else LARGEST + 1
    _bounded(length)
    raw = stream.read(length)
    if len(raw) < length:
        raise Unreadable("1214", f"The body ended after {len(raw)} of {length} bytes")
    return raw


def _bounded(length: int) -> None:
    if length > LARGEST:
        raise Unreadable("413", f"The body is larger than {LARGEST} bytes", status=413)


def _chunks(stream: BufferedIOBase) -> bytes:
    body = bytearray()
    while size := _chunk_size(stream):
        _bounded(len(body) + size)
        piece = stream.read(size)
        if len(piece) < size or stream.read(2) != b"\r\n":
            raise Unreadable("1214", "The chunked body is broken")
        body += piece
    for _ in range(100):
        # Trailers end with an empty line.
        if stream.readline(4096) in (b"\r\n", b"\n", b""):
            break
    return bytes(body)


def _chunk_size(stream: BufferedIOBase) -> int:
    digits = stream.readline(1024).partition(b";")[0].strip()
    if not 0 < len(digits) <= 8 or digits.strip(b"0123456789abcdefABCDEF"):
        raise Unreadable("1214", "The chunked body is broken")
    return int(digits, 16)
