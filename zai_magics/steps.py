"""What a model did on the way to its answer: the rounds of tool calls, and the sources it found."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import takewhile
from typing import Any, NamedTuple


class Called(NamedTuple):
    """One call of a tool: `arguments` is JSON as the model wrote it, `result` what it was told.

    `error` says why there is no result, `elapsed` is in seconds, `image` is a data URL of what
    the function drew; `table` says that the result is one.
    """

    name: str
    arguments: str
    result: str = ""
    error: str = ""
    elapsed: float = 0.0
    image: str = ""
    table: bool = False


class Step(NamedTuple):
    """One round: what the model said and thought, and then called."""

    text: str = ""
    thinking: str = ""
    calls: tuple[Called, ...] = ()


class Source(NamedTuple):
    """A page that the service's web search found."""

    title: str
    url: str
    site: str = ""
    when: str = ""


def rounds_in(messages: Sequence[dict[str, Any]]) -> tuple[dict[str, Any], ...]:
    """The messages of tool calls and their results. Calls without all their results are left out,
    and results without their call: the service refuses a request that holds half a round.
    """
    found: list[dict[str, Any]] = []
    for at, message in enumerate(messages):
        calls = message.get("tool_calls")
        if not isinstance(calls, list) or not calls:
            continue
        results = list(takewhile(lambda m: m.get("role") == "tool", messages[at + 1 :]))
        wanted = [call.get("id") for call in calls if isinstance(call, dict)]
        if wanted == [result.get("tool_call_id") for result in results]:
            found += (message, *results)
    return tuple(found)


def steps_of(rounds: Sequence[Mapping[str, Any]]) -> tuple[Step, ...]:
    """The steps that a turn's messages tell of: an assistant's with calls, then their results."""
    found: list[Step] = []
    results = {m.get("tool_call_id"): m for m in rounds if m.get("role") == "tool"}
    for message in rounds:
        calls = message.get("tool_calls")
        if not isinstance(calls, list):
            continue
        made = tuple(_called(call, results) for call in calls if isinstance(call, dict))
        said = (message.get("content"), message.get("reasoning_content"))
        text, thinking = (part if isinstance(part, str) else "" for part in said)
        found.append(Step(text, thinking, made))
    return tuple(found)


def _called(call: Mapping[str, Any], results: Mapping[Any, Mapping[str, Any]]) -> Called:
    function = call.get("function")
    function = function if isinstance(function, dict) else {}
    content = results.get(call.get("id"), {}).get("content", "")
    if isinstance(content, list):
        content = "\n".join(str(p["text"]) for p in content if isinstance(p, dict) and "text" in p)
    return Called(str(function.get("name", "")), str(function.get("arguments", "")), str(content))
