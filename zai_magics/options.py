"""What may be set on a verb: one frozen record each, the same from a magic and from Python.

`None` always means "not said": the service's own default holds then.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from . import catalogue
from .errors import CommandError
from .types import Json
from .wire import chat, media


@dataclass(frozen=True, slots=True, kw_only=True)
class Common:
    """On every verb that sends something. `param` is passed to the service as it is."""

    model: str | None = None
    param: Mapping[str, Any] = field(default_factory=dict)
    raw: bool = False
    dry_run: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class ChatOptions(Common):
    """On `chat`. `think` is on, off, low, high or max; `attach` holds values, or names, paths and
    URLs of what goes with the prompt, `tool` functions or their names; `approve` is ask, always or
    never; `schema` is as in `schema.parse`; `conversation` names another one than the current;
    `again` asks anew under replay.
    """

    system: str | None = None
    temperature: float | None = None
    top_p: float | None = None
    max_tokens: int | None = None
    stop: tuple[str, ...] = ()
    think: str | None = None
    attach: tuple[Any, ...] = ()
    schema: Any = None
    tool: tuple[Any, ...] = ()
    approve: str | None = None
    web: bool = False
    alone: bool = False
    conversation: str | None = None
    stream: bool = True
    again: bool = False

    def __post_init__(self) -> None:
        if isinstance(self.schema, str) and not self.schema.strip():
            raise CommandError('--schema is empty; write fields, as in "name, age int"')

    def params(self, model: str) -> Json:
        """The parameters of a request for this model, beside its messages."""
        known = catalogue.entry(model)
        thinks = known.thinks if known else "switch"
        return {
            "temperature": self.temperature,
            "top_p": self.top_p,
            "max_tokens": self.max_tokens,
            "stop": list(self.stop) or None,
            **(chat.thinking(self.think, thinks) if self.think else {}),
            "stream": self.stream,
            **self.param,
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class MapOptions(ChatOptions):
    """On `map`, where each row is a request without a conversation. `concurrency` is the most that
    run at once, `max_cost` the most that may be spent (US dollars), `pilot` so many rows, drawn
    always alike; `again` asks for what was answered before, too.
    """

    concurrency: int | None = None
    max_cost: float | None = None
    pilot: int | None = None
    stream: bool = False

    def __post_init__(self) -> None:
        ChatOptions.__post_init__(self)
        for name, least in (("concurrency", 1), ("max_cost", 0), ("pilot", 1)):
            value = getattr(self, name)
            if value is not None and not value >= least:
                flag = name.replace("_", "-")
                raise CommandError(f"--{flag} is at least {least}, not {value}")


@dataclass(frozen=True, slots=True, kw_only=True)
class CompareOptions(MapOptions):
    """On `compare`: every combination of `models`, `temperatures`, `systems` and of the values of
    `each`, `n` answers of each. A system prompt and a value of `each` is a text, where `@name`
    stands for a variable, or anything else itself. `score` is a function of a reply (and of what
    varies, if it takes a second argument) or its name; `baseline` the number of the variant that
    the others are compared with.
    """

    models: tuple[str, ...] = ()
    temperatures: tuple[float, ...] = ()
    systems: tuple[Any, ...] = ()
    each: Mapping[str, Any] = field(default_factory=dict)
    n: int = 1
    score: Any = None
    baseline: int | None = None
    stream: bool = True

    def __post_init__(self) -> None:
        MapOptions.__post_init__(self)
        if self.n < 1:
            raise CommandError(f"-n is at least 1, not {self.n}")


@dataclass(frozen=True, slots=True, kw_only=True)
class ImageOptions(Common):
    """On `image`. `n` pictures are `n` requests: the service makes one at a time. `again` buys
    them anew where this notebook has them already.
    """

    size: str | None = None
    quality: str | None = None
    n: int = 1
    save: str | None = None
    again: bool = False

    def params(self) -> Json:
        """The parameters of one request, beside model and prompt."""
        return {"size": self.size, "quality": self.quality, **self.param}


@dataclass(frozen=True, slots=True, kw_only=True)
class VideoOptions(Common):
    """On `video`. `attach` is the first frame, or the first and the last; `background` gives the
    job back at once; `again` as for pictures.
    """

    size: str | None = None
    quality: str | None = None
    fps: int | None = None
    duration: int | None = None
    audio: bool = False
    attach: tuple[str, ...] = ()
    save: str | None = None
    background: bool = False
    again: bool = False

    def params(self, frames: list[str]) -> Json:
        """The parameters of the request, beside model and prompt; `frames` are URLs."""
        return {
            "image_url": media.frames(frames),
            "size": self.size,
            "quality": self.quality,
            "fps": self.fps,
            "duration": self.duration,
            "with_audio": True if self.audio else None,
            **self.param,
        }
