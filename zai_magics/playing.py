"""What a playground asks, as options and as the cell that repeats it. Knows no widgets."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from . import prompt
from .errors import CommandError
from .grid import listed
from .options import CompareOptions

_QUOTE = str.maketrans({"\\": "\\\\", '"': '\\"'})


@dataclass(frozen=True, slots=True)
class Play:
    """What stands in the fields; "" is what was not said. `models` are names with commas."""

    prompt: str
    system: str = ""
    models: str = ""
    temperature: str = ""
    think: str = ""
    again: bool = False

    def options(self, names: Mapping[str, Any]) -> CompareOptions:
        """The same as options, with what stands in the system prompt's `{{ }}`. Raises CommandError
        for what is no temperature, and PromptError.
        """
        return CompareOptions(
            models=tuple(listed([self.models])),
            temperatures=(_number(self.temperature),) if self.temperature.strip() else (),
            systems=(prompt.expand(self.system.strip(), names),) if self.system.strip() else (),
            think=self.think or None,
            again=self.again,
        )

    def cell(self, default: str) -> str:
        """The cell that asks the same: a chat of one model, a comparison of several; where the
        system prompt has lines, which no option can, the call of Python.
        """
        models = listed([self.models]) or [default]
        alone = self._is_chat(models)
        if len(self.system.strip().splitlines()) > 1 or '"""' in self.prompt:
            return self._call(models)
        words = ["%%zai", "chat --alone" if alone else "compare", "-m", ",".join(models)]
        words += ["-t", _written(self.temperature)] if self.temperature.strip() else []
        words += ["--think", self.think] if self.think else []
        if self.system.strip():
            words += ["-s", f'"{self.system.strip().translate(_QUOTE)}"']
        # IPython puts a newline after a cell that has none at its end, and the last is no word.
        end = "\n" if self.prompt.endswith("\n") else ""
        return f"{' '.join(words)}\n{self.prompt}{end}"

    def _is_chat(self, models: list[str]) -> bool:
        """A comparison knows what `@name` is."""
        return len(models) == 1 and not self.system.strip().startswith("@")

    def _call(self, models: list[str]) -> str:
        alone = self._is_chat(models)
        given = {
            "model": models if len(models) > 1 else models[0],
            "temperature": _typed(self.temperature),
            "system": self.system.strip() or None,
            "think": self.think or None,
            "alone": True if alone else None,
            "raw": False,
        }
        verb = "chat" if alone else "compare"
        said = [f"    {name}={value!r}," for name, value in given.items() if value is not None]
        lines = ["import zai_magics as zm", "", f"zm.{verb}(", f"    {self.prompt!r},", *said, ")"]
        return "\n".join(lines)


def _typed(text: str) -> float | str | None:
    """A number as far as it is one; a field that is being filled may say anything."""
    try:
        return _number(text) if text.strip() else None
    except CommandError:
        return text


def _written(text: str) -> str:
    """As an option of a cell has it."""
    number = _typed(text)
    return f"{number:g}" if isinstance(number, float) else f'"{text.strip().translate(_QUOTE)}"'


def _number(text: str) -> float:
    try:
        number = float(text.strip().replace(",", "."))
    except ValueError:
        number = math.nan
    if not math.isfinite(number):
        raise CommandError(f"a temperature is a number, such as 0.7, not {text[:20]!r}")
    return number
