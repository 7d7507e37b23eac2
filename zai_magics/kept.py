"""The files of orders that are done: beside the notebook, with copies in the journal."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from . import media
from .errors import MediaError
from .journal import Record
from .journal.blobs import Blobs
from .types import Clip, Json, Picture


class Kept:
    """`kept.pictures(record, target)` are an order's pictures, free, wherever their files are.

    `changed` is told of a record whose file has a new place.
    """

    def __init__(self, blobs: Blobs, changed: Callable[[Record], object]) -> None:
        self._blobs, self._changed = blobs, changed

    def keep(self, made: Picture | Clip) -> Json:
        """A copy of a file that was fetched; what the journal's record says of it."""
        poster = made.poster if isinstance(made, Clip) else b""
        return {
            "path": str(made.path.absolute()),
            "blob": self._blobs.put_file(made.path),
            "mime": made.mime,
            "url": made.url,
            "elapsed": round(float(made.elapsed), 1),
            "revised": made.revised_prompt if isinstance(made, Picture) else "",
            "poster": self._blobs.put(poster) if poster else "",
            "sandbox": made.sandbox,
        }

    def pictures(self, record: Record, target: Path, there: bool = False) -> list[Picture]:
        """The pictures of an order that is done, from the files that are kept; they cost nothing.

        A file that is gone, changed, or not at `target` where it has to be (`there`), is written
        again. Raises MediaError when the journal's copy is gone too.
        """
        made = []
        for number, file in enumerate(_files(record)):
            path = self._place(record, number, target, there)
            made.append(Picture(path, **_facts(record, file), revised_prompt=file["revised"]))
        return made

    def clip(self, record: Record, target: Path, there: bool = False) -> Clip:
        """The clip of an order that is done, likewise."""
        file = _files(record)[0]
        poster = self._blobs.get(file["poster"]) if file["poster"] else b""
        if not media.is_picture(poster or b""):
            poster = b""
        path = self._place(record, 0, target, there)
        return Clip(path, **_facts(record, file), poster=poster or b"", job_id=record.job)

    def _place(self, record: Record, number: int, target: Path, there: bool) -> Path:
        """Where the file is, made again from the journal's copy if need be."""
        files = _files(record)
        path, copy = Path(files[number]["path"]), self._blobs.path(files[number]["blob"])
        if self._is_kept(path, files[number]) and (not there or _is_at(path, target)):
            return path
        if not self._is_kept(copy, files[number]):
            raise MediaError(
                f"the file {path.name} and the journal's copy of it are gone; --again buys it anew"
                if path.name
                else f"the pack has no {record.kind} that can be shown; ask for the pack anew"
            )
        files[number]["path"] = str(media.copy(copy, target).path.absolute())
        self._changed(record)
        return Path(files[number]["path"])

    def _is_kept(self, path: Path, file: Json) -> bool:
        """Whether the file of an order is there, whole, and of the kind that it was. Of a file that
        is not ours a stranger may know the hash.
        """
        whole = self._blobs.is_whole(path, file["blob"])
        return whole and media.mime_of(path) == file["mime"]


def _is_at(path: Path, target: Path) -> bool:
    """Whether a file has the wanted place and name, a number behind it and its suffix aside."""
    same = path.parent == target.parent.absolute()
    return same and re.sub(r"-\d+$", "", path.stem) in (target.stem, target.name)


def _files(record: Record) -> list[Json]:
    """The files that an order brought. What they are was found out when they were kept; a record
    that says otherwise is not ours.
    """
    files = record.files()
    if not files or any(f["mime"] not in media.MIMES.values() for f in files):
        raise MediaError(f"the journal's record #{record.id} is damaged; --again buys it anew")
    return files


def _facts(record: Record, file: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "url": file["url"],
        "prompt": record.prompt,
        "model": record.model,
        "cost": 0.0,
        "mime": file["mime"],
        "elapsed": file["elapsed"],
        "sandbox": file["sandbox"],
        "stored": True,
    }
