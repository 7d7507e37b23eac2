"""`.ipynb`: a notebook that asks the conversation again, cell by cell, with its answers saved.

Its outputs carry the same record as any notebook's, so that the turns can be read back from it.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator
from pathlib import Path

from .. import notebook
from ..conversation import Conversation, Turn
from ..render import parts, safe
from ..render.bundle import both
from ..render.reply import RECORD, record
from ..text import plural
from ..types import Call, Json, Reply
from .cell import options
from .common import VERSION, to_json
from .script import literal

# What a cell cannot be trusted to keep: front-ends turn \r into \n, and no message to a kernel
# can carry half a character.
_UNKEPT = re.compile("[\x00-\x08\x0b-\x1f\x7f\ud800-\udfff]")
_NOTES = {"incomplete": "incomplete: it broke off here"}


def text(conversation: Conversation) -> str:
    """The notebook as JSON (nbformat 4.5)."""
    cells = [_code("load", "%load_ext zai_magics")]
    if conversation.system:
        cells += _asked("system", "%%zai system", conversation.system)
    for number, turn in enumerate(conversation.turns, 1):
        cells += _turn(number, turn, conversation.name or "main")
    metadata = {
        "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
        "language_info": {"name": "python"},
        "zai_magics": {"export": VERSION},
    }
    return to_json({"cells": cells, "metadata": metadata, "nbformat": 4, "nbformat_minor": 5}, 1)


def is_ours(path: Path) -> bool:
    """Whether a notebook's metadata say that it is such an export."""
    book = notebook.read_json(path)
    metadata = book.get("metadata") if isinstance(book, dict) else None
    mark = metadata.get("zai_magics") if isinstance(metadata, dict) else None
    return isinstance(mark, dict) and type(mark.get("export")) is int


def _turn(number: int, turn: Turn, name: str) -> Iterator[Json]:
    linked, lost = _images(turn)
    if not turn.prompt.strip():
        what = "of images alone; it is left out here, since a cell cannot hold them"
        yield _note(f"Turn {number} was {what}.")
        return
    if lost:
        images = plural(lost, "image")
        yield _note(
            f"Turn {number} was asked with {images}, which a cell cannot hold. "
            "To ask it again, put `-a PATH` before the prompt."
        )
    *before, cell = _asked(f"turn{number}", "%%zai chat", turn.prompt, options(turn, linked))
    yield from before
    yield {**cell, "outputs": [_output(turn, name)]}


def _images(turn: Turn) -> tuple[list[str], int]:
    """The pictures that a cell can name, which are those on the web, and how many others."""
    if isinstance(turn.user, str):
        return [], 0
    urls = [part.get("image_url", {}).get("url", "") for part in turn.user]
    linked = [url for url in urls if re.fullmatch(r"https?://[!-~]+", url) and "{{" not in url]
    return linked, turn.attachments - len(linked)


def _asked(name: str, magic: str, said: str, more: tuple[str, ...] = ()) -> Iterator[Json]:
    """The cell that says a text byte for byte; one that a cell would change comes by a variable."""
    body, raw = said, "{{" in said
    if _UNKEPT.search(said):
        variable = f"zai_{name}"
        yield _code(name, f"{variable} = {literal(said)}")
        body, raw = f"{{{{ {variable} }}}}", False
    line = " ".join((magic, *more, *(["--raw"] if raw else [])))
    # IPython ends every cell with a newline, which the magic takes away again.
    yield _code(name, f"{line}\n{body}{chr(10) if body.endswith(chr(10)) else ''}")


def _output(turn: Turn, name: str) -> Json:
    note = _NOTES.get(turn.state, "" if turn.state == "complete" else turn.state)
    content = turn.user if isinstance(turn.user, str) else list(turn.user)
    call = Call(turn.model, note=note, conversation=name)
    said = Reply(turn.reply, call, asked=[{"role": "user", "content": content}])
    html = safe.markdown(turn.reply) + parts.warning(note) + parts.quiet([turn.model])
    shown = both(safe.page(html), safe.plain(turn.reply))
    data = {**shown, RECORD: record(said)}
    return {"output_type": "display_data", "data": data, "metadata": {}}


def _note(said: str) -> Json:
    return {"cell_type": "markdown", "id": _id(said, said), "metadata": {}, "source": said}


def _code(name: str, source: str) -> Json:
    return {
        "cell_type": "code",
        "execution_count": None,
        "id": _id(name, source),
        "metadata": {},
        "outputs": [],
        "source": source,
    }


def _id(name: str, source: str) -> str:
    """The same for the same cell, so that a notebook read back twice gives its turns once."""
    return hashlib.sha256(f"{name}\n{source}".encode("utf-8", "surrogatepass")).hexdigest()[:16]
