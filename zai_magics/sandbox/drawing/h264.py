"""The smallest useful part of H.264: a whole first picture, then pictures made of its parts.

The first picture is I_PCM: its samples as they are. Every other one is a P picture that only
carries motion vectors into it and is itself no reference. Written after ITU-T H.264 (ISO/IEC
14496-10): section numbers below are its own. Constrained Baseline profile.
"""

from __future__ import annotations

from collections.abc import Sequence

# Table A-1: level_idc, macroblocks a second, macroblocks a picture, bits of the buffer in 1000.
_LEVELS = (
    (10, 1485, 99, 175), (11, 3000, 396, 500), (12, 6000, 396, 1000), (13, 11880, 396, 2000),
    (21, 19800, 792, 4000), (22, 20250, 1620, 4000), (30, 40500, 1620, 10000),
    (31, 108000, 3600, 14000), (32, 216000, 5120, 20000), (40, 245760, 8192, 25000),
    (41, 245760, 8192, 62500), (42, 522240, 8704, 62500), (50, 589824, 22080, 135000),
    (51, 983040, 36864, 240000), (52, 2073600, 36864, 240000), (60, 4177920, 139264, 240000),
    (61, 8355840, 139264, 480000), (62, 16711680, 139264, 800000),
)  # fmt: skip

_PROFILE, _CONSTRAINTS = 66, 0xC0
_PCM_BITS = 384 * 8 + 16
_FARTHEST = 1023

Area = tuple[int, int, str]
"""A run of moving macroblocks: the first, how many, and their bits as `rows` gives them."""


def level(across: int, down: int, fps: int) -> int:
    """The lowest level for a picture of so many macroblocks: `level(80, 45, 30)` is 31, for 3.1.

    The whole first picture has to fit into the decoder's buffer.
    """
    size = across * down
    for name, per_second, most, buffer in _LEVELS:
        fits = size <= most and max(across, down) ** 2 <= 8 * most
        if fits and size * fps <= per_second and size * _PCM_BITS <= buffer * 1000:
            return name
    return _LEVELS[-1][0]


def unsigned(value: int) -> str:
    """An Exp-Golomb code, 9.1: `unsigned(3)` is `"00100"`."""
    bits = f"{value + 1:b}"
    return "0" * (len(bits) - 1) + bits


def signed(value: int) -> str:
    """A signed Exp-Golomb code, 9.1.1: 0, 1, -1, 2, -2 are the codes 0, 1, 2, 3, 4."""
    return unsigned(2 * value - 1 if value > 0 else -2 * value)


# Vector differences by value, negative ones counted from the end, as Python's indices do.
_SIGNED = [signed(value) for value in [*range(_FARTHEST + 1), *range(-_FARTHEST, 0)]]


