"""Whether anybody still waits for what a task of Dask computes: no thread can be interrupted, and
one whose computation was would go on paying for answers that nobody gets.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

_running: set[int] = set()  # computations of Dask's schedulers in this process


def watch() -> None:
    """Let Dask tell of its computations in this process from now on."""
    from dask.callbacks import Callback

    callback = (_started, None, None, None, _ended)
    if callback not in Callback.active:
        Callback.active.add(callback)


def wanted() -> Callable[[], bool]:
    """`is_wanted = wanted()` in a task, then `is_wanted()` now and then, from the same thread."""
    return _on_cluster() or _in_process()


def _on_cluster() -> Callable[[], bool] | None:
    """By the worker's own record of the task, which says that it was cancelled."""
    try:
        from distributed import get_worker

        worker = get_worker()
        key = worker.active_threads[threading.get_ident()]
    except (ImportError, ValueError, KeyError):
        return None

    def is_wanted() -> bool:
        task = worker.state.tasks.get(key)
        return task is not None and task.state != "cancelled"

    return is_wanted


def _in_process() -> Callable[[], bool]:
    """Until the last of the computations that ran as the task began has ended. A task of another
    process knows of none, and is wanted.
    """
    mine = set(_running)
    return lambda: not mine or bool(mine & _running)


def _started(graph: Any) -> None:
    _running.add(id(graph))


def _ended(graph: Any, state: Any, failed: bool) -> None:
    _running.discard(id(graph))
