"""Where files are kept, and files that are there whole or not at all."""

from __future__ import annotations

import os
import secrets
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

PIECE = 1 << 20


def home() -> Path:
    """Where what outlives a kernel is kept: ZAI_HOME, else `.zai_magics` in the user's folder."""
    named = os.environ.get("ZAI_HOME", "").strip()
    return Path(named).expanduser().absolute() if named else Path.home() / ".zai_magics"


@contextmanager
def part(
    folder: Path, pieces: Iterable[bytes], opener: Callable[[str, int], int] | None = None
) -> Iterator[Path]:
    """A finished file under a name of its own, to be renamed: `with part(folder, pieces) as path`.

    All of it is on the disk when the block begins; what the block leaves is removed. Raises
    OSError, and whatever the pieces raise.
    """
    path = folder / f".{secrets.token_hex(8)}.part"
    try:
        with open(path, "xb", opener=opener) as file:
            file.writelines(pieces)
            file.flush()
            os.fsync(file.fileno())
        yield path
    finally:
        path.unlink(missing_ok=True)


def pieces(path: Path) -> Iterator[bytes]:
    """A file's bytes, a megabyte at a time. Raises OSError."""
    with open(path, "rb") as file:
        while piece := file.read(PIECE):
            yield piece
