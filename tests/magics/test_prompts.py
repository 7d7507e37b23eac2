"""A prompt reaches the service byte for byte, however it was typed and wherever it stands."""

from __future__ import annotations

import pytest
from nasty import BODIES, LINES
from shell_cells import Cells


def _names(texts: list[str]) -> list[str]:
    return [f"{i}-{text[:20].encode('unicode_escape').decode()}" for i, text in enumerate(texts)]


line = pytest.mark.parametrize("text", LINES, ids=_names(LINES))
body = pytest.mark.parametrize("text", [*LINES, *BODIES], ids=_names([*LINES, *BODIES]))


@body
def test_the_body_of_a_cell_arrives_as_it_is(cells: Cells, text: str) -> None:
    ran = cells.run(f"%%zai chat\n{text}\n")
    assert ran.ok, ran.out[-500:]
    assert ran.prompt == text


@body
def test_the_echo_of_a_prompt_is_the_prompt(cells: Cells, text: str) -> None:
    assert cells.run(f"%%zai chat -o reply\n[[echo]]\n{text}\n").ok
    assert cells.value("reply") == text


@line
def test_a_line_arrives_as_it_is(cells: Cells, text: str) -> None:
    assert cells.run(f"%zai chat {text}").prompt == text


@line
def test_the_prompt_of_an_assignment_arrives_as_it_is(cells: Cells, text: str) -> None:
    ran = cells.run(f"x = %zai chat [[echo]] {text}")
    assert ran.ok, ran.out[-500:]
    assert ran.prompt == f"[[echo]] {text}"
    assert cells.value("x") == text


FRAMES = [
    "for i in range(1):\n    {}",
    "if True:\n\t{}\nelse:\n\t{}",
    "def f():\n    {}\nf()",
    "with __import__('contextlib').suppress(ValueError):\n    {}",
    "try:\n    x = {}\nfinally:\n    pass",
    "while True:\n    {}\n    break",
    "class A:\n    x = {}",
    "a = b = {}",
    "x: str = {}",
    "größe = {}",
    "d = {{}}; d['k=v'] = 1\nd[(1, 2)] = {}",
    "1 + 1\n{}\n2 + 2",
    "# comment\n\n{}",
    "%%time\n{}",
    "%%capture\n{}",
    "%%time\n%%capture\n{}",
    "s = '''\n%zai chat no?\n'''\n{}",
    "%timeit -n1 -r1 1\n{}",
]


@pytest.mark.parametrize("frame", FRAMES)
def test_a_line_arrives_from_inside_any_block(cells: Cells, frame: str) -> None:
    for text in [t for t in LINES if len(t) < 500]:
        ran = cells.run(frame.replace("{{}}", "dict()").replace("{}", f"%zai chat {text}"))
        assert ran.ok, ran.out[-500:]
        assert ran.prompt == text


@pytest.mark.parametrize("above", ["%%time", "%%capture", "%%capture captured", "# a comment"])
def test_a_cell_arrives_from_inside_another_cell(cells: Cells, above: str) -> None:
    for text in [t for t in [*LINES, *BODIES] if len(t) < 500]:
        ran = cells.run(f"{above}\n%%zai chat\n{text}\n")
        assert ran.ok, ran.out[-500:]
        assert ran.prompt == text


@pytest.mark.parametrize("above", ["\n\n", "# one\n# two\n", "  # indented\n\n\t\n", "   "])
def test_blank_lines_and_comments_above_a_cell_are_no_obstacle(cells: Cells, above: str) -> None:
    assert cells.run(f"{above}%%zai chat\n  why?").prompt == "  why?"


@pytest.mark.parametrize(
    "cell", ["%%zai chat hello?", "%%zai chat hello?\n", "# x\n%%zai chat hello?"]
)
def test_a_cell_without_a_body_sends_its_words(cells: Cells, cell: str) -> None:
    assert cells.run(cell).prompt == "hello?"


def test_a_cell_without_a_body_works_where_the_command_needs_none(cells: Cells) -> None:
    assert cells.run("%%zai history").ok
    assert cells.run("%%zai new").ok
    ran = cells.run("%%zai chat")
    assert not ran.ok and "no prompt" in ran.out and ran.sent == []


def test_a_line_may_go_on_behind_a_backslash(cells: Cells) -> None:
    assert cells.run("%zai chat one \\\n    two \\\nthree?").prompt == "one      two  three?"


def test_a_line_may_be_timed(cells: Cells) -> None:
    ran = cells.run("%time %zai chat hello there")
    assert ran.prompt == "hello there" and "Wall time" in ran.out


@pytest.mark.parametrize("above", ["!true it's (", "x = !true it's (", "%cd -q it's ("])
def test_what_stands_above_a_line_need_not_be_python(cells: Cells, above: str) -> None:
    assert cells.shell.transform_cell(f"{above}\n%zai chat don't?").endswith(
        "get_ipython().run_line_magic('zai', \"chat don't?\")\n"
    )


def test_several_lines_in_a_cell_are_several_prompts(cells: Cells) -> None:
    ran = cells.run("%zai chat don't?\nx = %zai chat it's (?\nfor i in range(2):\n  %zai chat '''?")
    assert [b["messages"][-1]["content"] for b in ran.bodies] == [
        "don't?",
        "it's (?",
        "'''?",
        "'''?",
    ]


UNTOUCHED = [
    's = "%zai chat no?"',
    "s = '%zai chat no?'",
    "s = '''\n%zai chat no?\nx = %zai chat no?\n'''",
    's = """\n%%zai chat\nno?"""',
    "s = f'''\n%zai chat no?\n{1 + 1}\n%zai chat no?\n'''",
    "s = (\n    '%zai chat no?'\n)",
    "s = u'k=%zai chat no?'",
    "u'k=%zai chat no?'; s = 1",
    "d = {'k=%zai chat x': 1}; s = d['k=%zai chat x']",
    "zai = 3; s = 10 \\\n%zai",
    "zai = 3; s = (10\n%zai)",
    "s = 1  # %zai chat no?",
    "s = 1\n# x = %zai chat no?",
]


@pytest.mark.parametrize("code", UNTOUCHED)
def test_words_in_strings_comments_and_sums_are_left_alone(cells: Cells, code: str) -> None:
    plain: dict[str, object] = {}
    exec(code, plain)
    ran = cells.run(code)
    assert ran.ok, ran.out
    assert ran.sent == [] and cells.value("s") == plain["s"]


@pytest.mark.parametrize("body", ["%zai chat why?\nx = %zai image b\n", "%%zai chat\nwhy?\n"])
def test_the_body_of_another_cell_magic_is_left_alone(cells: Cells, body: str) -> None:
    ran = cells.run(f"%%writefile f.md\n{body}")
    assert ran.ok and ran.sent == []
    with open("f.md", newline="") as file:
        assert file.read().replace("\r\n", "\n") == body


def test_a_question_about_a_magic_that_only_begins_with_its_name_is_not_ours(cells: Cells) -> None:
    for name in ("zaibatsu", "zai_more", "zai2"):
        assert f"pinfo', '%{name}'" in cells.shell.transform_cell(f"%{name}?").replace('"', "'")
