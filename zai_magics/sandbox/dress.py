"""What markers make of an answer before it reaches the connection.

Belongs here: errors that are asked for, and other bodies, headers and encodings. What happens to
the connection itself belongs in `handler`.
"""

from __future__ import annotations

import gzip
import threading
from collections import defaultdict

from .answers import HTML, Answer, refused, whole
from .errors import FLAT_NOT_FOUND, Problem
from .faults import Faults

_ERROR_PAGE = b"<!doctype html><html><head><title>Bad Gateway</title></head><body>\
<h1>Bad Gateway</h1><p>Sandbox: a page where JSON was expected.</p></body></html>"


class Strikes:
    """Counts errors for `x2` markers: they strike the first requests with a prompt only."""

    def __init__(self) -> None:
        self._counts: defaultdict[tuple[str, str], int] = defaultdict(int)
        self._lock = threading.Lock()

    def answer(self, route: str, marks: Faults, prompt: str) -> Answer | None:
        """The error that the prompt asks for, or None when it asks for none (any more)."""
        name = next((name for name in ("error", "status") if name in marks), None)
        if name is None:
            return None
        with self._lock:
            self._counts[route, prompt] += 1
            struck = self._counts[route, prompt]
        times = marks.times(name)
        if times is not None and struck > times:
            return None
        word = marks.word(name, "500")
        return dressed(refused(Problem(word) if name == "error" else _status(word)), marks)


def _status(word: str) -> Problem:
    known = word.isascii() and word.isdecimal() and 400 <= int(word[:4]) < 600
    code = word if known else "500"
    return Problem(code, status=int(code))


def dressed(answer: Answer, marks: Faults) -> Answer:
    """The answer as the markers want it: another body, more headers, gzip."""
    status, body, kind = answer.status, answer.body, answer.kind
    headers, steps = dict(answer.headers), answer.steps
    if "redirect" in marks:
        status, headers["Location"], body, steps = 302, "https://example.invalid/", b"", None
    elif "html" in marks:
        body, kind, steps = _ERROR_PAGE, HTML, None
    elif "flat" in marks:
        flat = whole(FLAT_NOT_FOUND)
        body, kind, steps = flat.body, flat.kind, None
    if "retry-after" in marks:
        headers["Retry-After"] = marks.text("retry-after").encode("ascii", "ignore").decode()
    if "gzip" in marks:
        body = b"".join(step for step in steps if isinstance(step, bytes)) if steps else body
        body, steps, headers["Content-Encoding"] = gzip.compress(body), None, "gzip"
    return Answer(status, body, kind, headers, steps, marks)
