"""The journal's SQLite file: opened when first used, shared by kernels, never in the way.

A file that is broken is moved aside and kept, one of a newer version is only read, and what
cannot be written is said in a JournalError, which no answer waits for.
"""

from __future__ import annotations

import os
import sqlite3
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from importlib.resources import files
from pathlib import Path
from typing import TypeVar

from ..errors import JournalError

T = TypeVar("T")
VERSION = 1
NAME = "journal.db"
BUSY = 30.0  # seconds that a write waits for another kernel's
_BROKEN = ("malformed", "not a database", "disk image")
_OWN_PARTS = ("", "-wal", "-shm", "-journal")
_HEAD = b"SQLite format 3\0"


def home() -> Path:
    """Where the journal lives: ZAI_HOME, else `.zai_magics` in the user's folder."""
    named = os.environ.get("ZAI_HOME", "").strip()
    return Path(named).expanduser().absolute() if named else Path.home() / ".zai_magics"


class Store:
    """One connection to the file: `with store.write() as db: db.execute(…)`.

    `store.told()` is what the user should know about the file, such as that a broken one was moved
    aside.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._warning = ""
        self._lock = threading.RLock()
        self._db: sqlite3.Connection | None = None
        self._pid = os.getpid()
        self._newer = False

    @property
    def path(self) -> Path:
        """The file."""
        return self.folder / NAME

    @contextmanager
    def write(self) -> Iterator[sqlite3.Connection]:
        """One transaction: on the disk when the block ends, or nothing of it. JournalError."""
        with self._own_lock(), self._failures():
            db = self._connection()
            if self._newer:
                raise JournalError(
                    f"{self.path} belongs to a newer zai_magics and is only read; "
                    "upgrade this one, or set ZAI_HOME to another folder"
                )
            try:
                if db.in_transaction:  # an interrupt came between its end and the rollback
                    db.rollback()
                db.execute("begin immediate")
                yield db
                db.execute("commit")
            except BaseException:
                db.rollback()
                raise

    @contextmanager
    def read(self) -> Iterator[sqlite3.Connection]:
        """Queries. Raises JournalError when there is nothing that can be read."""
        with self._own_lock(), self._failures():
            yield self._connection()

    def told(self) -> str:
        """What there is to know about the file, once; "" for nothing."""
        told, self._warning = self._warning, ""
        return told

    def compact(self) -> None:
        """Take what was deleted out of the file and out of its log of changes."""
        with self._own_lock(), self._failures():
            self._connection().execute("pragma wal_checkpoint(truncate)")

    def close(self) -> None:
        """Close the file; it is opened again when it is needed."""
        with self._own_lock(), suppress(sqlite3.Error):
            if self._db is not None:
                self._db.close()
            self._db = None

    def _own_lock(self) -> threading.RLock:
        """This process's lock: a forked one has a copy of its parent's, perhaps locked for ever,
        and a connection that it must not use.
        """
        if self._pid != os.getpid():
            self._lock, self._db, self._pid = threading.RLock(), None, os.getpid()
        return self._lock

    def _connection(self) -> sqlite3.Connection:
        if self._db is None:
            self._db = self._open()
        return self._db

    @contextmanager
    def _failures(self) -> Iterator[None]:
        """SQLite's errors as one line, and a broken file out of the way."""
        try:
            yield
        except (sqlite3.Error, OSError, UnicodeError) as error:
            failure: Exception = error
        else:
            return
        try:
            if _is_broken(failure):
                self._set_aside(failure)
            elif isinstance(failure, sqlite3.OperationalError):
                self.close()  # the next use looks anew: the disk may be there again
        except (sqlite3.Error, OSError) as error:  # Windows moves no file that another has open
            failure = error
        raise JournalError(
            f"the journal {self.path} cannot be used ({failure}); "
            "free space, check its permissions, or set ZAI_HOME to another folder"
        )

    def _open(self) -> sqlite3.Connection:
        try:
            self._create()
            self._check_head()
            return self._newer_one() or self._prepared(_connect(self.path))
        except (sqlite3.DatabaseError, UnicodeError) as error:
            if _is_broken(error):
                self._set_aside(error)
                self._create()
                return self._prepared(_connect(self.path))
            failure: Exception = error
        except OSError as error:
            failure = error
        for flags in ("mode=ro", "mode=ro&immutable=1"):  # a folder that cannot be written
            with suppress(sqlite3.Error):
                db = _connect(self.path, flags)
                db.execute("select count(*) from facts")
                return db
        raise failure

    def _create(self) -> None:
        """The file and its folder, for this user alone, before SQLite makes them for everyone."""
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        with suppress(FileExistsError):
            os.close(os.open(self.path, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o600))

    def _check_head(self) -> None:
        """SQLite, opening a file that is not its own, would delete the changes beside it."""
        with open(self.path, "rb") as file:
            head = file.read(len(_HEAD))
        if head and head != _HEAD:
            raise sqlite3.DatabaseError("file is not a database")

    def _newer_one(self) -> sqlite3.Connection | None:
        """The file only for reading if it is of a newer version: not even tidied up."""
        if not self.path.stat().st_size:
            return None
        db = _connect(self.path, "mode=ro")
        try:
            self._newer = db.execute("pragma user_version").fetchone()[0] > VERSION
        except sqlite3.OperationalError:  # whoever made it was killed: it must be mended first
            self._newer = False
        if self._newer:
            return db
        db.close()
        return None

    def _prepared(self, db: sqlite3.Connection) -> sqlite3.Connection:
        """The connection with its settings, and the tables made."""
        try:
            _check_schema(db)
            if db.execute("pragma journal_mode").fetchone()[0] != "wal":
                _patiently(lambda: db.execute("pragma journal_mode = wal").fetchone())
            db.execute("pragma synchronous = full")
            db.execute("pragma cache_size = -200")
            db.execute("pragma secure_delete = on")  # what is forgotten is in no free page
            if not db.execute("pragma user_version").fetchone()[0]:
                _patiently(lambda: _make_tables(db))
            db.execute("select name from facts limit 1").fetchone()
            return db
        except BaseException:
            db.close()
            raise

    def _set_aside(self, error: Exception) -> None:
        """Move a broken file away, once, however many kernels find it broken."""
        self.close()
        # SQLite's own lock, on a file beside it, works on every system.
        with closing(_connect(self.folder / "moving.db")) as lock:
            _patiently(lambda: lock.execute("begin exclusive"))
            if self._is_sound():  # another kernel was faster
                return
            stamp = time.strftime("%Y%m%d-%H%M%S", time.gmtime())
            while os.path.exists(f"{self.path}.broken-{stamp}"):
                stamp += "x"
            for part in _OWN_PARTS:
                with suppress(FileNotFoundError):
                    os.rename(f"{self.path}{part}", f"{self.path}.broken-{stamp}{part}")
        self._warning = (
            f"the journal was broken ({error}); it is kept as {NAME}.broken-{stamp} "
            f"in {self.folder}, and a new one was begun"
        )

    def _is_sound(self) -> bool:
        try:
            self._check_head()
            db = _connect(self.path, "mode=rw")
            _check_schema(db)
        except (sqlite3.Error, FileNotFoundError):
            return False
        try:
            return bool(db.execute("pragma quick_check(1)").fetchone()[0] == "ok")
        except (sqlite3.DatabaseError, UnicodeError):
            return False
        finally:
            db.close()


