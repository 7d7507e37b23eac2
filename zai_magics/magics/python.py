"""The verbs from Python, in a notebook: `zm.chat("Hi", temperature=0)`.

They act on the session of the shell's magics and show what they make, as the magics do.
"""

from __future__ import annotations

import sys
from contextlib import suppress
from typing import Any

from ..errors import CommandError, PromptError, one_line
from ..prompt import bare_names
from .grammar import COMMANDS, Option, other
from .parse import Parsed, check_parameter


def chat(prompt: str, *, quiet: bool = False, **options: Any) -> Any:
    """A turn of the conversation: `zm.chat("Hi", model="glm-4.7", think="off")` -> Reply.

    Options are those of `%zai chat` with underscores (`max_tokens=100`); `attach=[fig, "a.png"]`,
    `tool=[weather]` and `schema=Person` take the values themselves as well as names.
    """
    return _run("chat", prompt, quiet, options)


def code(prompt: str, *, quiet: bool = False, **options: Any) -> Any:
    """Only code, offered as the next cell: `zm.code("plot it", attach=[df])` -> Code.

    `.code` is it, never run, `.reply` the answer around it. Options are those of `%zai code`.
    """
    return _run("code", prompt, quiet, options)


def fix(words: str = "", *, quiet: bool = False, **options: Any) -> Any:
    """The last cell that failed, corrected and offered: `zm.fix("keep it short")` -> Fix.

    `.explanation` says what was wrong, `.code` is the corrected cell, `.source` the one that
    failed. Options are those of `%zai fix`. Raises CommandError where there is nothing to fix.
    """
    return _run("fix", words, quiet, options)


def image(prompt: str, *, quiet: bool = False, **options: Any) -> Any:
    """Pictures: `zm.image("a cat", n=4)` -> Picture, or Pictures for several."""
    return _run("image", prompt, quiet, options)


def video(prompt: str = "", *, quiet: bool = False, **options: Any) -> Any:
    """A clip: `zm.video("a bird", audio=True)` -> Clip."""
    return _run("video", prompt, quiet, options)


def compare(prompt: str, *, quiet: bool = False, **options: Any) -> Any:
    """One prompt over variants: `zm.compare("Hi", model=["glm-4.7", "glm-4.7-flash"])`.

    `model`, `temperature` and `system` take lists, `each={"tone": ["dry", "warm"]}` the values of
    `{{ tone }}` (without it braces go out as they stand), `score` a function of the reply;
    further `n`, `baseline`, `top_p`, `max_tokens`, `stop`, `think`, `concurrency`, `max_cost`,
    `again`, `param`, `dry_run` and `raw`, as `%zai help compare` says. Gives a Comparison: `c[1]`
    is an answer (with `n` their list), `c.to_frame()` all of them, `c.verdicts` the scores in
    words.
    """
    several = {"model": "models", "temperature": "temperatures", "system": "systems"}
    options = {several.get(name, name): value for name, value in options.items()}
    if "each" in options:
        options = {"raw": False, **options}
    elif "raw" not in options and (braces := _braces(prompt)):
        _magics().commands.session.warn(
            f"{{{{ {braces} }}}} goes out as it stands; each={{{braces!r}: […]}} gives it values, "
            "raw=True says that it is meant"
        )
    return _run("compare", prompt, quiet, options)


def map(frame: Any, prompt: str, *, quiet: bool = False, **options: Any) -> Any:
    """The prompt over a DataFrame's rows: `zm.map(df, "Sentiment of {{ review }}")` -> DataFrame.

    `{{ }}` are the frame's columns and the notebook's names. `schema` takes a text or a class
    itself; further `model`, `system`, `temperature`, `top_p`, `max_tokens`, `stop`, `think`,
    `pilot`, `max_cost`, `concurrency`, `again`, `param`, `dry_run` and `raw`, as `%zai help map`
    says.
    """
    return _run("map", prompt, quiet, {"frame": frame, "raw": False, **options})


def panel(prompt: str = "", **options: Any) -> None:
    """A playground below the cell: `zm.panel("Explain {{ topic }}", model="glm-4.7,glm-4.6")`.

    Options are those of `%zai panel`, which fill its fields.
    """
    _run("panel", prompt, False, options)


def cost(by: str = "model", *, quiet: bool = False, **options: Any) -> Any:
    """What was spent: `zm.cost("day", here=True)` -> DataFrame, or Table without pandas.

    `by` is model, day, conversation or notebook; options are `here`, `since` and `rows`.
    """
    return _run("cost", "", quiet, {"by": by, **options})


def _braces(prompt: Any) -> str:
    """A name that stands in braces where nothing is inserted, "" for none."""
    with suppress(PromptError):
        return min(bare_names(prompt), default="") if isinstance(prompt, str) else ""
    return ""


def _run(command: str, prompt: str, quiet: bool, options: dict[str, Any]) -> Any:
    magics = _magics()
    caller = sys._getframe(2)  # of the public function above
    in_function = caller.f_locals if caller.f_locals is not caller.f_globals else None
    with magics.failures.during(command):
        try:
            return magics.commands.run(_typed(command, prompt, quiet, options), in_function)
        except PromptError as error:
            said = str(error)
            error.args = (f"attach={said[3:]}" if said.startswith("-a ") else said,)
            raise


def _typed(command: str, prompt: str, quiet: bool, options: dict[str, Any]) -> Parsed:
    if not isinstance(prompt, str):
        raise CommandError(f"zm.{command} takes the prompt as text, not a {type(prompt).__name__}")
    known = {o.name: o for o in COMMANDS[command].options if o.name not in ("out", "quiet")}
    for name in options:
        if name != "frame" and name not in known:
            hint = other(COMMANDS[command], name)
            raise CommandError(f"zm.{command} has no option {one_line(repr(name), 40)}{hint}")
    said = {name: v for name, v in options.items() if v is not None or name == "frame"}
    for name, value in said.items():
        if name in known:
            _check(known[name], value)
    for name in ("attach", "stop", "tool"):
        if name in said:
            given = said[name]
            said[name] = tuple(given) if isinstance(given, (list, tuple)) else (given,)
    # Python has f-strings; what stands in a string is meant as it is.
    return Parsed(command, {"raw": True, **said, "quiet": quiet}, prompt)


def _check(option: Option, value: Any) -> None:
    """What the magics' parser would refuse is refused here too."""
    if option.choices and value not in option.choices:
        allowed = ", ".join(option.choices)
        raise CommandError(f"{option.name} takes {allowed}; not {one_line(repr(value), 40)}")
    number = int if option.kind == "int" else (int, float)
    if option.kind in ("int", "float") and not isinstance(value, number):
        raise CommandError(f"{option.name} takes a number, not {one_line(repr(value), 40)}")
    for name in value if option.kind == "pair" else ():
        check_parameter(name)


def _magics() -> Any:
    from IPython import get_ipython

    shell = get_ipython()
    if shell is None:
        raise CommandError("this needs IPython; elsewhere use zai_magics.Client()")
    if getattr(shell, "zai_magics", None) is None:
        shell.extension_manager.load_extension("zai_magics")
    return shell.zai_magics
