"""User values -> prompt: `{{ expression }}` in the text, and attachments beside it.

Everything else goes out byte for byte. What is inserted is not scanned again.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

from . import expression
from .errors import PromptError, one_line

if TYPE_CHECKING:
    from .attach import Attachment

INSERT_LIMIT = 1_000_000
Inserted = Callable[[Any, str], str]
_PLAIN = (int, float, bool)  # and thousands of rows are full of them
_RAW = "or send the text as it is with --raw"


def expand(text: str, names: Mapping[str, Any]) -> str:
    """`text` with every `{{ expression }}` replaced by its value's text, once.

    `expand("About {{ n + 1 }} cats", {"n": 2})` is "About 3 cats". Raises PromptError for an
    unknown name (with the nearest), a failing expression, or a value with no text form.
    """
    return "".join(_pieces(text, names, _text_of)) if "{{" in text else text


def compose(text: str, names: Mapping[str, Any]) -> tuple[str, list[Attachment]]:
    """The same, but that an image (a figure, a PIL image, an array of pixels) becomes an attachment
    and its name stands in the text, and a table its bounded text form.
    """
    found: list[Attachment] = []
    if "{{" not in text:
        return text, found
    from . import attach  # with what it needs to know a picture

    def inserted(value: Any, source: str) -> str:
        if type(value) in _PLAIN or type(value) is str:
            return _text_of(value, source)
        if attach.is_table(value):
            return f"\n{attach.table_text(value, source)}\n"
        if not attach.is_attachable(value):
            return _text_of(value, source)
        found.append(attach.from_value(value, source))
        return f"(attached: {source})"

    return "".join(_pieces(text, names, inserted)), found


def names(text: str) -> set[str]:
    """The names that stand in the expressions of a text: `names("{{ a + b }}")` is {"a", "b"}."""
    nodes = (node for source in _sources(text) for node in ast.walk(ast.parse(source, mode="eval")))
    return {node.id for node in nodes if isinstance(node, ast.Name)}


def bare_names(text: str) -> set[str]:
    """Those that are all of an expression: `bare_names("{{ a }} {{ b + 1 }}")` is {"a"}."""
    return {source for source in _sources(text) if source.isidentifier()}


def _sources(text: str) -> list[str]:
    """The expressions of a text."""
    found, at = [], 0
    while (start := text.find("{{", at)) >= 0:
        source, at = _expression(text, start)
        found += [source] if source is not None else []
    return found


def _pieces(text: str, names: Mapping[str, Any], inserted: Inserted) -> Iterator[str]:
    at = 0
    while (start := text.find("{{", at)) >= 0:
        yield text[at:start]
        source, at = _expression(text, start)
        yield inserted(_value(source, names), source) if source is not None else "{{"
    yield text[at:]


def _expression(text: str, start: int) -> tuple[str | None, int]:
    """The expression of the `{{` at `start` and where its `}}` ends; None when nothing closes it.

    The first `}}` that makes an expression is the end, so that `{{ {"a": {}} }}` works.
    """
    end = text.find("}}", start + 2)
    if end < 0:
        return None, start + 2
    first = text[start + 2 : end].strip()
    while 0 <= end < start + 2000:
        source = text[start + 2 : end].strip()
        if source and expression.compiles(source):
            return source, end + 2
        end = text.find("}}", end + 1)
    shown = one_line(first, 40)
    raise PromptError(f"{{{{ {shown} }}}} is not an expression; correct it, {_RAW}")


def _value(source: str, names: Mapping[str, Any]) -> Any:
    shown = f"{{{{ {one_line(source, 60)} }}}}"
    return expression.evaluate(source, names, shown, _RAW)


def _text_of(value: Any, source: str) -> str:
    kind = type(value).__module__.partition(".")[0]
    if isinstance(value, (bytes, bytearray, memoryview)) or kind in ("PIL", "matplotlib", "plotly"):
        raise PromptError(
            f"{{{{ {one_line(source, 40)} }}}} is a {type(value).__name__}, which has no text; "
            "save it as a PNG and attach it with -a PATH"
        )
    try:
        text = str(value)
    except Exception as error:
        raise PromptError(
            f"{{{{ {one_line(source, 40)} }}}} has no text form ({type(error).__name__})"
        ) from None
    if len(text) > INSERT_LIMIT:
        raise PromptError(
            f"{{{{ {one_line(source, 40)} }}}} is {len(text):,} characters long, more than any "
            "model takes; insert a part of it"
        )
    return text
