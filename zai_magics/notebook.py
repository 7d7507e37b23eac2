"""The notebook this kernel belongs to: which file, which folder; and what a saved one carries.

A saved notebook may come from a stranger: whatever it holds is checked before it is believed.
"""

from __future__ import annotations

import itertools
import json
import os
from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from .conversation import Place, Turn, is_name
from .errors import CommandError, one_line
from .text import whole

RECORD = "application/vnd.zai.turn+json"
FILE_LIMIT = 200 * 1024 * 1024
TEXT_LIMIT = 8 * 1024 * 1024
TURN_LIMIT = 10_000
_NAME_LIMIT = 200

# What a record of version 1 has beside its version. Of all this only user, reply, model and
# conversation are believed; the rest must be right for the record to be one of ours.
_NEEDED: Mapping[str, tuple[type, ...]] = {"user": (str,), "reply": (str,), "model": (str,)}
_KNOWN: Mapping[str, tuple[type, ...]] = {
    **_NEEDED,
    "attachments": (int,),
    "note": (str,),
    "usage": (dict, type(None)),
    "cost": (int, float, type(None)),
    "sandbox": (bool,),
    "conversation": (str,),
}


def path(
    names: Mapping[str, Any], environ: Mapping[str, str] | None = None, given: str = ""
) -> Path | None:
    """The notebook's file: the one given, else what the front-end says; None where it does not.

    JupyterLab and Notebook 7 set JPY_SESSION_NAME, VS Code a name in the user's namespace.
    `names` is that namespace.
    """
    environ = os.environ if environ is None else environ
    if given:
        return Path(given).expanduser().absolute()
    said = names.get("__vsc_ipynb_file__") or environ.get("JPY_SESSION_NAME")
    if not isinstance(said, str) or not said.endswith(".ipynb"):
        return None
    found = Path(said)
    return found if found.is_absolute() else None


def folder(
    names: Mapping[str, Any], environ: Mapping[str, str] | None = None, given: str = ""
) -> Path:
    """Where files beside the notebook go: its folder, or the working directory."""
    found = path(names, environ, given)
    return found.parent if found and found.parent.is_dir() else Path.cwd()


class Book(NamedTuple):
    """A saved notebook, read once: its cells as JSON, and when it was saved, at the earliest."""

    cells: list[Any]
    saved: float

    def ids(self) -> tuple[str, ...]:
        """The ids of its cells, in its order; cells without one are left out."""
        return tuple(dict.fromkeys(filter(None, map(_id, self.cells))))

    def sources(self, but: str = "") -> Iterator[str]:
        """What stands in its code cells, in its order; without the cell of the id `but`."""
        for cell in self.cells:
            if isinstance(cell, dict) and cell.get("cell_type") == "code":
                said = cell.get("source")
                lines = said if isinstance(said, list) else [said]
                if not but or _id(cell) != but:
                    yield "".join(one for one in lines if isinstance(one, str))

    def turns(self) -> tuple[Turn, ...]:
        """The turns that its outputs carry, as `turns(path)` gives them."""
        return tuple(itertools.islice(_carried(self.cells), TURN_LIMIT))


def opened(path: Path | None) -> Book | None:
    """A saved notebook; None when it cannot be read: not known, missing, being written, no
    notebook, over 200 MB.
    """
    try:
        return _book(path) if path else None
    except (OSError, ValueError):
        return None


def cell_ids(path: Path) -> tuple[str, ...] | None:
    """The ids of a saved notebook's cells, None when it cannot be read."""
    book = opened(path)
    return book and book.ids()


def turns(path: Path) -> tuple[Turn, ...]:
    """The turns that a saved notebook's outputs carry, in its order.

        turns(Path("lesson.ipynb"))   # (Turn(user="Hi", reply="Hello", place=Place("3f2a"), …), …)

    Words, model and the conversation's name only: no system prompt, parameter or attachment is
    taken from a file. A record that is not as it should be is left out, and so are texts over 8 MB
    and turns beyond 10,000. `asked_in` is "" where there is no name that a conversation can have.
    `place` is None where the file has no cell ids (nbformat before 4.5).
    Raises CommandError for a file that is missing, unreadable or no notebook.
    """
    shown = one_line(str(path), 120)
    again = "give the path of a saved notebook (.ipynb)"
    try:
        book = _book(path)
    except FileNotFoundError:
        raise CommandError(f"there is no file {shown}; {again}") from None
    except OSError as error:
        why = error.strerror or type(error).__name__
        raise CommandError(f"{shown} cannot be read ({why}); {again}") from None
    except ValueError as error:
        why = one_line(str(error), 80)
        raise CommandError(f"{shown} is not a notebook ({why}); {again}") from None
    if book is None:
        raise CommandError(f"{shown} is not a notebook of version 4; {again}")
    return book.turns()


