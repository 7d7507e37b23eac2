"""Rendering a growing text: as safe and, for ordinary Markdown, the same as rendering it whole."""

from __future__ import annotations

import pytest
from allowed import faults, visible

from zai_magics.render import growing, safe
from zai_magics.render.growing import Growing
from zai_magics.render.parser import parser
from zai_magics.render.unfinished import mended

ORDINARY = """# Title

A paragraph with **bold**, `code`, $x_1^2$, a [link](https://a.example/x) and $5 or $6.
It goes on in a second line.

1. first

2. second
   - nested **a**
   - nested b

     with a paragraph
10. tenth

- [x] done
- [ ] open

```python
def f(x):
    return "```" + x

```
directly after
~~~
tilde
~~~

| a | b |
|---|--:|
| 1 | $y$ |

> quote
lazy
> - list in it

Heading
-------

$$
a
- b

= c
$$

\\[
x
\\]

    indented code

***

  ```js
  let x = 1
  ```

The [reference][r] is defined before.

[r]: https://b.example/

Again the [reference][r].

2 + 2 = 4
3. not a list
"""
REFERENCES_LATER = "The [reference][r]"


def grown(text: str, size: int) -> str:
    """The last HTML after the text has arrived in pieces of this size."""
    rendering = Growing()
    for end in range(size, len(text), size):
        rendering.html(text[:end])
    return rendering.html(text)


@pytest.mark.parametrize("size", [1, 2, 3, 5, 11, 50, 400])
def test_the_last_html_is_that_of_the_whole_text(size: int) -> None:
    text = ORDINARY.replace(REFERENCES_LATER, "The link")
    assert grown(text, size) == safe.markdown(text)


def test_every_beginning_is_safe_and_shows_nearly_all_of_its_text() -> None:
    rendering = Growing()
    for end in range(1, len(ORDINARY)):
        html = rendering.html(ORDINARY[:end])
        assert faults(html) == []
    assert "not a list" in visible(html)


def test_a_fence_without_a_last_newline_is_closed() -> None:
    text = "Text\n\n```python\nx = 1\n```"
    assert grown(text, 1) == safe.markdown(text)


def test_a_text_that_does_not_continue_begins_anew() -> None:
    rendering = Growing()
    rendering.html("# First\n\ntext\n\n```\ncode\n")
    assert rendering.html("# Second") == safe.markdown("# Second")
    assert rendering.html("") == ""


def test_a_definition_that_came_before_is_known_later() -> None:
    text = "[r]: https://b.example/\n\nOne.\n\nTwo.\n\nThree [x][r].\n\nFour.\n"
    assert grown(text, 1) == safe.markdown(text)
    assert 'href="https://b.example/"' in grown(text, 4)


def test_a_terminal_sequence_cut_in_two_leaves_nothing_behind() -> None:
    text = "a\x1b[31mb\x1b]0;title\x07c\r\n\r\nd\x1b[0m\n"
    assert grown(text, 1) == safe.markdown(text)


@pytest.mark.parametrize(
    ("begun", "shown"),
    [
        ("see [the docs](https://exa", "see the docs"),
        ("this is **very", "this is **very**"),
        ("this is **very ", "this is **very**"),
        ("this is **", "this is "),
        ("use `pri", "use `pri`"),
        ("use `", "use "),
        ("a list x[1] and 2**3 is 8", "a list x[1] and 2**3 is 8"),
        ("**a** and **b**", "**a** and **b**"),
        (r"so \(a_{1", r"so \(a_{1"),
    ],
)
def test_half_written_marks_are_closed_for_now(begun: str, shown: str) -> None:
    assert mended(begun) == shown


@pytest.mark.parametrize("begun", [r"so \(a_{1}", r"so \[a_", "so $a_{1} + b", "$$\na = ", "\\[\n"])
def test_a_half_written_formula_is_shown_as_code(begun: str) -> None:
    assert "<code>" in Growing().html(begun)
    assert "<em>" not in Growing().html(begun + "_x_")


def test_an_open_code_block_keeps_its_colours_while_it_grows() -> None:
    rendering = Growing()
    code = "for i in range(10):\n    print(i)  # comment\n" * 200
    text = f"Before\n\n```python\n{code}"
    for end in range(0, len(text), 400):
        html = rendering.html(text[:end])
    assert html.count('<span class="k">') > 100
    assert visible(rendering.html(text)).rstrip() == visible(safe.markdown(text)).rstrip()
    assert rendering.html(text + "```\n") == safe.markdown(text + "```\n")


def test_nothing_of_a_long_open_block_is_held_back() -> None:
    rendering = Growing()
    text = "".join(f"word{n} **b** " for n in range(2_000))
    for end in range(500, len(text), 500):
        shown = visible(rendering.html(text[:end])).replace("\n", "")
        assert all(f"word{n}" in shown for n in range(end // 16))


def test_finished_blocks_are_rendered_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Counted in characters given to the parser, which does not depend on the machine."""
    seen = 0
    real = parser().parse

    def counted(text: str, env: object = None) -> object:
        nonlocal seen
        seen += len(text)
        return real(text, env)  # type: ignore[arg-type]

    monkeypatch.setattr(growing.parser(), "parse", counted)
    text = ORDINARY.replace(REFERENCES_LATER, "The link") * 40
    rendering = Growing()
    calls = 500
    for n in range(1, calls + 1):
        rendering.html(text[: len(text) * n // calls])
    assert rendering.html(text) == safe.markdown(text)
    assert seen < 12 * len(text)  # rendering whole each time: 250 times the text


@pytest.mark.parametrize("block", ["word **b** $x$ ", "- item **b**\n", "| a | b |\n", "> q\n"])
def test_one_huge_block_does_not_cost_its_square(
    block: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen = 0
    real = parser().parse

    def counted(text: str, env: object = None) -> object:
        nonlocal seen
        seen += len(text)
        return real(text, env)  # type: ignore[arg-type]

    monkeypatch.setattr(growing.parser(), "parse", counted)
    head = "| a | b |\n|---|---|\n" if block.startswith("|") else ""
    text = head + block * (30_000 // len(block))
    rendering = Growing()
    for n in range(1, 301):
        rendering.html(text[: len(text) * n // 300])
    assert seen < 20 * len(text)
