"""The commands that write code: it is shown and offered as the next cell, and never run."""

from __future__ import annotations

from typing import Any

from ..types import Code, Fix
from .failures import Failures
from .offering import Offers
from .stage import Said, Stage


class Writing(Stage):
    """They offer cells."""

    def __init__(self, *of_the_shell: Any, failures: Failures) -> None:
        super().__init__(*of_the_shell)
        self._failures = failures
        self._offers = Offers(self.shell, self.session)

    def do_code(self, text: str, said: Said, names: Said, quiet: bool) -> Any:
        """Only code, as a turn of the conversation."""
        options, place = self._asking(said)
        had = self._offers.had()
        value = self._paint(self.session.code(text, options, place=place, names=names), quiet)
        if isinstance(value, Code) and not quiet:
            self._offers.offer(value.code, had)
        return value

    def do_fix(self, text: str, said: Said, names: Said, quiet: bool) -> Any:
        """The last error explained, and its cell corrected."""
        options, place = self._asking({**said, "alone": True})
        failure = self._failures.last()
        if failure.number and not quiet:
            kind = type(failure.error).__name__
            self._say(f"fixes In [{failure.number}], which failed with {kind}")
        had = {*self._offers.had(), failure.source.strip()}
        value = self._paint(self.session.fix(failure, text, options, place=place), quiet)
        if isinstance(value, Fix) and not quiet:
            self._offers.offer(value.code, had)
        return value
