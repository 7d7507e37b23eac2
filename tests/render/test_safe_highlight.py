"""Code blocks: colours by class, by the language's name alone, and never a lost character."""

from __future__ import annotations

import pytest
from allowed import faults, visible

from zai_magics.render import highlight, safe


@pytest.mark.parametrize("language", ["python", "py", "Python", "ipython", "js", "c++", "sql"])
def test_a_known_language_is_coloured_by_classes(language: str) -> None:
    html = safe.markdown(f"```{language}\nreturn 1 # x\n```")
    assert '<span class="' in html and '<div class="highlight"><pre' in html
    assert "color:" not in html
    assert faults(html) == []


@pytest.mark.parametrize("info", ["", "nosuch", "raw", "guess", "<script>", "a" * 50, "../x", "é"])
def test_an_unknown_language_is_code_without_colours(info: str) -> None:
    html = safe.markdown(f"```{info}\nreturn <b>\n```")
    assert "<span" not in html and "return &lt;b&gt;" in html
    assert faults(html) == []


def test_the_class_names_the_language_only_in_plain_letters() -> None:
    assert 'class="language-c++"' in highlight.code_block("x", "c++")
    for info in ("c#", "é", 'x"y', "a" * 21, "x.y"):
        assert "language-" not in highlight.code_block("x", info)


@pytest.mark.parametrize("code", ["\n\n x = 1\n\n", "a\tb  \n", "\ufeffx = 1\n", "no newline", ""])
def test_no_character_is_lost(code: str) -> None:
    assert visible(highlight.code_block(code, "python")) == code + "\n"


def test_every_language_of_the_list_keeps_the_text() -> None:
    code = "x = f(1) # <b> \"s\" 'c' /* d */ -- e\n$ ls\n>>> a\n"
    for name in sorted(highlight._LANGUAGES):
        assert visible(highlight.code_block(code, name)) == code + "\n"


def test_a_lexer_that_fails_costs_only_the_colours(monkeypatch: pytest.MonkeyPatch) -> None:
    class Broken:
        def get_tokens(self, code: str) -> None:
            raise RuntimeError(code)

    monkeypatch.setattr(highlight, "_lexer", lambda name: Broken())
    assert visible(highlight.code_block("x < 1", "python")) == "x < 1\n"


def test_beyond_the_bound_code_is_plain_and_whole() -> None:
    code = "x = 1\n" * 20_000
    html = highlight.code_block(code, "python")
    assert visible(html) == code + "\n"
    assert '<span class="' not in html[-1_000:] and '<span class="' in html[:1_000]


@pytest.mark.parametrize("code", ["\n" * 50_000, "a" * 50_000, "x(" * 9_000, " " * 9_000 + "\n"])
def test_what_makes_lexers_slow_is_not_given_to_them(
    code: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    given = []
    monkeypatch.setattr(highlight, "_lexer", lambda name: given.append(name))
    assert visible(highlight.code_block(code, "c")) == code + "\n"
    assert given == []


def test_a_lexer_out_of_time_leaves_the_rest_without_colours() -> None:
    code = "x = 1\n" * 1_000
    ticks = iter(range(10_000))
    shown = highlight.colours(code, "python", clock=lambda: next(ticks) / 100)
    assert visible(shown) == code
    assert 0 < shown.count("<span") < 100
    assert highlight.colours(code, "python", clock=lambda: 0.0).count("<span") == 2_000


def test_nearly_every_name_of_the_list_is_known_to_pygments() -> None:
    """Not every one: the oldest Pygments that is supported lacks the newest languages."""
    unknown = [name for name in highlight._LANGUAGES if highlight._lexer(name) is None]
    assert len(unknown) < len(highlight._LANGUAGES) / 10


def test_a_text_has_colours_for_so_much_code_only() -> None:
    html = safe.markdown(("```python\n" + "x = 1\n" * 5_000 + "```\n\n") * 8)
    blocks = html.split('<div class="highlight">')[1:]
    assert ['<span class="' in block for block in blocks] == [True] * 6 + [False] * 2
