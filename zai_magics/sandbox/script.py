"""What the sandbox says: fixed texts, chosen by words of the prompt.

Belongs here: prose, Markdown, code and formulas of the scripted answers. What is said about the
request itself belongs in `report`.
"""

from __future__ import annotations

import re
from typing import Final

LABEL: Final = "*Sandbox: a scripted answer, no model was asked.*"
NOTE: Final = "Sandbox: a scripted answer, no model was asked."

_PLAIN = """\
I am a script, so I cannot know the answer. Ask for a table, some Python code, a formula, prices, \
a list or a long text to see how each is shown; attach a picture, ask for data with a schema, or \
offer a tool and name it in the prompt."""

_TABLE = """\
| planet | radius (km) | day | moons |
|:-------|------------:|----:|------:|
| Mercury | 2,440 | 58.6 d | 0 |
| Venus | 6,052 | 243 d | 0 |
| Earth | 6,371 | 23.9 h | 1 |
| Mars | 3,390 | 24.6 h | 2 |

Numbers stand to the right, words to the left."""

_CODE = """\
def moving_average(values, width=3):
    \"\"\"The means of `width` neighbours: moving_average([1, 2, 6]) -> [3.0].\"\"\"
    if not 1 <= width <= len(values):
        raise ValueError(f"width must be 1 to {len(values)}, not {width}")
    return [
        sum(values[start : start + width]) / width
        for start in range(len(values) - width + 1)
    ]


print(moving_average([3, 5, 4, 8, 9, 7]))"""

_MATH = r"""
The derivative of \(x^2\) is \(2x\), and between dollar signs $e^{i\pi} + 1 = 0$. A display:

\[
\int_{-\infty}^{\infty} e^{-x^2}\,dx = \sqrt{\pi}
\]

and one with dollars:

$$
\sum_{n=1}^{\infty} \frac{1}{n^2} = \frac{\pi^2}{6}
$$""".strip()

_PRICE = """\
Coffee costs $5 and tea $6, together $11. A dozen at $4.50 each comes to $54; none of these \
dollar signs is a formula."""

_LIST = """\
1. Look at the data
   - the shape: rows and columns
   - missing values
     - why they are missing
     - what they would change
2. Clean it
   - one decision a line
3. Ask one question at a time

- [x] a finished task
- [ ] an open task"""

# First match wins.
_SCRIPTS: tuple[tuple[frozenset[str], str], ...] = (
    (frozenset({"table", "tables"}), _TABLE),
    (frozenset({"code", "python", "function", "functions"}), f"```python\n{_CODE}\n```"),
    (
        frozenset({"math", "formula", "formulas", "equation", "equations", "integral"}),
        _MATH,
    ),
    (frozenset({"price", "prices", "cost", "costs"}), _PRICE),
    (frozenset({"list", "lists"}), _LIST),
)

_SENTENCES = (
    "Each section of this text is put together from a few fixed sentences.",
    "A long answer shows how a page grows while its words arrive, *one by one*.",
    "The **bold** and the *slanted* words, the `code` and the [link](https://example.invalid/) "
    "stay in their places.",
    "Nothing of this was thought by a model, and nothing of it was paid for.",
    "Read on only to watch the shape: headings, lists, tables and quotes take turns.",
    "A window that follows the end should stop following when somebody scrolls up.",
    "Umlauts (äöü), Greek (αβγ), 汉字 and an emoji 🙂 take more than one byte each.",
)
_TOPICS = ("Start", "Shape", "Pace", "Words", "Numbers", "Names", "Order", "Tests", "Notes", "End")
_FIGURES = (
    "- a point\n- another point\n  - a point below it",
    "| step | seconds |\n|------|--------:|\n| one | 0.5 |\n| two | 1.25 |",
    "> A quotation stands apart,\n> on two lines.",
    "```python\nfor step in range(3):\n    print(step)\n```",
    "The sum is \\(1 + 2 + 3 = 6\\).",
)


_FIXED = (
    "A script cannot tell what went wrong. With a key a model would; this is the cell as comments, "
    "so that it fails no more:"
)


def about(prompt: str) -> str:
    """The body for a prompt: `about("show me a table")` -> a Markdown table."""
    words = set(re.findall(r"[a-z]+", prompt.lower()))
    for keys, body in _SCRIPTS:
        if words & keys:
            return body
    return long_text() if "long" in words else _PLAIN


def long_text() -> str:
    """About 2,000 words of varied Markdown, always the same."""
    sections = []
    for number in range(20):
        topic = _TOPICS[number % len(_TOPICS)]
        order = [_SENTENCES[(number + step) % len(_SENTENCES)] for step in range(7)]
        figure = _FIGURES[number % len(_FIGURES)]
        sections.append(f"## {number + 1}. {topic}\n\n{' '.join(order)}\n\n{figure}")
    return "\n\n".join(sections)


def only_code() -> str:
    """The answer to a request for code alone; the label is the code's first line."""
    return f"```python\n# {NOTE}\n{_CODE}\n```"


def corrected(prompt: str) -> str:
    """The answer to a cell that failed: the same cell, with a comment that says so."""
    fence, _, source = prompt[prompt.index("```") :].partition("python\n")
    cell = source.partition(f"\n{fence}\n")[0]
    lines = "\n".join(f"# {line}".rstrip() for line in cell.splitlines())
    return f"{_FIXED}\n\n{fence}python\n# {NOTE}\n{lines}\n{fence}"


# "the whole corrected cell" of a prompt that begins with the cell in a block
_FAILED = re.compile(r"`{3,}python\n.*\bcorrected cell\b", re.DOTALL)


def wants_correction(prompt: str) -> bool:
    """Whether a failed cell is to be corrected."""
    return _FAILED.search(prompt) is not None


# "Answer only with code", "nothing but Python code", "code only"
_CODE_ONLY = re.compile(
    r"\b(?:only|just|nothing but)\b[^.\n]{0,60}\bcode\b|\bcode (?:block )?(?:only|alone)\b",
    re.IGNORECASE,
)


def wants_only_code(system: str) -> bool:
    """Whether the instructions ask for code and nothing else."""
    return _CODE_ONLY.search(system) is not None


# "Answer with one JSON object only", "only JSON"
_JSON_ONLY = re.compile(
    r"\bJSON(?: object)? (?:only|alone)\b|\b(?:only|just)\b[^.\n]{0,20}\bJSON\b"
)


def wants_only_json(system: str) -> bool:
    """Whether the instructions ask for JSON and nothing else."""
    return _JSON_ONLY.search(system) is not None
