"""What `-T NAME` finds, and how it says no."""

from __future__ import annotations

import functools
import math
from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest

import zai_magics as zm
from zai_magics.errors import CommandError
from zai_magics.tools import Tool, arguments, named, run


def weather(city: str, days: int = 1) -> str:
    """The weather."""
    return f"{city}: sun for {days}"


class Shop:
    """A shop."""

    def __init__(self, owner: str) -> None:
        self.owner = owner

    def buy(self, what: str) -> str:
        """Buys."""
        return f"{what} of {self.owner}"

    @staticmethod
    def opens(day: str) -> str:
        return day

    @classmethod
    def kind(cls, of: str) -> str:
        return cls.__name__ + of

    @zm.tool(name="sell-it")
    def sell(self, what: str) -> str:
        return what

    @zm.tool(name="fix-it")
    @staticmethod
    def fix(what: str) -> str:
        return what

    def __call__(self, what: str) -> str:
        """Calls."""
        return what

    async def later(self, what: str) -> str:
        return what

    @property
    def broken(self) -> str:
        raise RuntimeError("no")


def logged(function: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(function)
    def wrapper(*args: Any, **kwargs: Any) -> Any:
        return function(*args, **kwargs)

    return wrapper


async def slow(x: int) -> None: ...


async def slow_items(x: int) -> AsyncIterator[int]:
    yield x


class Later:
    async def __call__(self, x: int) -> None: ...


SCOPE: dict[str, Any] = {
    "weather": weather, "shop": Shop("Ann"), "other": Shop("Bob"), "Shop": Shop, "math": math,
    "logged": logged(weather), "oslo": functools.partial(weather, city="Oslo"),
    "first": functools.partial(weather, "Oslo"), "double": lambda x: 2 * x, "slow": slow,
    "slow_items": slow_items, "later": Later(), "slow_part": functools.partial(slow, 1),
    "kept": functools.lru_cache(weather), "most": max,
    "number": 3, "wétter": weather, "many": lambda *a: a, "words": lambda **k: k,
    "place": eval("lambda a, /: a"), "x" * 65: weather,
}  # fmt: skip


@pytest.mark.parametrize(
    ("typed", "name", "parameters", "description"),
    [
        ("weather", "weather", ["city", "days"], "The weather."),
        ("logged", "logged", ["city", "days"], "The weather."),
        ("kept", "kept", ["city", "days"], "The weather."),
        ("oslo", "oslo", ["days"], "The weather."),
        ("first", "first", ["days"], "The weather."),
        ("double", "double", ["x"], ""),
        ("shop.buy", "buy", ["what"], "Buys."),
        ("shop.opens", "opens", ["day"], ""),
        ("Shop.kind", "kind", ["of"], ""),
        ("shop.sell", "sell-it", ["what"], ""),
        ("shop.fix", "fix-it", ["what"], ""),
        ("shop", "shop", ["what"], "Calls."),
    ],
)
def test_what_can_be_called_by_name_is_a_tool(
    typed: str, name: str, parameters: list[str], description: str
) -> None:
    tool = named([typed], SCOPE)[name]
    assert (tool.name, tool.description) == (name, description)
    assert list(tool.parameters["properties"]) == parameters
    assert ("description" in tool.to_request()["function"]) == bool(description)


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ("wether", "there is no wether here; did you mean weather?"),
        ("zzz", "there is no zzz here; define the function first"),
        ("print", "print is Python's own"),
        ("sell-it", "takes the name of a function"),
        ("sellit", "there is no sellit here"),
        ("shop.by", "there is no by in it; did you mean buy?"),
        ("shop.broken", r"no broken in it \(RuntimeError\)"),
        ("shop.later", "is async"), ("slow", "is async"), ("slow_items", "is async"),
        ("later", "is async"), ("slow_part", "is async"),
        ("Shop", "is a class"), ("math", "is a module"), ("number", "is of type int and cannot"),
        ("most", "does not tell its parameters"), ("math.sqrt", "cannot be given by its name"),
        ("many", r"takes \*a"), ("words", r"takes \*\*k"), ("place", "cannot be given by its name"),
        ("wétter", "cannot be named"), ("x" * 65, "cannot be named"),
        ("", "takes the name"), ("weather()", "takes the name"), ("shop.", "takes the name"),
        ("__import__('os')", "takes the name"), ("a\nb", "takes the name"),
    ],
)  # fmt: skip
def test_what_is_no_tool_is_refused_in_one_line(typed: str, said: str) -> None:
    with pytest.raises(CommandError, match=said) as caught:
        named([typed], SCOPE)
    assert "\n" not in str(caught.value)


def test_two_tools_of_one_name_are_refused_and_one_named_twice_is_one() -> None:
    assert list(named(["shop.buy", "weather", "shop.buy"], SCOPE)) == ["buy", "weather"]
    with pytest.raises(CommandError, match="another tool is named buy already"):
        named(["shop.buy", "other.buy"], SCOPE)


def test_more_tools_than_the_service_takes_are_refused() -> None:
    def make(n: int) -> Callable[[], int]:
        return lambda: n

    scope = {f"f{n}": make(n) for n in range(129)}
    assert len(named(list(scope)[:128], scope)) == 128
    with pytest.raises(CommandError, match="129 tools; the service takes up to 128"):
        named(list(scope), scope)


def test_a_marked_function_stays_as_it_was() -> None:
    marked = zm.tool(name="forecast", description="Tomorrow.")(weather)
    try:
        assert marked is weather and marked("Oslo", days=2) == "Oslo: sun for 2"
        tool = named(["weather"], SCOPE)["forecast"]
        assert tool.description == "Tomorrow."
        with pytest.raises(CommandError, match="this tool is called weather"):
            named(["forecast"], SCOPE)
    finally:
        del weather.__zai_tool__  # type: ignore[attr-defined]
    assert zm.tool(weather) is weather


@pytest.mark.parametrize(
    "thing",
    [Shop, 3, Shop("x").buy.__call__, len, "text"],
    ids=["a class", "a number", "a wrapper", "a builtin", "a text"],
)
def test_what_cannot_be_marked_is_refused(thing: Any) -> None:
    with pytest.raises(CommandError):
        zm.tool(thing)


@pytest.mark.parametrize("name", ["", "a b", "wétter", "x" * 65, "a\n"])
def test_a_mark_with_a_name_that_the_service_refuses_is_refused_at_once(name: str) -> None:
    with pytest.raises(CommandError, match="cannot be named"):
        zm.tool(name=name)(weather)


def test_what_a_partial_sets_is_not_for_the_model_to_change() -> None:
    tool = named(["oslo"], SCOPE)["oslo"]
    assert run(tool, arguments(tool, '{"days": 2}')).value == "Oslo: sun for 2"
    with pytest.raises(ValueError, match="unknown argument city"):
        arguments(tool, '{"city": "Rome"}')


def test_a_tool_made_by_hand_reads_its_arguments_from_its_function() -> None:
    tool = Tool("weather", "", {"type": "object"}, weather)
    assert arguments(tool, '{"city": "Rome"}') == {"city": "Rome"}
    assert named(["t"], {"t": tool}) == {"weather": tool}


def test_a_method_is_called_on_its_object() -> None:
    tool = named(["shop.buy"], SCOPE)["buy"]
    assert run(tool, arguments(tool, '{"what": "tea"}')).value == "tea of Ann"
