"""The official SDKs run against the sandbox as they are."""

from __future__ import annotations

import base64
import io
import json
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import pytest
from PIL import Image

from zai_magics.sandbox import LABEL, Sandbox

zai = pytest.importorskip("zai")
openai = pytest.importorskip("openai")

USER = [{"role": "user", "content": "hello"}]
SCHEMA = {"type": "object", "properties": {"city": {"type": "string"}}}
TOOLS = [{"type": "function", "function": {"name": "get_weather", "parameters": SCHEMA}}]


def image_part() -> dict[str, Any]:
    """A small PNG as a message part."""
    file = io.BytesIO()
    Image.new("RGB", (17, 9)).save(file, "png")
    url = "data:image/png;base64," + base64.b64encode(file.getvalue()).decode()
    return {"type": "image_url", "image_url": {"url": url}}


@pytest.fixture(params=["zai", "openai"])
def sdk(request: pytest.FixtureRequest, sandbox: Sandbox) -> Iterator[Any]:
    """Either SDK's client; both have the same face for chats."""
    kind = zai.ZaiClient if request.param == "zai" else openai.OpenAI
    client = kind(api_key="sandbox", base_url=sandbox.base_url, max_retries=0)
    yield client
    client.close()


def test_a_chat(sdk: Any) -> None:
    reply = sdk.chat.completions.create(model="glm-4.7", messages=USER)
    assert reply.choices[0].message.content.startswith(LABEL)
    assert reply.choices[0].message.reasoning_content and reply.usage.total_tokens > 0
    assert reply.model == "glm-4.7+sandbox" and reply.choices[0].finish_reason == "stop"


def test_a_stream(sdk: Any) -> None:
    more = {"stream_options": {"include_usage": True}} if isinstance(sdk, openai.OpenAI) else {}
    chunks = list(sdk.chat.completions.create(model="glm-4.7", messages=USER, stream=True, **more))
    text = "".join(chunk.choices[0].delta.content or "" for chunk in chunks)
    thought = [getattr(chunk.choices[0].delta, "reasoning_content", None) for chunk in chunks]
    assert text.startswith(LABEL) and any(thought)
    assert chunks[-1].usage.completion_tokens > 0
    assert chunks[-1].choices[0].finish_reason == "stop"


@pytest.mark.parametrize("stream", [False, True])
def test_a_tool_round(sdk: Any, stream: bool) -> None:
    ask = [{"role": "user", "content": "get_weather in Oslo"}]
    made = sdk.chat.completions.create(model="glm-4.7", messages=ask, tools=TOOLS, stream=stream)
    if stream:
        call = next(c.choices[0].delta.tool_calls[0] for c in made if c.choices[0].delta.tool_calls)
    else:
        call = made.choices[0].message.tool_calls[0]
    assert json.loads(call.function.arguments) == {"city": "Oslo"}
    function = {"name": call.function.name, "arguments": call.function.arguments}
    called = {"role": "assistant", "content": ""}
    called |= {"tool_calls": [{"id": call.id, "type": "function", "function": function}]}
    result = {"role": "tool", "tool_call_id": call.id, "content": "rain"}
    reply = sdk.chat.completions.create(model="glm-4.7", messages=[*ask, called, result])
    assert "`get_weather` answered “rain”" in reply.choices[0].message.content


def test_a_picture_in_a_message(sdk: Any) -> None:
    parts = [image_part(), {"type": "text", "text": "what is it?"}]
    reply = sdk.chat.completions.create(
        model="glm-4.6v", messages=[{"role": "user", "content": parts}]
    )
    assert "PNG, 17 x 9 pixels" in reply.choices[0].message.content


def test_the_documented_errors_become_the_sdks_own(sandbox: Sandbox) -> None:
    client = zai.ZaiClient(api_key="sandbox", base_url=sandbox.base_url, max_retries=0)
    kinds = {"1302": "APIReachLimitError", "1213": "APIRequestFailedError"}
    kinds |= {"1000": "APIAuthenticationError", "1200": "APIInternalError"}
    for code, kind in kinds.items():
        messages = [{"role": "user", "content": f"[[error {code}]]"}]
        with pytest.raises(getattr(zai.core, kind), match=code):
            client.chat.completions.create(model="glm-4.7", messages=messages)
    with pytest.raises(zai.core.APIAuthenticationError, match="only the word"):
        zai.ZaiClient(api_key="a.b", base_url=sandbox.base_url).chat.completions.create(
            model="glm-4.7", messages=USER
        )


def test_the_openai_sdk_has_its_errors_and_the_list_of_models(sandbox: Sandbox) -> None:
    client = openai.OpenAI(api_key="sandbox", base_url=sandbox.base_url, max_retries=0)
    assert "glm-4.7" in [model.id for model in client.models.list()]
    kinds = {"1302": openai.RateLimitError, "1213": openai.BadRequestError}
    kinds |= {"1220": openai.PermissionDeniedError, "1200": openai.InternalServerError}
    for code, kind in kinds.items():
        messages = [{"role": "user", "content": f"[[error {code}]]"}]
        with pytest.raises(kind) as caught:
            client.chat.completions.create(model="glm-4.7", messages=messages)
        assert caught.value.code == code
    with pytest.raises(openai.AuthenticationError, match="only the word"):
        openai.OpenAI(api_key="a.b", base_url=sandbox.base_url).models.list()


def test_the_official_sdk_makes_a_picture(sandbox: Sandbox) -> None:
    client = zai.ZaiClient(api_key="sandbox", base_url=sandbox.base_url, max_retries=0)
    made = client.images.generations(model="glm-image", prompt="a sunset", size="1024x1024")
    assert made.data[0].url.startswith(sandbox.origin)
    assert len(sandbox.charged) == 1


def test_the_official_sdk_makes_a_film(sandbox: Sandbox, time: SimpleNamespace) -> None:
    client = zai.ZaiClient(api_key="sandbox", base_url=sandbox.base_url, max_retries=0)
    made = client.videos.generations(
        model="cogvideox-3", prompt="a bird", quality="speed", with_audio=True, fps=30
    )
    assert made.task_status == "PROCESSING"
    assert client.videos.retrieve_videos_result(id=made.id).task_status == "PROCESSING"
    time.now += 5
    done = client.videos.retrieve_videos_result(id=made.id)
    assert done.task_status == "SUCCESS" and done.video_result[0].url.endswith(".mp4")
    assert done.video_result[0].cover_image_url.endswith(".png")


def test_the_official_sdk_makes_a_picture_as_a_job(sandbox: Sandbox, time: SimpleNamespace) -> None:
    client = zai.ZaiClient(api_key="sandbox", base_url=sandbox.base_url, max_retries=0)
    made = client.images.async_generations(model="glm-image", prompt="a sunset")
    time.now += 5
    done = client.images.retrieve_images_result(id=made.id)
    assert done.task_status == "SUCCESS" and done.image_result[0].url.endswith(".png")
