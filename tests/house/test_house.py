"""The shape of the package: which rooms may know which, and that the documents keep up."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PACKAGE = ROOT / "zai_magics"

# A room may import what stands on a lower step, and its own siblings within a folder.
STEPS = (
    ("_version", "defaults", "errors", "failure", "files", "mutex", "sandbox", "steps", "text"),
    ("frames", "interrupts", "tally"),
    ("secret", "endpoint", "tls", "expression", "settings", "plain", "price_list"),
    ("reply",),
    ("types", "attach"),
    ("grid", "trial"),
    ("catalogue", "comparison", "retry", "wire", "turn", "schema", "tools"),
    ("concurrency", "http", "line", "schedule"),
    ("body",),
    ("direct",),
    ("sender",),
    ("network", "gather", "conversation", "prompt", "jobs", "options"),
    ("playing", "stream"),
    ("client", "media", "notebook", "journal", "purse"),
    ("pool",),
    ("homes", "kept"),
    ("conversations", "orders", "budget"),
    ("replay",),
    ("verbs", "render", "saved", "connection"),
    ("session", "export"),
    ("magics", "demo"),
    ("__init__", "__main__"),
)
DOORS = {
    "dask": {"verbs"},
    "distributed": {"verbs"},
    "httpcore": {"direct"},
    "httpx": {"network", "body", "direct", "sender"},
    "IPython": {"magics"},
    "ipywidgets": {"types", "render"},
    "nbformat": {"notebook", "demo", "export"},
    "sqlite3": {"journal"},
}


def rooms() -> dict[Path, str]:
    """Every file of the package with the name of its room."""
    found = {}
    for path in sorted(PACKAGE.rglob("*.py")):
        first = path.relative_to(PACKAGE).parts[0]
        found[path] = first.removesuffix(".py")
    return found


def runtime_imports(tree: ast.Module, *, inside: bool) -> list[ast.Import | ast.ImportFrom]:
    """The imports of a file but for those that only the type checker sees."""
    found: list[ast.Import | ast.ImportFrom] = []
    pending: list[ast.AST] = list(tree.body)
    while pending:
        node = pending.pop()
        if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.dump(node.test):
            continue
        if isinstance(node, (ast.Import, ast.ImportFrom)):
            found.append(node)
        elif inside or not isinstance(node, (ast.FunctionDef, ast.ClassDef)):
            pending += ast.iter_child_nodes(node)
    return found


def own_rooms(path: Path, node: ast.ImportFrom) -> list[str]:
    """The package's rooms that a relative import names."""
    depth = len(path.relative_to(PACKAGE).parts) - 1
    if node.level != depth + 1:
        return []
    if node.module:
        return [node.module.split(".")[0]]
    return [alias.name for alias in node.names]


def step(room: str) -> int:
    return next(i for i, names in enumerate(STEPS) if room in names)


@pytest.mark.parametrize("path", rooms(), ids=lambda p: str(p.relative_to(PACKAGE)))
def test_imports_run_downhill(path: Path) -> None:
    room = rooms()[path]
    for node in runtime_imports(ast.parse(path.read_text("utf-8")), inside=False):
        if isinstance(node, ast.ImportFrom) and node.level:
            for other in own_rooms(path, node):
                assert step(other) < step(room), f"{room} imports {other}"


@pytest.mark.parametrize("path", rooms(), ids=lambda p: str(p.relative_to(PACKAGE)))
def test_a_foreign_library_has_its_door(path: Path) -> None:
    room = rooms()[path]
    for node in runtime_imports(ast.parse(path.read_text("utf-8")), inside=True):
        names = (
            [a.name for a in node.names] if isinstance(node, ast.Import) else [node.module or ""]
        )
        for name in names:
            allowed = DOORS.get(name.split(".")[0])
            assert allowed is None or room in allowed or room == "sandbox", f"{room} imports {name}"


def test_the_sandbox_knows_nothing_of_the_rest() -> None:
    for path, room in rooms().items():
        if room == "sandbox":
            for node in runtime_imports(ast.parse(path.read_text("utf-8")), inside=True):
                if isinstance(node, ast.ImportFrom) and node.level:
                    assert not own_rooms(path, node), path


@pytest.mark.parametrize("path", rooms(), ids=lambda p: str(p.relative_to(PACKAGE)))
def test_everything_public_says_what_it_does(path: Path) -> None:
    tree = ast.parse(path.read_text("utf-8"))
    assert ast.get_docstring(tree), "a room begins with what belongs in it"
    for node in tree.body:
        if isinstance(node, (ast.FunctionDef, ast.ClassDef)) and not node.name.startswith("_"):
            assert ast.get_docstring(node), node.name


@pytest.mark.parametrize(
    "command",
    [["ruff", "check", "."], ["ruff", "format", "--check", "."], ["mypy"]],
    ids=["lint", "format", "types"],
)
def test_the_checkers_are_content(command: list[str]) -> None:
    done = subprocess.run(
        [sys.executable, "-m", *command], cwd=ROOT, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_readme_names_every_command_and_option() -> None:
    from zai_magics.magics.grammar import COMMANDS

    readme = (ROOT / "README.md").read_text("utf-8")
    table = readme[readme.index("| command |") : readme.index("`{{ expression }}`")]
    for command in COMMANDS.values():
        assert re.search(rf"`{command.name}\b", table), command.name
        for option in command.options:
            assert any(f"`{flag}" in table for flag in option.flags), option.flags
