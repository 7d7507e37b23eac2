"""Packs: a notebook's calls and media in one file, for machines without a key or a network.

A `.zai` file is a ZIP with `pack.json` and the files by their SHA-256. What goes in is named here
one by one; what comes out is a stranger's: its shape is checked, its size bounded, its files
believed by their hash alone, and the rest read as any journal is.
"""

from __future__ import annotations

import json
import zipfile
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ..errors import PackError
from ..files import part
from ..journal import Journal, Record
from ..journal.asked import WHO
from ..journal.blobs import hash_of
from ..journal.content import blobs_in
from ..journal.rows import ORDERS
from ..text import plural
from ..types import Json

FORMAT = 1
MARK = "zai_magics_pack"
BOOK = "pack.json"
_DAY = 86_400
# Of what came beside the words: no address, no job, nothing that names who asked.
_RESULT = (
    "thinking", "tools", "usage", "finish_reason", "elapsed", "thought_for", "sandbox", "sources",
    "answered", "nth",
)  # fmt: skip
_FILE = ("blob", "mime", "elapsed", "revised", "poster", "sandbox")
_DATE = (1980, 1, 1, 0, 0, 0)  # the first that ZIP knows: the same calls are the same bytes


@dataclass
class Pack:
    """What a pack holds. `messages` are those of all calls, each once; a call names them by their
    places. `files` are the names of the blobs. `left_out` calls are of cells that the saved
    notebook does not have, or were asked with the words of one.
    """

    messages: list[Json] = field(default_factory=list)
    calls: list[Json] = field(default_factory=list)
    files: set[str] = field(default_factory=set)
    left_out: int = 0

    def to_json(self) -> str:
        """`pack.json`, the same for the same content."""
        found = {MARK: FORMAT, "messages": self.messages, "calls": self.calls}
        return json.dumps(found, sort_keys=True, separators=(",", ":"), ensure_ascii=False)

    def count(self) -> str:
        """What is in it, in words."""
        named = (("chat", "answer"), ("image", "picture"), ("video", "clip"))
        counts = ((sum(call["kind"] == kind for call in self.calls), name) for kind, name in named)
        words = [plural(count, name) for count, name in counts if count] or [plural(0, "answer")]
        return " and ".join(filter(None, (", ".join(words[:-1]), words[-1])))


def of_notebook(
    journal: Journal,
    notebook: str,
    holds_key: Callable[[str], bool],
    cells: Collection[str] | None = None,
    since: int = 0,
) -> Pack:
    """A notebook's calls, of each the newest. `cells` are the ids that the saved notebook has: what
    a deleted cell asked stays out, and what was asked with its words. `since` leaves out older
    calls. Raises PackError where the key stands in one.
    """
    pack, places = Pack(), {}
    with journal.read() as db:
        gone, pack.left_out = _gone(journal, db, notebook, cells, since)
        for record in _records(journal, db, notebook, cells, since):
            if gone.intersection(journal.texts.path(db, record.asked)):
                pack.left_out += 1
                continue
            asked = journal.texts.messages(db, record.asked)
            reply = None if record.kind in ORDERS else journal.calls.reply(db, record).message()
            places_of = []
            for message in [*asked, *([reply] if reply else [])]:
                plain = journal.texts.without_files(message)
                said = json.dumps(plain, sort_keys=True, ensure_ascii=False)
                if said not in places:
                    _without_key(record, said, holds_key)
                    places[said] = len(pack.messages)
                    pack.messages.append(plain)
                    pack.files |= blobs_in(said)
                places_of.append(places[said])
            call = _call(record, journal.calls.pace(db, record.id))
            _without_key(record, json.dumps(call, ensure_ascii=False), holds_key)
            after = record.result.get("after", 0)
            pack.calls.append({**call, "messages": places_of, "after": after})
            pack.files |= record.blobs()
    return pack


