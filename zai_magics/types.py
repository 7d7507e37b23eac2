"""The nouns: what is said, asked for and got. Values only: no network, no clock, no display.

Every stored noun has `to_dict` and `from_dict`; equal content is equal. `Draft` and `Progress`
are snapshots of something under way, `Reply`, `Picture` and `Clip` are what a verb ends with.
`Reply` and what it is made of stand in `reply`.
"""

from __future__ import annotations

import ast
import builtins
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

from .plain import plain
from .reply import Call as Call
from .reply import Json as Json
from .reply import Reply as Reply
from .reply import ToolCall as ToolCall
from .reply import Usage as Usage
from .reply import joined
from .steps import Called as Called
from .steps import Source as Source
from .steps import Step as Step


class Delta(NamedTuple):
    """What one event of a stream adds. `raw` is the event as it came."""

    text: str = ""
    thinking: str = ""
    tool_calls: tuple[tuple[int, ToolCall], ...] = ()
    finish_reason: str | None = None
    usage: Usage | None = None
    raw: Json | None = None
    notice: str = ""
    sources: tuple[Source, ...] = ()


@dataclass(frozen=True, slots=True)
class Draft:
    """A reply so far: the first `n` pieces of lists that only ever grow.

    Making one costs nothing however long the text is; the words are put together when read, and
    `clean` takes the key out of them.
    """

    model: str
    pieces: list[str] = field(default_factory=list)
    thoughts: list[str] = field(default_factory=list)
    n: int = 0
    n_thoughts: int = 0
    notice: str = ""
    sandbox: bool = False
    clean: Callable[[str], str] = str
    steps: tuple[Step, ...] = ()

    @property
    def text(self) -> str:
        """The answer so far."""
        return self.clean("".join(self.pieces[: self.n]))

    @property
    def thinking(self) -> str:
        """The thinking so far."""
        return self.clean("".join(self.thoughts[: self.n_thoughts]))


@dataclass(frozen=True, slots=True)
class Code:
    """What `%%zai code` gives: `.code`, and the `.reply` that it stands in. `str(code)` is it.

    It is the text that is shown: what runs must not hold more than what was read.
    """

    reply: Reply

    @property
    def code(self) -> str:
        """The code; of an answer without a fenced block the whole of it, if it is Python at all."""
        text = plain(str(self.reply).strip())
        return plain(joined(self.reply.python)) or (text if _is_python(text) else "")

    def __str__(self) -> str:
        return self.code


def _is_python(text: str) -> bool:
    try:
        return bool(ast.parse(text).body)
    except (SyntaxError, ValueError, MemoryError, RecursionError):
        return False


@dataclass(frozen=True, slots=True)
class Fix:
    """What `%zai fix` gives: `.explanation`, `.code` (the corrected cell, "" if there is none) and
    the `.reply`; `.source` is the cell as it failed.
    """

    reply: Reply
    source: str

    @property
    def code(self) -> str:
        """The corrected cell: the last block of the answer that can be Python, as it is shown."""
        return plain(self.reply.python[-1]) if self.reply.python else ""

    @property
    def explanation(self) -> str:
        """The words around the code."""
        return self.reply.prose

    def __str__(self) -> str:
        return str(self.reply)


@dataclass(frozen=True, slots=True)
class Job:
    """A media job at the service. `state` is pending, done or failed.

    `route` is where its result is asked for; it is corrected when the service knows another.
    """

    id: str
    model: str = ""
    prompt: str = ""
    state: str = "pending"
    route: str = "/async-result"
    urls: tuple[str, ...] = ()
    cover_url: str = ""
    error: str = ""


@dataclass(frozen=True, slots=True)
class Media:
    """A file that a model made: kept at `path`, opened by anything that opens a path.

    `.path .url .bytes .prompt .model .cost .mime`; `url` is the service's link, which expires.
    `stored` says that it had been bought before and cost nothing now.
    """

    path: Path
    url: str = ""
    prompt: str = ""
    model: str = ""
    cost: float | None = None
    mime: str = ""
    elapsed: float = 0.0
    sandbox: bool = False
    stored: bool = False

    @property
    def bytes(self) -> builtins.bytes:
        """The file's content."""
        return self.path.read_bytes()

    def __fspath__(self) -> str:
        return str(self.path)


@dataclass(frozen=True, slots=True)
class Picture(Media):
    """A picture: `PIL.Image.open(picture)` works, and it displays itself."""

    revised_prompt: str = ""


@dataclass(frozen=True, slots=True)
class Clip(Media):
    """A video clip. `poster` is its cover picture (PNG or JPEG bytes, may be empty)."""

    poster: bytes = field(default=b"", repr=False)
    job_id: str = ""

    def widget(self, **options: Any) -> Any:
        """The clip as an `ipywidgets.Video` for an interface of one's own."""
        import ipywidgets

        kind = self.mime.partition("/")[2] or "mp4"
        return ipywidgets.Video(value=self.bytes, format=kind, **options)


class Pictures(tuple[Picture, ...]):
    """Several pictures, shown as a gallery."""

    __slots__ = ()


@dataclass(frozen=True, slots=True)
class Progress:
    """Something paid for that is being made. Times are seconds, prices US dollars.

    `made` holds the pictures of an order of several that are there already.
    """

    what: str
    model: str
    prompt: str
    price: float | None = None
    elapsed: float = 0.0
    expected: float = 0.0
    job_id: str = ""
    step: str = ""
    made: tuple[Picture, ...] = ()
    sandbox: bool = False


@dataclass(frozen=True, slots=True)
class Model:
    """A model that the service lists or the catalogue knows."""

    id: str
    kind: str = ""
    context: int = 0
    max_output: int = 0
    price: str = ""
    listed: bool = False


@dataclass(frozen=True, slots=True)
class Request:
    """What `--dry-run` shows: the request as it would go out, its size and its price."""

    url: str
    body: Json
    tokens: int = 0
    price: str = ""


@dataclass(frozen=True, slots=True)
class Table:
    """Rows to be shown as a table; every cell is plain text. `note` stands below it."""

    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    title: str = ""
    note: str = ""


@dataclass(frozen=True, slots=True)
class Note:
    """One quiet sentence to the user."""

    text: str
