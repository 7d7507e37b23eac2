"""Cells of a shell in the test's own process: run one, and see what it wrote and what it sent."""

from __future__ import annotations

import contextlib
import io
import itertools
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from IPython.core.displaypub import DisplayPublisher

from zai_magics.sandbox import Sandbox

CHAT, IMAGES, VIDEOS = "/chat/completions", "/images/generations", "/videos/generations"


class Recorder(DisplayPublisher):  # type: ignore[misc]
    """Keeps what is published instead of printing it."""

    def __init__(self, **more: Any) -> None:
        super().__init__(**more)
        self.seen: list[dict[str, Any]] = []

    def publish(self, data: Any, metadata: Any = None, **more: Any) -> None:
        """Remember one message."""
        self.seen.append({"data": data, "update": False, **more})


@dataclass
class Ran:
    """What became of a cell: its result, what it wrote, what it published, what it sent."""

    result: Any
    out: str
    displays: list[dict[str, Any]]
    sent: list[dict[str, Any]]

    @property
    def ok(self) -> bool:
        """Whether the cell succeeded."""
        return bool(self.result.success)

    @property
    def error(self) -> BaseException | None:
        """What it failed with."""
        return self.result.error_in_exec or self.result.error_before_exec

    @property
    def bodies(self) -> list[dict[str, Any]]:
        """The JSON of the requests, oldest first."""
        return [line["body"] for line in self.sent if line["method"] == "POST"]

    @property
    def body(self) -> dict[str, Any]:
        """The JSON of the only request."""
        assert len(self.bodies) == 1, f"{len(self.bodies)} requests; {self.out}"
        return self.bodies[0]

    @property
    def prompt(self) -> Any:
        """The last message of the only request."""
        return self.body["messages"][-1]["content"]

    @property
    def context(self) -> list[str]:
        """The texts of the messages of the only request."""
        return [m["content"] for m in self.body["messages"]]


@dataclass
class Cells:
    """`cells.run("%zai chat Hi")` runs a cell as a terminal does; with `cell_id` as a notebook."""

    shell: Any
    sandbox: Sandbox
    _numbers: Iterator[int] = field(default_factory=itertools.count)

    def run(self, cell: str, cell_id: str | None = None) -> Ran:
        """Run a cell to its end."""
        if cell_id is not None:
            metadata = {"cellId": cell_id} if cell_id else {}
            parent = {"header": {"msg_id": f"m{next(self._numbers)}"}, "metadata": metadata}
            self.shell.get_parent = lambda: parent
            self.shell.display_pub = Recorder(parent=self.shell)
        before, out = len(self.sandbox.ledger), io.StringIO()
        try:
            with contextlib.redirect_stdout(out), contextlib.redirect_stderr(out):
                result = self.shell.run_cell(cell, store_history=True)
            displays = getattr(self.shell.display_pub, "seen", [])
        finally:
            if cell_id is not None:
                del self.shell.get_parent
        return Ran(result, out.getvalue(), displays, self.sandbox.ledger[before:])

    def value(self, name: str) -> Any:
        """A variable of the user."""
        return self.shell.user_ns[name]

    @property
    def zai(self) -> Any:
        """The magics of this shell."""
        return self.shell.zai_magics
