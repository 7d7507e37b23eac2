"""A pack that somebody else has made -> a journal of its own, in which replay looks.

Everything is checked before it is kept: what has another shape than `pack` gives makes the whole
file none, in one line.
"""

from __future__ import annotations

import json
import os
import shutil
import tempfile
import time
import zipfile
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from typing import Any

from ..errors import PackError, ZaiError
from ..journal import Asked, Journal
from ..journal.content import is_message
from ..journal.rows import ORDERS
from ..journal.store import NAME
from ..orders import Orders
from ..retry import Timing
from ..types import Json
from . import pack
from .found import Source

JSON_LIMIT = 32 << 20
FILE_LIMIT = 1 << 30
LIMIT = 2 << 30
CALLS, MESSAGES, FILES = 100_000, 200_000, 20_000
_MAKING, _ABANDONED = "making-", 3600.0  # seconds
_KEPT = "pack"  # who answered, as far as a journal made of a pack knows


def opened(
    path: Path, folder: Path, timing: Callable[[], Timing], warn: Callable[[str], None]
) -> Source:
    """The recordings of a pack, read once and then kept in `folder` by the file's hash.

    Raises PackError.
    """
    if path.exists() and not path.is_file():  # a pipe would be waited for
        raise PackError(f"{path.name} is no file")
    place = folder / pack.digest(path)[:32]
    if not _is_whole(place):
        _make(path, place)
    journal = Journal(place)
    if journal.store.begun_anew():  # its file was damaged here, not in the pack
        journal.close()
        _make(path, place)
    return Source(journal, Orders(journal, lambda: "", timing, warn), path.name)


def _make(path: Path, place: Path) -> None:
    """Beside its place first, so that it is there whole, however many kernels open it."""
    try:
        place.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        made = Path(tempfile.mkdtemp(prefix=_MAKING, dir=place.parent))
    except OSError as error:
        raise PackError(f"{path.name} cannot be unpacked ({error.strerror or error})") from None
    try:
        with _reading(path) as file, closing(Journal(made)) as journal:
            book = _book(file)
            names = _files(file)
            for name in sorted(names):
                _keep(journal, file, name, made)
            with journal.write() as db:
                for number, call in enumerate(book["calls"]):
                    _take(journal, db, call, book["messages"], names, number)
        (made / "whole").touch()
        _replace(made, place)
    except OSError as error:
        raise PackError(f"{path.name} cannot be unpacked ({error.strerror or error})") from None
    finally:
        shutil.rmtree(made, ignore_errors=True)


def _replace(made: Path, place: Path) -> None:
    """Put it in its place, where another kernel was not faster, and tidy up after killed ones."""
    now = time.time()
    for left in place.parent.glob(f"{_MAKING}*"):
        with suppress(OSError):
            if now - left.stat().st_mtime > _ABANDONED:
                shutil.rmtree(left, ignore_errors=True)
    with suppress(OSError):
        os.rename(made, place)
        return
    if not _is_whole(place):
        os.rename(place, f"{made}-old")
        with suppress(OSError):
            os.rename(made, place)
        shutil.rmtree(f"{made}-old", ignore_errors=True)


def _is_whole(place: Path) -> bool:
    """Whether a pack was read into this folder to its end, and is as it was then."""
    return (place / "whole").exists() and not list(place.glob(f"{NAME}.broken-*"))


@contextmanager
def _reading(path: Path) -> Iterator[zipfile.ZipFile]:
    """The file; whatever a stranger's bytes make of the reader is one line."""
    try:
        with zipfile.ZipFile(path) as file:
            yield file
    except ZaiError as error:
        raise PackError(f"{path.name} is no pack that can be used: {error}") from None
    except OSError:
        raise
    # A ZIP that is damaged on purpose raises nearly anything.
    except Exception as error:
        bare = isinstance(error, zipfile.BadZipFile) and not zipfile.is_zipfile(path)
        why = "it is no ZIP file, as a pack is" if bare else "it is damaged"
        raise PackError(
            f"{path.name} is no pack that can be read: {why}; get the file anew"
        ) from None


