"""`zai-magics demo | lab | pack | sandbox`: from the shell, without a notebook open.

zai-magics demo              runs the tour on the sandbox, leaves zai-demo.html
zai-magics demo --live       runs it on the real service, after showing the price
zai-magics lab               opens JupyterLab on a copy of the notebooks
zai-magics pack NOTEBOOK     runs it and packs its answers, for %zai replay elsewhere
zai-magics sandbox           serves the sandbox for any client
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
import threading
from collections.abc import Sequence
from pathlib import Path

from ._version import __version__
from .errors import ZaiError

_HERE = Path(__file__).resolve().parent


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command; gives the exit status, 1 with one line on stderr for a failure."""
    try:
        args = _parser().parse_args(_known(sys.argv[1:] if argv is None else argv))
        return int(args.run(args))
    except ZaiError as error:
        print(f"zai-magics: {error}", file=sys.stderr)
    except KeyboardInterrupt:
        print("zai-magics: stopped", file=sys.stderr)
    return 1


def notebooks() -> Path:
    """The folder of the package's notebooks, installed or in a clone."""
    inside = _HERE / "notebooks"
    return inside if inside.is_dir() else _HERE.parent / "notebooks"


def demo(args: argparse.Namespace) -> int:
    """Run the tour and leave it as a web page and an executed notebook."""
    from .demo import PRICE, run

    if args.live and not args.yes:
        answer = input(f"The tour on the real service costs about {PRICE}. Run it? [y/N] ")
        if answer.strip().lower() not in ("y", "yes"):
            print("nothing was sent")
            return 1
    page = run(notebooks() / "tour.ipynb", Path(args.out), live=args.live, say=print)
    print(f"open {page}")
    return 0


def lab(args: argparse.Namespace) -> int:
    """Open JupyterLab on the notebooks, copied to where they can be changed."""
    folder = Path(args.folder)
    folder.mkdir(parents=True, exist_ok=True)
    for notebook in sorted(p for p in notebooks().iterdir() if p.suffix in (".ipynb", ".zai")):
        if not (folder / notebook.name).exists():
            shutil.copy(notebook, folder / notebook.name)
    command = [sys.executable, "-m", "jupyterlab", *args.options, "tour.ipynb"]
    if not _has("jupyterlab"):
        raise ZaiError("JupyterLab is not installed: pip install 'zai-magics[lab]'")
    return subprocess.call(command, cwd=folder)


def pack(args: argparse.Namespace) -> int:
    """Run a notebook and pack what it asked for."""
    from .demo import record
    from .secret import find

    notebook = Path(args.notebook)
    target = Path(args.out) if args.out else notebook.with_suffix(".zai")
    if target.suffix != ".zai":
        raise ZaiError(f"a pack ends with .zai: --out {target.stem}.zai")
    if find() and not args.yes:
        answer = input(f"This runs {notebook.name} and pays for what it asks. Run it? [y/N] ")
        if answer.strip().lower() not in ("y", "yes"):
            print("nothing was sent")
            return 1
    print(f"{target}: {record(notebook, target, print)}")
    return 0


def sandbox(args: argparse.Namespace) -> int:
    """Serve the sandbox until interrupted."""
    from .sandbox import Sandbox

    try:
        server = Sandbox(args.port, video_seconds=args.video_seconds, pace=args.pace)
        server.start()
    except (OSError, ValueError) as error:
        raise ZaiError(f"the sandbox cannot start ({error}); try another --port") from None
    print(
        f"the sandbox serves {server.base_url}\n"
        f"  export ZAI_BASE_URL={server.base_url} ZAI_API_KEY=sandbox\n"
        "any client of Z.AI or OpenAI can use it, with the word sandbox as its key; "
        "Ctrl-C ends it",
        flush=True,
    )
    try:
        threading.Event().wait()
    except KeyboardInterrupt:
        print("the sandbox has ended")
    finally:
        server.stop()
    return 0


def _known(argv: Sequence[str]) -> Sequence[str]:
    """The arguments, if their first word is a command or an option."""
    from .magics.grammar import nearest

    names = ["demo", "lab", "pack", "sandbox"]
    if argv and not argv[0].startswith("-") and argv[0] not in names:
        close = nearest(argv[0], names)
        there = "" if close else f": there are {', '.join(names)}"
        raise ZaiError(f"there is no command {argv[0][:40]!r}{close}{there}; see zai-magics --help")
    return argv


def _has(module: str) -> bool:
    from importlib.util import find_spec

    return find_spec(module) is not None


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="zai-magics", description=__doc__.partition("\n")[0])
    parser.add_argument("--version", action="version", version=__version__)
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    run = commands.add_parser("demo", help="run the tour, leave zai-demo.html")
    run.add_argument("--live", action="store_true", help="on the real service, for money")
    run.add_argument("--yes", action="store_true", help="do not ask before --live")
    run.add_argument("--out", default=os.curdir, help="folder to write to (default: here)")
    run.set_defaults(run=demo)

    run = commands.add_parser("lab", help="open JupyterLab on the notebooks")
    run.add_argument("folder", nargs="?", default="zai-notebooks", help="where copies are kept")
    run.add_argument("options", nargs="*", help="passed on to JupyterLab (after --)")
    run.set_defaults(run=lab)

    run = commands.add_parser("pack", help="run a notebook, pack its answers for %%zai replay")
    run.add_argument("notebook", help="the notebook to run, in its own folder")
    run.add_argument("--out", help="the pack (default: beside the notebook, ending with .zai)")
    run.add_argument("--yes", action="store_true", help="do not ask before paying")
    run.set_defaults(run=pack)

    run = commands.add_parser("sandbox", help="serve the sandbox for any client")
    run.add_argument("--port", type=int, default=0, help="port (default: any free one)")
    run.add_argument("--pace", type=float, default=0.02, help="seconds between two words")
    run.add_argument("--video-seconds", type=float, default=3.0, help="how long a video takes")
    run.set_defaults(run=sandbox)
    return parser


if __name__ == "__main__":
    sys.exit(main())
