"""Small things about text that every room may need: whole characters, counts in words."""

from __future__ import annotations


def whole(text: str) -> str:
    """Text that can be printed and encoded: `whole("\\ud83d" + "\\ude42")` is one character.

    JSON can carry the two halves of a character apart, and nothing else can. They are joined
    through UTF-16; a half that stays alone becomes U+FFFD.
    """
    try:
        text.encode()
    except UnicodeEncodeError:
        return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
    return text


def plural(count: int, noun: str) -> str:
    """`plural(1, "turn")` is "1 turn", `plural(2, "turn")` "2 turns"."""
    return f"{count:,} {noun}{'s' * (count != 1)}"
