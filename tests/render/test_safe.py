"""`safe`: plain text, labels and ordinary Markdown; what hostile texts do is in `test_hostile`."""

from __future__ import annotations

import subprocess
import sys

import pytest
from allowed import faults, visible

from zai_magics.plain import plain, settled
from zai_magics.render import safe


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ("line\nand\ttab", "line\nand\ttab"),
        ("a\x00b\x07c\x7fd\x85e\x9fg", "abcdeg"),
        ("\x1b[1;31mred\x1b[0m", "red"),
        ("\x9b31mred", "red"),
        ("\x1b]0;title\x07text", "text"),
        ("\x1b]8;;http://x.invalid\x1b\\link\x1b]8;;\x1b\\", "link"),
        ("\x1bP1$r0m\x1b\\text\x1bc\x1b(B", "text"),
        ("\x1b", ""),
        ("one\r\ntwo\rthree", "one\ntwo\nthree"),
        ("user\u202egnp.exe", "user<U+202E>gnp.exe"),
        ("\u2066x\u2069\u200f\u061c", "<U+2066>x<U+2069><U+200F><U+061C>"),
        ("a\U000e0041\U000e007f", "a<U+E0041><U+E007F>"),
        ("lone \ud800 and \udfff", "lone \ufffd and \ufffd"),
        ("halves \ud83d\ude00", "halves \U0001f600"),
        ("👩‍🔬 naïve 中文 שלום", "👩‍🔬 naïve 中文 שלום"),
        (
            "\U0001f3f4\U000e0067\U000e0062\U000e0065\U000e006e\U000e0067\U000e007f",
            "\U0001f3f4\U000e0067\U000e0062\U000e0065\U000e006e\U000e0067\U000e007f",
        ),
    ],
)
def test_plain_text_keeps_what_is_read_and_nothing_that_is_obeyed(
    given: str, expected: str
) -> None:
    assert safe.plain(given) == expected
    safe.plain(given).encode()


def test_an_unterminated_sequence_hides_no_more_than_its_beginning() -> None:
    assert safe.plain("\x1b]0;" + "visible " * 100).count("visible") == 100
    assert safe.plain("\x1b[" + "visible") == "isible"  # "v" is a final byte: a whole sequence


@pytest.mark.parametrize("size", [1, 2, 3, 7])
def test_plain_text_is_the_same_however_it_arrives(size: int) -> None:
    text = "a\x1b[31mb\x1b]0;t\x07c\r\nd\re\U0001f3f4\U000e0067\U000e0062f\ud83d\ude00g\x9b1mh"
    text += "\x1b]8;;" + "x" * 300 + "\x07" + "y" * 600
    for end in range(0, len(text) + size, size):
        sure = settled(text[:end])
        assert plain(text[:sure]) + plain(text[sure:]) == plain(text)


def test_a_label_is_safe_in_text_and_in_attributes() -> None:
    html = safe.escape("<b onclick=\"x\" y='z'>&amp;\x00\u202e</b>")
    assert not set("<>\"'") & set(html)
    assert "&lt;U+202E&gt;" in html
    assert safe.attribute('a"b\nc$d$') == "a&quot;b&#10;c$d$"


@pytest.mark.parametrize(
    "text", ["$x$", "$$x$$", r"\(x\)", r"\[x\]", r"\begin{align}x\end{align}", r"\ref{x} \eqref{y}"]
)
def test_a_label_that_mathjax_could_typeset_is_cut_into_pieces(text: str) -> None:
    html = safe.escape(text)
    assert visible(html) == text
    for piece in html.split("<span></span>"):
        assert piece.count("$") < 2
        assert r"\(" not in piece and r"\[" not in piece and "\\begin" not in piece
        assert "\\ref" not in piece and "\\eqref" not in piece


def test_a_label_with_one_price_or_a_windows_path_stays_as_it_is() -> None:
    assert safe.escape(r"$0.0014 · C:\Users\Ann") == r"$0.0014 · C:\Users\Ann"


def test_ordinary_markdown_becomes_the_usual_html() -> None:
    html = safe.markdown("# T\n\n**b** *i* ~~s~~ `c`\n\n> q\n\n1. a\n2. b\n\n---\n")
    for tag in ("h1", "strong", "em", "s", "code", "blockquote", "ol", "li", "hr"):
        assert f"<{tag}>" in html
    assert faults(html) == []


def test_every_table_cell_says_how_it_is_aligned() -> None:
    html = safe.markdown("| a | b | c |\n|---|:-:|--:|\n| 1 | 2 | 3 |\n")
    aligns = ("left", "center", "right")
    for tag in ("th", "td"):
        assert [f'<{tag} style="text-align:{a}">' in html for a in aligns] == [True] * 3
    assert faults(html) == []


def test_task_lists_show_boxes_that_cannot_be_clicked() -> None:
    html = safe.markdown("- [ ] open\n- [x] done\n- [y] neither\n\n[x] no list\n")
    assert "<li>☐ open" in html and "<li>☑ done" in html
    assert "[y] neither" in html and "<p>[x] no list" in html
    assert "<input" not in html


def test_an_image_is_named_with_its_address_and_never_fetched() -> None:
    html = safe.markdown("![A *cat*](http://a.invalid/cat.png 'title')")
    assert visible(html).strip() == "[image: A cat (http://a.invalid/cat.png)]"
    assert "<img" not in html and "src" not in html


def test_an_entity_does_not_bring_back_what_plain_text_shows() -> None:
    assert visible(safe.markdown("a&#x202E;b &rlm; &#xE0041;")).strip() == (
        "a<U+202E>b <U+200F> <U+E0041>"
    )


def test_deep_nesting_loses_no_text() -> None:
    for text in (">" * 200 + " quoted", "- " * 200 + "listed"):
        assert visible(safe.markdown(text)).strip().endswith(text.split()[-1])
    assert safe.markdown(">" * 200 + " x").count("<blockquote>") < 30


def test_a_text_past_the_limit_is_shown_whole_as_it_is() -> None:
    text = "**a** <b>\n" * (safe.MARKDOWN_LIMIT // 10 + 1)
    html = safe.markdown(text)
    assert visible(html).strip() == text.strip()
    assert "<strong>" not in html and faults(html) == []


def test_a_paragraph_past_its_limit_and_a_wide_table_are_text() -> None:
    assert visible(safe.markdown("**a** " * 5_000)).count("**a**") == 5_000
    assert "<table" not in safe.markdown("|a" * 300 + "|\n" + "|-" * 300 + "|\n|a|\n")


def test_a_narrow_text_cannot_become_a_huge_table_or_a_huge_page() -> None:
    head = "|a" * 90 + "|\n" + "|-" * 90 + "|\n"
    assert len(safe.markdown(head + "a\n" * 10_000)) < 1_000_000
    bomb = "[a]: http://a.invalid/" + "z" * 1_900 + "\n\n" + "[a] x\n\n" * 10_000
    assert len(safe.markdown(bomb)) < 5_000_000


def test_the_wrapper_lets_mathjax_see_only_marked_formulas() -> None:
    html = safe.page(safe.markdown("costs $5 and $6, $x$"))
    assert html.startswith('<div class="zai mathjax_ignore tex2jax_ignore">')
    assert html.count("mathjax_process") == 1
    assert faults(html) == []


def test_importing_the_room_imports_neither_parser_nor_pygments() -> None:
    code = (
        "import sys; from zai_magics.render import safe, growing;"
        "print([m for m in sys.modules if m.split('.')[0] in ('markdown_it', 'pygments')])"
    )
    said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert said.stdout.strip() == "[]"