def _connect(path: Path, flags: str = "mode=rwc") -> sqlite3.Connection:
    db = sqlite3.connect(
        f"{path.absolute().as_uri()}?{flags}",
        uri=True,
        timeout=BUSY,
        isolation_level=None,
        check_same_thread=False,
    )
    db.execute("pragma trusted_schema = off")  # a file that somebody else has put there
    db.text_factory = lambda content: content.decode("utf-8", "replace")  # a damaged byte
    return db


def _make_tables(db: sqlite3.Connection) -> None:
    db.execute("begin immediate")
    try:
        if not db.execute("pragma user_version").fetchone()[0]:  # another kernel was faster
            for statement in _schema():
                db.execute(statement)
            db.execute(f"pragma user_version = {VERSION}")
        db.execute("commit")
    except BaseException:
        db.rollback()
        raise


def _check_schema(db: sqlite3.Connection) -> None:
    """Raises DatabaseError for a file that somebody has made for us: ours has no views or triggers,
    which would run when a table is read; and OperationalError for another program's.
    """
    found = dict(db.execute("select name, type from sqlite_master"))
    if {"view", "trigger"} & set(found.values()):
        raise sqlite3.DatabaseError("malformed: it has views or triggers")
    if found and "messages" not in found:
        raise sqlite3.OperationalError("it belongs to another program")


def _schema() -> Iterator[str]:
    """The statements one by one: `executescript` would end the transaction."""
    text = files(__package__).joinpath("schema.sql").read_text("utf-8")
    statement = ""
    for line in text.splitlines(keepends=True):
        statement += line
        if sqlite3.complete_statement(statement):
            yield statement
            statement = ""


def _patiently(act: Callable[[], T]) -> T:
    """Again while another kernel holds the lock: SQLite does not wait everywhere by itself."""
    until = time.monotonic() + BUSY
    while True:
        try:
            return act()
        except sqlite3.OperationalError as error:
            if "locked" not in str(error) or time.monotonic() > until:
                raise
        time.sleep(0.02)


def _is_broken(error: Exception) -> bool:
    if isinstance(error, UnicodeDecodeError):  # in the tables' own description
        return True
    return isinstance(error, sqlite3.DatabaseError) and any(w in str(error) for w in _BROKEN)