def sequence_set(width: int, height: int, fps: int) -> bytes:
    """The sequence parameter set, 7.3.2.1, for a picture of even width and height."""
    across, down = -(-width // 16), -(-height // 16)
    right, bottom = (across * 16 - width) // 2, (down * 16 - height) // 2
    crop = unsigned(0) + unsigned(right) + unsigned(0) + unsigned(bottom)
    bits = [
        f"{_PROFILE:08b}{_CONSTRAINTS:08b}{level(across, down, fps):08b}",
        unsigned(0),
        unsigned(0),  # four bits of frame_num
        # Picture order count type 0, sixteen bits: type 2 forbids two non-references in a row.
        unsigned(0) + unsigned(12),
        unsigned(1) + "0",  # one reference picture
        unsigned(across - 1) + unsigned(down - 1) + "1" + "1",
        "1" + crop if right or bottom else "0",
        "1" + _usability(fps),
    ]
    return unit(0x67, "".join(bits))


def _usability(fps: int) -> str:
    """The usability information, E.1.1: square samples, BT.709, the rate, no reordering."""
    return "".join([
        "1" + f"{1:08b}" + "0",
        "1" + "101" + "0" + "1" + f"{1:08b}" * 3 + "0",
        "1" + f"{1:032b}{2 * fps:032b}" + "1",
        "0" + "0" + "0",
        # Without this a decoder holds pictures back, in case a later one is to be shown first.
        "1" + "1" + unsigned(0) * 2 + unsigned(10) * 2 + unsigned(0) + unsigned(1),
    ])  # fmt: skip


def picture_set() -> bytes:
    """The picture parameter set, 7.3.2.2: CAVLC, deblocking under the slices' control."""
    return unit(0x68, "11" + "00" + "1" + "11" + "0" + "00" + signed(0) * 3 + "100")


def unit(header: int, bits: str, raw: bytes = b"") -> bytes:
    """A NAL unit, 7.3.1: header byte, bits, then the stop bit; or bits, alignment and raw bytes."""
    ended = bits + ("" if raw else "1")
    ended += "0" * (-len(ended) % 8)
    body = int(ended, 2).to_bytes(len(ended) // 8, "big") + (raw + b"\x80" if raw else b"")
    return bytes([header]) + _guarded(body)


def _guarded(body: bytes) -> bytes:
    """Bytes without the start codes 0, 0, 0..3: a 3 goes in after each two zeros, 7.4.1."""
    at = body.find(b"\0\0")
    parts, done = [], 0
    while 0 <= at < len(body) - 2:
        if body[at + 2] > 3:
            at = body.find(b"\0\0", at + 1)
            continue
        parts.append(body[done : at + 2] + b"\x03")
        done = at + 2
        at = body.find(b"\0\0", done)
    return b"".join([*parts, body[done:]])


def whole(luma: bytes, blue: bytes, red: bytes, across: int) -> bytes:
    """The first picture: planes of `16 * across` (and half as many) samples a row, 4:2:0.

    Samples are 16 or more, as in limited range, so no start code can arise among them.
    """
    head = unsigned(0) + unsigned(7) + unsigned(0) + "0000" + unsigned(0) + f"{0:016b}" + "00"
    head += signed(0) + _deblocking() + unsigned(25)
    half = across * 8
    parts = []
    for row in range(len(luma) // (256 * across)):
        at = row * 128 * across
        for column in range(across):
            for plane, stride, size in ((luma, half * 2, 16), (blue, half, 8), (red, half, 8)):
                first = at * 256 // size**2 if size == 16 else at // 2
                first = row * size * stride + column * size
                parts += [
                    plane[left : left + size]
                    for left in range(first, first + size * stride, stride)
                ]
            parts.append(b"\x0d\x00")
    # Between macroblocks: mb_type 25 and the zeros up to the next byte. None after the last.
    return unit(0x65, head, b"".join(parts[:-1]))


def _deblocking() -> str:
    """Deblocking on, no offsets: it hides the seams between blocks that move apart."""
    return unsigned(0) + signed(0) * 2


def rows(vectors: Sequence[tuple[Sequence[int], Sequence[int]]], above: Sequence[int]) -> str:
    """The bits of moving macroblocks: for each row the shifts of its upper and lower halves.

    Shifts are in quarter pixels to the right in the first picture, one a column. `above` are
    those of the row above the first one (zeros for a still row; there has to be one). Each
    macroblock is P_L0_L0_16x8, whose upper half is predicted from the block above and whose
    lower half from the block to the left, 8.4.1.3: no median needed.
    """
    parts = []
    for upper, lower in vectors:
        left = upper[0]
        for here, over, below in zip(upper, above, lower, strict=True):
            # mb_skip_run 0, mb_type 1, two vectors without vertical part, no coefficients.
            parts.append(f"1010{_SIGNED[here - over]}1{_SIGNED[below - left]}11")
            left = below
        above = lower
    return "".join(parts)


def moved(number: int, total: int, areas: Sequence[Area]) -> bytes:
    """Picture `number`, of `total` macroblocks, still but for `areas`, which are in order."""
    # frame_num is 1 for all: none of them is a reference.
    head = unsigned(0) + unsigned(5) + unsigned(0) + "0001" + f"{2 * number:016b}" + "00"
    # The quantiser 51 has no coefficients to scale: it makes the deblocking strongest.
    parts = [head, signed(25), _deblocking()]
    done = 0
    for first, count, bits in areas:
        parts += [unsigned(first - done), bits[1:]]
        done = first + count
    if done < total:
        parts.append(unsigned(total - done))
    return unit(0x01, "".join(parts))
