"""Is it a formula or money? What stands between two dollars, judged as a reader would.

TeX's own rule (no space inside the dollars, no digit behind) is where this begins; prices,
shell variables, JSON keys and templates pass that rule now and then, so their marks are known.
"""

from __future__ import annotations

import re

_SIGN = re.compile(r"[\\^_=<>+*{|≤≥≠≈±×÷∈→∞√∑∫·]")  # noqa: RUF001
_COMMAND = re.compile(
    r"\\(?:text\w*|mathrm|mathbf|operatorname|label|tag)\s*\{[^{}]*\}|\\[a-zA-Z]+"
)
_WORD = re.compile(r"(?<![A-Za-z\\])[A-Za-z]{2,}(?![A-Za-z])")
_NAMES = "sin cos tan cot sec csc log ln exp max min lim sup inf det gcd mod dx dy dt"
_FUNCTIONS = frozenset(_NAMES.split())
# 10 or 1,000.5 or 1, 2, 3 or 50%, 2x, 3n-1, 1-p, 5!, 3:1, 1/2, 2(a-b): arithmetic, not a price.
_ARITHMETIC = re.compile(r"(?:\d[\d.,:]*|[A-Za-z]'*|[-/!%()\[\],.:;\s])+")
_QUOTE = re.compile(r"[\"`“”]|(?<![\w)\]}'])'")  # an apostrophe after a letter is a prime
_OPEN_END = re.compile(r"(?<![\^_{\\])[/=;:,(\[&@#?<>-]$")
_NUMBER = re.compile(r"[\d\s.,;/-]*")


def is_formula(content: str, before: str = "", after: str = "") -> bool:
    """Return whether `$content$` is a formula, given the characters around the dollars.

    is_formula("x^2")                       # True
    is_formula("5 and ", after="6")         # False: two prices
    is_formula("HOME:", after="P")          # False: a search path
    """
    if not content or content[0].isspace() or content[-1].isspace() or after.isdigit():
        return False
    if not _may_open(content, before) or "\n\n" in content:
        return False
    if _QUOTE.search(content) or (content[0] == "{" and "\\" not in content):
        return False
    if len(content) > 1 and _OPEN_END.search(content):
        return False
    if "\\" not in content and sum(map(content.count, "()[]")) % 2:
        return False  # half a call, as in $(this).find($(other))
    if content[0] == "|" and content.count("|") % 2:
        return False  # half of a regular expression, ^foo$|^bar$
    return _digits_are_no_price(content) if content[0].isdigit() else _reads_as_formula(content)


def is_display(content: str) -> bool:
    """Return whether the text between `$$` and `$$` is a formula; spaces inside are usual."""
    inner = content.strip()
    if not inner or _QUOTE.search(_COMMAND.sub("", inner)):
        return False
    # "$$ and $$ places" prices restaurants; a name of three letters is not set apart.
    return not re.fullmatch(r"[a-z]{3,}", inner) and _reads_as_formula(inner)


def is_bracketed(content: str, after: str = "") -> bool:
    r"""Return whether `\[content\]` is a formula: Markdown writes literal brackets so, too.

    `\[1\]` is a citation, `\[see\](…)` a link that somebody disarmed.
    """
    inner = content.strip()
    return is_display(content) and after != "(" and not _NUMBER.fullmatch(inner)


def looks_begun(content: str) -> bool:
    """Return whether what follows an opening dollar already looks like a formula in the making."""
    return bool(content) and not content[0].isspace() and bool(re.search(r"[\\^_{=]", content))


def _may_open(content: str, before: str) -> bool:
    # 5$^\circ$ and CO$_2$ are formulas; US$5, R$5, 10$/h and foo$bar$ are not.
    return not (before.isascii() and before.isalnum()) or content[0] in "\\^_"


def _digits_are_no_price(content: str) -> bool:
    bare = _COMMAND.sub(" ", content)
    if any(word not in _FUNCTIONS for word in _WORD.findall(bare)):
        return False
    return bool(_SIGN.search(content) or _ARITHMETIC.fullmatch(content))


def _reads_as_formula(content: str) -> bool:
    bare = _COMMAND.sub(" ", content)
    words = [w for w in _WORD.findall(bare) if w not in _FUNCTIONS]
    if _SIGN.search(content):
        return True
    if content.isascii() and content.isalpha():
        return content.isupper() or len(content) <= 3  # $name$ is a template's field
    return not any(len(word) > 1 and not word.isupper() for word in words)
