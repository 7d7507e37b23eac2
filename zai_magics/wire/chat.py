"""Chat: messages and parameters -> request body; events and bodies -> deltas.

Shapes: the mission's reference and docs.z.ai's chat completion; recorded exchanges where they
differ (a role in every delta, usage in the last chunk, tool arguments as a JSON string).
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from ..errors import BadAnswer, PromptError
from ..types import Delta, Json, Source, ToolCall, Usage

if TYPE_CHECKING:
    from ..attach import Attachment

CALLS = 128  # of one answer; the service offers as many tools at most (docs.z.ai)
SOURCES = 50  # the most that the service's search gives
NAME = 256  # characters; the service's own have 64
PATH = "/chat/completions"
# docs.z.ai, web search in chat; the engine's name is required.
WEB_SEARCH: Json = {
    "type": "web_search",
    "web_search": {"enable": True, "search_engine": "search_pro_jina", "search_result": True},
}
_EFFORTS = {"low", "high", "max"}


def body(
    messages: str | Sequence[Mapping[str, Any]], model: str, params: Mapping[str, Any]
) -> Json:
    """The JSON of a request. A string is one user message; a None parameter is left out."""
    if isinstance(messages, str):
        messages = [{"role": "user", "content": messages}] if messages.strip() else []
    # `type` first: for a long history, asking the abstract class takes as long as encoding it.
    # The objects themselves are kept: a conversation gives the same ones again and again.
    own = [
        m if type(m) is dict else dict(m)
        for m in messages or ()
        if type(m) is dict or isinstance(m, Mapping)
    ]
    if not own or len(own) != len(messages):
        raise PromptError(
            "there is no message to send: write a prompt, or a list of objects "
            'such as {"role": "user", "content": "Hi"}'
        )
    given = {name: value for name, value in params.items() if value is not None}
    return {"model": model, "messages": own, **given}


def encode(data: Mapping[str, Any]) -> bytes:
    """JSON as UTF-8; lone surrogates, which UTF-8 cannot carry, as escapes.

    Raises PromptError for NaN, infinities and values that JSON does not know.
    """
    try:
        return _COMPACT.encode(data).encode()
    except UnicodeEncodeError:
        return _ESCAPED.encode(data).encode()
    except (TypeError, ValueError, RecursionError) as error:
        raise PromptError(f"a parameter cannot be sent as JSON ({error}); change it") from None


_COMPACT = json.JSONEncoder(ensure_ascii=False, allow_nan=False, separators=(",", ":"))
_ESCAPED = json.JSONEncoder(allow_nan=False, separators=(",", ":"))


class Encoder:
    """Encodes the requests of one client: `content = encoder(body)`.

    A conversation sends what it has sent before, so the plain messages of the last request are
    kept encoded: the next one costs its new messages. Raises as `encode`.
    """

    def __init__(self) -> None:
        self._last: dict[tuple[str, str], bytes] = {}

    def __call__(self, body: Json) -> list[bytes]:
        """The JSON of a request, its messages last, in pieces: one a message, as it is kept.

        Put together they would be a second copy of a long conversation, for each of its turns.
        """
        last, kept = self._last, {}
        rest = encode({name: value for name, value in body.items() if name != "messages"})
        pieces = [rest[:-1], b',"messages":[']
        for message in body["messages"]:
            role, content = message.get("role"), message.get("content")
            if len(message) == 2 and isinstance(content, str) and type(role) is str:
                part = last.get((role, content)) or encode(message)
                kept[role, content] = part
            else:
                part = encode(message)
            pieces += (part, b",")
        pieces[-1] = b"]}"
        self._last = kept
        return pieces


def user_content(text: str, attached: Sequence[Attachment]) -> str | tuple[Json, ...]:
    """A user message's content: plain text, or parts with images, files and clips first.

    Text models take a string only (code 1210), so texts that are attached stand in it, before the
    user's words.
    """
    parts = [_part(a) for a in attached if a.url]
    words = "\n\n".join(filter(None, (*(a.text for a in attached), text)))
    if not parts:
        return words
    return (*parts, *([{"type": "text", "text": words}] if words.strip() else ()))


def _part(attached: Attachment) -> Json:
    """A part of a message: docs.z.ai, vision models. A file by its URL takes the older form, which
    has no place for its name.
    """
    url, kind = attached.url, attached.kind
    if kind == "file" and url.startswith("data:"):
        name = attached.name.replace("\\", "/").rpartition("/")[2]
        return {"type": "file", "file": {"file_data": url, "filename": name}}
    name = {"image": "image_url", "video": "video_url"}.get(kind, "file_url")
    return {"type": name, name: {"url": url}}


def tool_result(call: str, text: str, image: str = "") -> Json:
    """The message with a call's result; a picture stands beside the words (seen live, glm-4.6v)."""
    content: Any = text
    if image:
        parts = [{"type": "image_url", "image_url": {"url": image}}]
        content = [*parts, {"type": "text", "text": text}]
    return {"role": "tool", "tool_call_id": call, "content": content}


