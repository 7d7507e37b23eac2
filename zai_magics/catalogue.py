"""Models and their prices: what is known without asking the service.

The figures stand in `data/models.toml` with their date; those in a user's own `models.toml`, beside
the journal, are preferred. The catalogue is a hint, never a whitelist: an unknown model is passed
on, and its price is unknown, which is not zero.
"""

from __future__ import annotations

import difflib
import functools
import os
import stat
from collections.abc import Mapping
from importlib.resources import files
from pathlib import Path
from typing import NamedTuple

from .errors import one_line
from .files import home
from .price_list import Entry as Entry
from .price_list import PriceList, parse
from .price_list import dollars as dollars
from .types import Model, Usage

_SANDBOX = "+sandbox"
SEARCH = 0.01  # US dollars a use of the service's web search (docs.z.ai, pricing)
MILLION = 1_000_000
_NAME = "models.toml"
_LARGEST, _LONGEST = 1 << 16, 1000  # bytes of a user's own file, characters of a line in it
_NAMED = 5  # mistakes in it that are named


class Own(NamedTuple):
    """A user's own file: where it is or would be, the day of its prices ("" for none said), and
    its models. A `problem` is one line that ends with the next step.
    """

    path: Path
    dated: str = ""
    models: Mapping[str, Entry] = {}
    problem: str = ""


@functools.cache
def _packaged() -> PriceList:
    return parse(files(__package__).joinpath("data/models.toml").read_text("utf-8"), {})


def own() -> Own:
    """What the user's own file says; it is read again when it has changed."""
    # At every answer: putting a path together takes five times as long as looking at the file.
    path = _path(os.environ.get("ZAI_HOME", ""), os.environ.get("HOME", ""))
    if not os.access(path, os.F_OK):  # mostly; an exception would take longer
        return _none(path)
    try:
        found = os.stat(path)
    except OSError:
        return _none(path)
    return _own(path, (found.st_mtime_ns, found.st_ctime_ns, found.st_size, found.st_mode))


@functools.lru_cache(maxsize=4)
def _path(named: str, folder: str) -> str:
    """Where the file is, by what the environment says of the user's folders."""
    try:
        return str(home() / _NAME)
    except RuntimeError:  # no home folder
        return _NAME


@functools.lru_cache(maxsize=4)
def _none(path: str) -> Own:
    return Own(Path(path))


@functools.lru_cache(maxsize=4)
def _own(name: str, about: tuple[int, int, int, int]) -> Own:
    """`about` is by what a changed file is known."""
    path, (_, _, size, mode) = Path(name), about
    try:
        if not stat.S_ISREG(mode) or size > _LARGEST:  # a pipe would be waited for
            raise ValueError("it is no file of at most 64 KB")
        text = path.read_text("utf-8-sig")
        if max(map(len, text.splitlines()), default=0) > _LONGEST:  # tomllib takes minutes for some
            raise ValueError(f"a line has more than {_LONGEST} characters")
        dated, models, mistakes = parse(text, _packaged().models)
        if not mistakes:
            return Own(path, dated, models)
        more = f"; and {len(mistakes) - _NAMED} more" if len(mistakes) > _NAMED else ""
        why = "; ".join(mistakes[:_NAMED]) + more
        problem = f"{path}: {one_line(why, 800)}; mend it, what is wrong in it does not count"
        return Own(path, dated, models, problem)
    except (OSError, ValueError) as error:  # no UTF-8 and no TOML are ValueErrors, too
        why = getattr(error, "strerror", None) or str(error)
    problem = f"{path}: {one_line(why)}; mend or delete it, until then the package's prices count"
    return Own(path, problem=problem)


def dated() -> str:
    """The day that the package's own prices are of, as YYYY-MM-DD."""
    return _packaged().dated


def prices_of() -> str:
    """Which prices are used: `prices of 2026-09-29, yours of 2026-11-02 (~/…/models.toml)`."""
    mine = own()
    if not mine.models:
        return f"prices of {dated()}"
    return f"prices of {dated()}, yours{f' of {mine.dated}' * bool(mine.dated)} from {mine.path}"


def entry(model: str) -> Entry | None:
    """What is known of a model id (a sandbox's suffix aside), or None."""
    name = model.removesuffix(_SANDBOX)
    return own().models.get(name) or _packaged().models.get(name)


def known(*kinds: str) -> tuple[Model, ...]:
    """The models of these kinds (chat, vision, image, video; none given: all)."""
    return tuple(
        Model(name, e.kind, e.context, e.max_output, e.price)
        for name, e in _all().items()
        if not kinds or e.kind in kinds
    )


def _all() -> dict[str, Entry]:
    return {**_packaged().models, **own().models}


def nearest(model: str) -> str:
    """The known id most like a mistyped one, "" when none is."""
    close = difflib.get_close_matches(model.lower(), list(_all()), 1, 0.6)
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