def _book(file: zipfile.ZipFile) -> Json:
    about = file.getinfo(pack.BOOK)
    if about.file_size > JSON_LIMIT:
        raise PackError("it is too large")
    with file.open(about) as entry:
        text = entry.read(JSON_LIMIT + 1)
    if len(text) > JSON_LIMIT:
        raise PackError("it is too large")
    book = json.loads(text, parse_constant=_no_constant)
    if not isinstance(book, dict) or type(book.get(pack.MARK)) is not int:
        raise PackError("it is another kind of file")
    if book[pack.MARK] > pack.FORMAT:
        raise PackError("a newer zai_magics made it; upgrade this one")
    messages, calls = book.get("messages"), book.get("calls")
    if not (isinstance(messages, list) and isinstance(calls, list)):
        raise PackError("it has no calls")
    if len(messages) > MESSAGES or len(calls) > CALLS:
        raise PackError("it is too large")
    if not all(map(is_message, messages)):
        raise PackError("a message in it is damaged")
    return book


def _files(file: zipfile.ZipFile) -> set[str]:
    """The names of the blobs in it."""
    entries = [e for e in file.infolist() if e.filename != pack.BOOK]
    if len(entries) > FILES or sum(e.file_size for e in entries) > LIMIT:
        raise PackError("it is too large")
    names = {e.filename for e in entries}
    if any(len(n) != 64 or n.strip("0123456789abcdef") for n in names):
        raise PackError("a file in it has a name that it should not have")
    return names


def _keep(journal: Journal, file: zipfile.ZipFile, name: str, folder: Path) -> None:
    """One blob, if it is what its name says."""
    plain, size = folder / "file.part", 0
    with file.open(name) as entry, open(plain, "wb") as out:
        while piece := entry.read(1 << 20):
            size += len(piece)
            if size > FILE_LIMIT:
                raise PackError("a file in it is too large")
            out.write(piece)
    if not journal.blobs.is_whole(plain, name):
        raise PackError("a file in it is not what its name says")
    journal.blobs.put_file(plain)
    plain.unlink()


def _take(
    journal: Journal, db: Any, call: Any, messages: list[Json], names: set[str], number: int
) -> None:
    """One call. What came beside its words is read as from any journal, damaged or not."""
    _check(call, len(messages))
    said = [journal.texts.with_files(messages[place]) for place in call["messages"]]
    order = call["kind"] in ORDERS
    asked, answer = (said, None) if order else (said[:-1], said[-1])
    if not asked or call["after"] >= len(asked):
        raise PackError("a call in it is damaged")
    request = Asked(
        number.to_bytes(16, "big"),
        float(call["day"] * 86_400),
        call["kind"],
        "sandbox" if call["sandbox"] else _KEPT,
        "",
        call["model"],
        asked,
        call["params"],
        cell=call["cell"],
        after=call["after"],
        pace=call["pace"],
        key=number.to_bytes(8, "big") if order else b"",
    )
    if order:
        files = call["result"].get("files")
        files = [{**f, "path": "", "url": ""} for f in files] if isinstance(files, list) else []
        if not files or not all(f.get("blob") in names for f in files):
            raise PackError("a file that it names is not in it")
        made = journal.calls.order(db, request, call["cost"])
        journal.calls.change(db, made, "done", {"files": files})
        return
    journal.calls.recorded(db, request, answer or {}, call["result"], call["cost"])


def _check(call: Any, messages: int) -> None:
    """Raises PackError for a call of another shape."""
    shape = {
        "kind": str, "day": int, "model": str, "params": dict, "cell": str, "sandbox": bool,
        "result": dict, "pace": str, "messages": list, "after": int,
    }  # fmt: skip
    right = isinstance(call, dict) and all(type(call.get(n)) is t for n, t in shape.items())
    right = right and call["kind"] in ("chat", *ORDERS) and len(call["pace"]) < 1 << 20
    right = right and 0 <= call["day"] < 100_000 and call["after"] >= 0
    right = right and all(type(n) is int and 0 <= n < messages for n in call["messages"])
    cost = call.get("cost") if right else None
    if not right or not (cost is None or (type(cost) in (int, float) and 0 <= cost < 1e6)):
        raise PackError("a call in it is damaged")


def _no_constant(word: str) -> None:
    raise PackError(f"{word} is no number")
