"""Which cell is running: the turn's place, and the end of the cell's execution."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ..conversation import Place

_VSCODE = "vscode-notebook-cell:"  # names the document, not the cell


def parent(shell: Any) -> dict[str, Any]:
    """The request that runs now, {} in a terminal."""
    get_parent = getattr(shell, "get_parent", None)
    if get_parent is None:
        return {}
    try:
        return dict(get_parent() or {})
    except LookupError:  # no request yet
        return {}


def cell_id(shell: Any) -> str:
    """The id that the front-end gives the running cell, "" where it gives none.

    JupyterLab and Notebook 7 send the id that the .ipynb has.
    """
    found = parent(shell).get("metadata", {}).get("cellId")
    return found if isinstance(found, str) else ""


class Cells:
    """Counts the turns of the running cell: `cells.place()` for each of them.

    `begin` and `end` belong to IPython's pre_run_cell and post_run_cell, which also come for
    cells within the cell (`%%capture`), so the execution is known by its request.
    """

    def __init__(self, shell: Any) -> None:
        self._shell = shell
        self._request: object = None
        self._depth = 0
        self._made = self._set = 0

    def begin(self) -> bool:
        """A cell begins; True when it is a new execution and not a cell within one."""
        request = self._running()
        if request is not None and request == self._request:
            self._depth += 1
            return False
        self._request, self._depth, self._made, self._set = request, 1, 0, 0
        return True

    def end(self) -> tuple[str, int] | None:
        """A cell ends: its id and the turns it made, None within another or without an id."""
        self._depth = max(0, self._depth - 1)
        cell = usable(cell_id(self._shell))
        # A blank cell ends without having begun: what was counted is another cell's.
        made = self._made if self._running() == self._request else 0
        return (cell, made) if cell and not self._depth else None

    def place(self) -> Place | None:
        """The place of this execution's next turn, None where cells have no usable id."""
        self._made += 1
        return self._place(self._made - 1)

    def beside(self) -> Place | None:
        """The cell, of what is no turn of a conversation and is not counted among them."""
        return self._place(0)

    def setting(self) -> Place | None:
        """The same for a command that sets the system prompt. Counted apart: a turn's ordinal is
        that of its record among the outputs.
        """
        self._set += 1
        return self._place(self._set - 1)

    def _place(self, ordinal: int) -> Place | None:
        cell = usable(cell_id(self._shell))
        if not cell:
            return None
        from ..conversation import Place

        return Place(cell, ordinal)

    def _running(self) -> object:
        return parent(self._shell).get("header", {}).get("msg_id")


def usable(cell: str) -> str:
    """A cell id that tells cells apart, else ""."""
    return "" if cell.startswith(_VSCODE) else cell
