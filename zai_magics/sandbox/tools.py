"""Scripted tool calls: a function is called when the prompt names it, or on request.

Arguments are plausible values for the function's schema, with words and numbers of the prompt.
"""

from __future__ import annotations

import hashlib
import json
import re
from itertools import pairwise

from . import values
from .answers import Body
from .faults import Faults
from .report import Received


def calls(received: Received, faults: Faults) -> list[Body]:
    """The calls that a checked request leads to; none while tool results wait for an answer."""
    offered = {
        tool["function"]["name"]: tool["function"].get("parameters") or {}
        for tool in received.body.get("tools") or []
        if tool["type"] == "function"
    }
    if "tool" in faults:
        name = faults.word("tool", next(iter(offered), ""))
        named = {name: received.prompt} if name else {}
    else:
        named = {} if received.last_is_tool else _named(list(offered), received.prompt)
    made: list[Body] = []
    for name, words in named.items():
        arguments = faults.text("arguments") or _arguments(offered.get(name, {}), words)
        made.append(_call(len(made), name, arguments, received))
    return made


def _named(names: list[str], prompt: str) -> dict[str, str]:
    """Each function that the prompt names -> the words up to the next one, in their order."""
    found = [
        (re.search(rf"(?<![\w-]){re.escape(name)}(?![\w-])", prompt, re.IGNORECASE), name)
        for name in names
    ]
    places = sorted((match.start(), name) for match, name in found if match)
    # What stands before the first name belongs to it as well.
    starts = [0, *(start for start, _ in places[1:]), len(prompt)]
    words = [prompt[start:end] for start, end in pairwise(starts)]
    return {name: words[place] for place, (_, name) in enumerate(places)}


def _arguments(schema: Body, words: str) -> str:
    filled = values.fill({**schema, "type": "object"}, values.Hints(words))
    return json.dumps(filled if isinstance(filled, dict) else {}, ensure_ascii=False)


def _call(place: int, name: str, arguments: str, received: Received) -> Body:
    # From the request alone: the same request gets the same call.
    seed = f"{len(received.messages)} {place} {name} {arguments} {received.prompt}"
    digest = hashlib.sha256(seed.encode("utf-8", "replace")).hexdigest()[:24]
    function = {"name": name, "arguments": arguments}
    return {"id": f"call_{digest}", "index": place, "type": "function", "function": function}


def found(body: Body) -> list[Body]:
    """Results of a web search that was asked for and not made, in the service's shape."""
    wanted = [tool for tool in body.get("tools") or [] if tool["type"] == "web_search"]
    # `enable` is false by default.
    if not any((tool.get("web_search") or {}).get("enable") is True for tool in wanted):
        return []
    return [_result(number) for number in (1, 2)]


def _result(number: int) -> Body:
    return {
        "title": f"Sandbox: scripted result {number}",
        "content": "No search was made.",
        "link": f"https://example.invalid/{number}",
        "media": "Sandbox",
        "icon": "",
        "refer": f"ref_{number}",
        "publish_date": "2026-01-31",
    }
