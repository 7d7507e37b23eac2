"""Hostile replies: whatever is in them, only allowed markup comes out, and in time."""

from __future__ import annotations

import time
from collections.abc import Callable

import pytest
from allowed import faults
from hostile import HOSTILE
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from zai_magics.render import safe
from zai_magics.render.growing import Growing

SHORT = {name: text for name, text in HOSTILE.items() if len(text) < 700}
PIECES = [text[:300] for text in HOSTILE.values()] + [
    *(
        "\n",
        "\n\n",
        "    ",
        "- ",
        "> ",
        "1. ",
        "|",
        "|-|\n",
        "```",
        "~~~",
        "`",
        "**",
        "_",
        "[",
        "](",
    ),
    *(")", "<", ">", '"', "'", "$", "$$", r"\(", r"\)", r"\[", r"\]", "\\", "&#", "&lt;", "\x1b["),
    *(
        "{",
        "}",
        "http://a.invalid/",
        "javascript:",
        "![",
        "\r",
        "\u202e",
        "\ud800",
        "\x00",
        "text ",
    ),
]
MIXTURES = st.lists(st.sampled_from(PIECES) | st.text(max_size=8), max_size=14).map("".join)


@pytest.mark.parametrize("name", HOSTILE)
def test_only_allowed_markup_comes_out(name: str) -> None:
    assert faults(safe.page(safe.markdown(HOSTILE[name]))) == []


@pytest.mark.parametrize("name", HOSTILE)
def test_plain_text_and_labels_are_safe_too(name: str) -> None:
    safe.plain(HOSTILE[name]).encode()
    assert faults(safe.escape(HOSTILE[name])) == []
    assert faults(f'<code class="x">{safe.attribute(HOSTILE[name])}</code>'[18:-7]) == []


@pytest.mark.parametrize("size", [1, 5, 64])
def test_every_chunking_is_as_safe_as_the_whole(size: int) -> None:
    for name, text in (SHORT if size < 64 else HOSTILE).items():
        rendering = Growing()
        step = max(size, len(text) // 100)
        for end in range(step, len(text) + step, step):
            assert faults(rendering.html(text[:end])) == [], name


def test_the_checker_finds_what_it_is_for() -> None:
    for html in (
        "<script>x</script>",
        '<a href="javascript:x" target="_blank" rel="noopener noreferrer">x</a>',
        '<p onclick="x">y</p>',
        '<p id="x">y</p>',
        '<img src="x">',
        '<div style="background:url(x)">y</div>',
        "<p>x",
        "x</div>",
        "<!-- x -->",
        "a\u202eb",
    ):
        assert faults(html), html


def check_mixture(text: str, size: int) -> None:
    """Markdown, a label and a growing text of the same mixture."""
    assert faults(safe.markdown(text)) == []
    assert faults(safe.escape(text)) == []
    rendering = Growing()
    for end in range(size, len(text) + size, size):
        assert faults(rendering.html(text[:end])) == []


@settings(max_examples=60, deadline=None, database=None, suppress_health_check=list(HealthCheck))
@given(MIXTURES, st.integers(17, 90))
def test_mixtures_of_hostile_pieces_are_safe(text: str, size: int) -> None:
    check_mixture(text, size)


@pytest.mark.long
@settings(max_examples=4_000, deadline=None, database=None, suppress_health_check=list(HealthCheck))
@given(MIXTURES, st.integers(3, 90))
def test_many_mixtures_of_hostile_pieces_are_safe(text: str, size: int) -> None:
    check_mixture(text, size)


BOMBS: dict[str, Callable[[int], str]] = {
    "brackets": lambda n: "[" * n,
    "images": lambda n: "![" * n,
    "stars": lambda n: "**a _b " * n,
    "tildes": lambda n: "~~a " * n,
    "quotes": lambda n: ">" * n + "\n" + "a\n" * n,
    "lazy": lambda n: ">" * 40 + "a\n" + "a\n" * n,
    "ticks": lambda n: "".join("`" * (k % 50 + 1) + " " for k in range(n // 20)),
    "dollars": lambda n: "$$a$ " * n,
    "formulas": lambda n: r"\(a\[" * n,
    "displays": lambda n: "\\[\n" * n + "\\]",
    "definitions": lambda n: "".join(f"[{k}]: http://a.invalid\n" for k in range(n)),
    "references": lambda n: f"[a]: http://a.invalid/{'z' * 1900}\n\n" + "[a] " * n,
    "addresses": lambda n: "http://a." * n,
    "columns": lambda n: "|a" * n + "|\n" + "|-" * n + "|\na\n",
    "rows": lambda n: "|a" * 90 + "|\n" + "|-" * 90 + "|\n" + "a\n" * n,
    "lists": lambda n: "".join("  " * (k % 60) + "- a\n" for k in range(n // 10)),
    "escapes": lambda n: "\x1b]" * n,
}


def cost(make: Callable[[int], str], n: int) -> float:
    """The best of three: processor seconds for one text of this size."""
    text = make(n)
    best = float("inf")
    for _ in range(3):
        start = time.process_time()
        safe.markdown(text)
        best = min(best, time.process_time() - start)
    return best


@pytest.mark.parametrize("name", BOMBS)
def test_eight_times_the_text_is_far_from_sixty_four_times_the_work(name: str) -> None:
    cost(BOMBS[name], 10)  # the parser is built once
    small, large = cost(BOMBS[name], 500), cost(BOMBS[name], 4_000)
    assert large < 26 * max(small, 0.002)
