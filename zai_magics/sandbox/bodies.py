"""From the bytes of a request to a JSON object that is safe to walk."""

from __future__ import annotations

import json
from typing import Any, NoReturn

from .answers import Body
from .errors import Problem, invalid

_DEEPEST = 100


def parse(raw: bytes) -> Body:
    """The JSON object of a body, without its nulls; Problem 1214 for anything else."""
    try:
        # Not json.loads(bytes), which would take UTF-16 as well.
        body = json.loads(raw.decode("utf-8"), parse_constant=_no_constant)
    except (ValueError, RecursionError):
        raise Problem("1214", "The request body is not valid JSON in UTF-8.") from None
    if not isinstance(body, dict):
        raise invalid("The request body", "a JSON object")
    if _too_deep(body):
        raise Problem("1214", f"The request body is nested more than {_DEEPEST} deep.")
    return {name: value for name, value in body.items() if value is not None}


def _no_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not JSON")


def _too_deep(value: Any) -> bool:
    level = [value]
    for _ in range(_DEEPEST):
        inner: list[Any] = []
        for one in level:
            inner += one.values() if isinstance(one, dict) else one if isinstance(one, list) else ()
        if not inner:
            return False
        level = inner
    return True
