"""What the model is told: what to answer with, and what was wrong with its answer.

The service honours `json_object` and ignores a `json_schema` (docs.z.ai, structured output), so
that the schema has to stand in the prompt.
"""

from __future__ import annotations

import json
from collections.abc import Sequence

from ..errors import one_line
from ..text import plural, whole
from .nouns import Schema

FIRST = "Answer with one JSON object only, without other words and without a code fence."
_MOST = 20


def instructions(schema: Schema) -> str:
    """What is added to the prompt; the same schema always gives the same bytes."""
    shown = {key: value for key, value in schema.json.items() if key not in ("$schema", "$id")}
    text = json.dumps(shown, ensure_ascii=False, separators=(",", ":"))
    lines = [FIRST]
    if schema.rows:
        lines.append('All rows stand in the list "items"; it is empty if there are none.')
    lines.append(f"The object fits this JSON schema: {whole(text)}")
    return "\n".join(lines)


def repair(problems: Sequence[str]) -> str:
    """What a model is told about an answer that did not fit: `repair(read(…).problems)`.

    At most 20 problems, a line each, so that it stays short however wrong the answer was.
    """
    lines = [f"- {one_line(each, 200)}" for each in problems[:_MOST]]
    if len(problems) > _MOST:
        lines.append(f"- and {plural(len(problems) - _MOST, 'more problem')}")
    return "\n".join(
        [
            "That answer does not fit the JSON schema:",
            *lines,
            "Answer again with the whole corrected JSON object only.",
        ]
    )
