"""Loading costs little, and unloading leaves no trace."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from shell_cells import Cells

import zai_magics as zm

HEAVY = ("httpx", "ipywidgets", "nbformat", "pandas", "markdown_it", "sqlite3", "tomllib")


def _python(code: str, folder: Path) -> str:
    root = str(Path(zm.__file__).parents[1])
    env = {**os.environ, "IPYTHONDIR": str(folder), "PYTHONPATH": root}
    done = subprocess.run(
        [sys.executable, "-c", code],
        env=env,
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def test_loading_the_extension_imports_nothing_heavy(tmp_path: Path) -> None:
    code = (
        "import sys\n"
        "from IPython.core.interactiveshell import InteractiveShell\n"
        "shell = InteractiveShell.instance()\n"
        "shell.run_cell('one = 1')\n"
        "before = set(sys.modules)\n"
        "assert shell.run_cell('%load_ext zai_magics').success\n"
        "assert 'zai' in shell.magics_manager.magics['cell']\n"
        f"print([m for m in {HEAVY} if m in sys.modules and m not in before])"
    )
    assert _python(code, tmp_path) == "[]"


def test_the_client_alone_never_imports_ipython(tmp_path: Path) -> None:
    code = (
        "import sys, zai_magics as zm\n"
        "zm.Client('some-key'); zm.Reply('x'); zm.ZaiError\n"
        "print(any(m.split('.')[0] == 'IPython' for m in sys.modules))"
    )
    assert _python(code, tmp_path) == "False"


def test_the_public_names_are_these() -> None:
    classes = "Client Clip Code Comparison Fix Interrupted Picture Pictures Reply ZaiError"
    verbs = "chat code compare cost fix image map panel tool video"
    others = f"__version__ errors load_ipython_extension {verbs}"
    assert sorted(zm.__all__) == sorted(f"{classes} {others}".split())
    for name in zm.__all__:
        assert getattr(zm, name) is not None
    assert set(zm.__all__) <= set(dir(zm))
    with pytest.raises(AttributeError, match="nope"):
        _ = zm.nope


def _state(shell: Any) -> dict[str, Any]:
    manager, formatter = shell.input_transformer_manager, shell.display_formatter
    formatters = [formatter.ipython_display_formatter, formatter.mimebundle_formatter]
    formatters.append(formatter.formatters["text/plain"])
    completers = getattr(shell, "custom_completers", None)
    return {
        "cleanup": list(manager.cleanup_transforms),
        "lines": list(manager.line_transforms),
        "tokens": list(manager.token_transformers),
        "magics": {k: sorted(v) for k, v in shell.magics_manager.magics.items()},
        "registry": sorted(shell.magics_manager.registry),
        "events": {k: list(v) for k, v in shell.events.callbacks.items()},
        "formatters": [dict(f.type_printers) for f in formatters],
        "completers": dict(completers.regexs) if completers is not None else {},
        "configurables": [type(c).__name__ for c in shell.configurables],
        "attributes": sorted(vars(shell)),
        "names": sorted(n for n in shell.user_ns if not n.startswith("_")),
    }


def test_unloading_leaves_no_trace(shell: Any) -> None:
    shell.run_cell("%unload_ext nothing")  # newer IPythons load their own magics when first used
    before = _state(shell)
    assert shell.run_cell("%load_ext zai_magics").success
    loaded = _state(shell)
    assert loaded["magics"] != before["magics"] and loaded["cleanup"] != before["cleanup"]
    shell.run_cell("%unload_ext zai_magics")
    assert _state(shell) == before


def test_loading_twice_or_anew_registers_once(shell: Any) -> None:
    shell.run_cell("%load_ext zai_magics")
    once = _state(shell)
    shell.run_cell("%load_ext zai_magics")
    zm.load_ipython_extension(shell)
    after = _state(shell)
    assert after == once
    shell.run_cell("%reload_ext zai_magics")
    again = _state(shell)
    for name in ("magics", "configurables", "attributes"):
        assert again[name] == once[name]
    for name in ("cleanup", "events", "completers"):
        assert [len(x) for x in (again[name],)] == [len(x) for x in (once[name],)]
    shell.run_cell("%unload_ext zai_magics")


def test_a_reloaded_extension_works(cells: Cells) -> None:
    base = cells.sandbox.base_url
    cells.run("%reload_ext zai_magics")
    cells.zai.session.connection.base_url = base
    ran = cells.run("%zai chat hello?")
    assert ran.ok and ran.prompt == "hello?"


def test_after_unloading_the_magic_is_gone_and_help_is_ipythons_again(cells: Cells) -> None:
    cells.run("%zai sandbox off")
    cells.run("%unload_ext zai_magics")
    ran = cells.run("%zai chat hello")
    assert ran.sent == [] and "not found" in ran.out
    assert "pinfo" in cells.shell.transform_cell("%zai chat why?")
    cells.shell.run_cell("%load_ext zai_magics")


@pytest.mark.parametrize(
    ("setting", "kept"),
    [
        ("model = 'glm-4.6'", True),
        ("vision_model = 'glm-4.5v'", True),
        ("image_model = 'cogview-4'", True),
        ("video_model = 'other'", True),
        ("coding = True", True),
        ("coding = 'yes'", False),
        ("model = 5", False),
    ],
)
def test_a_setting_has_its_type(cells: Cells, setting: str, kept: bool) -> None:
    name, value = setting.split(" = ")
    before = getattr(cells.zai, name)
    cells.run(f"%config ZaiMagics.{setting}")
    assert getattr(cells.zai, name) == (eval(value) if kept else before)


def test_the_settings_choose_the_models(cells: Cells) -> None:
    cells.run("%config ZaiMagics.model = 'glm-4.6'")
    cells.run("%config ZaiMagics.image_model = 'cogview-4'")
    assert cells.run("%zai chat hi").body["model"] == "glm-4.6"
    assert cells.run("%zai image a cat").body["model"] == "cogview-4"
    assert cells.run("%zai chat -m glm-5 hi").body["model"] == "glm-5"
