"""The model's JSON text -> keyword arguments, strictly; what does not fit is told to the model."""

from __future__ import annotations

import json
import math
import re
from collections import Counter
from typing import Any

from ..errors import one_line
from .kinds import ArgumentError
from .tool import Tool

LONGEST = 1_000_000
DEEPEST = 64
_DIGITS = 1000
# A string to its end, or to the end of the text; possessive, so that one scan is one pass.
_BRACKET = re.compile(r'"(?:[^"\\]|\\.)*+(?:"|\\?\Z)|[\[{]|[\]}]', re.S)


def arguments(tool: Tool, text: str) -> dict[str, Any]:
    """The arguments of a call as the function wants them: `arguments(t, '{"day": "2026-01-31"}')`.

    Nothing is guessed: "3" is no integer, and true is none. Raises ArgumentError: no JSON object
    (cut off in the middle, say), names unknown, missing or given twice, values of another type.
    """
    if text.strip() == "" and not tool.accepts.fields:
        return {}  # nothing could have been cut off
    found = tool.accepts.read(parsed(text), "")
    return dict(found)


def as_written(text: str) -> dict[str, Any]:
    """The arguments as the model wrote them, of which nothing has been made yet: what a user is to
    be asked with. Raises ArgumentError for what is no JSON object.
    """
    found = parsed(text) if text.strip() else {}
    if not isinstance(found, dict):
        raise ArgumentError("the arguments must be one JSON object")
    return found


def parsed(text: str) -> Any:
    """JSON without what Python's reader lets pass: NaN, 1e999, a key twice, half a character.

    Bounded in length, depth and digits, so that a hostile text costs little. ArgumentError.
    """
    if not isinstance(text, str):
        raise ArgumentError("the arguments must be a string of JSON")
    if len(text) > LONGEST:
        raise ArgumentError(f"the arguments are {len(text):,} characters long; up to {LONGEST:,}")
    if _depth(text) > DEEPEST:
        raise ArgumentError(f"the arguments are nested more than {DEEPEST} deep")
    try:
        found = json.loads(
            text, parse_constant=_constant, parse_float=_float, parse_int=_int,
            object_pairs_hook=_pairs,
        )  # fmt: skip
        json.dumps(found, ensure_ascii=False).encode()
    except json.JSONDecodeError as error:
        cut = "; they seem to be cut off" if error.pos >= len(text.rstrip()) or _open(text) else ""
        said = f"{one_line(error.msg, 100)} (character {error.pos + 1} of {len(text)}){cut}"
        raise ArgumentError(f"the arguments are not valid JSON: {said}") from None
    except UnicodeEncodeError:
        raise ArgumentError("the arguments hold half a character (a lone surrogate)") from None
    except RecursionError:
        raise ArgumentError("the arguments are nested too deep") from None
    return found


def _depth(text: str) -> int:
    """How deep brackets are nested. Before parsing: the parser may use up the C stack."""
    deepest = depth = 0
    for match in _BRACKET.finditer(text):
        if match[0] in "[{":
            depth += 1
            deepest = max(deepest, depth)
        elif match[0] in "]}":
            depth -= 1
    return deepest


def _open(text: str) -> bool:
    """Whether a text ends inside a string, list or object."""
    depth = 0
    for match in _BRACKET.finditer(text):
        if match[0][0] == '"':
            if match.end() == len(text) and (len(match[0]) == 1 or match[0][-1] != '"'):
                return True
        else:
            depth += 1 if match[0] in "[{" else -1
    return depth > 0


def _constant(word: str) -> Any:
    raise ArgumentError(f"the arguments hold {word}, which is no JSON")


def _float(text: str) -> float:
    found = float(text)
    if not math.isfinite(found):
        raise ArgumentError(f"the number {one_line(text, 40)} is too large")
    return found


def _int(text: str) -> int:
    if len(text) > _DIGITS:
        raise ArgumentError(f"a number of {len(text):,} digits is too long; up to {_DIGITS:,}")
    return int(text)


def _pairs(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        counts = Counter(name for name, _ in pairs)
        twice = counts.most_common(1)[0][0]
        raise ArgumentError(f"the name {one_line(json.dumps(twice), 60)} stands twice")
    return found
