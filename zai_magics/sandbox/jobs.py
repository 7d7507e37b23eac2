"""Jobs that take a while, and the files that they leave.

A file is kept as its recipe and drawn when it is asked for: drawing is quick and always the
same, bytes are large.
"""

from __future__ import annotations

import secrets
import threading
from collections import OrderedDict, defaultdict
from dataclasses import dataclass, field

from .answers import Answer, Body, dumps
from .faults import Faults
from .validate_media import Frame

FILES = "/sandbox/files/"
_KEPT = 16
_LONGEST_SIDE, _SHORTEST_SIDE = 1280, 720

_SVG = b"""<svg xmlns="http://www.w3.org/2000/svg" width="64" height="64">\
<script>document.title = "sandbox"</script><rect width="64" height="64" fill="teal"/></svg>"""
_PAGE = b"<!doctype html><title>Sandbox</title><script>document.title = 'ran'</script><p>No file."


@dataclass(frozen=True)
class Recipe:
    """How to make one file: what is drawn from the prompt, and which faults its downloads have."""

    kind: str
    prompt: str
    frame: Frame
    faults: Faults

    def make(self) -> tuple[str, bytes]:
        """The file's MIME type and bytes."""
        # Imported here: a chat needs neither.
        if "svg" in self.faults:
            return "image/svg+xml", _SVG
        if "htmlfile" in self.faults:
            return "text/html; charset=utf-8", _PAGE
        if self.kind == "png":
            from .drawing import png

            return "image/png", png.draw(self.prompt, self.frame.width, self.frame.height)
        from .drawing import mp4

        width, height, seconds, fps, audio = self.frame
        film = mp4.film(self.prompt, width, height, seconds=seconds, fps=fps, audio=audio)
        return "video/mp4", film


class Files:
    """Names and recipes: `url = files.add(recipe)`, then `files.read(name)`."""

    def __init__(self, origin: str) -> None:
        self._origin = origin
        self._recipes: dict[str, Recipe] = {}
        self._made: OrderedDict[str, tuple[str, bytes]] = OrderedDict()
        self._asked: defaultdict[str, int] = defaultdict(int)
        # One at a time: two ranges of one film must not draw it twice.
        self._lock = threading.Lock()

    def add(self, recipe: Recipe) -> str:
        """Keep a recipe; returns the URL under which its file can be had."""
        name = f"sandbox-{secrets.token_hex(8)}.{recipe.kind}"
        with self._lock:
            self._recipes[name] = recipe
        return f"{self._origin}{FILES}{name}"

    def read(self, name: str) -> Answer:
        """The whole file, or the storage's own error body: 404 when there is none (yet)."""
        recipe = self._recipes.get(name)
        if recipe is None:
            return _storage_error(404, -148654, "file not exist")
        if "expired" in recipe.faults:
            return _storage_error(403, -148643, "sign expired")
        with self._lock:
            self._asked[name] += 1
            if "first-404" in recipe.faults and self._asked[name] == 1:
                return _storage_error(404, -148654, "file not exist")
            kind, data = self._bytes(name, recipe)
        return Answer(200, data, kind, {"Accept-Ranges": "bytes"})

    def _bytes(self, name: str, recipe: Recipe) -> tuple[str, bytes]:
        if name not in self._made:
            self._made[name] = recipe.make()
        self._made.move_to_end(name)
        while len(self._made) > _KEPT:
            self._made.popitem(last=False)
        return self._made[name]


def _storage_error(status: int, code: int, message: str) -> Answer:
    return Answer(status, dumps({"RetCode": code, "ErrMsg": message}))


def scaled(frame: Frame) -> Frame:
    """The frame within 1280x720 (or 720x1280), sides a multiple of 16: a film is made quickly."""
    longest = max(frame.width, frame.height)
    shortest = min(frame.width, frame.height)
    factor = min(1.0, _LONGEST_SIDE / longest, _SHORTEST_SIDE / shortest)
    width, height = (round(side * factor / 16) * 16 for side in frame[:2])
    return frame._replace(width=width, height=height)


@dataclass(frozen=True)
class Job:
    """One film or picture that takes time. `ready` is on the sandbox's clock."""

    kind: str
    model: str
    dialect: str
    request_id: str
    ready: float
    faults: Faults
    files: Body = field(default_factory=dict)

    def created(self, identity: str) -> Body:
        """The answer to the POST."""
        if self.dialect == "reference":
            return {"id": identity, "status": "processing"}
        return {"id": identity, **self._head("PROCESSING")}

    def result(self, identity: str, now: float) -> Body:
        """The answer to a poll: processing, then done or failed."""
        failed, waits = "fail" in self.faults, now < self.ready
        if self.dialect == "reference":
            state = "processing" if waits else "failed" if failed else "completed"
            body: Body = {"id": identity, "status": state}
            return body | ({"video_url": self.files["url"]} if state == "completed" else {})
        if waits or failed:
            return self._head("PROCESSING" if waits else "FAIL")
        return {**self._head("SUCCESS"), f"{self.kind}_result": [self.files]}

    def _head(self, status: str) -> Body:
        names = {"model": f"{self.model}+sandbox", "request_id": self.request_id}
        return names | {"task_status": status}


def new_id(dialect: str) -> str:
    """A job's id in the dialect's form."""
    if dialect == "reference":
        return f"video-{secrets.token_hex(8)}"
    return f"{secrets.randbelow(9 * 10**16) + 10**16}-{secrets.randbelow(9 * 10**18) + 10**18}"
