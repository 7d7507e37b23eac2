"""Whether a chat request is one that the service would take.

Raises `Problem` with the documented code; unknown parameters pass, nulls count as absent.
Pictures and films are checked in `validate_media`.
"""

from __future__ import annotations

import re
from typing import Any

from . import fields, models, pictures
from .answers import Body
from .errors import Problem, invalid, missing

_CHECKS = {
    # The reference says 0 to 2; the service's own documents say 0 to 1 but it takes 1.3.
    "temperature": fields.number(0, 2),
    "top_p": fields.number(0.01, 1),
    "max_tokens": fields.whole(1, 131072),
    "stream": fields.FLAG,
    "do_sample": fields.FLAG,
    "tool_stream": fields.FLAG,
    "stream_options": fields.OBJECT,
    "response_format": fields.OBJECT,
    "thinking": fields.OBJECT,
    **fields.IDS,
}
_EFFORTS = ("max", "xhigh", "high", "medium", "low", "minimal", "none")
_FORMATS = ("text", "json_object", "json_schema")
_ROLES = ("system", "user", "assistant", "tool")
_TOOLS = ("function", "web_search", "retrieval")
_NAME = re.compile(r"[A-Za-z0-9_-]{1,64}", re.ASCII)


def chat(body: Body) -> None:
    """Check the body of POST /chat/completions."""
    model = chat_model(body)
    fields.check(body, _CHECKS)
    _thinking(body, model)
    _stop(body.get("stop"))
    _format(body.get("response_format"))
    _tools(body.get("tools"))
    messages(body, vision=model in models.VISION)


def chat_model(body: Body) -> str:
    """The model, if it can chat; live answers say 1214 for an unknown one, not 1211."""
    model = fields.required(body, "model")
    if not isinstance(model, str):
        raise invalid("model", "a string")
    if model in models.IMAGE or model in models.VIDEO:
        raise Problem("1212", f"The model {model} does not support chat completions.")
    if model not in models.CHAT:
        raise Problem("1214", "modelCode: does not exist")
    return model


def _thinking(body: Body, model: str) -> None:
    kind = (body.get("thinking") or {}).get("type")
    if kind not in (None, "enabled", "disabled"):
        raise invalid("thinking.type", "enabled or disabled")
    effort = body.get("reasoning_effort")
    if effort is not None and effort not in _EFFORTS:
        raise invalid("reasoning_effort", "one of " + ", ".join(_EFFORTS))
    if not models.always_thinks(model):
        return
    if kind == "disabled":
        raise Problem("1210", f"{model} does not support thinking.type disabled")
    if effort not in (None, "low", "high", "max"):
        raise Problem("1210", f"{model}: reasoning_effort must be low, high or max")


def _stop(stop: Any) -> None:
    if stop is None:
        return
    words = stop if isinstance(stop, list) else []
    if not 1 <= len(words) <= 4 or not all(isinstance(word, str) and word for word in words):
        raise invalid("stop", "an array of 1 to 4 strings")


def _format(wanted: Body | None) -> None:
    if wanted is not None and wanted.get("type") not in _FORMATS:
        raise invalid("response_format.type", "text or json_object")


def _tools(tools: Any) -> None:
    if tools is None:
        return
    if not isinstance(tools, list) or len(tools) > 128:
        raise invalid("tools", "an array of at most 128 objects")
    for place, tool in enumerate(tools):
        if not isinstance(tool, dict):
            raise invalid(f"tools[{place}]", "an object")
        if tool.get("type") not in _TOOLS:
            raise invalid(f"tools[{place}].type", "one of " + ", ".join(_TOOLS))
        if tool["type"] == "function":
            _function(tool.get("function"), f"tools[{place}].function")
        else:
            fields.check(tool, {tool["type"]: fields.OBJECT})


def _function(function: Any, where: str) -> None:
    if function is None:
        raise missing(where)
    if not isinstance(function, dict):
        raise invalid(where, "an object")
    name = fields.required(function, "name")
    if not isinstance(name, str) or not _NAME.fullmatch(name):
        raise invalid(f"{where}.name", "1 to 64 letters, digits, underscores or hyphens")
    fields.check(function, {"parameters": fields.OBJECT})


def messages(body: Body, *, vision: bool) -> None:
    """Check the conversation: roles, contents, and that somebody other than the model spoke."""
    given = body.get("messages")
    if given is None:
        raise missing("messages")
    if not isinstance(given, list) or not given:
        raise invalid("messages", "an array of at least one message")
    for place, message in enumerate(given):
        _message(message, f"messages[{place}]", vision)
    if not any(message["role"] in ("user", "tool") for message in given):
        raise invalid("messages", "more than system and assistant messages")


def _message(message: Any, where: str, vision: bool) -> None:
    if not isinstance(message, dict):
        raise invalid(where, "an object")
    role, content = message.get("role"), message.get("content")
    if role is None:
        raise missing(f"{where}.role")
    if role not in _ROLES:
        raise invalid(f"{where}.role", "one of " + ", ".join(_ROLES))
    if role == "tool" and not isinstance(message.get("tool_call_id"), str):
        raise missing(f"{where}.tool_call_id")
    calls = message.get("tool_calls")
    if role == "assistant" and calls is not None:
        _calls(calls, f"{where}.tool_calls")
    if content is None and not (role == "assistant" and calls):
        raise missing(f"{where}.content")
    if content is not None:
        _content(content, f"{where}.content", vision)


def _calls(calls: Any, where: str) -> None:
    if not isinstance(calls, list):
        raise invalid(where, "an array")
    for call in calls:
        function = call.get("function") if isinstance(call, dict) else None
        if not isinstance(function, dict) or not isinstance(function.get("name"), str):
            raise invalid(where, "objects with a function and its name")


def _content(content: Any, where: str, vision: bool) -> None:
    if isinstance(content, str):
        return
    if not isinstance(content, list) or not content:
        raise invalid(where, "a string or an array of parts")
    for place, part in enumerate(content):
        _part(part, f"{where}[{place}]", vision)


def _part(part: Any, where: str, vision: bool) -> None:
    if not isinstance(part, dict):
        raise invalid(where, "an object")
    kind = part.get("type")
    if kind == "text":
        if not isinstance(part.get("text"), str):
            raise invalid(f"{where}.text", "a string")
        return
    if not vision:
        raise Problem("1210", f"{where}: this model takes text only, not {str(kind)[:40]!r}")
    if kind not in ("image_url", "video_url", "file_url", "file"):
        raise Problem("1210", f"{where}.type: {str(kind)[:40]!r} is not supported")
    value = part.get(kind)
    if not isinstance(value, dict):
        raise invalid(f"{where}.{kind}", "an object")
    if kind != "file" and not isinstance(value.get("url"), str):
        raise invalid(f"{where}.{kind}.url", "a string")
    if kind == "image_url":
        pictures.read(value["url"])
