"""Kernels that are killed while they run a cell, and what is looked at afterwards.

`Small` starts in half the time of an ipykernel, which makes hundreds of kills possible; `Whole`
is an ipykernel with the same face.
"""

from __future__ import annotations

import json
import shutil
import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Protocol

from running import RECORD, Kernel, environment

PROGRAM = Path(__file__).with_name("small_kernel.py")
LIMIT = 60.0
LOAD = "%load_ext zai_magics"
Shown = dict[str, Any]


class Victim(Protocol):
    """A kernel that is going to be killed."""

    def begin(self, code: str, cell: str) -> None:
        """Send a cell off."""

    def run(self, code: str, cell: str) -> Shown:
        """Run a cell: `ok`, `error` (its name and text), `rows` of a table, `path` of a file."""

    def shown(self) -> list[Shown]:
        """The bundles that the newest cell has displayed so far."""

    def kill(self) -> None:
        """At once, and read what it had still sent."""


class Small:
    """The small kernel: `Small(folder, environ).run("%%zai chat\\nHi", "cell-1")`."""

    def __init__(self, folder: Path, environ: Mapping[str, str]) -> None:
        self._news = threading.Condition()
        self._lines: list[Shown] = []
        self._over = False
        self._process = subprocess.Popen(
            [sys.executable, str(PROGRAM)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            cwd=folder,
            env=dict(environ),
        )
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()
        self._reply()

    def begin(self, code: str, cell: str) -> None:
        """Send a cell off."""
        with self._news:
            self._lines.clear()
        assert self._process.stdin
        self._process.stdin.write(json.dumps([code, cell]).encode() + b"\n")
        self._process.stdin.flush()

    def run(self, code: str, cell: str) -> Shown:
        """Run a cell to its end."""
        self.begin(code, cell)
        return self._reply()

    def shown(self) -> list[Shown]:
        """The bundles of the newest cell."""
        with self._news:
            return [line["data"] for line in self._lines if "data" in line]

    def kill(self) -> None:
        """What it wrote is in the pipe, and is read to its end."""
        self._process.kill()
        self._process.wait()
        self._reader.join(LIMIT)
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe:
                pipe.close()

    def _reply(self) -> Shown:
        with self._news:
            done = self._news.wait_for(lambda: self._over or self._ended(), LIMIT)
            assert done and self._ended(), "the small kernel did not answer"
            return self._lines[-1]

    def _ended(self) -> bool:
        return bool(self._lines) and "ok" in self._lines[-1]

    def _read(self) -> None:
        assert self._process.stdout
        for line in self._process.stdout:
            with self._news:
                if line.endswith(b"\n"):
                    self._lines.append(json.loads(line))
                self._news.notify_all()
        with self._news:
            self._over = True
            self._news.notify_all()


class Whole:
    """An ipykernel, killed like the small one."""

    def __init__(self, folder: Path, environ: Mapping[str, str]) -> None:
        self.kernel = Kernel(folder, environ).__enter__()
        assert self.kernel.run(LOAD).status == "ok"

    def begin(self, code: str, cell: str) -> None:
        """Send a cell off."""
        self._run = self.kernel.begin(code, cell)

    def run(self, code: str, cell: str) -> Shown:
        """Run a cell to its end."""
        self.begin(code, cell)
        run = self.kernel.end(self._run)
        errors = [f"{e['ename']}: {e['evalue']}" for _, e in run.of("error")]
        return {"ok": run.status == "ok", "error": "".join(errors)}

    def shown(self) -> list[Shown]:
        """The bundles of the newest cell."""
        return [content["data"] for content in self._run.displays]

    def kill(self) -> None:
        """What has arrived by now counts; there may have been more on its way."""
        provisioner: Any = self.kernel.manager.provisioner
        provisioner.process.kill()
        self.kernel.__exit__(None, None, None)


class Notebook:
    """One notebook, its journal and its kernels one after the other, each killed."""

    def __init__(
        self, folder: Path, base_url: str, kind: type[Small] | type[Whole] = Small
    ) -> None:
        self.folder, self.home, self.kind = folder, folder / "home", kind
        self.file = folder / "lesson.ipynb"
        self.environ = environment(
            ZAI_BASE_URL=base_url,
            ZAI_HOME=str(self.home),
            JPY_SESSION_NAME=str(self.file),
            IPYTHONDIR=str(folder / "ipython"),
        )

    def kernel(self) -> Victim:
        """A new kernel on it."""
        return self.kind(self.folder, self.environ)

    def save(self, *cells: tuple[str, str, Sequence[Shown]]) -> None:
        """Save the notebook: cell ids, sources and outputs."""
        save(self.file, *cells)

    @property
    def media(self) -> Path:
        """Where its pictures and clips are."""
        return self.folder / "zai_media"

    def rows(self, sql: str) -> list[tuple[Any, ...]]:
        """What a copy of its journal answers, having been found whole.

        A copy, because whoever opens the file itself repairs it.
        """
        with TemporaryDirectory() as there:
            for path in self.home.glob("journal.db*"):
                if not path.name.endswith("-shm"):
                    shutil.copy(path, there)
            with closing(sqlite3.connect(Path(there) / "journal.db")) as db:
                assert db.execute("pragma integrity_check").fetchall() == [("ok",)]
                if not db.execute("select 1 from sqlite_master where name = 'calls'").fetchone():
                    return []
                return db.execute(sql).fetchall()


def save(path: Path, *cells: tuple[str, str, Sequence[Shown]]) -> None:
    """Write a notebook (version 4.5) of code cells: their ids, sources and outputs."""
    made: list[Shown] = [
        {
            "cell_type": "code",
            "id": cell,
            "metadata": {},
            "execution_count": None,
            "source": source,
            "outputs": [{"metadata": {}, **_saved(output)} for output in outputs],
        }
        for cell, source, outputs in cells
    ]
    book = {"nbformat": 4, "nbformat_minor": 5, "metadata": {}, "cells": made}
    path.write_text(json.dumps(book), "utf-8")


def _saved(output: Shown) -> Shown:
    return {k: v for k, v in output.items() if k != "transient"}


def acknowledged(shown: list[Shown]) -> bool:
    """Whether the final form of an answer was displayed."""
    return any(RECORD in data for data in shown)


def until(happened: Callable[[], object], limit: float = LIMIT) -> bool:
    """Look every half a millisecond; False when it has not happened within `limit` seconds."""
    end = time.monotonic() + limit
    while not happened():
        if time.monotonic() > end:
            return False
        time.sleep(0.0005)
    return True


@contextmanager
def living(notebook: Notebook) -> Iterator[Victim]:
    """A kernel that is ended with the block."""
    kernel = notebook.kernel()
    try:
        yield kernel
    finally:
        kernel.kill()
