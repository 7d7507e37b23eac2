"""A connection that is cut from another thread, however it was made."""

from __future__ import annotations

import socket
import threading
from functools import partial
from types import SimpleNamespace

import pytest

from zai_magics.line import Line, Turn, traced


@pytest.mark.parametrize("who", ["connection", "proxy", "socks"])
@pytest.mark.parametrize("step", ["connect_tcp", "start_tls"])
def test_the_newest_connection_is_cut_whoever_made_it(who: str, step: str) -> None:
    ours, theirs = socket.socketpair()
    line = Line()
    line.turn = Turn(threading.Lock())
    told = partial(traced, line)
    stream = SimpleNamespace(get_extra_info=lambda name: ours)
    told(f"{who}.{step}.started", {})
    told(f"{who}.{step}.complete", {"return_value": stream})
    line.cut()
    theirs.settimeout(5)
    assert theirs.recv(1) == b""
    ours.close()
    theirs.close()
