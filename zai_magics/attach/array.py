"""NumPy arrays -> pictures; and which arrays are none but tables of numbers.

A picture is HxW, HxWx1, HxWx3 or HxWx4. NumPy is imported only where an array has come.
"""

from __future__ import annotations

from typing import Any

from .picture import AREA, from_pillow
from .types import Attachment, refusal

_SHAPES = "a picture is HxW, HxWx1, HxWx3 or HxWx4"
_PILLOW = "an array is made a picture with Pillow, which is not installed; pip install pillow"
_NUMBERS = "biuf"  # NumPy's letters for bool, int, unsigned, float
_SMALL, _LONG = 16, 16


def is_picture(array: Any) -> bool:
    """Whether an array is meant as a picture rather than as a table.

    HxW of bytes or bools is one; of other numbers only from 16x16 on, and when no side is 16
    times the other, as it is for the rows of a table.
    """
    if array.dtype.kind not in _NUMBERS or 0 in array.shape:
        return False
    if array.ndim == 3:
        return bool(array.shape[2] in (1, 3, 4))
    if array.ndim != 2:
        return False
    if array.dtype.kind == "b" or array.dtype == "uint8":
        return bool(min(array.shape) > 1)
    short, long = sorted(array.shape)
    return bool(short >= _SMALL and long < _LONG * short)


def is_table(array: Any) -> bool:
    """Whether an array is a table or a row of numbers (or of dates, words), not a picture."""
    return array.ndim in (1, 2) and array.dtype.kind in "biufMmUSc" and not is_picture(array)


def from_array(array: Any, name: str) -> Attachment:
    """An attachment of a picture: `from_array(np.zeros((2, 2, 3), "uint8"), "a")`.

    Bytes are taken as they are, bools as black and white, floats within 0..1 as shares of white;
    all others are scaled so that the least is black and the greatest white, which the note says.
    Raises PromptError for another shape.
    """
    if not is_picture(array):
        shape = "x".join(map(str, array.shape)) or "no dimension"
        raise refusal(name, f"an array of {shape}, {array.dtype}; {_advice(array)}")
    try:
        from PIL import Image
    except ImportError:
        raise refusal(name, _PILLOW) from None
    notes: list[str] = []
    try:
        pixels = _bytes(_fewer(_filled(array, notes), notes), notes)
    except ValueError as error:
        raise refusal(name, f"{error}; there is nothing to see in it") from None
    if pixels.ndim == 3 and pixels.shape[2] == 1:
        pixels = pixels[:, :, 0]
    return from_pillow(Image.fromarray(pixels), name, notes)


def _advice(array: Any) -> str:
    if array.dtype.kind not in _NUMBERS:
        return "only numbers make a picture"
    if 0 in array.shape:
        return "there is nothing in it"
    if array.ndim == 4 and array.shape[3] in (1, 3, 4):
        return f"{_SHAPES}; attach one of them, as in x[0]"
    if array.ndim == 3 and array.shape[0] in (1, 3, 4):
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


def _bytes(array: Any, notes: list[str]) -> Any:
    """The array as bytes of 0 to 255."""
    import numpy as np

    if array.dtype == "uint8":
        return np.ascontiguousarray(array)
    if array.dtype.kind == "b":
        return array.astype("uint8") * 255
    if array.ndim == 3 and array.shape[2] == 4:
        colours = _stretched(array[:, :, :3], notes)
        return np.dstack([colours, _opacity(array[:, :, 3])])
    return _stretched(array, notes)


def _opacity(array: Any) -> Any:
    """The fourth channel, of which 1, 255 or an unsigned type's greatest means opaque."""
    import numpy as np

    values = np.nan_to_num(array.astype("float64"), nan=np.inf)
    greatest = float(values.max())
    full = 1.0 if greatest <= 1 else 255.0
    if array.dtype.kind == "u":
        full = float(np.iinfo(array.dtype).max)
    return (values / full * 255).clip(0, 255).round().astype("uint8")


def _stretched(array: Any, notes: list[str]) -> Any:
    """Values within 0..1 as they are, others from the least to the greatest; NaN is black."""
    import numpy as np

    values = array.astype("float32" if array.dtype.itemsize <= 2 else "float64")
    finite = np.isfinite(values)
    if not finite.any():
        raise ValueError("there is no finite number in the array")
    if odd := values.size - int(finite.sum()):
        notes.append(f"{odd:,} values not finite: NaN and -inf black, inf white")
    low, high = float(values[finite].min()), float(values[finite].max())
    if array.dtype.kind == "f" and low >= 0 and high <= 1:
        low, high = 0.0, 1.0
    else:
        notes.append(f"values {low:.6g} to {high:.6g} shown as black to white")
    # Halves first: the distance of the greatest numbers from the least is no number any more.
    span = (high / 2 - low / 2) or 1.0
    values = np.nan_to_num(values, nan=low, posinf=high, neginf=low)
    return ((values / 2 - low / 2) / span * 255).round().astype("uint8")
