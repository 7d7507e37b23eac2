"""Notebooks of a few cells for the tests: run them whole, save them, and see what they leave."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from pathlib import Path

from shell_cells import Cells, Ran

from zai_magics.render.reply import RECORD, record
from zai_magics.types import Call, Reply

Book = Mapping[str, str]


def run_all(cells: Cells, book: Book) -> list[Ran]:
    """Every cell in its order; each must succeed, or Run All would stop there."""
    ran = []
    for cell, code in book.items():
        ran.append(cells.run(code, cell))
        assert ran[-1].ok, f"{cell}: {code}: {ran[-1].error}"
    return ran


def shown(ran: Ran) -> str:
    """What a cell shows in the end: what it printed, and the text of each display once."""
    last = {d.get("transient", {}).get("display_id", n): d for n, d in enumerate(ran.displays)}
    return ran.out + "\n".join(str(d["data"].get("text/plain", "")) for d in last.values())


def save(path: Path, book: Book) -> Path:
    """Write the .ipynb as a front-end does, with the cells' ids."""
    cells = [
        {
            "cell_type": "code",
            "id": cell,
            "metadata": {},
            "execution_count": None,
            "source": code,
            "outputs": [],
        }
        for cell, code in book.items()
    ]
    book_json = {"nbformat": 4, "nbformat_minor": 5, "metadata": {}, "cells": cells}
    path.write_text(json.dumps(book_json), "utf-8")
    return path


def carrying(path: Path, *conversations: str, words: str = "q") -> Path:
    """Save a notebook whose outputs carry a turn of each of these conversations."""
    cells = []
    for number, name in enumerate(conversations):
        asked = [{"role": "user", "content": f"{words}{number}"}]
        said = Reply(f"answer {number}", Call("glm-4.7", conversation=name), asked=asked)
        data = {RECORD: record(said), "text/plain": str(said)}
        outputs = [{"output_type": "display_data", "data": data, "metadata": {}}]
        cell = {"cell_type": "code", "id": f"c{number}", "metadata": {}, "outputs": outputs}
        cells.append(cell | {"execution_count": None, "source": f"%%zai\n{words}{number}"})
    book = {"nbformat": 4, "nbformat_minor": 5, "metadata": {}, "cells": cells}
    path.write_text(json.dumps(book), "utf-8")
    return path


def saved_at(path: Path, seconds: float) -> None:
    """As if the file had been saved then (seconds since 1970)."""
    os.utime(path, (seconds, seconds))


def turns(cells: Cells) -> list[str]:
    """The current conversation's prompts."""
    return [t.prompt.removeprefix("[[echo]]") for t in cells.zai.session.conversation.turns]


def held(cells: Cells) -> dict[str, list[str]]:
    """All conversations by name, each with its prompts, as `%zai use` would give them."""
    conversations = cells.zai.session.conversations
    return {
        name: [t.prompt.removeprefix("[[echo]]") for t in conversations.named(name).turns]
        for name in sorted(conversations.names())
    }


def stored(cells: Cells) -> dict[str, list[str]]:
    """The same as the journal has it."""
    session = cells.zai.session
    with session.journal.read() as db:
        known = session.journal.turns.known(db, session.scope())
        loaded = [session.journal.turns.load(db, one) for one in known]
    return {
        one.name: [t.prompt.removeprefix("[[echo]]") for t in one.turns]
        for one in sorted(loaded, key=lambda one: one.name)
    }


def restart(cells: Cells) -> None:
    """A new kernel in the place of the old: nothing is kept but the journal and the files."""
    base_url, timing = cells.zai.session.connection.base_url, cells.zai.session.timing
    cells.shell.run_cell("%unload_ext zai_magics\n%load_ext zai_magics")
    cells.zai.session.connection.base_url, cells.zai.session.timing = base_url, timing
