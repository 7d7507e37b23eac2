"""A model's calls as they are shown: in few words, whole below, and at little cost."""

from __future__ import annotations

import json

import pytest

from zai_magics.render import steps
from zai_magics.render.bundle import bundle
from zai_magics.render.indented import WORK, indented
from zai_magics.types import Called, Reply, Step

DEEP = "[" * 900 + "]" * 900


def shown(arguments: str) -> str:
    """The HTML of one call."""
    return steps.html([Step("", "", (Called("f", arguments, "done"),))])


def test_arguments_are_shown_with_a_line_for_each_part() -> None:
    assert "{\n  &quot;city&quot;: &quot;Oslo&quot;\n}" in shown('{"city":"Oslo"}')
    assert "f(city=&quot;Oslo&quot;)" in shown('{"city":"Oslo"}')


@pytest.mark.parametrize(
    "arguments",
    [
        f'{{"x":[{DEEP}]}}',
        f'{{"x":[{",".join([DEEP] * 9)}]}}',
        f'{{"x":[{",".join([DEEP] * 100)}]}}',
        json.dumps({"x": "word " * 5000}),
        json.dumps({"x": list(range(20_000))}),
    ],
    ids=["deep", "deep and short", "deep and long", "a long text", "a long list"],
)
def test_what_is_long_or_deep_is_not_made_longer_than_it_is(arguments: str) -> None:
    assert len(shown(arguments)) < 6 * len(arguments) + 1000  # a quote is written as &quot;


def test_indenting_is_bounded_by_length_and_depth_together() -> None:
    for text in (DEEP, f"[{','.join([DEEP] * 9)}]", f"[{'[1],' * WORK}1]"):
        assert indented(text) == text
    assert indented('["[[[[", {"a": []}]') == '[\n  "[[[[",\n  {\n    "a": []\n  }\n]'
    for bad in ("{", "[" * 200_000):
        with pytest.raises((ValueError, RecursionError)):
            indented(bad)


def test_an_answer_shown_as_json_is_bounded_too() -> None:
    text = "[" + ",".join([DEEP] * 9) + "]"
    assert len(bundle(Reply(text), view="json")["text/html"]) < 20 * len(text)
