"""Bytes beside the journal, by their hash: pictures, clips, attached images.

A file of its own for each, whole or not there; what no longer is what its name says is not there.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable
from contextlib import suppress
from hashlib import sha256
from pathlib import Path

from ..errors import JournalError
from ..files import part, pieces

_NAME = re.compile(r"[0-9a-f]{64}")


class Blobs:
    """`name = blobs.put(content)`, `blobs.get(name)`; `blobs.put_file(path)` for large ones."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def put(self, content: bytes) -> str:
        """Keep these bytes; gives their name (SHA-256, hex). Raises JournalError."""
        name = name_of(content)
        self._write(name, (content,))
        return name

    def put_file(self, path: Path) -> str:
        """Keep a copy of a file, piece by piece."""
        try:
            name = hash_of(path)
            self._write(name, pieces(path))
        except OSError as error:
            raise JournalError(f"{path.name} cannot be read ({error.strerror})") from None
        return name

    def path(self, name: str) -> Path:
        """Where the bytes of this name are, or would be; never outside the folder."""
        if not _NAME.fullmatch(name):
            return self.folder / "no such name"
        return self.folder / name[:2] / name

    def get(self, name: str) -> bytes | None:
        """The bytes, None when they are gone or no longer what they were."""
        try:
            content = self.path(name).read_bytes()
        except OSError:
            return None
        return content if name_of(content) == name else None

    def is_whole(self, path: Path, name: str) -> bool:
        """Whether a file, here or anywhere, has the bytes of this name."""
        try:
            plain = path.is_file() and not str(path).startswith("\\\\")  # no pipe, no other host
            return plain and hash_of(path) == name
        except (OSError, ValueError):
            return False

    def remove(self, name: str) -> None:
        """Forget them."""
        with suppress(OSError):
            self.path(name).unlink()

    def _write(self, name: str, content: Iterable[bytes]) -> None:
        path = self.path(name)
        try:
            if self.is_whole(path, name):
                return
            self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            path.parent.mkdir(mode=0o700, exist_ok=True)
            with part(path.parent, content, _private) as finished:
                os.replace(finished, path)
        except OSError as error:
            why = error.strerror or error
            raise JournalError(
                f"a file cannot be kept in {self.folder} ({why}); free space, or set ZAI_HOME"
            ) from None


def _private(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)


def name_of(content: bytes) -> str:
    """The name that these bytes have."""
    return sha256(content).hexdigest()


def hash_of(path: Path) -> str:
    """A file's SHA-256. Raises OSError."""
    made = sha256()
    for piece in pieces(path):
        made.update(piece)
    return made.hexdigest()
