"""A turn that is stopped or breaks off keeps what had come, marked."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable
from typing import Any

import pytest
from shell_cells import Cells

from zai_magics.errors import Interrupted
from zai_magics.sandbox import Sandbox


@pytest.mark.parametrize("cell_id", ["1", "", None])
def test_an_interrupt_from_a_painting_keeps_what_had_come(
    cells: Cells, monkeypatch: pytest.MonkeyPatch, cell_id: str | None
) -> None:
    from zai_magics.render import cell, live, terminal

    for kind in (cell.CellPainter, live.OncePainter, terminal.TerminalPainter):
        monkeypatch.setattr(kind, "paint", _stopping_at(30, kind.paint))
    ran = cells.run("x = %zai chat a long text please\nafter = 1", cell_id)
    _assert_kept(cells, ran)


def test_a_signal_keeps_what_had_come(cells: Cells, monkeypatch: pytest.MonkeyPatch) -> None:
    from zai_magics.render import cell

    done, begun = threading.Event(), threading.Event()
    paint = cell.CellPainter.paint

    def noticing(self: Any, snapshot: Any) -> None:
        paint(self, snapshot)
        if getattr(snapshot, "n", 0):
            begun.set()

    monkeypatch.setattr(cell.CellPainter, "paint", noticing)

    def stop(seconds: float) -> None:
        assert begun.wait(10)
        main = threading.main_thread().ident
        if hasattr(signal, "pthread_kill") and main is not None:
            signal.pthread_kill(main, signal.SIGINT)
        else:
            signal.raise_signal(signal.SIGINT)
        done.wait(10)

    with Sandbox(pace=0, pause=stop) as sandbox:
        cells.zai.session.connection.base_url = sandbox.base_url
        ran = cells.run("x = %zai chat [[stall 5]] a long text please\nafter = 1", "1")
        done.set()
    cells.zai.session.connection.base_url = cells.sandbox.base_url
    _assert_kept(cells, ran)


def _stopping_at(number: int, paint: Callable[[Any, Any], None]) -> Callable[[Any, Any], None]:
    seen: list[int] = []

    def stopping(self: Any, snapshot: Any) -> None:
        paint(self, snapshot)
        seen.append(1)
        if len(seen) == number:
            raise KeyboardInterrupt

    return stopping


def _assert_kept(cells: Cells, ran: Any) -> None:
    assert isinstance(ran.error, Interrupted)
    assert "after" not in cells.shell.user_ns and "x" not in cells.shell.user_ns
    assert len([one for one in ran.out.splitlines() if "Interrupted" in one]) == 1
    (turn,) = cells.zai.session.conversation.turns
    assert turn.state == "interrupted"
    assert "interrupted" in str(cells.run("%zai history").out)
    body = cells.run("%zai chat go on").body
    assert [m["role"] for m in body["messages"]][-1] == "user"
    if turn.reply:
        assert body["messages"][1] == {"role": "assistant", "content": turn.reply}


def test_an_answer_that_breaks_off_is_kept_and_marked(cells: Cells) -> None:
    ran = cells.run("x = %zai chat [[cut]] a long text please", "1")
    assert not ran.ok and "x" not in cells.shell.user_ns
    (turn,) = cells.zai.session.conversation.turns
    assert turn.state == "incomplete" and turn.reply
    assert "incomplete" in str(ran.displays[-1]["data"])
