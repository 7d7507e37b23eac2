"""Error paths on request: a marker in the prompt, such as `[[error 1302 x2]]`.

Belongs here: which markers there are, and how they are cut from a prompt. What a marker does
belongs where it happens: `service` (answers), `stream` (frames), `handler` (the connection),
`jobs` (media). Markers count in the last user or tool message of a chat and in the prompt of a
picture or film; one space or line end behind a marker is cut with it.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass, field

MARKERS: dict[str, str] = {
    "[[error 1302]]": "the HTTP status and body documented for that code",
    "[[error 1302 x2]]": "the same, for the first 2 requests with this prompt only",
    "[[status 500]]": "any HTTP status from 400 to 599 (x2 as above)",
    "[[retry-after 2]]": "adds the header Retry-After, a number or a date",
    "[[slow 5]]": "waits so many seconds before the first byte",
    "[[stall 3]]": "stops for so many seconds in the middle",
    "[[cut]]": "ends in the middle, without finish_reason and [DONE]",
    "[[reset]]": "resets the connection in the middle",
    "[[reset-first]]": "resets the connection before the first byte",
    "[[garble]]": "cuts a frame in mid-JSON and glues the next one on",
    "[[stream-error 1301]]": "an error in a data line of the stream, which then ends",
    "[[finish network_error]]": "any finish_reason",
    "[[html]]": "an HTML page with status 200",
    "[[flat]]": "the gateway's flat 404 body with status 200",
    "[[plain]]": "a whole JSON answer although a stream was asked for",
    "[[gzip]]": "a body encoded with gzip although identity was asked for",
    "[[redirect]]": "a redirect (302) to https://example.invalid/",
    "[[empty]]": "thinking without a text, finish_reason length",
    "[[echo]]": "the answer is the rest of the prompt, byte for byte: no label, no thinking",
    "[[bytes]]": "sends the body one byte at a time",
    "[[tool NAME]]": "calls this function, offered or not; without a name the first one offered",
    "[[arguments TEXT]]": "the arguments of every call, as written here: need not be JSON",
    "[[fail]]": "the job of a film or picture ends as failed",
    "[[real]]": "a job in the service's form: task_status, GET /async-result/{id}",
    "[[reference]]": "a job in the reference's form: status, GET /videos/{id}",
    "[[no-cover]]": "a film without a cover picture",
    "[[first-404]]": "the first download of the file fails with 404",
    "[[expired]]": "every download of the file fails with 403",
    "[[svg]]": "the file is an SVG document with a script",
    "[[htmlfile]]": "the file is an HTML page",
}

__doc__ = f"{__doc__}\n" + "\n".join(f"{form:26}{what}" for form, what in MARKERS.items())

_NAMES = "|".join(sorted({form.strip("[]").split()[0] for form in MARKERS}, key=len, reverse=True))
# Only known names count: `[[ -f x ]]` of a shell or `[[1, 2]]` of Python stays in the prompt.
_MARKER = re.compile(rf"\[\[({_NAMES})(?: ([^\r\n]{{0,400}}?))?\]\](?: |\r?\n)?")
_LONGEST_WAIT = 600.0


@dataclass(frozen=True)
class Faults:
    """The markers of one prompt: `"cut" in faults`, `faults.word("finish")`."""

    found: Mapping[str, str] = field(default_factory=dict)

    def __contains__(self, name: str) -> bool:
        return name in self.found

    def word(self, name: str, otherwise: str = "") -> str:
        """The first word behind the marker's name."""
        words = self.found.get(name, "").split()
        return words[0] if words else otherwise

    def text(self, name: str) -> str:
        """Everything behind the marker's name."""
        return self.found.get(name, "")

    def seconds(self, name: str) -> float:
        """The number behind the name: 0 without the marker, 1 without a usable number."""
        if name not in self.found:
            return 0.0
        try:
            value = float(self.word(name, "1"))
        except ValueError:
            return 1.0
        return min(max(value, 0.0), _LONGEST_WAIT) if math.isfinite(value) else 1.0

    def times(self, name: str) -> int | None:
        """How often it strikes: 2 for `x2`, None for always."""
        counts = re.findall(r"(?<!\S)x(\d{1,6})(?!\S)", self.found.get(name, ""))
        return int(counts[0]) if counts else None


def cut(text: str) -> tuple[Faults, str]:
    """Take the markers out: `cut("a [[cut]] b")` -> (Faults with "cut", "a b")."""
    found = {match[1]: match[2] or "" for match in _MARKER.finditer(text)}
    return Faults(found), _MARKER.sub("", text)
