"""The state of one kernel: settings, connection, conversation, jobs, what was spent.

The verbs work on it; each is an iterator of snapshots: a front-end paints any of them, the last
is the value. `list(session.chat("Hi"))[-1]` needs no notebook.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Generator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from . import catalogue, saved
from .budget import FREE, Budget, Reserved
from .client import Client
from .comparison import Comparison
from .connection import Connection
from .conversation import Conversation, Place
from .conversations import Conversations
from .errors import KeyMissing, ReplayMiss
from .failure import Failure
from .journal import Asked, Journal
from .mutex import Mutex
from .options import ChatOptions, CompareOptions, ImageOptions, MapOptions, VideoOptions
from .orders import Orders
from .replay import Recorded, Replay, Source
from .retry import Timing
from .settings import Plain, Settings, Spent
from .stream import ChatStream
from .tally import Tally
from .types import Clip, Code, Draft, Fix, Job, Model, Picture, Pictures, Progress, Reply, Request
from .verbs import chat, code, comparing, image, mapping, video

Names = Mapping[str, Any]


@dataclass
class Session:
    """One kernel's state and its verbs: `Session().chat("Hi")`.

    `folder` gives where media files are kept (beside the notebook), `file` the notebook's path
    where one is known; `warnings` is what the user is to be told once about the journal. `ask`
    shows a tool's call to the user and gives the answer, None where there is nobody to be asked.
    """

    settings: Settings = field(default_factory=Plain)
    timing: Timing = field(default_factory=Timing)
    folder: Callable[[], Path] = Path.cwd
    file: Callable[[], Path | None] = lambda: None
    journal: Journal = field(default_factory=Journal)
    spent: Spent = field(default_factory=Spent)
    jobs: dict[str, Job] = field(default_factory=dict)
    warnings: list[str] = field(default_factory=list)
    ask: Callable[[str], bool | None] = lambda call: None

    def __post_init__(self) -> None:
        def timing() -> Timing:
            return self.timing

        self.conversations = Conversations(
            self.journal,
            self.scope,
            timing,
            self.warn,
            lambda one: saved.gone(one, self.file()),
        )
        self.connection = Connection(self.settings, timing, lambda: self.replay.step, self.warn)
        clean, free = self.connection.without_key, self.connection.is_free
        self.orders = Orders(self.journal, self.scope, timing, self.warn, clean)
        self.budget = Budget(self.journal, self.scope, timing, free, self.warn)
        own = Source(self.journal, self.orders)
        self.replay = Replay(own, self.connection.seller, timing)
        self.fetching = Mutex()  # two cells may wait for one job
        self.lost: set[bytes] = set()  # orders without an answer, where the journal is of no use
        self._folder: Path | None = None
        self._told: set[str] = set()

    @property
    def conversation(self) -> Conversation:
        """The current conversation."""
        return self.conversations.current

    @conversation.setter
    def conversation(self, conversation: Conversation) -> None:
        self.conversations.current = conversation

    def begin_cell(self, cell: str) -> None:
        """A cell is run: what it makes and asks for is counted from here."""
        self.conversations.begin_cell(cell)
        self.journal.calls.repeats.clear()
        self.replay.begin_cell()

    def warn(self, text: str) -> None:
        """Something that the user should know, said once."""
        if text and text not in self._told:
            self._told.add(text)
            self.warnings.append(text)

    def warned(self, text: str) -> None:
        """Something that the user is told elsewhere."""
        self._told.add(text)

    def scope(self) -> str:
        """The name under which the journal knows this notebook: its path, else the folder."""
        self._folder = self._folder or self.folder()  # whatever os.chdir does later
        path: str = os.path.realpath(self.file() or self._folder)  # a link is no other notebook
        return path.encode("utf-8", "replace").decode()  # Linux has names that are no UTF-8

    def stream(self, asked: Asked, again: bool = False) -> tuple[ChatStream | Recorded, Reserved]:
        """An answer as it comes, and what is set aside for it: of the service, or of a recording
        where replay finds one. `again` asks anew.
        """
        found = None if again else self.replay.chat(asked)
        if found is not None:
            return found, FREE
        with self.replay.explained(asked, again):
            client = self.connection.client()
        return self.send(asked, client)

    def send(self, asked: Asked, client: Client, free: bool = False) -> tuple[ChatStream, Reserved]:
        """An answer of the service as it comes, and what is set aside for it. In any thread that
        has a client of its own. `free` is for who knows that there is no budget.
        """
        held = FREE if free else self.budget.chat(asked)
        params = {**asked.params, **({"max_tokens": held.tokens} if held.tokens else {})}
        try:
            stream = client.stream(asked.messages, model=asked.model, **params)
        except BaseException:  # what cannot be sent, or an interrupt before it was
            self.budget.release(held)
            raise
        stream.once = bool(held.uid)
        return stream, held

    def close(self) -> None:
        """Close the connection and the journal."""
        self.connection.close()
        self.journal.close()

    def open_jobs(self) -> list[str]:
        """The ids of this notebook's video jobs that are not known to have ended."""
        scope = self.scope()
        known = [r.job for r in self.orders.under_way() if r.notebook == scope and r.job]
        return list(
            dict.fromkeys((*known, *(j.id for j in self.jobs.values() if j.state == "pending")))
        )

    def chat(
        self,
        text: str,
        options: ChatOptions | None = None,
        *,
        place: Place | None = None,
        names: Names | None = None,
    ) -> Generator[Draft | Reply | Request, None, None]:
        """A turn of the conversation: drafts as the words come, then the reply.

        `place` is the cell's, whose earlier turn it replaces; `names` is what `{{ }}` sees.
        """
        return chat.turn(self, text, options or ChatOptions(), place, names or {})

    def code(
        self,
        text: str,
        options: ChatOptions | None = None,
        *,
        place: Place | None = None,
        names: Names | None = None,
    ) -> Generator[Draft | Code | Request, None, None]:
        """A turn of which only the code is wanted: drafts, then the code."""
        return code.written(self, text, options or ChatOptions(), place, names or {})

    def fix(
        self,
        failure: Failure,
        words: str = "",
        options: ChatOptions | None = None,
        *,
        place: Place | None = None,
    ) -> Generator[Draft | Fix | Request, None, None]:
        """What went wrong in a cell, and the cell corrected."""
        return code.fixed(self, failure, words, options or ChatOptions(), place)

    def image(
        self,
        text: str,
        options: ImageOptions | None = None,
        *,
        names: Names | None = None,
        cell: str = "",
    ) -> Generator[Progress | Picture | Pictures | Request, None, None]:
        """Pictures, one request each: progress, the pictures so far, all of them. Those that this
        notebook has bought with the same request are shown again, free.
        """
        return image.pictures(self, text, options or ImageOptions(), names or {}, cell)

    def video(
        self,
        text: str,
        options: VideoOptions | None = None,
        *,
        names: Names | None = None,
        cell: str = "",
    ) -> Generator[Progress | Clip | Job | Request, None, None]:
        """A clip: progress with the job's id and price, then the clip, bought once as pictures
        are. In the background the job is the last.
        """
        return video.clip(self, text, options or VideoOptions(), names or {}, cell)

    def compare(
        self,
        text: str,
        options: CompareOptions | None = None,
        *,
        names: Names | None = None,
        cell: str = "",
    ) -> Generator[Comparison | Request, None, None]:
        """One prompt over models, temperatures, system prompts and values: the table as it fills,
        then the whole of it.
        """
        return comparing.compared(self, text, options or CompareOptions(), names or {}, cell)

    def map(
        self,
        frame: Any,
        text: str,
        options: MapOptions | None = None,
        *,
        names: Names | None = None,
        cell: str = "",
    ) -> Generator[Tally | Request, None, None]:
        """The prompt over a DataFrame's rows: how it stands, then the whole, with `.frame`."""
        return mapping.mapped(self, frame, text, options or MapOptions(), names or {}, cell)

    def map_lazily(
        self, frame: Any, text: str, options: MapOptions, names: Names | None = None
    ) -> Any:
        """The prompt over a Dask DataFrame, which asks when it is computed."""
        from .verbs import partitions

        return partitions.lazily(self, frame, text, options, names or {})

    def wait(
        self, job_id: str, save: str | None = None, client: Client | None = None
    ) -> Generator[Progress | Clip | Picture | Pictures, None, None]:
        """Take up an order again: a job's id, any of this account, or `#N` of the journal."""
        return video.wait(self, job_id, save, client)

    def models(self) -> tuple[list[Model], str]:
        """What the catalogue knows and the service lists, and a note ("" when it was asked)."""
        found = {m.id: m for m in catalogue.known()}
        note = ""
        try:
            for name in self.connection.client().models():
                found[name] = replace(found.get(name, Model(name, "chat")), listed=True)
        except (KeyMissing, ReplayMiss) as error:
            why = "no key (%zai login)" if isinstance(error, KeyMissing) else "%zai replay only"
            note = f"the service was not asked: {why}"
        return list(found.values()), note
