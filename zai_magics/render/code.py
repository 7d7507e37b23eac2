"""Code that a model wrote, and a cell that it corrected -> HTML and plain text."""

from __future__ import annotations

from ..types import Code, Fix
from . import diff, parts, safe
from . import reply as replies
from .highlight import code_block

NO_CODE = "there is no code in the answer"
_NONE = "there is no corrected cell in the answer"


def html(value: Code) -> str:
    """The code in colours, and the quiet line; an answer without code is shown, and it is said."""
    if not value.code:
        return replies.around(value.reply, safe.markdown(str(value.reply)) + parts.warning(NO_CODE))
    return replies.around(value.reply, code_block(safe.plain(value.code), "python"))


def plain(value: Code) -> str:
    """The code."""
    return safe.plain(value.code) or f"{safe.plain(str(value.reply))}\n\n{NO_CODE}"


def fix_html(value: Fix) -> str:
    """What went wrong, and what changes in the cell."""
    code = value.code
    changes = diff.html(value.source, code) if code else parts.warning(_NONE)
    return replies.around(value.reply, safe.markdown(value.explanation) + changes)


def fix_plain(value: Fix) -> str:
    """The same for a terminal."""
    return "\n\n".join(filter(None, (safe.plain(value.explanation), changes_plain(value))))


def changes_plain(value: Fix) -> str:
    """What changes in the cell, alone."""
    return diff.plain(value.source, value.code) if value.code else _NONE
