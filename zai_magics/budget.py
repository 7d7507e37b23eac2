"""The budget of a kernel's requests: set aside before one is sent, settled when it has ended."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

from . import catalogue
from .errors import BudgetError, JournalError
from .journal import Asked, Journal, budgets
from .journal.budgets import EVERY, Limit
from .price_list import dollars
from .retry import Timing
from .types import Json

MILLION = 1_000_000
CONTEXT = 1_000_000  # tokens, for a model whose context is not known
LEAST = 16  # tokens that an answer must have room for
_MESSAGE, _IMAGE = 32, 16_384  # tokens at most: of a message beside its text, of a picture
_UNREAD = "the budget cannot be checked, so nothing was sent"
_LOST = (
    "the journal in which the budget stood is gone, so nothing was sent; "
    "%zai budget USD sets it anew, %zai budget off ends it"
)
_PRICE = "its price is not known, and a budget is set; put it into models.toml beside the journal"


@dataclass(frozen=True, slots=True)
class Reserved:
    """What is set aside for one request. `tokens` is what its answer may have, where that is less
    than was asked for, and `note` says so.
    """

    uid: bytes = b""
    tokens: int | None = None
    note: str = ""


FREE = Reserved()


class Bounds(NamedTuple):
    """What a chat costs at most, in US dollars: its prompt, each of the `tokens` of its answer."""

    prompt: float
    each: float
    tokens: int

    @property
    def least(self) -> float:
        """What must be left for it to be sent."""
        return self.prompt + min(self.tokens, LEAST) * self.each


class Budget:
    """`held = budget.chat(asked)`, and when it has ended `budget.settle(held, cost)`.

    `scope` names the notebook; `free` says whether nothing is charged (the sandbox).
    """

    def __init__(
        self,
        journal: Journal,
        scope: Callable[[], str],
        timing: Callable[[], Timing],
        free: Callable[[], bool],
        warn: Callable[[str], None],
    ) -> None:
        self._journal, self._scope, self._timing, self._free = journal, scope, timing, free
        self._warn = warn
        self._set = False  # whether this kernel has seen one
        self._mark = 0  # of the journal in which it was

    def limits(self) -> list[Limit]:
        """Those that hold here. Raises BudgetError where there may be one that cannot be read."""
        try:
            with self._journal.read() as db:
                found = budgets.limits(db, self._scope())
                mark = budgets.mark(db) if found or self._set else 0
                gone = not found and self._flag.exists() and not budgets.there_are(db)
        except JournalError as error:
            if self._set or self._flag.exists():
                raise BudgetError(f"{_UNREAD}: {error}") from None
            return []
        # Another kernel may have ended it. But where the mark is another, the journal was lost.
        if gone or (self._set and not found and mark != self._mark):
            raise BudgetError(_LOST)
        self._set, self._mark = bool(found), mark
        return found

    def said(self, needed: float | None = 0.0) -> str:
        """What is left of the nearest limit, "" where none is set, and whether a request that
        needs so much (None: nobody knows) would be sent.
        """
        found = [] if self._free() else self.limits()
        if not found:
            return ""
        nearest = min(found, key=lambda limit: limit.left)
        left = f"{_usd(max(nearest.left, 0.0))} is left of the budget of {_usd(nearest.usd)}"
        if needed is None:
            return f"this would not be sent: {_PRICE}"
        if needed > nearest.left:
            return f"this would not be sent: it needs {_usd(needed)}, and {left}"
        return left

    def put(self, usd: float, every: bool) -> None:
        """Set one, of this notebook or of all. Raises JournalError."""
        scope, now = EVERY if every else self._scope(), self._timing().now()
        with self._journal.write() as db:
            self._mark = budgets.put(db, scope, usd, now)
        self._set = True
        with suppress(OSError):
            self._flag.touch()

    def end(self, every: bool) -> bool:
        """Take one away; whether there was one. Raises JournalError."""
        with self._journal.write() as db:
            self._mark = budgets.mark(db)
            ended = budgets.end(db, EVERY if every else self._scope())
            last = not budgets.there_are(db)
        if last:
            lost = self._flag.exists() and not ended
            self._flag.unlink(missing_ok=True)
            return ended or lost
        return ended

    @property
    def _flag(self) -> Path:
        """A file beside the journal as long as it has a budget in it, for whoever finds a journal
        that cannot be read, or a new one.
        """
        return self._journal.store.folder / "budget-is-set"

    def chat(self, asked: Asked) -> Reserved:
        """For one request to a chat model. Raises BudgetError when it does not fit."""
        if self._free() or not self.limits():
            return FREE
        bounds = bounds_of(asked.model, asked.messages, asked.params)
        if bounds is None:
            raise BudgetError(f"{asked.model}: {_PRICE}")
        prompt, each, wanted = bounds
        if not prompt + each:
            return FREE
        uid = os.urandom(16)
        usd, nearest = self._reserve(uid, prompt + wanted * each, bounds.least)
        room = int((usd - prompt) / each + 1e-6) if each else wanted
        if room >= wanted:
            return Reserved(uid)
        left = f"{_usd(nearest.left)} is left of the budget of {_usd(nearest.usd)}"
        return Reserved(uid, room, f"at most {room:,} tokens of answer: {left}")

    def piece(self, model: str, price: float | None) -> Reserved:
        """For a picture or clip. Raises BudgetError when it does not fit."""
        if self._free() or not self.limits():
            return FREE
        if price is None:
            raise BudgetError(f"{model}: {_PRICE}")
        uid = os.urandom(16)
        self._reserve(uid, price, price)
        return Reserved(uid)

    def settle(self, held: Reserved, cost: float | None) -> None:
        """It was sent; None: nobody knows what it cost, so all of it is spent."""
        if held.uid:
            self._write(lambda db: budgets.settle(db, held.uid, cost))

    def release(self, held: Reserved) -> None:
        """Nothing is charged for it."""
        if held.uid:
            self._write(lambda db: budgets.release(db, held.uid))

    def _reserve(self, uid: bytes, most: float, least: float) -> tuple[float, Limit]:
        now = self._timing().now()
        try:
            with self._journal.write() as db:
                return budgets.reserve(db, uid, self._scope(), most, least, now)
        except JournalError as error:
            raise BudgetError(f"{_UNREAD}: {error}") from None

    def _write(self, act: Callable[[Any], None]) -> None:
        """What cannot be written down stays reserved, which is to say spent."""
        try:
            with self._journal.write() as db:
                act(db)
        except JournalError as error:
            self._warn(str(error))


def bounds_of(model: str, messages: Sequence[Json], params: Json) -> Bounds | None:
    """What a request costs at most; None where the model's price is not known."""
    known = catalogue.entry(model)
    if known is None or known.input is None or known.output is None:
        return None
    tokens = prompt_tokens(messages, params, known.context or CONTEXT)
    searches = any(_searches(tool) for tool in params.get("tools") or ())
    return Bounds(
        tokens * known.input / MILLION + catalogue.SEARCH * searches,
        known.output / MILLION,
        _most(params, known.max_output or CONTEXT),
    )


