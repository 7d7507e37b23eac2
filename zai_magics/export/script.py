"""`.py`: a script that asks the conversation again with the service's official SDK."""

from __future__ import annotations

import keyword
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from .. import defaults
from ..conversation import Conversation, Turn
from .common import VERSION, begins_with, params

MARK = "# zai_magics export "
_WIDTH, _SHORT = 84, 60
_HALF = re.compile("[\ud800-\udfff]")
_HEAD = """\
# Asks the models of Z.AI the same again: pip install zai-sdk, set ZAI_API_KEY, run this file.

import os
import sys

from zai import ZaiClient

key = os.environ.get("ZAI_API_KEY")
if not key:
    raise SystemExit("ZAI_API_KEY is not set: set it to your key of z.ai, and run this file again")
client = ZaiClient(api_key=key, base_url=os.environ.get("ZAI_BASE_URL"))
messages = []


def ask(model, content, /, **params):
    \"\"\"One turn: the question goes into the conversation, and so does the answer.\"\"\"
    messages.append({"role": "user", "content": content})
    # In extra_body they go out as they are; the SDK itself changes a temperature of 0 or 1.
    answer = client.chat.completions.create(model=model, messages=messages, extra_body=params)
    text = answer.choices[0].message.content
    print(f"{text}\\n")
    if text:  # the service refuses empty messages
        messages.append({"role": "assistant", "content": text})


if hasattr(sys.stdout, "reconfigure"):  # a console may not know every character
    sys.stdout.reconfigure(errors="backslashreplace")
"""
_UNSENDABLE = """\
# A text below holds half a character (\\ud800 to \\udfff), which the SDK cannot send: correct it.
"""


def text(conversation: Conversation) -> str:
    """The script: each turn with its model and parameters, prompts as exact literals."""
    asked = "\n".join(_turn(turn) for turn in conversation.turns)
    system = ""
    if conversation.system:
        said = literal(conversation.system, 1)
        system = f'\nmessages.append({{"role": "system", "content": {said}}})\n'
    texts = [conversation.system, *(turn.prompt for turn in conversation.turns)]
    warning = f"\n{_UNSENDABLE}" if any(map(_HALF.search, texts)) else ""
    return f"{MARK}{VERSION}\n{_HEAD}{warning}{system}\n{asked}"


def is_ours(path: Path) -> bool:
    """Whether a file begins as these scripts do."""
    return begins_with(path, MARK)


def literal(text: str, depth: int = 0) -> str:
    """A text as Python source that reproduces it exactly, its long or many lines one below the
    other. `depth` counts how far the place is indented already.

    `repr` escapes whatever is not printable: control characters, bidi marks, lone surrogates.
    """
    pieces = list(_pieces(text))
    if len(pieces) < 2 or len(repr(text)) <= _SHORT:
        return repr(text)
    inner = "\n".join(f"{'    ' * (depth + 1)}{piece!r}" for piece in pieces)
    return f"(\n{inner}\n{'    ' * depth})"


def _turn(turn: Turn) -> str:
    content = literal(turn.user, 1) if isinstance(turn.user, str) else _parts(turn.user)
    said = [repr(turn.model or defaults.CHAT), content]
    given = params(turn)
    said += [f"{name}={value!r}" for name, value in given.items() if _is_keyword(name)]
    odd = {name: value for name, value in given.items() if not _is_keyword(name)}
    said += [f"**{odd!r}"] if odd else []
    line = f"ask({', '.join(said)})\n"
    if len(line) <= _WIDTH + 16 and line.count("\n") == 1:
        return line
    return "ask(\n" + "".join(f"    {one},\n" for one in said) + ")\n"


def _is_keyword(name: str) -> bool:
    """Whether it can be written as `name=value`; Python changes some names beyond ASCII."""
    return name.isascii() and name.isidentifier() and not keyword.iskeyword(name)


def _parts(parts: tuple[Any, ...]) -> str:
    """Message parts, one a line; an image in them is one long word."""
    return "[\n" + "".join(f"        {part!r},\n" for part in parts) + "    ]"


def _pieces(text: str) -> Iterator[str]:
    """A text's lines, long ones cut behind a blank; a word is never cut."""
    for line in re.findall(r"[^\n]*\n|[^\n]+", text):
        while len(line) > _WIDTH:
            cut = line.rfind(" ", 0, _WIDTH) + 1 or line.find(" ") + 1
            if not 0 < cut < len(line):
                break
            yield line[:cut]
            line = line[cut:]
        yield line
