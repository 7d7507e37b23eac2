"""Values of the notebook -> attachments: what a value is, and who makes an attachment of it."""

from __future__ import annotations

import base64
import binascii
import os
import types
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from . import array, figure, file, link, picture, picture_bytes, plotly_figure, table
from .recognise import made_by, own, root
from .types import WAYS, Attachment, refusal, said

_CALLED = (
    types.FunctionType,
    types.BuiltinFunctionType,
    types.MethodType,
    types.ModuleType,
    type,
)
_DRAWS = (("_repr_png_", "image/png"), ("_repr_jpeg_", "image/jpeg"))


def from_value(value: Any, name: str) -> Attachment:
    """An attachment of a value of the notebook: `from_value(fig, "fig")`.

    Figures, pictures, arrays, DataFrames, a file's bytes or path, whatever displays itself as
    PNG or JPEG. Raises PromptError for everything else, and names what can be attached.
    """
    if isinstance(value, _CALLED):
        what = "module" if isinstance(value, types.ModuleType) else "function"
        kind = "class" if isinstance(value, type) else what
        raise refusal(name, f"is a {kind}, which cannot be attached; {WAYS}")
    if (drawn := figure.figure_of(value)) is not None:
        return figure.from_figure(drawn, name)
    if plotly_figure.is_figure(value):
        return plotly_figure.from_figure(value, name)
    if made_by(value, "PIL", "Image"):
        return picture.from_pillow(value, name, photo=value.format in ("JPEG", "MPO"))
    if made_by(value, "numpy", "ndarray"):
        return _from_array(value, name)
    if table.is_table(value):
        return Attachment(name, "text", "", table.table_text(value, name))
    if isinstance(value, (bytes, bytearray, memoryview)):
        return file.from_bytes(bytes(value), name)
    if isinstance(value, os.PathLike):
        return file.from_path(Path(os.fspath(value)).expanduser(), name)
    return _from_other(value, name)


def is_attachable(value: Any) -> bool:
    """Whether `{{ name }}` means a picture of the value rather than its text.

    A figure, a Pillow image, an array that is a picture, the bytes of a picture, an
    `IPython.display.Image`, a Picture. Cheap: nothing is drawn or read.
    """
    if isinstance(value, (bytes, bytearray, memoryview)):
        return bool(picture_bytes.mime(bytes(value[:16])))
    if made_by(value, "numpy", "ndarray") and array.is_picture(value):
        return True
    if made_by(value, "PIL", "Image") or plotly_figure.is_figure(value):
        return True
    if own(value) and isinstance(value, os.PathLike):
        return type(value).__name__ == "Picture"  # a Clip has a path too
    return made_by(value, "IPython", "Image") or figure.figure_of(value) is not None


def _from_array(value: Any, name: str) -> Attachment:
    if array.is_table(value):
        return Attachment(name, "text", "", table.table_text(value, name))
    return array.from_array(value, name)


def _from_other(value: Any, name: str) -> Attachment:
    if made_by(value, "IPython", "Image"):
        return _from_display(value, name)
    for method, _ in _DRAWS:
        if (content := _drawn(value, method, name)) is not None:
            return file.from_bytes(content, name)
    # Only a plain str: a Reply is one too, and what a model said is no path of the user's.
    if type(value) is str and (known := _from_str(value, name)) is not None:
        return known
    raise refusal(name, _advice(value, name))


def _from_display(value: Any, name: str) -> Attachment:
    """An `IPython.display.Image`, which holds bytes, a link, or both."""
    content = value.data
    if isinstance(content, str):  # IPython keeps the text of base64 as it was given
        try:
            content = base64.b64decode(content, validate=True)
        except (binascii.Error, ValueError):
            content = None
    if isinstance(content, bytes) and content:
        return file.from_bytes(content, name)
    if value.url and (given := link.from_link(str(value.url), name)) is not None:
        return given
    if value.filename:
        return file.from_path(Path(value.filename), name)
    raise refusal(name, f"holds no picture; {WAYS}")


def _drawn(value: Any, method: str, name: str) -> bytes | None:
    """What a value draws of itself, None when it does not draw."""
    if not callable(getattr(type(value), method, None)):
        return None
    try:
        content = getattr(value, method)()
        if isinstance(content, tuple):  # with its metadata
            content = content[0]
        if isinstance(content, str):
            content = base64.b64decode(content)
    except Exception as error:
        raise refusal(name, f"cannot be drawn ({said(error)}); {WAYS}") from None
    return content if isinstance(content, bytes) and content else None


def _from_str(value: str, name: str) -> Attachment | None:
    """A text that is a URL or the path of a file that is there."""
    if (given := link.from_link(value, name)) is not None:
        return given
    path = Path(value).expanduser() if 0 < len(value) < 4096 and value.isprintable() else None
    try:
        return file.from_path(path, name) if path is not None and path.is_file() else None
    except OSError:
        return None


def _advice(value: Any, name: str) -> str:
    if value is None:
        return f"is None, which cannot be attached; {WAYS}"
    kind = f"is of type {type(value).__name__}"
    text = f"insert its text with {{{{ {name} }}}} in the prompt"
    if made_by(value, "polars", "LazyFrame") or root(value) in ("dask", "dask_expr"):
        way = "collect" if root(value) == "polars" else "compute"
        return f"{kind}, which holds no rows yet; attach {name}.{way}()"
    if root(value) in ("torch", "tensorflow", "jax", "jaxlib", "cupy"):
        return f"{kind}; attach it as an array, as in numpy.asarray({name})"
    if isinstance(value, Sequence) and not isinstance(value, str) and value:
        return f"{kind}; {WAYS}, one at a time, as in {name}[0]; or {text}"
    return f"{kind}; {WAYS}, or {text}"
