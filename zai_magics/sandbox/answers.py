"""Values between the service and the connection: a request, an answer, a step of a stream."""

from __future__ import annotations

import json
import secrets
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from .errors import Problem
from .faults import Faults

JSON: Final = "application/json; charset=UTF-8"
EVENTS: Final = "text/event-stream;charset=UTF-8"
HTML: Final = "text/html; charset=utf-8"

Body = dict[str, Any]


class Reset:
    """A step of a stream: break the connection with a TCP reset."""


RESET: Final = Reset()
# bytes are sent, a number is a pause in seconds.
Step = bytes | float | Reset


@dataclass(frozen=True)
class Request:
    """One HTTP request, read to its end. `headers` has lower-case names and no key."""

    method: str
    path: str
    headers: Mapping[str, str]
    raw: bytes
    log_id: str


@dataclass(frozen=True)
class Answer:
    """What goes back: `body` whole, or `steps` of a stream. `faults` concern the connection."""

    status: int = 200
    body: bytes = b""
    kind: str = JSON
    headers: Mapping[str, str] = field(default_factory=dict)
    steps: Iterator[Step] | None = None
    faults: Faults = field(default_factory=Faults)


def dumps(value: Any) -> bytes:
    """JSON as the service writes it: compact, UTF-8, U+2028 and the like unescaped."""
    try:
        return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()
    except UnicodeEncodeError:
        # A prompt may hold half of a surrogate pair ("\ud800"), which has no UTF-8 form.
        return json.dumps(value, separators=(",", ":")).encode()


def whole(value: Any, status: int = 200) -> Answer:
    """An answer with a JSON body: `whole({"id": …})`."""
    return Answer(status, dumps(value))


def refused(problem: Problem) -> Answer:
    """An answer with the documented error body."""
    return whole(problem.body(), problem.status)


def request_id() -> str:
    """An id in the service's form: 14 digits of local time (UTC+8) and 16 of hex."""
    local = time.gmtime(time.time() + 8 * 3600)
    return time.strftime("%Y%m%d%H%M%S", local) + secrets.token_hex(8)
