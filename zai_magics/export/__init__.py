"""A conversation as a file: one module a form, and the one place where the file is written.

Each form has `text(conversation)`, the file's whole content, and `is_ours(path)`, whether a file
is such an export and may be written over.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

from ..conversation import Conversation
from ..errors import CommandError, one_line
from ..files import part
from . import book, messages, page, script, transcript

_ELSEWHERE = "choose another name: %zai export FILE"


class Form(NamedTuple):
    """A form of file: its content, and whether a file is one that this package wrote."""

    text: Callable[[Conversation], str]
    is_ours: Callable[[Path], bool]


FORMS = {
    ".md": Form(transcript.text, transcript.is_ours),
    ".html": Form(page.text, page.is_ours),
    ".ipynb": Form(book.text, book.is_ours),
    ".json": Form(messages.text, messages.is_ours),
    ".py": Form(script.text, script.is_ours),
}


def write(conversation: Conversation, path: Path) -> Path:
    """Write a conversation to a file whose suffix chooses the form, and give its path.

        write(conversation, Path("talk.md"))   # a transcript to read
        # .html a page of its own, .ipynb a notebook that asks it all again, .json the messages
        # of a request, .py a script for the official SDK

    The file is there whole or not at all, its folder is made. Only a file that is itself such an
    export is replaced. Raises CommandError for an empty conversation, another suffix, a file that
    is not ours, or a place that cannot be written to.
    """
    form = FORMS.get(path.suffix.lower())
    if form is None:
        *names, last = FORMS
        what = f"not {one_line(path.suffix, 40)}" if path.suffix else "and this name has no ending"
        raise CommandError(
            f"export writes {', '.join(names)} or {last}, {what}; "
            "end the name in one of them: %zai export FILE"
        )
    if not conversation.turns:
        raise CommandError("there is no turn to export; ask something first: %zai chat PROMPT")
    content = form.text(conversation).encode()
    try:
        place = Path(os.path.realpath(path.expanduser()))
        _may_be_written(place, path, form)
        _write(place, content)
    except (OSError, ValueError, RuntimeError) as error:  # the latter: names no system takes
        why = one_line(str(getattr(error, "strerror", None) or error), 120)
        raise CommandError(f"cannot write {_shown(path)} ({why}); {_ELSEWHERE}") from None
    return path


def _may_be_written(place: Path, path: Path, form: Form) -> None:
    if not os.path.lexists(place):
        if path.expanduser().is_symlink():  # whoever made it chooses what is written where
            raise CommandError(
                f"{_shown(path)} is a link to a file that is not there; {_ELSEWHERE}"
            )
        return
    if place.is_dir():
        raise CommandError(f"{_shown(path)} is a folder; {_ELSEWHERE}")
    try:
        ours = place.is_file() and form.is_ours(place)
    except ValueError:  # not even JSON, not even text
        ours = False
    if not ours:
        raise CommandError(
            f"{_shown(path)} is there already and is not an export of zai_magics; {_ELSEWHERE}"
        )


def _write(place: Path, content: bytes) -> None:
    """All of it or nothing: a file beside the place, then a rename."""
    place.parent.mkdir(parents=True, exist_ok=True)
    with part(place.parent, (content,)) as finished:
        with suppress(OSError):  # who had made the old one readable for others meant it
            shutil.copymode(place, finished)
        os.replace(finished, place)


def _shown(path: Path) -> str:
    return one_line(str(path), 120)
