"""A local server that imitates Z.AI's API, for trying things without a key or a network.

    from zai_magics.sandbox import Sandbox

    with Sandbox() as sandbox:
        print(sandbox.base_url)  # any client of the API works here, with the key "sandbox"

It needs the standard library only, imports nothing of the rest of the package, and labels all it
makes: the header X-Zai-Sandbox, `+sandbox` behind the model's name, the first line of a text, a
caption in pictures and films, the file names. `MARKERS` lists the errors that a prompt can ask for.
"""

from __future__ import annotations

from .faults import MARKERS
from .script import LABEL
from .server import Sandbox
from .service import KEY

__all__ = ["KEY", "LABEL", "MARKERS", "Sandbox"]