def thinking(choice: str, thinks: str) -> Json:
    """Parameters for `--think on|off|low|high|max` and a model that "switch"es, and so on.

    The service thinks unless told not to. GLM-5.3 cannot be told not to (code 1210), so off
    is its least effort there; `reasoning_effort` exists from GLM-5.2 on, others ignore it.
    """
    if choice == "off":
        if thinks == "always":
            return {"reasoning_effort": "low"}
        return {} if thinks == "never" else {"thinking": {"type": "disabled"}}
    effort = {"reasoning_effort": choice} if choice in _EFFORTS else {}
    return {"thinking": {"type": "enabled"}, **effort}


def delta(event: Json) -> Delta | None:
    """One event of a stream as a Delta, None when it has no shape that is known."""
    try:
        choices = event.get("choices")
        choice = choices[0] if choices else {}
        said = choice.get("delta") or choice.get("message") or {}
        text, thought = said.get("content"), said.get("reasoning_content")
        calls = said.get("tool_calls")
        counted = event.get("usage")
        return Delta(
            text if type(text) is str else _joined(text),
            thought if type(thought) is str else "",
            _tool_calls(calls) if calls else (),
            _word(choice.get("finish_reason")),
            usage(counted) if counted else None,
            event,
            "",
            _sources(event["web_search"]) if "web_search" in event else (),
        )
    except (AttributeError, KeyError, IndexError, TypeError, ValueError):
        return None


def completion(data: Json) -> Delta:
    """A whole answer's body as one Delta. Raises BadAnswer when it is none."""
    whole = delta(data) if data.get("choices") else None
    if whole is None:
        raise BadAnswer("the service's answer has no reply in it; run the cell again")
    return whole


def usage(data: Any) -> Usage | None:
    """The service's usage as tokens; None when it is not an object, or counts neither the prompt's
    nor the answer's: gateways have other names for them.

    Cached tokens are inside prompt_tokens and reasoning tokens inside completion_tokens, whatever
    the service says; every detail may be missing.
    """
    if not isinstance(data, dict):
        return None
    if not any(type(data.get(n)) in (int, float) for n in ("prompt_tokens", "completion_tokens")):
        return None
    asked = data.get("prompt_tokens_details")
    made = data.get("completion_tokens_details")
    prompt, completion = _count(data.get("prompt_tokens")), _count(data.get("completion_tokens"))
    cached = _count(asked.get("cached_tokens")) if isinstance(asked, dict) else 0
    thought = _count(made.get("reasoning_tokens")) if isinstance(made, dict) else 0
    return Usage(prompt, completion, min(cached, prompt), min(thought, completion))


def model_ids(data: Json) -> list[str]:
    """The ids of `GET /models`, which docs.z.ai does not document."""
    rows = data.get("data")
    if not isinstance(rows, list):
        raise BadAnswer("the service's list of models cannot be read")
    return [row["id"] for row in rows if isinstance(row, dict) and isinstance(row.get("id"), str)]


def _tool_calls(calls: Any) -> tuple[tuple[int, ToolCall], ...]:
    """What an event has of calls; of more than an answer may have, one too many."""
    found = []
    for place, call in enumerate(calls[: CALLS + 1]):
        function = call.get("function") or {}
        arguments = function.get("arguments") or ""
        if not isinstance(arguments, str):  # docs.z.ai's schema says object, recordings a string
            arguments = json.dumps(arguments, ensure_ascii=False)
        index = call.get("index", place)
        if not isinstance(index, int):
            index = place
        own, name = (str(n or "")[:NAME] for n in (call.get("id"), function.get("name")))
        found.append((index, ToolCall(own, name, arguments)))
    return tuple(found)


def _sources(found: Any) -> tuple[Source, ...]:
    """What a web search found; of a row of another shape what can be read."""
    rows = found if isinstance(found, list) else []
    names = ("title", "link", "media", "publish_date")
    texts = [[_word(row.get(n)) or "" for n in names] for row in rows if isinstance(row, dict)]
    return tuple(Source(*row) for row in texts if row[1])[:SOURCES]


def _joined(content: Any) -> str:
    """Content that came as a list of parts, as some gateways send it."""
    if not isinstance(content, list):
        return ""
    return "".join(p["text"] for p in content if isinstance(p, dict) and type(p.get("text")) is str)


def _word(value: Any) -> str | None:
    return value if isinstance(value, str) and value else None


def _count(value: Any) -> int:
    return int(value) if isinstance(value, (int, float)) and 0 <= value < 1e12 else 0
