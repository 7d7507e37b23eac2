"""The verbs from Python, in a notebook: `zm.chat("Hi", temperature=0)`.

They act on the session of the shell's magics and show what they make, as the magics do.
"""

from __future__ import annotations

from typing import Any

from ..errors import CommandError
from .grammar import COMMANDS, nearest
from .parse import Parsed


def chat(prompt: str, *, quiet: bool = False, **options: Any) -> Any:
    """A turn of the conversation: `zm.chat("Hi", model="glm-4.7", think="off")` -> Reply.

    Options are those of `%zai chat` with underscores (`max_tokens=100`, `attach=["a.png"]`).
    """
    return _run("chat", prompt, quiet, options)


def image(prompt: str, *, quiet: bool = False, **options: Any) -> Any:
    """Pictures: `zm.image("a cat", n=4)` -> Picture, or Pictures for several."""
    return _run("image", prompt, quiet, options)


def video(prompt: str = "", *, quiet: bool = False, **options: Any) -> Any:
    """A clip: `zm.video("a bird", audio=True)` -> Clip."""
    return _run("video", prompt, quiet, options)


def _run(command: str, prompt: str, quiet: bool, options: dict[str, Any]) -> Any:
    known = {option.name for option in COMMANDS[command].options} - {"out", "quiet"}
    for name in options:
        if name not in known:
            raise CommandError(f"zm.{command} has no option {name!r}{nearest(name, sorted(known))}")
    said = {name: value for name, value in options.items() if value is not None}
    for name in ("attach", "stop"):
        if name in said:
            given = said[name]
            said[name] = (given,) if isinstance(given, str) else tuple(map(str, given))
    # Python has f-strings; what stands in a string is meant as it is.
    return _magics().run(Parsed(command, {"raw": True, **said, "quiet": quiet}, prompt))


def _magics() -> Any:
    from IPython import get_ipython

    shell = get_ipython()
    if shell is None:
        raise CommandError("this needs IPython; elsewhere use zai_magics.Client()")
    if getattr(shell, "zai_magics", None) is None:
        shell.extension_manager.load_extension("zai_magics")
    return shell.zai_magics
