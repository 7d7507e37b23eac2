"""Formulas: which texts are formulas, which are money or code, and which are too dangerous."""

from __future__ import annotations

import pytest
from allowed import faults, visible

from zai_magics.render import safe
from zai_magics.render.tex import harmless

MARK = '<span class="mathjax_process tex2jax_process">'

FORMULAS = r"""
$x$
$2^n$
$10$
the $n$th element
$k$-means
5$^\circ$C
CO$_2$
$f'(x)$
$O(n \log n)$
$a + b = c$
$1 - p$
$2x$
$3:1$
$n!$
$P(A|B)$
$|x|$
$[0, 1)$
$ABCD$
$x \in \mathbb{R}^+$
$\$5$
函数$f(x)$是
$1/2$
$50\%$
$=$
($x$)
**$x$**
$x$, $y$ and $z$
$\text{if } x > 0$
$10 \times 5$
$1,000$
$a<b$
$p < 0.05$
$3 \text{ kg}$
$x^{(i)}$
it costs $5 or $x^2$
\(x\)
\(1\)
$$x$$
$$ E = mc^2 $$
\[ a+b \]
""".strip().splitlines()

TEXTS = r"""
$5 and $6
costs $5, or $6.50 today
US$ 3 … $4
from $5 to $10
R$ 5
US$5-US$10
NT$100和NT$200
$5-$6
$5/$6
$5,$6
$1.2M-$3M
$100k-$200k
$5 USD/$6 CAD
$20/month vs. $30/month
save $5 (not 6$)
($5) or ($6)
**$5** or **$6**
$9.99,but was $12
\$5 and \$6
10$ and 20$
10$/h and 20$/h
$$ or $$$
$$ and $$ places
$HOME and $PATH
$HOME/bin:$PATH
$HOME:$PATH
${HOME}/x:${PATH}
${a}${b}
$1 and $2
awk '{print $1,$2}'
for ($i=0; $i<$n; $i++)
$x=5;$y=6;
$? and $!
$_GET['a'] and $_POST['b']
{"$ref": "#/a", "$id": "x"}
"$ref" and "$id"
$("#id").show(); $(".x").hide()
$('a'),$('c')
$(this).find($(x))
$(CC) $(CFLAGS) -o $@
^foo$|^bar$
$name$
Hello $first$ $last$
a$b$c
the $5 (`x$`)
\[1\]
\[see\](http://a.example)
""".strip().splitlines()


@pytest.mark.parametrize("text", FORMULAS)
def test_a_formula_is_marked_for_typesetting(text: str) -> None:
    assert MARK in safe.markdown(text)


@pytest.mark.parametrize("text", TEXTS)
def test_money_variables_and_code_are_not_formulas(text: str) -> None:
    assert MARK not in safe.markdown(text)


def test_a_formula_nobody_typesets_reads_as_its_source() -> None:
    assert (
        visible(safe.markdown("so $a_1 < b_2$ and $$c$$")).strip() == r"so \(a_1 < b_2\) and \[c\]"
    )


def test_markdown_does_not_touch_the_inside_of_a_formula() -> None:
    assert r"\(a_1*b_2*c_3 [x](y) \\ z\)" in visible(safe.markdown(r"$a_1*b_2*c_3 [x](y) \\ z$"))


@pytest.mark.parametrize("begin, end", [("$$", "$$"), (r"\[", r"\]")])
def test_a_display_formula_may_span_lines_that_look_like_markdown(begin: str, end: str) -> None:
    html = safe.markdown(f"Text:\n{begin}\na\n- b\n= c \\\\\n# d\n\n+ e\n{end}.\n\nafter")
    assert html.count(MARK) == 1
    assert "<li>" not in html and "<h1>" not in html
    assert "\\]</span>.</p>" in html and "<p>after</p>" in html


