"""`{{ expression }}` is evaluated where the user stands and inserted once; nothing else is."""

from __future__ import annotations

import pytest
from shell_cells import Cells

from zai_magics.errors import PromptError


@pytest.fixture
def at(cells: Cells) -> Cells:
    """A user who has some names."""
    cells.run("name = 'Ada'; n = 3; d = {'a': {'b': 7}}; words = ['x', 'y']; calls = []")
    cells.run("def call():\n    calls.append(1)\n    return len(calls)")
    return cells


@pytest.mark.parametrize(
    ("text", "sent"),
    [
        ("Hi {{ name }}!", "Hi Ada!"),
        ("Hi {{name}}?", "Hi Ada?"),
        ("{{ n }}{{ n }}", "33"),
        ("{{ n + 1 }} of {{ n * 2 }}", "4 of 6"),
        ("{{ d['a']['b'] }}", "7"),
        ("{{ {'a': {'b': 1}} }}", "{'a': {'b': 1}}"),
        ("{{ {'a': {}} }}", "{'a': {}}"),
        ("{{ {'a': {}}}}", "{'a': {}}"),
        ("{{ {} }}", "{}"),
        ("{{ '}}' }}", "}}"),
        ("{{ '{{' }}", "{{"),
        ("{{ '{{ name }}' }}", "{{ name }}"),
        ("{{ [w * n for w in words] }}", "['xxx', 'yyy']"),
        ("{{ ', '.join(w for w in words) }}", "x, y"),
        ("{{ {w: n for w in words} }}", "{'x': 3, 'y': 3}"),
        ("{{ [w for w in words if w in [v for v in words]] }}", "['x', 'y']"),
        ("{{ (lambda k: k + n)(1) }}", "4"),
        ("{{ f'{n:03d}' }}", "003"),
        ("{{ name if n else 0 }}", "Ada"),
        ("{{ n, name }}", "(3, 'Ada')"),
        ("{{ None }}", "None"),
        ("{{ '' }}x", "x"),
        ("{{\n  name\n}}", "Ada"),
        ("{{ call() }} {{ call() }}", "1 2"),
        ("{{ (m := n) }}", "3"),
        ("{{{n}}}", "{3}"),
        ("{ {{ n }} }", "{ 3 }"),
        ("\\frac{ {{ n }} }{2}", "\\frac{ 3 }{2}"),
        ("{{ len(words) }} of {words}", "2 of {words}"),
    ],
)
def test_an_expression_is_inserted(at: Cells, text: str, sent: str) -> None:
    ran = at.run(f"%%zai chat\n{text}")
    assert ran.ok, ran.out
    assert ran.prompt == sent
    assert "m" not in at.shell.user_ns


@pytest.mark.parametrize(
    "text",
    [
        "{n}",
        "{ {n} }",
        "{n}}",
        "}} {",
        "}}",
        "{{ never closed",
        "{{",
        "a {{ b } } c",
        '{"a": {"b": {"c": 1}}}',
        "a{b{c}}",
        "\\mathbf{x_{i_{n}}}",
        "@media x { a { color: red }}",
        "f'{n!r}' '%(n)s' $n ${n} #{n} <%= n %>",
        "{% for x in y %}{# note #}",
    ],
)
def test_other_braces_pass_untouched(at: Cells, text: str) -> None:
    assert at.run(f"%%zai chat\n{text}").prompt == text
    assert at.run(f"%zai chat {text}").prompt == text


def test_raw_sends_the_braces_themselves(at: Cells) -> None:
    assert at.run("%%zai chat --raw\n{{ name }} {{ nope }} {{ call() }}").prompt == (
        "{{ name }} {{ nope }} {{ call() }}"
    )
    assert at.value("calls") == []


def test_a_value_is_not_looked_at_again(at: Cells) -> None:
    at.run("trap = 'see {{ call() }} and {{ nope }}'")
    assert at.run("%zai chat {{ trap }}").prompt == "see {{ call() }} and {{ nope }}"
    assert at.value("calls") == []


@pytest.mark.parametrize("line", ["%zai chat", "x = %zai chat", "%zai chat -s 'for {{ who }}'"])
def test_the_names_of_a_function_are_seen(at: Cells, line: str) -> None:
    body = f"    {line} {{{{ who }}}}, {{{{ name }}}}, {{{{ [who for _ in words] }}}}"
    ran = at.run(f"def ask(who, name='Bo'):\n{body}\nask('Cy')")
    assert ran.ok, ran.out
    assert ran.prompt == "Cy, Bo, ['Cy', 'Cy']"
    if "-s" in line:
        assert ran.context[0] == "for Cy"


@pytest.mark.parametrize(("command", "field"), [("image", "prompt"), ("video", "prompt")])
def test_media_prompts_take_expressions_too(at: Cells, command: str, field: str) -> None:
    assert at.run(f"%zai {command} {{{{ n }}}} cats").body[field] == "3 cats"


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("{{ nmae }}", "did you mean name?"),
        ("{{ wrods }}", "did you mean words?"),
        ("{{ opener }}", "did you mean openers?"),
        ("{{ qwfpgj }}", "there is no qwfpgj here"),
        ("{{ pritn }}", "did you mean print?"),
        ("{{ 1 / 0 }}", "ZeroDivisionError: division by zero"),
        ("{{ d['x'] }}", "KeyError"),
        ("{{ name.nope }}", "AttributeError"),
        ("{{ }}", "not an expression"),
        ("{{ x y }}", "not an expression"),
        ("{{ n = 5 }}", "not an expression"),
        ("{{ import os }}", "not an expression"),
        ("{{ b'bytes' }}", "no text"),
        ("{{ Bad() }}", "no text form"),
        ("{{ 'x' * 2_000_000 }}", "2,000,000 characters"),
    ],
)
def test_an_expression_that_fails_is_named_and_nothing_is_sent(
    at: Cells, text: str, says: str
) -> None:
    at.run("class Bad:\n    def __str__(self): raise ValueError('no')")
    at.run("openers = 1")
    ran = at.run(f"%%zai chat\n{text}")
    assert isinstance(ran.error, PromptError), ran.out
    assert says in ran.out and ran.sent == []
    assert len([one for one in ran.out.splitlines() if one.strip()]) == 1


def test_an_expression_is_evaluated_once_even_if_the_request_is_tried_again(at: Cells) -> None:
    ran = at.run("%zai chat [[error 1302 x2]] number {{ call() }}")
    assert ran.ok and len(ran.bodies) == 3
    assert at.value("calls") == [1]


def test_ipython_itself_inserts_nothing(at: Cells) -> None:
    assert at.run("%zai chat {name} $name {n+1} $$name").prompt == "{name} $name {n+1} $$name"


def test_an_option_takes_an_expression(at: Cells) -> None:
    at.run("which = 'glm-4.6'")
    assert at.run("%zai chat -m {{ which }} hi").body["model"] == "glm-4.6"
