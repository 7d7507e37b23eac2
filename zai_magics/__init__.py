"""Z.AI's models in a notebook cell: `%load_ext zai_magics`, then `%%zai chat`.

import zai_magics as zm

zm.chat("What is a p-value?")        # the same verbs from Python, in a notebook
zm.Client().chat("Hi")               # the client alone, anywhere
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ._version import __version__

if TYPE_CHECKING:
    from .client import Client as Client
    from .comparison import Comparison as Comparison
    from .errors import Interrupted as Interrupted
    from .errors import ZaiError as ZaiError
    from .magics.python import chat as chat
    from .magics.python import code as code
    from .magics.python import compare as compare
    from .magics.python import cost as cost
    from .magics.python import fix as fix
    from .magics.python import image as image
    from .magics.python import map as map
    from .magics.python import panel as panel
    from .magics.python import video as video
    from .tools import tool as tool
    from .types import Clip as Clip
    from .types import Code as Code
    from .types import Fix as Fix
    from .types import Picture as Picture
    from .types import Pictures as Pictures
    from .types import Reply as Reply

_HOMES = {
    "Client": "client",
    "Clip": "types",
    "Code": "types",
    "Comparison": "comparison",
    "Fix": "types",
    "Interrupted": "errors",
    "Picture": "types",
    "Pictures": "types",
    "Reply": "types",
    "ZaiError": "errors",
    "chat": "magics.python",
    "code": "magics.python",
    "compare": "magics.python",
    "cost": "magics.python",
    "errors": "errors",
    "fix": "magics.python",
    "image": "magics.python",
    "map": "magics.python",
    "panel": "magics.python",
    "tool": "tools",
    "video": "magics.python",
}
__all__ = ["__version__", "load_ipython_extension", *sorted(_HOMES)]


def __getattr__(name: str) -> Any:
    """The public names, imported when first used."""
    home = _HOMES.get(name)
    if home is None and name.startswith("_"):  # which Python and IPython look for
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    if home is None:
        raise _no_such_name(name)
    from importlib import import_module

    module = import_module(f".{home}", __name__)
    return module if name == home else getattr(module, name)


def _no_such_name(name: str) -> AttributeError:
    from .errors import NoSuchName, one_line
    from .magics.grammar import COMMANDS, nearest

    if name in COMMANDS:
        return NoSuchName(f"{name} is a command and no function: %zai {name}")
    shown, close = one_line(name, 40), nearest(name, [*_HOMES])
    return NoSuchName(f"zai_magics has no {shown}{close}; dir(zai_magics) lists what it has")


def __dir__() -> list[str]:
    return [*__all__]


def load_ipython_extension(shell: Any) -> None:
    """`%load_ext zai_magics`: registers the magics; no network, no httpx yet."""
    from .magics.magic import ZaiMagics

    if not isinstance(getattr(shell, "zai_magics", None), ZaiMagics):
        shell.zai_magics = ZaiMagics(shell)
        shell.zai_magics.install()


def unload_ipython_extension(shell: Any) -> None:
    """`%unload_ext zai_magics`: takes everything back, closes connections and the sandbox."""
    magics = getattr(shell, "zai_magics", None)
    if magics is not None:
        magics.remove()
        del shell.zai_magics