def test_a_display_formula_stands_in_lists_and_quotes() -> None:
    html = safe.markdown("- item\n\n  $$\n  a\n  $$\n- next\n\n> \\[\n> b\n> \\]\n")
    assert html.count(MARK) == 2
    assert r"\[a\]" in html and r"\[b\]" in html


@pytest.mark.parametrize(
    "formula",
    [
        r"\frac{a}{b}",
        r"\begin{pmatrix} a & b \\[2pt] c & d \end{pmatrix}",
        r"\begin{array}{c|cc} a & b \end{array}",
        r"\left\{ x \middle| y \right\}",
        r"\sum_{i=1}^{n} x_i \quad \text{for all $n$}",
        r"\hspace{1cm} \color{red} x \, \! \; \%",
        r"\operatorname*{arg\,max}_\theta",
    ],
)
def test_usual_formulas_are_harmless(formula: str) -> None:
    assert harmless(formula)


@pytest.mark.parametrize(
    "formula",
    [
        r"\def\frac{x}",
        r"\gdef\x{y}",
        r"\let\a\b",
        r"\newcommand{\x}{y}",
        r"\renewcommand{\frac}{x}",
        r"\newenvironment{x}{y}{z}",
        r"\DeclareMathOperator{\x}{y}",
        r"\require{html}",
        r"\href{javascript:alert(1)}{x}",
        r"\url{http://a.example}",
        r"\style{color:red}{x}",
        r"\class{x}{y}",
        r"\cssId{x}{y}",
        r"\data{x=y}{z}",
        r"\unicode{x41}",
        r"\htmlClass{x}{y}",
        r"\includegraphics{http://a.example/x.png}",
        r"\bbox[background:url(x)]{y}",
        r"\mmlToken{mi}[href='x']{y}",
        r"\enclose{circle}[style='x']{y}",
        r"\toggle{a}{b}\endtoggle",
        r"\rule{1px}{1px}",
        r"\kern9999px",
        r"\hskip 1px",
        r"\mkern 1mu",
        r"\raise 99px x",
        r"\vspace{9999px}",
        r"\hspace{9999px}",
        r"\hspace{99em}",
        r"a \\[9999px] b",
        r"a \\ [9999px] b",
        r"\Huge{x}",
        r"\begin{evil}x\end{evil}",
        r"\begin {matrix}x\end{matrix}",
        r"\begin{array}{c@{\hspace{9em}}c}a&b\end{array}",
        r"\begin{array}{*{9999}{c}}a\end{array}",
        r"\color{url(http://a.example)}x",
        r"\cancel [x='y']{z}",
        r"\label{x}",
        r"\ref{x}",
        r"\genfrac{}{}{999px}{}{a}{b}",
        r"a \) b",
        r"a \( b",
        r"{a",
        r"a}{",
        "a $ b",
        "a \\",
        "x" * 5_000,
        r"\hat" * 500 + "x",
        r"\quad" * 100,
        r"\sqrt{" * 50 + "x" + "}" * 50,
        r"\begin{matrix}" * 9 + r"\end{matrix}" * 9,
        "",
    ],
)
def test_a_formula_that_could_reach_the_page_or_grow_is_refused(formula: str) -> None:
    assert not harmless(formula)


def test_a_refused_formula_is_shown_as_code_with_its_source() -> None:
    html = safe.markdown(r"see $\href{http://a.example}{x}$ there")
    assert r"<code>$\href{http://a.example}{x}$</code>" in html
    assert MARK not in html and faults(html) == []


def test_equation_numbers_stay_and_labels_go() -> None:
    html = safe.markdown("$$\nE = mc^2 \\tag{1} \\label{eq:e}\n$$")
    assert r"\[E = mc^2 \qquad\text{(1)}\]" in html


def test_only_so_many_formulas_are_typeset() -> None:
    html = safe.markdown("$x^2$\n\n" * 2_000)
    assert html.count(MARK) == 500
    assert html.count("<code>$x^2$</code>") == 1_500
