"""The answers of a map as columns, and its first rows as they are shown while it runs."""

from __future__ import annotations

import dataclasses
from collections import deque
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from ..errors import ZaiError, one_line
from ..frames import Column
from .question import Question

if TYPE_CHECKING:
    from ..schema import Schema

Row = Question | ZaiError
REPLY, DATA = "reply", "data"
ERROR, COST, MS = "_error", "_cost", "_ms"
_KINDS = {"string", "integer", "number", "boolean"}
_RECENT = 200  # answers whose rate tells how long the rest takes
_SHOWN = 80  # letters of a cell that are shown


def columns(rows: Sequence[Row], wanted: Schema | None) -> dict[str, Column]:
    """The answers by the schema's fields (else as `reply`), then what went wrong, what each cost
    (US dollars) and how long it took (milliseconds). Of rows that share an answer the first has its
    price.
    """
    made: dict[str, Column] = {}
    for name, kind in fields(wanted).items():
        made[name] = ([value(row, name, wanted) for row in rows], kind)
    seen: set[int] = set()
    costs: list[Any] = []
    for row in rows:
        costs.append(None if isinstance(row, ZaiError) else _cost(row, id(row) in seen))
        seen.add(id(row))
    made[ERROR] = ([_error(row) for row in rows], "string")
    made[COST] = (costs, "number")
    times = [None if r is None else round(r.elapsed * 1000) for r in map(_reply, rows)]
    made[MS] = (times, "integer")
    return made


def fields(wanted: Schema | None) -> dict[str, str]:
    """The names of the columns that an answer becomes, with their JSON types ("" for any)."""
    if wanted is None:
        return {REPLY: "string"}
    described = wanted.json.get("properties")
    if wanted.rows or not isinstance(described, Mapping) or not described:
        return {DATA: ""}
    return {str(name): _kind(about) for name, about in described.items()}


def value(row: Row, name: str, wanted: Schema | None) -> Any:
    """What a row has in one of these columns."""
    reply = _reply(row)
    if reply is None:
        return None
    if wanted is None:
        return str(reply)
    data = reply.typed
    if data is None or (name == DATA and list(fields(wanted)) == [DATA]):
        return data
    return _plain(data).get(name)


def head(rows: Sequence[Row], wanted: Schema | None) -> tuple[tuple[str, ...], Any]:
    """The columns and lines of a table of a few rows: what was asked, what was answered."""
    names = list(fields(wanted))
    lines = []
    for row in rows:
        asked = "" if isinstance(row, ZaiError) else _asked(row)
        wrong = _error(row)
        answers = [wrong or "", *("" for _ in names[1:])] if wrong else []
        answers = answers or [_shown(value(row, name, wanted)) for name in names]
        lines.append((asked, *(one_line(a, _SHOWN) for a in answers)))
    return ("prompt", *names), tuple(lines)


def is_over(row: Row) -> bool:
    """Whether there is something to be seen of a row."""
    return isinstance(row, ZaiError) or row.reply is not None or row.error is not None


class Count:
    """Rows, money and time so far: `count.add(question, rows, seconds)`. `own` rows are over from
    the beginning, since nothing could be asked.
    """

    def __init__(self, own: int) -> None:
        self.done, self.failed, self.over = own, own, 0
        self.stored, self.unknown, self.cost = 0, 0, 0.0
        self.model = ""  # that answered
        self._times: deque[float] = deque(maxlen=_RECENT)
        self._known: set[int] = set()

    def add(self, question: Question, rows: int, seconds: float) -> None:
        """A question is over, of so many rows, which counts once; `seconds` since the beginning."""
        if id(question) in self._known:
            return
        self._known.add(id(question))
        self.over += 1
        self.done += rows
        self.failed += rows * (question.error is not None)
        if question.reply is not None and not self.model:
            self.model = question.reply.model
        if question.stored:
            self.stored += rows
            return
        self._times.append(seconds)
        if question.reply is not None:
            self.cost += question.reply.cost or 0.0
            self.unknown += question.reply.cost is None

    def seconds_for(self, questions: int) -> float | None:
        """How long so many more take at the rate of the newest."""
        times = self._times
        if len(times) < 3 or not questions or times[-1] <= times[0]:
            return None
        return questions * (times[-1] - times[0]) / (len(times) - 1)


def _asked(question: Question) -> str:
    content = question.messages[-1]["content"]
    words = content if isinstance(content, str) else content[-1].get("text", "")
    return one_line(str(words)[-400:], _SHOWN)


def _shown(one: Any) -> str:
    return one if isinstance(one, str) else "" if one is None else repr(one)


def _reply(row: Row) -> Any:
    return None if isinstance(row, ZaiError) else row.reply


def _cost(row: Question, again: bool) -> float | None:
    if row.reply is None:
        return None
    return 0.0 if again else row.reply.cost


def _error(row: Row) -> str | None:
    if isinstance(row, ZaiError):
        return one_line(str(row), 300)
    if row.error is not None:
        return one_line(str(row.error), 300)
    return row.reply.note or None if row.reply is not None else "not asked"


def _plain(data: Any) -> Mapping[str, Any]:
    """A dict of a dict, a model or a dataclass, whose own values stay as they are."""
    if isinstance(data, Mapping):
        return data
    if dataclasses.is_dataclass(data) and not isinstance(data, type):
        return {f.name: getattr(data, f.name) for f in dataclasses.fields(data)}
    names = getattr(type(data), "model_fields", None) or getattr(type(data), "__fields__", {})
    return {name: getattr(data, name, None) for name in names}


def _kind(about: Any) -> str:
    kind = about.get("type") if isinstance(about, Mapping) else None
    if isinstance(kind, (list, tuple)):
        kind = next((k for k in kind if k != "null"), None)
    if (
        kind is None
        and isinstance(about, Mapping)
        and all(isinstance(v, str) for v in about.get("enum") or [0])
    ):
        kind = "string"
    return kind if kind in _KINDS else ""
