"""What the tests of paid work share: ordering in a cell, and counting what was ordered."""

from __future__ import annotations

from books import shown
from shell_cells import Cells, Ran

ORDERS = ["image a cat", "video a bird"]


def run(cells: Cells, line: str, cell_id: str | None = None) -> Ran:
    """A command that succeeds."""
    ran = cells.run(f"%zai {line}", cell_id)
    assert ran.ok, ran.out
    return ran


def say(cells: Cells, line: str) -> str:
    """What a command shows that succeeds."""
    return shown(run(cells, line, "said"))


def buys(cells: Cells, line: str, cell_id: str | None = None) -> int:
    """How many orders a command sends; what it gives is in `made`."""
    command, _, rest = line.partition(" ")
    return len(run(cells, f"{command} -o made {rest}", cell_id).bodies)


def ledger(cells: Cells) -> int:
    """What the sandbox would have charged, in all."""
    return len(cells.sandbox.charged)


def html(ran: Ran) -> str:
    """All that a cell shows, as HTML."""
    return "".join(str(d["data"].get("text/html", "")) for d in ran.displays) + ran.out


def states(cells: Cells) -> list[str]:
    """The states of all orders, oldest first."""
    journal = cells.zai.session.journal
    with journal.read() as db:
        return [
            state
            for (state,) in db.execute("select state from calls where kind != 'stored' order by id")
        ]
