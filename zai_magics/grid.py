"""What is compared: every combination of models, temperatures, system prompts and values."""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from .errors import CommandError, one_line

MOST = 500  # answers that one compare asks for
_LABEL = 30  # letters
# What a frame of answers has beside the values.
_TAKEN = {
    *("variant", "sample", "model", "temperature", "system", "reply", "score", "seconds"),
    *("prompt_tokens", "completion_tokens", "cost", "error"),
}


@dataclass(frozen=True, slots=True)
class Named:
    """A value with what it is called: of a variable its name. `label` is what tells it from the
    others in a table.
    """

    value: Any
    name: str
    label: str = ""


@dataclass(frozen=True, slots=True)
class Variant:
    """One combination; `number` counts from 1. `values` are those of --each, by name."""

    number: int
    model: str
    temperature: float | None
    system: Named
    values: Mapping[str, Named] = field(default_factory=dict)

    def facts(self) -> dict[str, Any]:
        """What a score function is told, and a frame has as columns."""
        system = self.system.name or self.system.value or None
        each = {name: named.value for name, named in self.values.items()}
        return {"model": self.model, "temperature": self.temperature, "system": system, **each}

    def said(self) -> dict[str, str]:
        """The same in words, of which no two values have the same."""
        temperature = "" if self.temperature is None else f"{self.temperature:g}"
        each = {name: named.label for name, named in self.values.items()}
        system = self.system.label
        return {"model": self.model, "temperature": temperature, "system": system, **each}


def variants(
    models: Sequence[str],
    temperatures: Sequence[float | None],
    systems: Sequence[Named],
    each: Mapping[str, Sequence[Named]],
) -> list[Variant]:
    """All combinations, the last named thing changing fastest. Raises CommandError for values that
    are named as something else is.
    """
    clash = next((name for name in each if name in _TAKEN), None)
    if clash is not None:
        raise CommandError(
            f"--each {clash}=… is the name of another column of the table; call the value otherwise"
        )
    names, lists = list(each), [_told_apart(values) for values in each.values()]
    systems = _told_apart(systems)
    combined = itertools.product(models, temperatures, systems, itertools.product(*lists))
    return [
        Variant(number, model, temperature, system, dict(zip(names, values, strict=True)))
        for number, (model, temperature, system, values) in enumerate(combined, 1)
    ]


def _told_apart(values: Sequence[Named]) -> list[Named]:
    """The same with labels, of which those that begin alike are numbered."""
    seen: Counter[str] = Counter()
    made = []
    for one in values:
        label = one_line(one.name or str(one.value or ""), _LABEL)
        seen[label] += 1
        label = f"{label} ({seen[label]})" if seen[label] > 1 else label
        made.append(replace(one, label=label))
    return made


def varying(found: Iterable[Variant]) -> list[str]:
    """The names of what is not the same in all of them."""
    said = [variant.said() for variant in found]
    return [name for name in said[0] if len({one[name] for one in said}) > 1] if said else []


def listed(texts: Sequence[str]) -> list[str]:
    """`listed(["a,b", "c"])` is ["a", "b", "c"]."""
    return [part.strip() for text in texts for part in text.split(",") if part.strip()]


def valued(text: str, names: Mapping[str, Any], what: str) -> list[Named]:
    """What stands in a list of words or `@names`: `valued("dry,@tones", names, "--each tone")`.

    A variable with a list, a Series or an array in it stands for all of its values.
    """
    found: list[Named] = []
    for part in listed([text]):
        named = part.startswith("@") and not isinstance(text, Literal)
        found += _variable(part, names, what) if named else [Named(part, part)]
    if not found:
        raise CommandError(f"{what} has no values; write them with commas, or @name of a variable")
    return found


class Literal(str):
    """A text that values were put into: an `@name` in it is no variable."""


def variable_text(text: str, names: Mapping[str, Any], what: str) -> str:
    """`@name` as what the variable holds, any other text as it is. Raises CommandError for a name
    that is not there, or no text.
    """
    if isinstance(text, Literal) or not (text.startswith("@") and text[1:].isidentifier()):
        return text
    found = _variable(text, names, what)
    if len(found) != 1 or not isinstance(found[0].value, str):
        raise CommandError(f"{what} takes one text, and {text} is none; %zai compare takes several")
    return found[0].value


def _variable(word: str, names: Mapping[str, Any], what: str) -> list[Named]:
    name = word[1:]
    if name not in names:
        from .expression import nearest

        near = nearest(name, names)
        meant = f"; did you mean @{near}?" if near else "; define it first"
        raise CommandError(f"{what}: there is no {one_line(name, 40)} here{meant}")
    value = names[name]
    if hasattr(value, "tolist"):
        value = value.tolist()
    if isinstance(value, (list, tuple)):
        return [Named(one, str(one)) for one in value]
    return [Named(value, word)]
