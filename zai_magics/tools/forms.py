"""Strings with a form: dates, times, paths, decimals, UUIDs."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date, datetime, time
from decimal import Decimal
from pathlib import PurePath
from typing import Any
from uuid import UUID

from .kinds import Form

# `fromisoformat` takes week dates and forms without hyphens, which are mistyped more often than
# meant; and a date alone is no moment.
_DAY = r"[0-9]{4}-[0-9]{2}-[0-9]{2}"
_TIME = r"[0-9]{2}:[0-9]{2}(?::[0-9]{2}(?:\.[0-9]{1,6})?)?"
_ZONE = r"(?:Z|[+-][0-9]{2}:[0-9]{2}(?::[0-9]{2}(?:\.[0-9]{6})?)?)?"


def _checked(pattern: str, convert: Callable[[str], Any]) -> Callable[[str], Any]:
    found = re.compile(pattern)

    def read(text: str) -> Any:
        if not found.fullmatch(text):
            raise ValueError(text)
        return convert(text)

    return read


def path(cls: type[PurePath]) -> Form:
    """A path of this class; not an empty one, which would be the current folder."""

    def read(text: str) -> PurePath:
        if not text or "\0" in text:
            raise ValueError(text)
        return cls(text)

    return Form("a file path", read)


FORMS: dict[Any, Form] = {
    date: Form("a date, YYYY-MM-DD", _checked(_DAY, date.fromisoformat), "date"),
    datetime: Form(
        "a date and time, YYYY-MM-DDTHH:MM:SS with or without a zone",
        _checked(_DAY + "[T ]" + _TIME + _ZONE, datetime.fromisoformat),
        "date-time",
    ),
    time: Form("a time, HH:MM:SS", _checked(_TIME + _ZONE, time.fromisoformat), "time"),
    Decimal: Form(
        "a decimal number in a string",
        _checked(r"[+-]?[0-9]{1,1000}(?:\.[0-9]{1,1000})?(?:[eE][+-]?[0-9]{1,4})?", Decimal),
    ),
    UUID: Form(
        "a UUID",
        _checked(r"[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}", UUID),
        "uuid",
    ),
}
