"""The journal: every call once, conversations as they are, and the files that were bought.

    journal = Journal()                       # in ZAI_HOME; no file is touched yet
    with journal.write() as db:               # one transaction
        number = journal.calls.chat(db, asked, reply, "complete")
        journal.turns.put(db, conversation, turn)

What the rooms in here do with a connection is done in the transaction of the caller. Everything
raises JournalError when the file cannot be used.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from pathlib import Path

from ..errors import JournalError
from ..files import home
from .asked import Asked as Asked
from .asked import key_of
from .blobs import Blobs
from .calls import Calls
from .forgiving import Forgiving as Forgiving
from .recordings import Recordings
from .rows import Record as Record
from .search import Search
from .store import Store
from .texts import Texts
from .turns import Known as Known
from .turns import Turns

__all__ = ["Asked", "Forgiving", "Journal", "Known", "Record", "home", "key_of"]


class Journal:
    """The journal of a folder: `Journal()` is the user's, in ZAI_HOME.

    Its rooms: `.calls .turns .search .recordings .blobs`. Safe for threads and for several kernels.
    """

    def __init__(self, folder: Path | None = None) -> None:
        self.store = Store(folder or home())
        self.blobs = Blobs(self.store.folder / "blobs")
        self.texts = Texts(self.blobs)
        self.calls = Calls(self.texts)
        self.turns = Turns(self.texts, self.calls)
        self.search = Search(self.calls)
        self.recordings = Recordings(self.calls, self.texts)

    @contextmanager
    def write(self) -> Iterator[sqlite3.Connection]:
        """One transaction, on the disk when the block ends."""
        try:
            with self.store.write() as db:
                yield db
        except BaseException:
            self.texts.forget_memo()
            raise

    def read(self) -> AbstractContextManager[sqlite3.Connection]:
        """Queries."""
        return self.store.read()

    def forget(self, number: int) -> Record | None:
        """Remove a call, its words wherever they stand, and the copies of files that nothing else
        needs; None when there is none. A later request that carried the words has "(forgotten)".
        """
        with self.write() as db:
            record = self.calls.get(db, number)
            if record is None:
                return None
            names = record.blobs()
            self.turns.forget(db, number)
            for message in self.calls.remove(db, number):
                names |= self.texts.forget(db, message)
            self.search.drop_index(db)
            unused = names - self.calls.blobs(db) - self.texts.blobs(db)
        for name in unused:
            self.blobs.remove(name)
        self.store.compact()
        return record

    def find(self, words: str, limit: int, notebook: str = "") -> list[Record]:
        """The newest calls that say all of these words; of all notebooks without one."""
        indexed = False
        if words.strip():
            with suppress(JournalError), self.write() as db:  # one that can only be read has none
                indexed = self.search.index(db)
        with self.read() as db:
            return self.search.find(db, words, limit, notebook, indexed=indexed)

    def close(self) -> None:
        """Close the file; it is opened again when it is needed."""
        self.store.close()
