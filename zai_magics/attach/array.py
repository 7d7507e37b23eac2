"""NumPy arrays -> pictures; and which arrays are none but tables of numbers.

A picture is HxW of bytes, or HxWx1, HxWx3 or HxWx4 of bytes or of floats within 0..1. NumPy is
imported only where an array has come.
"""

from __future__ import annotations

from typing import Any

from .picture import AREA, from_pillow
from .types import Attachment, refusal

_SHAPES = "a picture is HxW of bytes, or HxWx1, HxWx3 or HxWx4 of bytes or of floats within 0..1"
_PILLOW = "an array is made a picture with Pillow, which is not installed; pip install pillow"
_NUMBERS = "biuf"  # NumPy's letters for bool, int, unsigned, float
_CHANNELS = (1, 3, 4)
_SMALL = 16


def is_picture(array: Any) -> bool:
    """Whether an array plainly is a picture, not numbers: HxW of bytes from 16x16 on, HxWx1, HxWx3
    or HxWx4 of bytes or of floats within 0..1.

    A matrix of floats, ints or bools is none, whatever its size: a correlation is to be read.
    """
    if array.dtype.kind not in _NUMBERS or 0 in array.shape:
        return False
    if array.ndim == 2:
        return bool(array.dtype == "uint8" and min(array.shape) >= _SMALL)
    if array.ndim != 3 or array.shape[2] not in _CHANNELS:
        return False
    return bool(array.dtype == "uint8" or (array.dtype.kind == "f" and _are_shares(array)))


def is_table(array: Any) -> bool:
    """Whether an array is a table or a row of numbers (or of dates, words), not a picture."""
    return array.ndim in (1, 2) and array.dtype.kind in "biufMmUSc" and not is_picture(array)


def from_array(array: Any, name: str) -> Attachment:
    """An attachment of a picture: `from_array(np.zeros((2, 2, 3), "uint8"), "a")`.

    Bytes are taken as they are, floats as shares of white; the note says that it is a picture and
    of which size. Raises PromptError for any other array.
    """
    if not is_picture(array):
        shape = "x".join(map(str, array.shape)) or "no dimension"
        raise refusal(name, f"an array of {shape}, {array.dtype}; {_advice(array)}")
    try:
        from PIL import Image
    except ImportError:
        raise refusal(name, _PILLOW) from None
    notes: list[str] = []
    pixels = _bytes(_fewer(_filled(array, notes), notes), notes)
    notes.insert(0, f"sent as a {pixels.shape[1]}x{pixels.shape[0]} picture")
    if pixels.ndim == 3 and pixels.shape[2] == 1:
        pixels = pixels[:, :, 0]
    return from_pillow(Image.fromarray(pixels), name, notes)


def _advice(array: Any) -> str:
    if array.dtype.kind not in _NUMBERS:
        return "only numbers make a picture"
    if 0 in array.shape:
        return "there is nothing in it"
    if array.ndim == 3 and array.shape[2] in _CHANNELS:
        return f"{_SHAPES}; make it one, as in x / x.max(), or attach a layer's numbers: x[:, :, 0]"
    if array.ndim == 4 and array.shape[3] in _CHANNELS:
        return f"{_SHAPES}; attach one of them, as in x[0]"
    if array.ndim == 3 and array.shape[0] in _CHANNELS:
        return f"{_SHAPES}; put the channels last, as in x.transpose(1, 2, 0)"
    return f"{_SHAPES}; attach such a part of it"


def _fewer(array: Any, notes: list[str]) -> Any:
    """Every n-th pixel of an array that is larger than anything that could be looked at."""
    height, width = array.shape[:2]
    step = 1
    while (height // step) * (width // step) > AREA:
        step += 1
    if step > 1:
        notes.append(f"every {step}. pixel of {width}x{height}")
    return array[::step, ::step]


def _filled(array: Any, notes: list[str]) -> Any:
    import numpy as np

    if isinstance(array, np.ma.MaskedArray) and np.ma.is_masked(array):
        notes.append("masked pixels black")
        return array.filled(0)
    return np.asarray(array)


def _are_shares(array: Any) -> bool:
    """Whether all that is a number is within 0..1; NaN, which is none, marks what is left out."""
    import numpy as np

    known = array[~np.isnan(array)]
    return bool(known.size and known.min() >= 0 and known.max() <= 1)


def _bytes(array: Any, notes: list[str]) -> Any:
    """The array as bytes of 0 to 255; NaN is black, in the fourth channel opaque."""
    import numpy as np

    if array.dtype == "uint8":
        return np.ascontiguousarray(array)
    values = array.astype("float64")
    empty = np.isnan(values)
    if odd := int(empty.sum()):
        notes.append(f"{odd:,} values that are no numbers black")
        values[empty] = 0
        if array.shape[2] == 4:
            values[:, :, 3][empty[:, :, 3]] = 1
    return (values * 255).round().astype("uint8")
