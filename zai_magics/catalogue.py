"""Models and their prices: what is known without asking the service.

The figures stand in `data/models.toml` with their date. The catalogue is a hint, never a
whitelist: an unknown model is passed on, and its price is unknown, which is not zero.
"""

from __future__ import annotations

import difflib
import functools
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.resources import files

from .types import Model, Usage

_SANDBOX = "+sandbox"
MILLION = 1_000_000


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
            return f"{dollars(self.each)} each"
        if not self.output:
            return "free"
        cached = f", {dollars(self.cached)} cached" if self.cached is not None else ""
        return f"{dollars(self.input)} in{cached}, {dollars(self.output)} out per 1M tokens"


@functools.cache
def _read() -> tuple[str, Mapping[str, Entry]]:
    import tomllib

    text = files(__package__).joinpath("data/models.toml").read_text("utf-8")
    data = tomllib.loads(text)
    return data["dated"], {name: Entry(**entry) for name, entry in data["models"].items()}


def dated() -> str:
    """The day that the prices are of, as YYYY-MM-DD."""
    return _read()[0]


def entry(model: str) -> Entry | None:
    """What is known of a model id (a sandbox's suffix aside), or None."""
    return _read()[1].get(model.removesuffix(_SANDBOX))


def known(*kinds: str) -> tuple[Model, ...]:
    """The models of these kinds (chat, vision, image, video; none given: all)."""
    return tuple(
        Model(name, e.kind, e.context, e.max_output, e.price)
        for name, e in _read()[1].items()
        if not kinds or e.kind in kinds
    )


def nearest(model: str) -> str:
    """The known id most like a mistyped one, "" when none is."""
    close = difflib.get_close_matches(model.lower(), list(_read()[1]), 1, 0.6)
    return close[0] if close else ""


def is_sandbox(model: str) -> bool:
    """Whether an answer's model name says that the sandbox wrote it."""
    return model.endswith(_SANDBOX)


def cost(model: str, usage: Usage | None) -> float | None:
    """US dollars of a chat call; None when the price or the usage is unknown.

    Cached input is billed at its own price, thinking is inside the completion tokens.
    """
    if is_sandbox(model):
        return 0.0
    known = entry(model)
    if known is None or usage is None or known.input is None or known.output is None:
        return None
    cached_price = known.input if known.cached is None else known.cached
    cached = min(usage.cached, usage.prompt)  # however the usage was come by
    fresh = usage.prompt - cached
    total = fresh * known.input + cached * cached_price + usage.completion * known.output
    return max(0.0, total / MILLION)


def each(model: str) -> float | None:
    """US dollars of one picture or clip, None when unknown."""
    known = entry(model)
    return known.each if known else None


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
