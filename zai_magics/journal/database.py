"""A connection to the journal's file: what it may do, the tables made, and whether they are ours.

The file may be anybody's: nothing that a file brings along is run, and only tables that are what
`schema.sql` makes are read.
"""

from __future__ import annotations

import functools
import os
import re
import sqlite3
import stat
import time
from collections.abc import Callable, Iterator
from contextlib import closing, suppress
from importlib.resources import files
from pathlib import Path
from typing import TypeVar

T = TypeVar("T")
VERSION = 1
BUSY = 30.0  # seconds that a write waits for another kernel's
OWN_PARTS = ("", "-wal", "-shm", "-journal")
# The full-text index, made by the first search, and the tables that it keeps for itself.
WORDS = "words using fts5(text, content='messages', content_rowid='id')"
# SQLite's own tables: columns and nothing else, whatever its version calls them.
_PLAIN = re.compile(
    r"CREATE TABLE '?(?:words_\w+|sqlite_stat\d)'?"
    r"\([\w ,]*(?:PRIMARY KEY\([\w ,]*\))?\)(?: WITHOUT ROWID)?"
)
_ENOUGH = 3  # tables called as ours are: it is no other program's, but a damaged journal
_BROKEN = ("malformed", "not a database", "disk image")
_HEAD = b"SQLite format 3\0"
_LONGEST = 64 * 1024 * 1024  # bytes of one value: eight times what an answer may have
_STEPS = 10_000  # of SQLite's machine, less than a millisecond

Entry = tuple[str, str, str, str]


class Strange(sqlite3.DatabaseError):
    """The tables are not what this version makes, though they are called so."""


class Foreign(sqlite3.OperationalError):
    """The file is another program's."""


def connect(path: Path, flags: str = "mode=rwc") -> sqlite3.Connection:
    """A connection that Ctrl-C can interrupt: `connect(folder / "journal.db", "mode=ro")`.

    An interrupted query raises OperationalError, by `was_interrupted`. Raises OSError where there
    is no regular file.
    """
    check_regular(path)
    db = sqlite3.connect(
        f"{path.absolute().as_uri()}?{flags}",
        uri=True,
        timeout=BUSY,
        isolation_level=None,
        check_same_thread=False,
    )
    db.execute("pragma trusted_schema = off")  # a file that somebody else has put there
    db.setlimit(sqlite3.SQLITE_LIMIT_LENGTH, _LONGEST)
    # Python looks at signals only where Python runs.
    db.set_progress_handler(lambda: None, _STEPS)
    db.text_factory = lambda content: content.decode("utf-8", "replace")  # a damaged byte
    return db


def check_regular(path: Path) -> None:
    """Raises OSError for what would block whoever opens it: a pipe or a device in the file's place
    or beside it.
    """
    for part in OWN_PARTS:
        with suppress(FileNotFoundError):
            if not stat.S_ISREG(os.stat(f"{path}{part}").st_mode):
                raise OSError(f"{path.name}{part} is not a regular file")


def check_head(path: Path) -> None:
    """SQLite, opening a file that is not its own, would delete the changes beside it."""
    check_regular(path)
    with open(path, "rb") as file:
        head = file.read(len(_HEAD))
    if head and head != _HEAD:
        raise sqlite3.DatabaseError("file is not a database")


def version(db: sqlite3.Connection) -> int:
    """The version that the file says it is of, 0 for a new one."""
    return int(db.execute("pragma user_version").fetchone()[0])


def check_tables(db: sqlite3.Connection, *, newer: bool = False) -> bool:
    """Whether there are tables; raises Strange or Foreign where they are not ours.

    A view in a table's place, a trigger, a computed column run when a table is read or written:
    everything must be what `schema.sql` makes. A newer version may have more beside it.
    """
    rows = db.execute("select type, name, tbl_name, sql from sqlite_master")
    found = {(kind, name, table, _plain(sql)) for kind, name, table, sql in rows}
    missing, more = _ours() - found, found - _ours()
    if not found or (not missing and (newer or all(map(_is_index, more)))):
        return bool(found)
    known = {name for kind, name, _, _ in _ours() if kind == "table"}
    if newer or len(known & {name for _, name, _, _ in found}) >= _ENOUGH:
        raise Strange("malformed: its tables are not those of a journal")
    raise Foreign("it belongs to another program")


def make_tables(db: sqlite3.Connection) -> None:
    """The tables in a new file, once, however many kernels find it new."""
    db.execute("begin immediate")
    try:
        if not check_tables(db):
            for statement in _schema():
                db.execute(statement)
        db.execute(f"pragma user_version = {VERSION}")
        db.execute("commit")
    except BaseException:
        db.rollback()
        raise


def patiently(act: Callable[[], T]) -> T:
    """Again while another kernel holds the lock: SQLite does not wait everywhere by itself."""
    until = time.monotonic() + BUSY
    while True:
        try:
            return act()
        except sqlite3.OperationalError as error:
            if "locked" not in str(error) or time.monotonic() > until:
                raise
        time.sleep(0.02)


def is_broken(error: Exception) -> bool:
    """Whether the file itself is at fault, and not the disk or another kernel."""
    if isinstance(error, UnicodeDecodeError):  # in the tables' own description
        return True
    return isinstance(error, sqlite3.DatabaseError) and any(w in str(error) for w in _BROKEN)


def was_interrupted(error: Exception) -> bool:
    """Whether a KeyboardInterrupt ended the query: SQLite says it in words of its own."""
    return isinstance(error, sqlite3.OperationalError) and str(error) == "interrupted"


def _schema() -> Iterator[str]:
    """The statements one by one: `executescript` would end the transaction."""
    text = files(__package__).joinpath("schema.sql").read_text("utf-8")
    statement = ""
    for line in text.splitlines(keepends=True):
        statement += line
        if sqlite3.complete_statement(statement):
            yield statement
            statement = ""


@functools.cache
def _ours() -> frozenset[Entry]:
    """What a new journal has in `sqlite_master`."""
    with closing(sqlite3.connect(":memory:")) as db:
        for statement in _schema():
            db.execute(statement)
        rows = db.execute("select type, name, tbl_name, sql from sqlite_master").fetchall()
    return frozenset((kind, name, table, _plain(sql)) for kind, name, table, sql in rows)


def _plain(sql: object) -> str:
    """A statement without comments and line ends, which may change from version to version."""
    return " ".join(re.sub(r"--[^\n]*", " ", sql).split()) if isinstance(sql, str) else ""


def _is_index(entry: Entry) -> bool:
    """Whether SQLite made this for a search, or as an index of what is looked at itself."""
    kind, name, _, sql = entry
    if kind == "index":
        return not sql
    return kind == "table" and (
        (name == "words" and sql == f"CREATE VIRTUAL TABLE {WORDS}") or bool(_PLAIN.fullmatch(sql))
    )
