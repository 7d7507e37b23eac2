"""A list of models and prices as a `models.toml` has it: the package's own, or a user's, which is
strictly checked, since a mistyped price would be believed.
"""

from __future__ import annotations

import datetime
import difflib
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields, replace
from typing import Any, NamedTuple

from .errors import one_line

_KINDS = ("chat", "vision", "image", "video")
_THINKS = ("switch", "effort", "always", "never")
_DEAREST, _LARGEST = 1_000_000.0, 10**9  # US dollars; tokens
_DAY = re.compile(r"\d{4}-\d\d-\d\d")
_PIECES = ("image", "video")  # sold by the piece, everything else by tokens
_BY_TOKENS = ("input", "cached", "output")


@dataclass(frozen=True, slots=True)
class Entry:
    """One model: tokens of context and output, US dollars a million tokens or each piece.

    `thinks` is "switch" (may be turned on and off), "effort" (and takes reasoning_effort),
    "always" (cannot be turned off) or "never".
    """

    kind: str
    context: int = 0
    max_output: int = 0
    input: float | None = None
    cached: float | None = None
    output: float | None = None
    each: float | None = None
    thinks: str = "switch"

    @property
    def price(self) -> str:
        """The price in words: `$0.60 in, $0.11 cached, $2.20 out per 1M tokens`."""
        if self.each is not None:
            return f"{dollars(self.each)} each" if self.each else dollars(0)
        if self.input is None or self.output is None:
            return dollars(None)
        if not (self.input or self.cached or self.output):
            return dollars(0)
        cached = f", {dollars(self.cached)} cached" if self.cached is not None else ""
        return f"{dollars(self.input)} in{cached}, {dollars(self.output)} out per 1M tokens"


class PriceList(NamedTuple):
    """The day that the prices are of, YYYY-MM-DD or "", the models by their ids, and in a line each
    what is wrong and left out.
    """

    dated: str
    models: Mapping[str, Entry]
    mistakes: tuple[str, ...] = ()


def parse(text: str, before: Mapping[str, Entry]) -> PriceList:
    """`parse('[models]\\n"glm-4.7" = { input = 0.5 }', {…})`: the models that the text names, each
    with the fields of `before` that it does not set. An entry with a mistake is left out, the
    others count.

    Raises ValueError in one line for what is no list at all.
    """
    import tomllib

    try:
        data = tomllib.loads(text)
    except RecursionError:
        raise ValueError("it is nested too deeply") from None
    other = [name for name in data if name not in ("dated", "models")]
    mistakes = [f"there is no {_named(name)} here: it has dated and [models]" for name in other]
    rows = data.get("models", {})
    if not isinstance(rows, dict):
        raise ValueError("[models] must be a table")
    dated, models = "", {}
    try:
        dated = _dated(data)
    except ValueError as error:
        mistakes.append(str(error))
    for name, given in rows.items():
        try:
            models[name] = _entry(name, given, before)
        except ValueError as error:
            mistakes.append(str(error))
    return PriceList(dated, models, tuple(mistakes))


def dollars(amount: float | None) -> str:
    """A price to read: `$0.0014`, `$0.20`, `free`, `price unknown`."""
    if amount is None:
        return "price unknown"
    if amount == 0:
        return "free"
    if amount < 0.000_05:
        return "<$0.0001"
    if amount >= 0.1 or round(amount, 2) == amount:
        return f"${amount:.2f}"
    return f"${amount:.4f}".rstrip("0")


def _dated(data: Mapping[str, Any]) -> str:
    """TOML has dates of its own; a text will do as well."""
    given = data.get("dated", "")
    if type(given) is datetime.date:
        return given.isoformat()
    if given == "" or (isinstance(given, str) and _is_day(given)):
        return str(given)
    raise ValueError('dated must be a day such as "2026-09-29"')


def _is_day(text: str) -> bool:
    try:
        return bool(_DAY.fullmatch(text) and datetime.date.fromisoformat(text))
    except ValueError:
        return False


def _entry(name: str, given: Any, before: Mapping[str, Entry]) -> Entry:
    if not (name and name.isprintable() and len(name) <= 100):
        raise ValueError(f"{_named(name)} cannot be a model's id")
    if not isinstance(given, dict):
        raise ValueError(f'{_named(name)} must be a table such as {{ kind = "chat", input = 0.6 }}')
    if wrong := [why for field, value in given.items() if (why := _mistake(name, field, value))]:
        raise ValueError("; ".join(wrong))
    if name not in before and "kind" not in given:
        raise ValueError(f"{_named(name)} is new and needs a kind: {', '.join(_KINDS)}")
    made = replace(before[name], **given) if name in before else Entry(**given)
    for field in _BY_TOKENS if made.kind in _PIECES else ("each",):
        if getattr(made, field) is not None:
            right = "each" if made.kind in _PIECES else "input, cached, output"
            raise ValueError(f"{_named(name)} is of kind {made.kind}: {right}, not {field}")
    return made


def _mistake(name: str, field: str, value: Any) -> str:
    """What is wrong with a field, "" for nothing."""
    if field not in _RIGHT:
        close = difflib.get_close_matches(field, list(_RIGHT), 1, 0.5)
        meant = f" (did you mean {close[0]}?)" if close else f": it has {', '.join(_RIGHT)}"
        return f"{_named(name)} has no {_named(field)}{meant}"
    is_right, words = _RIGHT[field]
    return "" if is_right(value) else f"{field} of {_named(name)} must be {words}"


def _named(name: str) -> str:
    return f'"{one_line(name, 60)}"'


def _is_price(value: Any) -> bool:
    return type(value) in (int, float) and 0 <= value <= _DEAREST  # of NaN neither holds


def _is_size(value: Any) -> bool:
    return type(value) is int and 0 <= value <= _LARGEST


def _right(field: str) -> tuple[Callable[[Any], bool], str]:
    """What a field takes, as a test and in words. True is a number to Python, and none here."""
    if field in ("kind", "thinks"):
        words = _KINDS if field == "kind" else _THINKS
        return lambda value: isinstance(value, str) and value in words, " or ".join(words)
    if field in ("context", "max_output"):
        return _is_size, f"a whole number of tokens, 0 to {_LARGEST:,}"
    return _is_price, f"US dollars, a number from 0 to {_DEAREST:,.0f}"


_RIGHT = {field.name: _right(field.name) for field in fields(Entry)}
