"""A request's content: its size is known before it is encoded, and it can be sent again."""

from __future__ import annotations

import json
from typing import Any

import pytest

from zai_magics.wire import chat

MESSAGES: list[dict[str, Any]] = [
    {"role": "system", "content": "be brief"},
    {"role": "user", "content": 'é\ud800 数据 \udfff "quoted"\n'},
    {"role": "user", "content": [{"type": "text", "text": "\ud83dx"}]},
    {"role": "assistant", "content": "yes", "tool_calls": []},
]


@pytest.mark.parametrize("rounds", [1, chat.STEP // 4, chat.STEP, 3 * chat.STEP])
def test_a_requests_size_is_that_of_its_bytes_however_many_messages(rounds: int) -> None:
    encode, body = chat.Encoder(), chat.body(MESSAGES * rounds, "glm-4.7", {"stream": True})
    for content in (encode(body), encode(body)):  # the second one's sizes are remembered
        sent = b"".join(content)
        assert len(sent) == content.size
        assert json.loads(sent) == body
        assert b"".join(content) == sent