def read_json(path: Path) -> Any:
    """The value of a JSON file of up to 200 MB. Raises OSError, or ValueError for any other."""
    if not path.is_file():
        path.stat()  # says why, when there is nothing
        raise ValueError("no regular file")
    with open(path, "rb") as file:
        content = file.read(FILE_LIMIT + 1)
    if len(content) > FILE_LIMIT:
        raise ValueError("larger than 200 MB")
    try:
        return json.loads(content)
    except RecursionError:
        raise ValueError("nested too deeply") from None


def _book(path: Path) -> Book | None:
    saved = os.stat(path).st_mtime  # before it is read: what is saved meanwhile is not in it
    cells = _cells(read_json(path))
    return None if cells is None else Book(cells, saved)


def _cells(book: Any) -> list[Any] | None:
    """The cells of a notebook's JSON; None when it is something else, or older than version 4."""
    if not isinstance(book, dict) or not isinstance(book.get("cells"), list):
        return None
    version = book.get("nbformat")
    return book["cells"] if isinstance(version, int) and version >= 4 else None


def _id(cell: Any) -> str:
    found = cell.get("id") if isinstance(cell, dict) else None
    if not isinstance(found, str) or len(found) > _NAME_LIMIT:
        return ""
    return found if found.isascii() and found.isprintable() else ""


def _carried(cells: list[Any]) -> Iterator[Turn]:
    # Counted by id and not by cell, so that a file with an id twice has no place twice. A record
    # that is left out counts as well: the cell, run again, makes its turns at the same places.
    made: Counter[str] = Counter()
    run = 1
    for cell in cells:
        name = _id(cell)
        for record in _records(cell):
            place = Place(name, made[name]) if name else None
            made[name] += 1
            turn = _turn(record, place, run)
            if turn is not None:
                yield turn
                run += 1


def _records(cell: Any) -> Iterator[Any]:
    if not isinstance(cell, dict) or cell.get("cell_type") != "code":
        return
    outputs = cell.get("outputs")
    for output in outputs if isinstance(outputs, list) else ():
        data = output.get("data") if isinstance(output, dict) else None
        if isinstance(data, dict) and RECORD in data and not _is_alone(data[RECORD]):
            yield data[RECORD]


def _is_alone(record: Any) -> bool:
    """Whether an answer was no turn of a conversation: it has no place among its cell's either."""
    return isinstance(record, dict) and record.get("conversation") == ""


def _turn(record: Any, place: Place | None, run: int) -> Turn | None:
    """A record as a turn, None when it is not one of version 1 with words that can be sent."""
    if not isinstance(record, dict) or not _is_ours(record):
        return None
    user, reply, model = (whole(record[name]) for name in _NEEDED)
    # The service refuses empty messages: a picture without words cannot come back without it. A
    # model that begins as an option does would be one where the turn becomes a cell.
    if not user.strip() or len(model) > _NAME_LIMIT or model.lstrip().startswith("-"):
        return None
    if any(len(text) > TEXT_LIMIT or len(text.encode()) > TEXT_LIMIT for text in (user, reply)):
        return None
    name = record.get("conversation", "")
    state = _state(record.get("note", ""))
    asked_in = name if is_name(name) else ""
    return Turn(user, reply, model, place, state=state, run=run, asked_in=asked_in)


def _is_ours(record: Mapping[str, Any]) -> bool:
    # By exact type: True is an int, and 1 == True == 1.0.
    if type(record.get("version")) is not int or record["version"] != 1:
        return False
    if any(name not in record for name in _NEEDED):
        return False
    return all(type(record[name]) in types for name, types in _KNOWN.items() if name in record)


def _state(note: str) -> str:
    """The turn's state by what stood under its answer."""
    first = note.partition(":")[0]
    return first if first in ("incomplete", "interrupted") else "complete"
