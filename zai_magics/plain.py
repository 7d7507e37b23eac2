"""Foreign text as plain text: what a terminal, a log line or `text/plain` may carry.

Only characters are looked at here; HTML is made in `safe`, with this as its first step.
"""

from __future__ import annotations

import re

from .text import whole

# Bounded, so that an unterminated sequence hides a little text and not the rest of it, and so
# that `settled` knows how far back it has to look.
_SEQUENCE = 256

_ESC = (
    r"(?:\x1b\[|\x9b)[0-?]{0,64}[ -/]{0,8}[@-~]"  # CSI: colours, cursor, screen
    r"|(?:\x1b[\]PX^_]|[\x9d\x90\x98\x9e\x9f])"  # OSC (titles, links), DCS, SOS, PM, APC
    rf"[^\x07\x1b\x9c]{{0,{_SEQUENCE}}}(?:\x07|\x1b\\|\x9c)"
    r"|\x1b[ -/]{0,8}[0-~]"  # every other escape
)
_BIDI = "\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069"
_TAGS = "\U000e0000-\U000e007f"
# The flags of England, Scotland and Wales are spelled with tag characters; nothing else is.
_FLAGS = "|".join(
    "\U0001f3f4" + "".join(chr(0xE0000 + ord(c)) for c in code) + "\U000e007f"
    for code in ("gbeng", "gbsct", "gbwls")
)
_UNWANTED = re.compile(
    rf"(?P<keep>{_FLAGS})|(?P<line>\r\n?)|(?P<shown>[{_BIDI}{_TAGS}])"
    rf"|{_ESC}|[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]"
)
# A class of single characters is searched twenty times faster than the choices above.
_SUSPECT = re.compile(rf"[\x00-\x08\x0b-\x1f\x7f-\x9f{_BIDI}{_TAGS}]")
_INTRODUCER = re.compile("[\x1b\x90\x98\x9b\x9d-\x9f\r\ud800-\udbff\U0001f3f4]")


def plain(text: str) -> str:
    r"""Return the text without what a terminal would obey or a reader could not see.

        plain("\x1b[31mred\x1b[0m")      # 'red'
        plain("user\u202egnp.exe")       # 'user<U+202E>gnp.exe'

    Control characters but newline and tab go, with whole escape sequences; CR and CRLF become a
    newline; bidi controls and tag characters are shown by their number; lone surrogates, which
    no message to a front-end can carry, become U+FFFD.
    """
    if not text.isascii():
        text = whole(text)
    return _UNWANTED.sub(_replacement, text) if _SUSPECT.search(text) else text


def settled(raw: str) -> int:
    r"""Return how many leading characters of a growing text `plain` will never read differently.

        settled("abc\x1b[3")   # 3: what follows may turn the ending into one sequence

    `plain(raw[:n]) + plain(raw[n:])` is `plain(raw)` for this n, now and however raw goes on.
    """
    start = max(0, len(raw) - _SEQUENCE - 2)
    found = _INTRODUCER.search(raw, start)
    # The window itself may begin inside a sequence; its introducer is then before the window
    # and too far from the end for the sequence to be still open.
    return found.start() if found else len(raw)


def _replacement(match: re.Match[str]) -> str:
    if match.lastgroup == "shown":
        return f"<U+{ord(match[0]):04X}>"
    if match.lastgroup == "keep":
        return match[0]
    return "\n" if match.lastgroup == "line" else ""