def prompt_tokens(messages: Sequence[Json], params: Json, context: int) -> int:
    """So many tokens a request has at most: none is shorter than a byte."""
    given = {n: v for n, v in params.items() if n in ("tools", "response_format", "stop")}
    total = len(json.dumps(given, default=str)) + _MESSAGE
    if any(_searches(tool) for tool in given.get("tools") or ()):
        total += context  # what it finds is put before the model
    for message in messages:
        total += _MESSAGE + _tokens(message.get("content"), context)
        beside = {n: v for n, v in message.items() if n not in ("role", "content")}
        total += len(json.dumps(beside, default=str)) if beside else 0
    return total


def _tokens(content: Any, context: int) -> int:
    if isinstance(content, str):
        return len(content.encode("utf-8", "replace"))
    total = 0
    for part in content if isinstance(content, (list, tuple)) else ():
        text = part.get("text")
        image = part.get("type") == "image_url"
        # Pages of a file and pictures of a clip are as many tokens as fit.
        total += len(text.encode("utf-8", "replace")) if text is not None else 0
        total += 0 if text is not None else _IMAGE if image else context
    return total


def _usd(amount: float) -> str:
    """As `dollars`, but nothing is no gift here."""
    return dollars(amount) if amount else "$0"


def _searches(tool: Any) -> bool:
    return isinstance(tool, dict) and tool.get("type") == "web_search"


def _most(params: Json, longest: int) -> int:
    """How many tokens an answer may have."""
    asked = params.get("max_tokens")
    return asked if isinstance(asked, int) and 0 < asked < longest else longest
