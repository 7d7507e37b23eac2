"""A small kernel: IPython's shell with the extension in a process of its own.

A line of its input is a cell, `["%%zai chat\\nHi", "cell-1"]`; lines of its output are what the
cell displays, `{"data": …}`, and then what became of it, `{"ok": true, …}`.
"""

from __future__ import annotations

import json
import os
import sys
import threading
import time
from typing import Any

from IPython.core.interactiveshell import InteractiveShell
from traitlets.config import Config

from zai_magics.retry import Timing


def serve() -> None:
    """The small kernel's process. Waits that are long for a test pass ten times as fast."""
    out, lock = os.dup(1), threading.Lock()
    os.dup2(2, 1)  # what cells print is no line of ours

    def write(**line: Any) -> None:
        with lock:
            data = json.dumps(line).encode() + b"\n"
            while data:
                data = data[os.write(out, data) :]

    config = Config()
    config.HistoryManager.enabled = False
    shell: Any = InteractiveShell.instance(config=config)
    shell.display_pub.publish = lambda data, **_: write(data=data)
    shell.displayhook.write_format_data = lambda *_, **__: None
    shell.displayhook.write_output_prompt = lambda *_: None
    shell.showtraceback = lambda *_, **__: None
    shell.run_cell("%load_ext zai_magics")
    shell.zai_magics.session.timing = Timing(
        clock=lambda: time.monotonic() * 10, sleep=lambda seconds: time.sleep(seconds / 10)
    )
    write(ok=True)
    for number, line in enumerate(sys.stdin):
        code, cell = json.loads(line)
        parent = {"header": {"msg_id": f"m{number}"}, "metadata": {"cellId": cell}}
        shell.get_parent = lambda parent=parent: parent
        result = shell.run_cell(code, store_history=True)
        error, value = result.error_in_exec or result.error_before_exec, result.result
        said = f"{type(error).__name__}: {error}" if error else ""
        rows, path = getattr(value, "rows", ()), getattr(value, "path", "")
        write(ok=bool(result.success), error=said, rows=rows, path=str(path))


if __name__ == "__main__":
    serve()
