"""Bytes of a stream -> the data of its events (server-sent events, WHATWG HTML section 9.2).

Bytes, because text lines split inside valid JSON (U+2028, U+0085, …), and because a packet may
end anywhere: in a character, between CR and LF, in the BOM.
"""

from __future__ import annotations

import json
import re
from typing import Any

from ..errors import BadAnswer

EVENT_LIMIT = 16 * 1024 * 1024
_BOM = b"\xef\xbb\xbf"
# Without the search for blanks on both sides, which takes as long as reading a short event.
_read = json.JSONDecoder().raw_decode
_GLUED = re.compile(rb"data: ?(?=\{)")


class EventParser:
    """Takes bytes as they come, gives whole events: `for data in parser.feed(packet): …`.

    `feed` returns the data of every event that is complete, `close` what a stream that ended
    without a last blank line still held. Raises BadAnswer for an event over 16 MB.
    """

    def __init__(self, limit: int = EVENT_LIMIT) -> None:
        self._limit = limit
        self._rest = bytearray()
        self._data: list[bytes] = []
        self._size = 0
        self._after_cr = False
        self._at_start = True

    def feed(self, packet: bytes) -> list[bytes]:
        """The data of the events that this packet completes."""
        if self._after_cr or b"\r" in packet:
            packet = self._newlines(packet)
        if b"\n" not in packet:
            self._rest += packet
            self._check(len(self._rest))
            return []
        if self._rest:
            packet = bytes(self._rest) + packet
            self._rest.clear()
        lines = packet.split(b"\n")
        self._rest += lines.pop()
        return self._events(lines)

    def close(self) -> list[bytes]:
        """The data of a last event that was not ended by a blank line."""
        lines = [bytes(self._rest), b""]
        self._rest.clear()
        return self._events(lines)

    def _newlines(self, packet: bytes) -> bytes:
        """CR and CRLF as LF; an LF that follows a CR of the last packet is the same line end."""
        if self._after_cr and packet.startswith(b"\n"):
            packet = packet[1:]
            self._after_cr = not packet
        if b"\r" in packet:
            self._after_cr = packet.endswith(b"\r")
            return packet.replace(b"\r\n", b"\n").replace(b"\r", b"\n")
        self._after_cr = self._after_cr and not packet
        return packet

    def _events(self, lines: list[bytes]) -> list[bytes]:
        if self._at_start:
            self._at_start = False
            lines[0] = lines[0].removeprefix(_BOM)
        events = []
        data = self._data
        for line in lines:
            if line[:5] == b"data:":
                value = line[6:] if line[5:6] == b" " else line[5:]
                data.append(value)
                self._size += len(value)
                if self._size > self._limit:
                    self._check(self._size)
            elif not line and data:
                events.append(data[0] if len(data) == 1 else b"\n".join(data))
                data.clear()
                self._size = 0
        return events

    def _check(self, size: int) -> None:
        if size > self._limit:
            raise BadAnswer("the service sent one event of more than 16 MB; run the cell again")


def objects(data: bytes) -> tuple[list[dict[str, Any]], int]:
    """The JSON objects in an event's data, and how many pieces could not be read.

    Usually one object. The service sometimes cuts a frame in mid-JSON and glues the next
    `data: {…}` on in the same line (zai-org/GLM-5#66): what is whole is saved.
    """
    try:
        text = data.decode()
        value, end = _read(text)
        if end == len(text) and type(value) is dict:
            return [value], 0
    except (ValueError, RecursionError):
        pass
    return _saved(data)


def _saved(data: bytes) -> tuple[list[dict[str, Any]], int]:
    """What can be had from data that is not simply one object."""
    found: list[dict[str, Any]] = []
    bad = 0
    if not data.strip():  # a sign of life, as some gateways send it
        return found, bad
    for piece in _pieces(data):
        try:
            value = json.loads(piece.decode("utf-8", "replace"))
        except (ValueError, RecursionError):
            bad += 1
            continue
        if isinstance(value, dict):
            found.append(value)
        else:
            bad += 1
    return found, bad


def _pieces(data: bytes) -> list[bytes]:
    if b"data:" not in data:
        return [data]
    try:
        json.loads(data.decode("utf-8", "replace"))
        return [data]  # the words stand inside a string of valid JSON
    except (ValueError, RecursionError):
        pass
    return _GLUED.split(data)
