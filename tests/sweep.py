"""Looks for keys in every file that tests leave: journals, packs, notebooks, exports."""

from __future__ import annotations

import base64
import urllib.parse
import zipfile
from collections.abc import Iterator
from pathlib import Path

# All keys that tests use begin so.
KEY = "0123456789abcdef0123456789abcdef."
# These put one there themselves, to see what becomes of it.
PLANTED = (
    "test_an_answer_that_holds_the_",
    "test_the_key_in_an_attachment_",
    "test_a_file_that_holds_the_key",
)
_LARGEST = 50_000_000


def forms(key: str = KEY) -> list[bytes]:
    """The key's beginning as it is, and in the encodings in which servers and files carry text."""
    plain = key.encode()
    shifted = (base64.b64encode(b"x" * n + plain)[4 * (n > 0) : -4] for n in range(3))
    quoted = urllib.parse.quote(key).replace(".", "%2E").encode()
    return [plain, quoted, plain.hex().encode(), plain.decode().encode("utf-16-le"), *shifted]


def found(folder: Path) -> list[str]:
    """The files below a folder that hold a key."""
    wanted = forms()
    return [
        str(path.relative_to(folder))
        for path in folder.rglob("*")
        if not any(name in str(path) for name in PLANTED)
        and any(form in content for content in _contents(path) for form in wanted)
    ]


def _contents(path: Path) -> Iterator[bytes]:
    """A file's bytes; of a pack those of what is in it."""
    try:
        if path.is_symlink() or not path.is_file() or path.stat().st_size > _LARGEST:
            return
        yield path.read_bytes()
        if path.suffix == ".zai":
            with zipfile.ZipFile(path) as file:
                for name in file.namelist():
                    yield file.read(name)
    # Tests leave pipes, files without leave to read, and ZIPs that are none.
    except Exception:
        return
