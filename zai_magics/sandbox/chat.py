"""The scripted answer to a chat request: thinking, text, tool calls, usage.

The same request gets the same answer, but for its id. How it is cut into frames is in `stream`.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass

from . import models, report, script, tools, values
from .answers import Body
from .faults import Faults
from .report import Received

# Pieces like tokens: a word with the space before it, longer words in several.
_PIECES = re.compile(r"\s*\S{1,40}|\s+")
_IMAGE_TOKENS = 256


@dataclass(frozen=True)
class Reply:
    """An answer before it has a form. `thinking` and `text` are pieces: join them with ""."""

    thinking: list[str]
    text: list[str]
    calls: list[Body]
    finish: str
    usage: Body
    found: list[Body]


def compose(body: Body, faults: Faults, prompt: str) -> Reply:
    """The answer to a checked request. `prompt` is its last text, markers cut out."""
    received = Received(body, body["messages"], prompt)
    calls = [] if "echo" in faults else tools.calls(received, faults)
    thinking = _thinking(received, calls) if _thinks(body, faults) else ""
    text = "" if calls or "empty" in faults else _text(received, faults)
    pieces = [_PIECES.findall(thinking), _PIECES.findall(text)]
    finish = "tool_calls" if calls else "length" if "empty" in faults else "stop"
    room = body.get("max_tokens")
    if room is not None and room < len(pieces[0]) + len(pieces[1]) + len(calls):
        pieces = [pieces[0][:room], pieces[1][: max(0, room - len(pieces[0]))]]
        calls, finish = [], "length"
    finish = faults.word("finish", finish)
    found = [] if calls or received.last_is_tool else tools.found(body)
    return Reply(pieces[0], pieces[1], calls, finish, _usage(received, pieces, calls), found)


def _thinks(body: Body, faults: Faults) -> bool:
    if "echo" in faults or models.never_thinks(body["model"]):
        return False
    # On unless it is switched off in so many words, as in the service.
    if (body.get("thinking") or {}).get("type") == "disabled":
        return False
    none = body.get("reasoning_effort") in ("none", "minimal")
    return not (none and body["model"] == "glm-5.2")


def _thinking(received: Received, calls: list[Body]) -> str:
    plan = "I have no model behind me, so I follow my script"
    if calls:
        plan += " and call " + ", ".join(call["function"]["name"] for call in calls)
    return f"The last message is {report.quote(received.prompt, 80)}. {plan}. Then I say so."


def _text(received: Received, faults: Faults) -> str:
    text, label = _body(received, faults)
    stop = received.body.get("stop")
    if stop:
        # Documented as a list of four, but only one word is honoured.
        text = text.split(stop[0])[0]
    return label + text


def _body(received: Received, faults: Faults) -> tuple[str, str]:
    """The text, and the label that goes before it."""
    form = (received.body.get("response_format") or {}).get("type")
    label = script.LABEL + "\n\n"
    if "echo" in faults:
        return received.prompt, ""
    if form == "json_object" or (form is None and _wants_json(received)):
        return json.dumps(_object(received), ensure_ascii=False, indent=2), ""
    if form == "json_schema":
        # The service ignores the schema and answers with JSON in a fence.
        return f"```json\n{json.dumps(_object(received), ensure_ascii=False)}\n```", label
    if received.last_is_tool:
        return report.tool_results(received), label
    if script.wants_correction(received.prompt):
        return script.corrected(received.prompt), label
    if script.wants_only_code("\n".join(received.texts("system"))):
        return script.only_code(), ""
    return f"{report.sentences(received)}\n\n{script.about(received.prompt)}", label


def _wants_json(received: Received) -> bool:
    """Whether the instructions ask for an object of a schema: with tools or an image nobody can
    ask for JSON mode.
    """
    system = "\n".join(received.texts("system"))
    return script.wants_only_json(system) and values.schema_in(system) is not None


def _object(received: Received) -> Body:
    """A JSON answer: to the schema in the messages, if one stands there, else a report."""
    asked = "\n".join([*received.texts("system"), received.prompt])
    schema = values.schema_in(asked)
    if schema is None:
        return {
            "sandbox": script.NOTE,
            "messages": len(received.messages),
            "system": "\n".join(received.texts("system"))[:400],
            "prompt": received.prompt[:400],
        }
    filled = values.fill({**schema, "type": "object"}, values.Hints(received.prompt))
    # A `default` or `const` of a strange schema need not be an object.
    filled = filled if isinstance(filled, dict) else {}
    # A schema has no room for the label, but where it names no keys; header and model name still
    # carry it.
    free = not schema["properties"] and schema.get("additionalProperties") is not False
    return {"sandbox": script.NOTE, **filled} if free else filled


def _tokens(text: str) -> int:
    return (len(text) + 3) // 4


def prompt_usage(body: Body) -> tuple[int, int]:
    """Tokens of the messages' text and of their pictures: an estimate, a quarter of the letters."""
    received = Received(body, body["messages"], "")
    texts = sum(4 + _tokens(report.text_of(message)) for message in received.messages)
    images = sum(_IMAGE_TOKENS for part in received.parts() if part["type"] == "image_url")
    return texts, images


def too_long(body: Body) -> bool:
    """Whether the estimate is beyond the model's context."""
    return sum(prompt_usage(body)) > models.CHAT[body["model"]]


def _usage(received: Received, pieces: list[list[str]], calls: list[Body]) -> Body:
    prompt = sum(prompt_usage(received.body))
    prompt += sum(_tokens(str(tool)) for tool in received.body.get("tools") or [])
    # As if the messages up to the last answer were still in the service's cache.
    answered = [place for place, m in enumerate(received.messages) if m["role"] == "assistant"]
    known = received.messages[: answered[-1] + 1] if answered else []
    cached = sum(4 + _tokens(report.text_of(message)) for message in known)
    written = len(pieces[0]) + len(pieces[1])
    written += sum(_tokens(call["function"]["arguments"]) + 4 for call in calls)
    return {
        "prompt_tokens": prompt,
        "completion_tokens": written,
        "total_tokens": prompt + written,
        "prompt_tokens_details": {"cached_tokens": cached},
        "completion_tokens_details": {"reasoning_tokens": len(pieces[0])},
    }
