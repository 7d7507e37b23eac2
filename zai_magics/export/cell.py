"""A turn's model and parameters -> the options of a `%%zai chat` line that ask for the same."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from typing import Any

from .. import catalogue
from ..conversation import Turn
from ..types import Json
from ..wire import chat
from .common import params

_NUMBERS = {"temperature": "-t", "top_p": "--top-p", "max_tokens": "--max-tokens"}
_THINKING = ("thinking", "reasoning_effort")
_THINK = ("on", "off", "low", "high", "max")
# A model's name may be a stranger's text, and an option's value may hold {{ }}, which is run.
_MODEL = re.compile(r"[\w.:/+][\w.:/+-]{0,199}", re.A)
_NAME = re.compile(r"[A-Za-z_][\w.-]*", re.A)
_WORD = re.compile(r"[^\W\d_][\w.:/+=-]*", re.A)


def options(turn: Turn, images: Sequence[str] = ()) -> tuple[str, ...]:
    """`("-m glm-4.7", "-t 0.2")`: the words to stand between `%%zai chat` and the prompt.

    `images` are URLs to attach. What the face has no option for goes as `--param NAME=JSON`.
    """
    model = turn.model if _MODEL.fullmatch(turn.model) else ""
    given = params(turn)
    said = [f"-m {model}"] if model else []
    said += _think(given, turn.model)
    if given.get("tools") == [chat.WEB_SEARCH]:
        del given["tools"]
        said.append("--web")
    for name, value in given.items():
        said += _option(name, value)
    if turn.params.get("stream") is False:
        said.append("--no-stream")
    return (*said, *(f"-a {_quoted(url)}" for url in images))


def _think(given: Json, model: str) -> list[str]:
    """The `--think` that makes these parameters for this model; they are taken out of `given`."""
    wanted = {name: given[name] for name in _THINKING if name in given}
    known = catalogue.entry(model)
    for choice in _THINK if wanted else ():
        if chat.thinking(choice, known.thinks if known else "switch") == wanted:
            for name in wanted:
                del given[name]
            return [f"--think {choice}"]
    return []


def _option(name: str, value: Any) -> Iterator[str]:
    if name in _NUMBERS and _fits(name, value):
        yield f"{_NUMBERS[name]} {value!r}"
    elif name == "stop" and _are_words(value):
        yield from (f"--stop {_quoted(word)}" for word in value)
    elif _NAME.fullmatch(name):
        yield f"--param {_quoted(f'{name}={json.dumps(value)}')}"


def _fits(name: str, value: Any) -> bool:
    """Whether the option takes this value; True is a number to Python."""
    return type(value) is int or (type(value) is float and name != "max_tokens")


def _are_words(value: Any) -> bool:
    """Whether each can stand on a line as it is. Line ends cannot, and {{ }} would be run."""
    return (
        isinstance(value, list)
        and bool(value)
        and all(isinstance(w, str) and w and w.isprintable() and "{{" not in w for w in value)
    )


def _quoted(text: str) -> str:
    """An option's value as one word of the line."""
    if _WORD.fullmatch(text):
        return text
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'
