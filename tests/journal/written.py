"""Calls in a journal: write one, read them all, look for words in the bytes of its files."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from zai_magics.journal import Asked, Journal
from zai_magics.types import Call, Reply, Usage

ROOT = Path(__file__).resolve().parents[2]
NOTEBOOK = "/home/someone/lesson.ipynb"
Messages = Sequence[dict[str, Any]]


def asked(words: Any, context: Messages = (), **more: Any) -> Asked:
    """A request with these words at its end; `more` are other fields of Asked."""
    messages = [*context, {"role": "user", "content": words}]
    given = {"at": 1_700_000_000.0, "notebook": NOTEBOOK, "uid": os.urandom(16), **more}
    return Asked(
        kind="chat", endpoint="https://api.test", model="glm-4.7", messages=messages, **given
    )


def replied(one: Asked, answer: str) -> Reply:
    """An answer to it."""
    call = Call("glm-4.7", Usage(10, 20, 3, 4), 0.0014, "stop", 2.125, 0.5, "r-1")
    return Reply(answer, call, "a thought", asked=one.messages)


def chat(
    journal: Journal, words: Any, answer: str = "ok", context: Messages = (), **more: Any
) -> int:
    """Write a chat down; gives its number."""
    one = asked(words, context, **more)
    with journal.write() as db:
        return journal.calls.chat(db, one, replied(one, answer), "complete")


def opened(journal: Journal, number: int) -> Reply:
    """A chat's value, read back."""
    with journal.read() as db:
        record = journal.calls.get(db, number)
        assert record is not None
        return journal.calls.reply(db, record)


def prompts(journal: Journal) -> list[str]:
    """The prompts of all calls, newest first."""
    with journal.read() as db:
        return [record.prompt for record in journal.search.find(db, "", 1_000_000)]


def holding(folder: Path, *words: str) -> list[str]:
    """The files below a folder whose bytes have one of these words."""
    files = [path for path in sorted(folder.rglob("*")) if path.is_file()]
    return [
        str(path.relative_to(folder))
        for path in files
        if any(word.encode() in path.read_bytes() for word in words)
    ]


def process(code: str, folder: Path, *words: str, **more: Any) -> subprocess.Popen[str]:
    """Another Python that has `journal`, this folder's, and `chat` and `prompts` for it."""
    here = str(Path(__file__).parent)
    before = (
        f"import os, sys; sys.path[:0] = [{str(ROOT)!r}, {here!r}]\n"
        "from pathlib import Path\n"
        "from written import chat, opened, prompts\n"
        "from zai_magics.errors import JournalError\n"
        "from zai_magics.journal import Journal\n"
        f"journal = Journal(Path({str(folder)!r}))\n"
    )
    return subprocess.Popen(
        [sys.executable, "-c", before + code, *words],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        **more,
    )


def ended(one: subprocess.Popen[str]) -> str:
    """What a process printed, which must have ended well."""
    out, err = one.communicate(timeout=60)
    assert one.returncode == 0, err
    return out
