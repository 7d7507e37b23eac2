"""How far a model may go on calling by itself within one turn."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from ..errors import ToolLimit, one_line
from ..reply import ToolCall
from ..text import plural
from .arguments import parsed
from .kinds import ArgumentError


@dataclass
class Guard:
    """Counts one turn's rounds and calls: `Guard().admit(reply.tool_calls)` before any is run.

    A round is one answer with calls in it. `repeats` equal calls in a row are a loop: the same
    function, and arguments that mean the same.
    """

    rounds: int = 8
    calls: int = 32
    repeats: int = 3
    _rounds: int = field(default=0, init=False)
    _calls: int = field(default=0, init=False)
    _last: tuple[str, Any] = field(default=("", ""), init=False)
    _row: int = field(default=0, init=False)

    def admit(self, calls: Sequence[ToolCall]) -> None:
        """Count a round. ToolLimit when it goes too far; none of its calls is to be run then."""
        self._rounds += 1
        self._calls += len(calls)
        if self._rounds > self.rounds:
            raise ToolLimit(
                f"the model went on calling tools after {plural(self.rounds, 'round')}; ask for "
                "less at once, or go on from here with another cell"
            )
        if self._calls > self.calls:
            raise ToolLimit(
                f"the model asked for more than {plural(self.calls, 'call')} in one turn; ask for "
                "less at once, or give it a tool that does more in one call"
            )
        for call in calls:
            self._repeated(call)

    def _repeated(self, call: ToolCall) -> None:
        said = (call.name, _meant(call.arguments))
        self._row = self._row + 1 if said == self._last else 1
        self._last = said
        if self._row >= self.repeats:
            name = one_line(call.name, 64)
            raise ToolLimit(
                f"the model called {name} {plural(self._row, 'time')} in a row with the same "
                f"arguments; say what it should do with the result, or leave out -T {name}"
            )


def _meant(arguments: str) -> Any:
    """Arguments as values, of which 1 and 1.0 are equal; what is no JSON as it was written."""
    try:
        return parsed(arguments)
    except ArgumentError:
        return arguments
