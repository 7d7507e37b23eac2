"""The boxes of an MP4 file, ISO/IEC 14496-12: tracks of samples in, one file out."""

from __future__ import annotations

import struct
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate

_MATRIX = struct.pack(">9I", 0x10000, 0, 0, 0, 0x10000, 0, 0, 0, 0x40000000)
_TEXT = 1
"""The type of a text in the metadata: UTF-8."""


@dataclass(frozen=True)
class Track:
    """One track: its samples, and what the index says of them.

    `rate` is time units a second, `durations` are pairs of how many samples and how many units
    each. `per_chunk` samples lie together in the file. `entry` is the box in `stsd`, `header`
    the media header box. Of a film only the first picture can be jumped to.
    """

    samples: Sequence[bytes]
    rate: int
    durations: tuple[tuple[int, int], ...]
    per_chunk: int
    size: tuple[int, int]
    header: bytes
    entry: bytes

    @property
    def is_video(self) -> bool:
        """Whether it has a picture size."""
        return self.size != (0, 0)

    @property
    def length(self) -> int:
        """How long the track is, in its own units."""
        return sum(count * each for count, each in self.durations)

    def chunks(self) -> list[bytes]:
        """The samples in their chunks."""
        starts = range(0, len(self.samples), self.per_chunk)
        return [b"".join(self.samples[at : at + self.per_chunk]) for at in starts]


def box(kind: bytes, *bodies: bytes) -> bytes:
    """A box: `box(b"free", b"...")`."""
    body = b"".join(bodies)
    return struct.pack(">I", len(body) + 8) + kind + body


def full(kind: bytes, flags: int, *bodies: bytes) -> bytes:
    """A box with a version, 0, and flags."""
    return box(kind, struct.pack(">I", flags), *bodies)


def file(tracks: Sequence[Track], notes: dict[bytes, str]) -> bytes:
    """A file with its index first, so that a player can start before it has all of it.

    `notes` are texts by their iTunes name: `file([video], {b"\\xa9cmt": "a red fox"})`. The chunks
    of all tracks lie in order of time.
    """
    start = box(b"ftyp", b"isom\0\0\2\0isomiso2avc1mp41")
    parts: list[bytes] = []
    times: list[float] = []
    for track in tracks:
        chunks = track.chunks()
        step = track.per_chunk * track.length / len(track.samples) / track.rate
        times += [number * step for number in range(len(chunks))]
        parts += chunks
    places = sorted(range(len(parts)), key=times.__getitem__)
    ends = list(accumulate(len(parts[number]) for number in places))
    # The index holds offsets and stands before them; its own size does not depend on them.
    offsets = [0] * len(parts)
    first = len(start) + len(_index(tracks, offsets, notes)) + 8
    for number, end in zip(places, ends, strict=True):
        offsets[number] = first + end - len(parts[number])
    media = box(b"mdat", *[parts[number] for number in places])
    return start + _index(tracks, offsets, notes) + media


def _index(tracks: Sequence[Track], offsets: Sequence[int], notes: dict[bytes, str]) -> bytes:
    """The `moov` box."""
    rate = tracks[0].rate
    longest = max(-(-track.length * rate // track.rate) for track in tracks)
    header = struct.pack(">4IIH", 0, 0, rate, longest, 0x10000, 0x100) + bytes(10) + _MATRIX
    boxes = [full(b"mvhd", 0, header, bytes(24), struct.pack(">I", len(tracks) + 1))]
    done = 0
    for number, track in enumerate(tracks, 1):
        count = len(range(0, len(track.samples), track.per_chunk))
        boxes.append(_track(number, track, rate, offsets[done : done + count]))
        done += count
    return box(b"moov", *boxes, _metadata(notes))


def _track(number: int, track: Track, rate: int, offsets: Sequence[int]) -> bytes:
    """A `trak` box; `rate` is the film's."""
    length = -(-track.length * rate // track.rate)
    shown = struct.pack(">5I8xHHHH", 0, 0, number, 0, length, 0, 0, 0 if track.is_video else 256, 0)
    across, down = track.size
    head = full(b"tkhd", 3, shown, _MATRIX, struct.pack(">II", across << 16, down << 16))
    kind = b"vide" if track.is_video else b"soun"
    here = box(b"dinf", full(b"dref", 0, struct.pack(">I", 1), full(b"url ", 1)))
    media = box(
        b"mdia",
        full(b"mdhd", 0, struct.pack(">4IHH", 0, 0, track.rate, track.length, 0x55C4, 0)),
        full(b"hdlr", 0, bytes(4), kind, bytes(13)),
        box(b"minf", track.header, here, _table(track, offsets)),
    )
    return box(b"trak", head, media)


def _table(track: Track, offsets: Sequence[int]) -> bytes:
    """The `stbl` box: how long, how large and where the samples are."""
    count, rest = len(track.samples), len(track.samples) % track.per_chunk
    runs = [(1, track.per_chunk, 1)] if count >= track.per_chunk else []
    if rest:
        runs.append((len(offsets), rest, 1))
    sizes = struct.pack(f">II{count}I", 0, count, *map(len, track.samples))
    return box(
        b"stbl",
        full(b"stsd", 0, struct.pack(">I", 1), track.entry),
        _rows(b"stts", [run for run in track.durations if run[0]]),
        _rows(b"stss", [(1,)]) if track.is_video else b"",
        _rows(b"stsc", runs),
        full(b"stsz", 0, sizes),
        _rows(b"stco", [(offset,) for offset in offsets]),
    )


def _rows(kind: bytes, rows: Sequence[tuple[int, ...]]) -> bytes:
    """A box with a table of numbers behind its count."""
    body = b"".join(struct.pack(f">{len(row)}I", *row) for row in rows)
    return full(kind, 0, struct.pack(">I", len(rows)), body)


def _metadata(notes: dict[bytes, str]) -> bytes:
    """The `udta` box with texts, as iTunes and every player since writes them."""
    items = [
        box(name, box(b"data", struct.pack(">II", _TEXT, 0), text.encode("utf-8", "replace")))
        for name, text in notes.items()
    ]
    handler = full(b"hdlr", 0, bytes(4), b"mdirappl", bytes(9))
    return box(b"udta", full(b"meta", 0, handler, box(b"ilst", *items)))
