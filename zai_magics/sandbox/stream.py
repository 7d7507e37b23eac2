"""A reply in the service's forms: one JSON object, or the frames of an event stream.

The stream's shape is that of recorded answers: only data lines, the role in every delta of text,
usage in the last frame without being asked for, then [DONE].
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any, NamedTuple

from .answers import RESET, Body, Step, dumps
from .chat import Reply
from .errors import Problem
from .faults import Faults

DONE = b"data: [DONE]\n\n"
_LONGEST_STREAM = 10.0
_ARGUMENT_PIECE = 12


class Head(NamedTuple):
    """What stands in every frame of an answer."""

    id: str
    model: str
    created: int

    @classmethod
    def of(cls, log_id: str, model: str) -> Head:
        """`+sandbox` makes the answer known even where headers are lost."""
        return cls(log_id, f"{model}+sandbox", int(time.time()))


def completion(reply: Reply, head: Head) -> Body:
    """The answer as one object, for `stream: false`."""
    message: Body = {"role": "assistant", "content": "".join(reply.text)}
    if reply.thinking:
        message["reasoning_content"] = "".join(reply.thinking)
    if reply.calls:
        message["tool_calls"] = reply.calls
    answer: Body = {
        "id": head.id,
        "request_id": head.id,
        "created": head.created,
        "object": "chat.completion",
        "model": head.model,
        "choices": [{"index": 0, "finish_reason": reply.finish, "message": message}],
        "usage": reply.usage,
    }
    return answer | ({"web_search": reply.found} if reply.found else {})


def steps(reply: Reply, head: Head, faults: Faults, pace: float, split: bool) -> Iterator[Step]:
    """Frames and pauses of the answer, with the faults that strike in its middle.

    `pace`: seconds a frame, less for long texts so that all ends within 10 s. `split`: the
    arguments of calls come in pieces (`tool_stream`).
    """
    frames = _frames(reply, head, split)
    deltas = len(reply.thinking) + len(reply.text)
    middle = len(reply.thinking) + (len(reply.text) + 1) // 2 if reply.text else deltas // 2
    pause = min(pace, _LONGEST_STREAM / max(1, deltas))
    for place, frame in enumerate(frames):
        if place == middle:
            trouble, ends = _trouble(faults, frame)
            yield from trouble
            if ends:
                return
        yield frame
        if pause > 0:
            yield pause
    yield DONE


def _trouble(faults: Faults, frame: bytes) -> tuple[list[Step], bool]:
    """What happens in mid-stream, and whether it ends the stream."""
    trouble: list[Step] = []
    if "stall" in faults:
        trouble.append(faults.seconds("stall"))
    if "garble" in faults:
        # No line end: the next frame's "data: " follows in the same line.
        trouble.append(frame[: len(frame) // 2])
    if "stream-error" in faults:
        problem = Problem(faults.word("stream-error", "1234"))
        return [*trouble, b"data: " + dumps(problem.body()) + b"\n\n"], True
    if "reset" in faults:
        # A reset throws away what the reader has not taken yet: give it a moment.
        return [*trouble, 0.05, RESET], True
    return trouble, "cut" in faults


def _frames(reply: Reply, head: Head, split: bool) -> Iterator[bytes]:
    opening = {"id": head.id, "created": head.created, "object": "chat.completion.chunk"}
    start = b"data: " + dumps({**opening, "model": head.model})[:-1]
    delta = start + b',"choices":[{"index":0,"delta":'
    if reply.found:
        yield start + b',"web_search":' + dumps(reply.found) + b',"choices":[]}\n\n'
    for name, pieces in ((b"reasoning_content", reply.thinking), (b"content", reply.text)):
        before = delta + b'{"role":"assistant","' + name + b'":'
        for piece in pieces:
            yield before + dumps(piece) + b"}}]}\n\n"
    for call in reply.calls:
        for part in _call_parts(call) if split else [call]:
            yield delta + dumps({"tool_calls": [part]}) + b"}]}\n\n"
    last = {
        "index": 0,
        "finish_reason": reply.finish,
        "delta": {"role": "assistant", "content": ""},
    }
    yield start + b',"choices":' + dumps([last]) + b',"usage":' + dumps(reply.usage) + b"}\n\n"


def _call_parts(call: dict[str, Any]) -> Iterator[Body]:
    """The name first, then its arguments in pieces under the same index."""
    arguments = call["function"]["arguments"]
    yield {**call, "function": {"name": call["function"]["name"], "arguments": ""}}
    for start in range(0, len(arguments), _ARGUMENT_PIECE):
        piece = arguments[start : start + _ARGUMENT_PIECE]
        yield {"index": call["index"], "function": {"arguments": piece}}
