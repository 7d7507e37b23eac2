"""`map` over a Dask DataFrame: lazily, partition by partition, wherever Dask runs them.

What travels to the workers is the prompt, the options and the names that the prompt uses; never a
key, which each worker finds in its own environment. Every answer is in the journal of the machine
that asked, so that a partition that is computed again asks only for what is missing.
"""

from __future__ import annotations

import os
import re
from collections.abc import Generator, Iterator, Mapping
from contextlib import closing, contextmanager, nullcontext
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any
from uuid import uuid4
from weakref import WeakValueDictionary

from .. import frames, prompt
from ..concurrency import MOST
from ..errors import CommandError, KeyMissing, ZaiError
from ..options import MapOptions
from ..settings import Plain
from ..tally import Tally
from ..types import Request
from .common import no_key
from .many import Lease
from .mapping import mapped
from .results import ERROR, columns
from .template import ROW, Template
from .wanted import wanted, watch

if TYPE_CHECKING:
    from ..session import Session

_WORD = re.compile(r"[^\W\d]\w*")
# Those that wanted what is computed in this process: a key that was typed travels nowhere.
_sessions: WeakValueDictionary[str, Session] = WeakValueDictionary()
_NO_KEY = "there is no API key where this partition is computed; set ZAI_API_KEY there"
# What only this kernel could keep to.
_ALONE = {
    "dry_run": "--dry-run takes a frame that is here: zm.map(ddf.head(20), …, dry_run=True)",
    "max_cost": "--max-cost cannot be kept by workers that know nothing of each other; "
    "map a part of the frame, or set %zai budget where the workers run",
    "pilot": "--pilot takes a frame that is here: zm.map(ddf.head(20), …)",
}


@dataclass(frozen=True)
class Task:
    """What a worker is told. `leases` are those of Dask's semaphore `number`, which all workers
    share; without them (0) a partition sends at most `options.concurrency` requests at once.
    """

    text: str
    options: MapOptions
    names: Mapping[str, Any]
    settings: Plain
    base_url: str | None
    scope: str
    leases: int = 0
    number: str = field(default_factory=lambda: uuid4().hex)

    def __dask_tokenize__(self) -> str:
        return self.number

    @property
    def __name__(self) -> str:
        """What Dask calls it."""
        return "zai-map"

    def __call__(self, frame: Any) -> Any:
        """One partition, with its answers. Raises ZaiError for what ends everything."""
        from ..session import Session

        session = Session(settings=self.settings, folder=lambda: Path(self.scope))
        session.connection.base_url = self.base_url
        here = _sessions.get(self.number)  # in the kernel's own threads
        if here is not None:
            session.connection.key = here.connection.key
        try:
            with self._leases() as lease:
                whole = self._answered(
                    mapped(
                        session, frame, self.text, self.options, self.names, lease=lease, part=True
                    )
                )
            made = whole.frame if isinstance(whole, Tally) else frame
            return frames.fixed(made, columns([], _wanted(session, self)), ERROR)
        except KeyMissing:
            raise KeyMissing(_NO_KEY) from None
        finally:
            session.close()

    def _answered(self, running: Generator[Tally | Request, None, None]) -> Tally | Request | None:
        """The last of what it gives. Raises ZaiError when nobody waits for it any more, since an
        interrupt would end the whole worker; what was answered by then is in the journal.
        """
        is_wanted, last = wanted(), None
        with closing(running):
            for snapshot in running:
                last = snapshot
                if not is_wanted():
                    raise ZaiError("stopped: the computation has ended; compute it again")
        return last

    @contextmanager
    def _leases(self) -> Iterator[Lease]:
        """The semaphore as this worker reaches it, from any of its threads."""
        if not self.leases:
            yield nullcontext
            return
        from distributed import Semaphore, get_worker

        worker = get_worker()
        made: Any = Semaphore(self.leases, self.number, worker.scheduler, worker.loop)
        try:
            yield lambda: made
        finally:
            refreshing = getattr(
                made, "refresh_callback", None
            )  # would go on as long as the worker
            if refreshing is not None:
                worker.loop.add_callback(refreshing.stop)


def lazily(
    session: Session, frame: Any, text: str, options: MapOptions, names: Mapping[str, Any]
) -> Any:
    """A Dask DataFrame of the same partitions and divisions; nothing is asked before it is
    computed. Raises CommandError for what workers cannot keep to.
    """
    for name, why in _ALONE.items():
        if getattr(options, name) not in (None, False):
            raise CommandError(why)
    if session.replay.mode != "off":
        raise CommandError("a Dask frame is not replayed; %zai replay off, or map a part of it")
    meta = frame._meta
    template = Template(session, text, options, names)
    used = template.used(meta)  # what is wrong with the prompt is said now
    words = prompt.names(text) | set(_WORD.findall(str(options.schema or "")))
    cluster = _has_cluster()
    watch()
    task = Task(
        text,
        options if cluster else _shared(options, frame.npartitions),
        {name: names[name] for name in words - set(used) - {ROW} if name in names},
        _plain(session),
        session.connection.base_url or os.environ.get("ZAI_BASE_URL"),
        session.scope(),
        (options.concurrency or MOST) if cluster else 0,
    )
    no_key(session, _travelling(task))
    _sessions[task.number] = session
    new = columns([], template.wanted)
    made = frames.fixed(frames.joined(meta, new), new, ERROR)
    return frame.map_partitions(task, meta=made)


def _travelling(task: Task) -> str:
    """All that workers are sent, to look through for the key."""
    import cloudpickle

    try:
        return str(cloudpickle.dumps(task), "latin-1")
    except Exception:  # Dask will say what cannot travel
        return ""


def _has_cluster() -> bool:
    """Whether a cluster is at hand; without one Dask runs in this process, or beside it."""
    try:
        from distributed import get_client

        get_client()
    except (ImportError, ValueError):
        return False
    return True


def _shared(options: MapOptions, partitions: int) -> MapOptions:
    """Without a semaphore each of the partitions that run at once has its share."""
    most = options.concurrency or MOST
    at_once = max(1, min(partitions, os.cpu_count() or 1))
    return replace(options, concurrency=max(1, most // at_once))


def _plain(session: Session) -> Plain:
    settings = session.settings
    return Plain(
        settings.model,
        settings.vision_model,
        settings.image_model,
        settings.video_model,
        settings.coding,
    )


def _wanted(session: Session, task: Task) -> Any:
    return Template(session, task.text, task.options, task.names).wanted
