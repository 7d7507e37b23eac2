"""The notebook this kernel belongs to: which file, which folder."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any


def path(names: Mapping[str, Any], environ: Mapping[str, str] | None = None) -> Path | None:
    """The notebook's file as far as the front-end says; None where it does not.

    JupyterLab and Notebook 7 set JPY_SESSION_NAME, VS Code a name in the user's namespace.
    `names` is that namespace.
    """
    environ = os.environ if environ is None else environ
    said = names.get("__vsc_ipynb_file__") or environ.get("JPY_SESSION_NAME")
    if not isinstance(said, str) or not said.endswith(".ipynb"):
        return None
    found = Path(said)
    return found if found.is_absolute() else None


def folder(names: Mapping[str, Any], environ: Mapping[str, str] | None = None) -> Path:
    """Where files beside the notebook go: its folder, or the working directory."""
    found = path(names, environ)
    return found.parent if found and found.parent.is_dir() else Path.cwd()
