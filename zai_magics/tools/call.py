"""Running one call: the function's value or its failure, as the model and the notebook get it."""

from __future__ import annotations

import inspect
import itertools
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import GeneratorType
from typing import Any

from ..errors import one_line
from .kinds import ArgumentError
from .told import told
from .tool import Tool

ITEMS = 1000
_SAID = 2000
_LAZY = (GeneratorType, map, filter, zip)


@dataclass(frozen=True)
class Outcome:
    """What became of a call.

    `text` is for the model, `value` what the function returned (None after an error; the list of
    a generator's items), `error` its failure as "ValueError: ..." or "", `elapsed` seconds.
    """

    text: str
    value: Any = None
    error: str = ""
    elapsed: float = 0.0


def run(
    tool: Tool, given: Mapping[str, Any], clock: Callable[[], float] = time.monotonic
) -> Outcome:
    """Call the function with what `arguments` read: `run(t, arguments(t, call.arguments))`.

    An exception is an outcome, for the model to go on from; an interrupt passes through. What the
    function prints goes where it goes.
    """
    start = clock()
    try:
        value, note = _finished(tool.function(**given))
        text = told(value) + note
    except KeyboardInterrupt:
        raise
    except BaseException as error:  # sys.exit() in a tool ends the call, not the cell
        said = failure(error)
        return Outcome(f"The call failed: {said}", None, said, clock() - start)
    return Outcome(text, value, "", clock() - start)


def refused(why: str) -> Outcome:
    """The outcome of a call that was not made: arguments that do not fit, a user's no."""
    said = one_line(why, _SAID)
    return Outcome(f"The call was not made: {said}", None, said)


def reason(error: BaseException) -> str:
    """Why a call was not made: what is wrong with its arguments, or what making them raised."""
    return str(error) if isinstance(error, ArgumentError) else failure(error)


def failure(error: BaseException) -> str:
    """An exception in one line: `failure(ValueError("no"))` is "ValueError: no"."""
    try:
        words = str(error)
    except Exception:  # an exception of the user's own
        words = "(without words)"
    return one_line(f"{type(error).__name__}: {words}" if words else type(error).__name__, _SAID)


def _finished(value: Any) -> tuple[Any, str]:
    """A value as it is; of a generator its items, at most 1,000, for it may never end."""
    if inspect.isawaitable(value) or inspect.isasyncgen(value):
        if inspect.iscoroutine(value):
            value.close()  # else Python warns that nobody waited for it
        raise TypeError("the function returned something to be awaited, which cannot be done here")
    if not isinstance(value, _LAZY):
        return value, ""
    items = list(itertools.islice(value, ITEMS + 1))
    if isinstance(value, GeneratorType):
        value.close()
    more = f"\n… (the first {ITEMS:,} items; there are more)" if len(items) > ITEMS else ""
    return items[:ITEMS], more
