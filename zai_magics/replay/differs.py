"""What differs between a recorded request and one that is asked, as a user would say it: options
by their names, the rest by what it is.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ..errors import one_line
from ..journal import Asked, Record
from ..journal.asked import WHO
from ..schema.ask import FIRST
from ..types import Json
from .nearest import changes

_FLAGS = {
    "temperature": "-t", "top_p": "--top-p", "max_tokens": "--max-tokens", "stop": "--stop",
    "size": "--size", "quality": "--quality", "fps": "--fps", "duration": "--duration",
}  # fmt: skip
# What one option has made is said once, whichever parameters it takes.
_THINK, _TOOLS = ("thinking", "reasoning_effort"), "tools"
_UNSAID = (*WHO, "stream", "response_format", *_THINK, _TOOLS, "with_audio")


def differences(record: Record, messages: Sequence[Json], prompt: str, asked: Asked) -> list[str]:
    """`["What is [a → the] p value", "recorded with no -t, asked with -t 0.5"]`; `messages` are
    those of the record, `prompt` its words. Nothing where no name is known for what differs.
    """
    found = [changes(prompt, asked.prompt)] if prompt != asked.prompt else []
    old, new = _parts(messages, record.result.get("after", 0)), _parts(asked.messages, asked.after)
    found += [name for name in _PARTS if old[name] != new[name]]
    was, now = _options(record.model, record.params), _options(asked.model, asked.params)
    other = [name for name in {**was, **now} if was.get(name) != now.get(name)]
    if "the schema" in found:  # which is asked for without thinking
        plain = {was.get("--think"), now.get("--think")} <= {None, "--think off"}
        other = [name for name in other if not (plain and name == "--think")]
    if record.params.get(_TOOLS) != asked.params.get(_TOOLS) and not {"-T", "--web"} & {*other}:
        found.append("a tool's signature or description")
    if other:
        told = [" ".join(each.get(one, f"no {one}") for one in other) for each in (was, now)]
        found.append(f"recorded with {told[0]}, asked with {told[1]}")
    return found


_PARTS = ("the system prompt", "the turns before it", "an attachment", "the schema", "its rounds")


def _parts(messages: Sequence[Json], after: int) -> Json:
    """What the messages are made of, the prompt's words aside."""
    said = [dict(m) for m in messages]
    system = str(said.pop(0).get("content")) if said and said[0].get("role") == "system" else ""
    own, _, schema = system.partition(FIRST)
    place = len(said) - 1 - after
    content = said[place].get("content") if said else ""
    files = [p for p in content if "text" not in p] if isinstance(content, (list, tuple)) else []
    rounds = said[place + 1 :]
    return dict(zip(_PARTS, (own.strip(), said[:place], files, schema, rounds), strict=True))


def _options(model: str, params: Mapping[str, Any]) -> dict[str, str]:
    """A request's options as they are written: `{"-t": "-t 0.5"}`."""
    said = {"-m": f"-m {one_line(model, 60)}"}
    for name, value in params.items():
        if name not in _UNSAID:
            flag = _FLAGS.get(name, f"--param {one_line(name, 40)}")
            shown = one_line(f"{value:g}" if isinstance(value, float) else str(value), 40)
            said[flag] = f"{flag}{' ' if name in _FLAGS else '='}{shown}"
    if params.get("with_audio"):
        said["--audio"] = "--audio"
    thinking = params.get("thinking")
    if isinstance(thinking, dict) or params.get("reasoning_effort"):
        off = isinstance(thinking, dict) and thinking.get("type") == "disabled"
        how = "off" if off else str(params.get("reasoning_effort") or "on")
        said["--think"] = f"--think {one_line(how, 20)}"
    return {**said, **_tools(params.get(_TOOLS))}


def _tools(tools: Any) -> dict[str, str]:
    """The functions that are offered, and the service's search."""
    offered = [t for t in tools if isinstance(t, dict)] if isinstance(tools, (list, tuple)) else []
    named = [t["function"] for t in offered if isinstance(t.get("function"), dict)]
    names = " ".join(f"-T {one_line(str(f.get('name')), 40)}" for f in named)
    web = len(offered) > len(named)
    return {**({"-T": names} if names else {}), **({"--web": "--web"} if web else {})}
