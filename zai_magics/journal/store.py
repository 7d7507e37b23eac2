"""The journal's SQLite file: opened when first used, shared by kernels, never in the way.

A file that is broken is moved aside and kept, one of a newer version is only read, and what
cannot be written is said in a JournalError, which no answer waits for.
"""

from __future__ import annotations

import os
import sqlite3
import threading
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager, nullcontext, suppress
from pathlib import Path

from ..errors import JournalError
from . import database

NAME = "journal.db"


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
        self._lost = False

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

    def begun_anew(self) -> bool:
        """Whether what was known is lost since this was last asked: a broken file was set aside."""
        with suppress(JournalError), self.read():
            pass  # it is found broken when it is opened
        lost, self._lost = self._lost, False
        return lost

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
            if database.is_broken(failure):
                self._set_aside(failure)
            elif isinstance(failure, sqlite3.OperationalError):
                self.close()  # the next use looks anew: the disk may be there again
        except (sqlite3.Error, OSError) as error:  # Windows moves no file that another has open
            failure = error
        if database.was_interrupted(failure):
            raise KeyboardInterrupt
        raise JournalError(
            f"the journal {self.path} cannot be used ({failure}); "
            "free space, check its permissions, or set ZAI_HOME to another folder"
        )

    def _open(self) -> sqlite3.Connection:
        try:
            self._create()
            database.check_head(self.path)
            return self._newer_one() or self._prepared()
        except (sqlite3.DatabaseError, UnicodeError) as error:
            if database.is_broken(error):
                self._set_aside(error)
                self._create()
                return self._prepared()
            if database.was_interrupted(error):
                raise
            failure: Exception = error
        except OSError as error:
            failure = error
        for flags in ("mode=ro", "mode=ro&immutable=1"):  # a folder that cannot be written
            with suppress(sqlite3.Error, OSError):
                return self._checked(database.connect(self.path, flags))
        raise failure

    def _create(self) -> None:
        """The file and its folder, for this user alone, before SQLite makes them for everyone."""
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        if self.path.exists():
            return
        # Who is moving a broken one away would take what is beside a new one with it.
        with self._moving() if self._mover.exists() else nullcontext(), suppress(FileExistsError):
            os.close(os.open(self.path, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o600))

    @property
    def _mover(self) -> Path:
        return self.folder / "moving.db"

    @contextmanager
    def _moving(self) -> Iterator[None]:
        """One kernel at a time: SQLite's own lock, on a file beside it, works on every system."""
        with closing(database.connect(self._mover)) as lock:
            database.patiently(lambda: lock.execute("begin exclusive"))
            yield

    def _newer_one(self) -> sqlite3.Connection | None:
        """The file only for reading if it is of a newer version: not even tidied up."""
        if not self.path.stat().st_size:
            return None
        db = database.connect(self.path, "mode=ro")
        # Where its maker was killed it must be mended first, which takes one that may write.
        with suppress(sqlite3.OperationalError):
            if database.version(db) > database.VERSION:
                return self._checked(db)
        db.close()
        return None

    def _prepared(self) -> sqlite3.Connection:
        """A connection with its settings, and the tables made."""
        db = database.connect(self.path)
        try:
            self._checked(db)
            if self._newer:
                return db
            if db.execute("pragma journal_mode").fetchone()[0] != "wal":
                database.patiently(lambda: db.execute("pragma journal_mode = wal").fetchone())
            db.execute("pragma synchronous = full")
            db.execute("pragma cache_size = -200")
            db.execute("pragma secure_delete = on")  # what is forgotten is in no free page
            if database.version(db) != database.VERSION or not database.check_tables(db):
                database.patiently(lambda: database.make_tables(db))
            db.execute("select name from facts limit 1").fetchone()  # whether it can be read
            return db
        except BaseException:
            db.close()
            raise

    def _checked(self, db: sqlite3.Connection) -> sqlite3.Connection:
        """The connection, where the file has the tables that it should; else it is closed."""
        try:
            self._newer = database.version(db) > database.VERSION
            there = database.check_tables(db, newer=self._newer)
            if not there and self._newer:
                raise database.Strange("it is empty")
            return db
        except BaseException as error:
            db.close()
            if self._newer and isinstance(error, database.Strange):
                raise JournalError(
                    f"{self.path} belongs to a newer zai_magics and cannot be read by this one; "
                    "upgrade it, or set ZAI_HOME to another folder"
                ) from None
            raise

    def _set_aside(self, error: Exception) -> None:
        """Move a broken file away, once, however many kernels find it broken."""
        self.close()
        with self._moving():
            if self._is_sound():  # another kernel was faster
                return
            stamp = time.strftime("%Y%m%d-%H%M%S", time.gmtime())
            while os.path.exists(f"{self.path}.broken-{stamp}"):
                stamp += "x"
            for part in database.OWN_PARTS:
                with suppress(FileNotFoundError):
                    os.rename(f"{self.path}{part}", f"{self.path}.broken-{stamp}{part}")
        self._lost = True
        self._warning = (
            f"the journal was broken ({error}); it is kept as {NAME}.broken-{stamp} "
            f"in {self.folder}, and a new one was begun"
        )

    def _is_sound(self) -> bool:
        try:
            database.check_head(self.path)
            db = database.connect(self.path, "mode=rw")
        except FileNotFoundError:  # another kernel has moved it, and is about to begin a new one
            return True
        except sqlite3.Error:
            return False
        try:
            database.check_tables(db)
            return bool(db.execute("pragma quick_check(1)").fetchone()[0] == "ok")
        except (sqlite3.DatabaseError, UnicodeError):
            return False
        finally:
            db.close()
