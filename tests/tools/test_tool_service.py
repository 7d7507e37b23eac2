"""Tools over real HTTP: the official SDKs and the sandbox take what is offered, and call it."""

from __future__ import annotations

from typing import Any

import pytest
from annotated import Colour, Point, of

from zai_magics.sandbox import Sandbox
from zai_magics.tools import arguments, run


def plan(city: str, days: int, colour: Colour = Colour.RED, at: Point | None = None) -> str:
    """Plans a trip.

    Args:
        city: where to
        days: how long
    """
    return f"{days} days in {city}, {colour.value}"


@pytest.mark.parametrize("sdk", ["zai", "openai"])
def test_a_tool_goes_through_an_sdk_and_comes_back_as_a_call(
    sdk: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in (
        "HTTP_PROXY",
        "HTTPS_PROXY",
        "ALL_PROXY",
        "http_proxy",
        "https_proxy",
        "all_proxy",
    ):
        monkeypatch.delenv(name, raising=False)
    library = pytest.importorskip(sdk)
    tool = of(plan)
    with Sandbox(pace=0) as sandbox:
        kind: Any = library.ZaiClient if sdk == "zai" else library.OpenAI
        client = kind(api_key="sandbox", base_url=sandbox.base_url, max_retries=0)
        reply = client.chat.completions.create(
            model="glm-4.7",
            messages=[{"role": "user", "content": 'call f for "Oslo", 3 days'}],
            tools=[tool.to_request()],
        )
        client.close()
    made = reply.choices[0].message.tool_calls[0].function
    given = arguments(tool, made.arguments)
    assert given == {"city": "Oslo", "days": 3, "colour": Colour.RED, "at": None}
    assert run(tool, given).text == "3 days in Oslo, red"
