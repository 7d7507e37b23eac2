"""Tool calls, sources, code and corrections of a stranger: shown, never obeyed."""

from __future__ import annotations

import json
import re
from typing import Any

import allowed
import pytest
from hostile import HOSTILE

from zai_magics.render.bundle import bundle
from zai_magics.types import Called, Code, Fix, Reply, Source, Step

TAG = re.compile(r"<\s*/?\s*([a-zA-Z][\w-]*)([^>]*)>")
# What the package writes itself; `img` only with a picture's bytes.
TAGS = set(allowed.TAGS) | {"details", "summary", "img"}


def check(html: str) -> None:
    """No tag, attribute or address of theirs."""
    for name, attributes in TAG.findall(html):
        assert name.lower() in TAGS, name
        assert not re.search(r"\bon\w+\s*=|srcdoc|formaction|data-", _without_values(attributes))
        for where in re.findall(r'(?:href|src)\s*=\s*"([^"]*)"', attributes):
            assert where.startswith(("https://", "http://", "mailto:", "data:image/png;base64,"))
            assert name.lower() == "a" or where.startswith("data:image/png;base64,")


def _without_values(attributes: str) -> str:
    return re.sub(r'"[^"]*"', '""', attributes)


def made(text: str) -> list[Any]:
    """Values that carry this text wherever a stranger can put one."""
    arguments = json.dumps({text: text})
    calls = (
        Called(text, arguments, text, "", 0.2, text),
        Called(text, text, "", text, 0.0, f"data:image/png;base64,{text}"),
        Called("table", arguments, text, table=True),
    )
    reply = Reply(f"{text}\n```python\n{text}\n```\n{text}")
    reply.steps = (Step(text, text, calls),)
    reply.sources = (Source(text, text, text, text), Source(text, f"https://a.test/{text}"))
    return [reply, Code(reply), Fix(reply, text), Fix(Reply(text), text)]


@pytest.mark.parametrize("name", sorted(HOSTILE))
def test_nothing_of_theirs_becomes_markup_or_reaches_a_terminal(name: str) -> None:
    for value in made(HOSTILE[name]):
        data = bundle(value)
        check(data["text/html"])
        assert not re.search(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]", data["text/plain"])


def test_the_check_finds_what_it_is_for() -> None:
    for html in (
        "<script>1</script>",
        '<img src="https://evil.test/x.png">',
        '<a href="javascript:1">x</a>',
        "<b onclick=x>",
        '<div onclick="x">',
    ):
        with pytest.raises(AssertionError):
            check(html)
