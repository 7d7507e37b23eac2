"""What a docstring says: its first paragraph, and of each parameter, in three styles."""

from __future__ import annotations

import inspect
import re
from collections.abc import Collection

from ..errors import one_line

SUMMARY = 1000
DESCRIPTION = 400
_LONGEST = 100_000

_GOOGLE = re.compile(r"(?:Args|Arguments|Parameters|Params|Keyword Args|Attributes):\s*")
_NUMPY = re.compile(r"(?:Other )?(?:Parameters|Attributes)\s*")
_RULE = re.compile(r"-{3,}\s*")
_SPHINX = re.compile(r":(?:param|parameter|arg|argument|key|keyword|ivar)\s+([^:]*):\s*(.*)")
_HEAD = re.compile(
    rf"{_GOOGLE.pattern}|(?:Returns?|Yields?|Raises|Examples?|Notes?):\s*"
    r"|:\w+[^:]*:.*|>>>.*|\.\. .*"
)
_ENTRY = re.compile(r"(\*{0,2}\w+)\s*(?:\([^)]*\))?\s*:\s*(.*)")


def summary(doc: str) -> str:
    """The first paragraph in one line: `summary("Adds.\\n\\nMore.")` is "Adds."."""
    found: list[str] = []
    lines = _lines(doc)
    for line, following in zip(lines, [*lines[1:], ""], strict=False):
        if not line.strip() or _HEAD.fullmatch(line) or _RULE.fullmatch(following):
            break
        found.append(line)
    return one_line(" ".join(found), SUMMARY)


def parameters(doc: str, names: Collection[str]) -> dict[str, str]:
    """The words about each of these names: Google's `Args:`, NumPy's `Parameters`, `:param x:`."""
    found: dict[str, str] = {}
    for name, words in (*_google(_lines(doc)), *_numpy(_lines(doc)), *_sphinx(_lines(doc))):
        text = one_line(" ".join(words), DESCRIPTION)
        if name in names and text:
            found.setdefault(name, text)
    return found


def _lines(doc: str) -> list[str]:
    return inspect.cleandoc(doc[:_LONGEST]).splitlines()


def _indent(line: str) -> int:
    return len(line) - len(line.lstrip())


def _block(lines: list[str], start: int, indent: int) -> list[str]:
    """The lines from `start` on that stand further in than `indent`, empty ones included."""
    end = start
    while end < len(lines) and (not lines[end].strip() or _indent(lines[end]) > indent):
        end += 1
    return lines[start:end]


def _entries(block: list[str]) -> list[tuple[str, list[str]]]:
    """`name (type): words` lines, each with the lines that stand further in."""
    found: list[tuple[str, list[str]]] = []
    depth = next((_indent(line) for line in block if line.strip()), 0)
    for line in block:
        match = _ENTRY.fullmatch(line.strip())
        if _indent(line) <= depth and line.strip():
            found.append((match[1].lstrip("*"), [match[2]]) if match else ("", []))
        elif found and line.strip():
            found[-1][1].append(line.strip())
    return found


def _google(lines: list[str]) -> list[tuple[str, list[str]]]:
    found = []
    for n, line in enumerate(lines):
        if _GOOGLE.fullmatch(line.strip()):
            found += _entries(_block(lines, n + 1, _indent(line)))
    return found


def _numpy(lines: list[str]) -> list[tuple[str, list[str]]]:
    found = []
    for n, line in enumerate(lines[:-1]):
        if _NUMPY.fullmatch(line) and _RULE.fullmatch(lines[n + 1]):
            at = n + 2
            while at < len(lines) and lines[at].strip() and not _next_section(lines, at):
                words = _block(lines, at + 1, _indent(lines[at]))
                names = lines[at].partition(":")[0].split(",")  # `x, y : float`
                found += [(name.strip().lstrip("*"), [w.strip() for w in words]) for name in names]
                at += 1 + len(words)
    return found


def _next_section(lines: list[str], at: int) -> bool:
    return at + 1 < len(lines) and bool(_RULE.fullmatch(lines[at + 1]))


def _sphinx(lines: list[str]) -> list[tuple[str, list[str]]]:
    found = []
    for n, line in enumerate(lines):
        if (match := _SPHINX.fullmatch(line.strip())) and match[1].split():
            more = []
            for following in lines[n + 1 :]:
                if not following.strip() or _indent(following) <= _indent(line):
                    break
                more.append(following.strip())
            # The type may stand between: `:param str city: ...`.
            found.append((match[1].split()[-1].lstrip("*"), [match[2], *more]))
    return found
