"""Tool calls that are scripted, and values made for schemas."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import httpx
import pytest

from zai_magics.sandbox.values import Hints, fill, schema_in

Ask = Callable[..., httpx.Response]
CITY = {"type": "object", "properties": {"city": {"type": "string"}, "days": {"type": "integer"}}}
PAIR = {"type": "object", "properties": {"a": {"type": "number"}, "b": {"type": "number"}}}
TOOLS = [
    {"type": "function", "function": {"name": "get_weather", "parameters": CITY}},
    {"type": "function", "function": {"name": "add", "parameters": PAIR}},
]


def called(reply: httpx.Response) -> list[tuple[str, str]]:
    """Names and arguments of the calls."""
    calls = reply.json()["choices"][0]["message"].get("tool_calls", [])
    return [(call["function"]["name"], call["function"]["arguments"]) for call in calls]


def test_a_function_is_called_when_the_prompt_names_it(ask: Ask) -> None:
    reply = ask("use get_weather for Oslo, 3 days", tools=TOOLS)
    assert reply.json()["choices"][0]["finish_reason"] == "tool_calls"
    [(name, arguments)] = called(reply)
    assert name == "get_weather" and json.loads(arguments) == {"city": "Oslo", "days": 3}


def test_several_named_functions_are_called_in_the_order_of_the_prompt(ask: Ask) -> None:
    calls = called(ask("add 3 and 4.5, then get_weather for Oslo", tools=TOOLS))
    assert [name for name, _ in calls] == ["add", "get_weather"]
    assert json.loads(calls[0][1]) == {"a": 3, "b": 4.5}
    assert json.loads(calls[1][1])["city"] == "Oslo"


def test_no_function_is_called_that_the_prompt_does_not_name(ask: Ask) -> None:
    assert called(ask("the weather at this address, readd it", tools=TOOLS)) == []


def test_the_same_request_makes_the_same_call_id_and_two_calls_have_two(ask: Ask) -> None:
    message = ask("add and get_weather", tools=TOOLS).json()["choices"][0]["message"]
    again = ask("add and get_weather", tools=TOOLS).json()["choices"][0]["message"]
    assert message["tool_calls"] == again["tool_calls"]
    assert len({call["id"] for call in message["tool_calls"]}) == 2


def test_tool_results_are_reported_in_a_text(ask: Ask) -> None:
    first = ask("add 3 and 4", tools=TOOLS).json()["choices"][0]["message"]
    result = {"role": "tool", "tool_call_id": first["tool_calls"][0]["id"], "content": "7"}
    messages = [{"role": "user", "content": "add 3 and 4"}, first, result]
    choice = ask("", messages=messages, tools=TOOLS).json()["choices"][0]
    assert choice["finish_reason"] == "stop"
    assert "`add` answered “7”" in choice["message"]["content"]


def test_a_marker_calls_a_function_with_broken_arguments_or_one_never_offered(ask: Ask) -> None:
    assert called(ask("[[tool]] hi", tools=TOOLS))[0][0] == "get_weather"
    broken = ask('[[tool rm]] [[arguments {"a":]] hi', tools=TOOLS)
    assert called(broken) == [("rm", '{"a":')]


@pytest.mark.parametrize(
    ("schema", "value"),
    [
        ({"type": "string"}, "Oslo"),
        ({"type": "integer", "maximum": 2}, 2),
        ({"type": ["null", "number"]}, 7),
        ({"type": "boolean"}, True),
        ({"type": "null"}, None),
        ({"enum": ["red", "blue"]}, "blue"),
        ({"const": 5}, 5),
        ({"default": None}, None),
        ({"type": "array", "items": {"type": "integer"}, "minItems": 2}, [7, 1]),
        ({"type": "string", "format": "date"}, "2026-01-31"),
        ({"anyOf": [{"type": "null"}, {"type": "integer"}]}, 7),
        ({"$ref": "#/$defs/N", "$defs": {"N": {"type": "integer"}}}, 7),
        ({"properties": {"a": {"type": "object"}}}, {"a": {}}),
    ],
)
def test_a_schema_is_filled_with_what_the_prompt_offers(schema: Any, value: Any) -> None:
    assert fill(schema, Hints('7 blue tickets to "Oslo"')) == value


@pytest.mark.parametrize(
    "schema",
    [
        None,
        [],
        "x",
        {"type": 5},
        {"$ref": "#"},
        {"$ref": "#/a"},
        {"anyOf": 3},
        {"items": 1},
        {"properties": []},
        {"type": []},
        {"enum": []},
        {"type": "array", "minItems": 10**9},
    ],
)
def test_a_schema_that_is_none_still_gets_a_small_value(schema: Any) -> None:
    assert len(json.dumps(fill(schema, Hints("")))) < 300


def test_a_schema_that_refers_to_itself_ends() -> None:
    node = {"type": "object", "properties": {"next": {"$ref": "#"}, "also": {"$ref": "#"}}}
    assert "next" in fill(node, Hints(""))


def test_a_schema_is_found_in_a_text_and_only_a_schema() -> None:
    assert schema_in('a {b} {"x": 1} {"properties": {"y": {}}} c') == {"properties": {"y": {}}}
    assert schema_in("{" * 100_000) is None