def write(pack: Pack, journal: Journal, path: Path) -> int:
    """Write the file, whole or not at all; gives its size in bytes. Raises PackError, and where
    something else than a pack would be lost.
    """
    if path.exists() and not (path.is_file() and _is_pack(path)):  # a pipe would be waited for
        raise PackError(f"{path.name} is there and is no pack; give another name")
    try:
        with part(path.parent, ()) as made:
            with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as file:
                file.writestr(_entry(BOOK, zipfile.ZIP_DEFLATED), pack.to_json())
                for name in sorted(pack.files):
                    source = journal.blobs.path(name)
                    if not journal.blobs.is_whole(source, name):
                        raise PackError(
                            f"the journal's copy of a file is gone ({name[:8]}); run the cell "
                            "that made it with --again"
                        )
                    with open(source, "rb") as content, file.open(_entry(name), "w") as entry:
                        while piece := content.read(1 << 20):
                            entry.write(piece)
            made.replace(path)
            return path.stat().st_size
    except OSError as error:
        raise PackError(f"{path.name} cannot be written ({error.strerror or error})") from None


def digest(path: Path) -> str:
    """By what a pack is known. Raises PackError."""
    try:
        return hash_of(path)
    except OSError as error:
        raise PackError(f"{path.name} cannot be read ({error.strerror or error})") from None


def _records(
    journal: Journal, db: Any, notebook: str, cells: Collection[str] | None, since: int
) -> Iterator[Record]:
    """The calls that go in, oldest first: of the same chat in the same place the newest, and what
    was shown again as the order that it was.
    """
    where = "c.notebook = ? and c.id > ?"
    newest: dict[Any, Record] = {}
    first: dict[Any, int] = {}
    for record in journal.calls.newest(db, -1, where, (notebook, since)):
        if cells is not None and record.cell and record.cell not in cells:
            continue
        if record.kind == "restored":  # nobody knows with which options it was asked
            continue
        slot: Any = record.id
        if record.kind == "stored":
            slot = record.result.get("of", 0)
            order = newest.get(slot) or journal.calls.get(db, slot)
            if order is None or order.kind not in ORDERS:
                continue
            record = order
        elif record.kind not in ORDERS:
            slot = (record.key, record.cell, record.result.get("nth", 0))
        if record.state == ("done" if record.kind in ORDERS else "complete"):
            newest.setdefault(slot, record)
            first[slot] = record.id
    # As the cells came to ask, whichever of them was run again: in another notebook, where cells
    # have other ids, those that ask the same are told apart by their order.
    yield from (newest[slot] for slot in sorted(newest, key=lambda slot: first[slot]))


def _gone(
    journal: Journal, db: Any, notebook: str, cells: Collection[str] | None, since: int
) -> tuple[set[int], int]:
    """The messages that only deleted cells have brought, and how many calls these made."""
    gone: set[int] = set()
    there: set[int] = set()
    calls = 0
    where = "c.notebook = ? and c.id > ? and c.kind != 'stored'"
    for record in journal.calls.newest(db, -1, where, (notebook, since)):
        deleted = cells is not None and record.cell and record.cell not in cells
        calls += bool(deleted)
        (gone if deleted else there).update(journal.calls.own(db, record))
    return gone - there, calls


def _without_key(record: Record, text: str, holds_key: Callable[[str], bool]) -> None:
    if holds_key(text):
        raise PackError(
            f"call {record.id} holds your API key; %zai log --forget {record.id} takes it out"
        )


def _call(record: Record, pace: str) -> Json:
    """A call without its words: what is in a pack of it."""
    if record.kind in ORDERS:
        files = [{name: f[name] for name in _FILE} for f in record.files()]
        result: Json = {"files": files}
    else:
        result = {n: record.result[n] for n in _RESULT if record.result.get(n) is not None}
    saved = record.result.get("saved") if record.kind == "replay" else record.cost
    return {
        "kind": record.kind if record.kind in ORDERS else "chat",
        "day": int(record.at // _DAY),
        "model": record.model,
        "params": {n: value for n, value in record.params.items() if n not in WHO},
        "cell": record.cell,
        "sandbox": record.endpoint == "sandbox",
        "cost": saved,
        "result": result,
        "pace": pace,
    }


def _entry(name: str, method: int = zipfile.ZIP_STORED) -> zipfile.ZipInfo:
    made = zipfile.ZipInfo(name, _DATE)
    made.compress_type, made.external_attr, made.create_system = method, 0o600 << 16, 3
    return made


def _is_pack(path: Path) -> bool:
    try:
        with zipfile.ZipFile(path) as file:
            return BOOK in file.namelist()
    except (OSError, zipfile.BadZipFile, NotImplementedError):
        return False
