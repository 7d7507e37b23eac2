"""A kernel that is killed in a chat turn, and kernels at the same time: what was shown is kept."""

from __future__ import annotations

import random
import re
import shutil
import sqlite3
import threading
import time
from collections.abc import Iterator
from contextlib import closing
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from running import Kernel
from survivors import LOAD, Notebook, Small, Victim, Whole, acknowledged, living, until

from zai_magics.journal import Journal
from zai_magics.sandbox import Sandbox

LATEST = 1.25  # of a turn's time: some kills come when the cell is over
ASKED = "select c.cell, p.text, r.text, c.state from calls c join messages p on p.id = c.prompt"
ASKED += " join messages r on r.id = c.reply join turns t on t.call = c.id"


@pytest.fixture
def service() -> Iterator[Sandbox]:
    """A sandbox whose answers take some 50 ms."""
    with Sandbox(pace=0.004) as made:
        yield made


def code(number: object, part: str = "turn") -> str:
    """A cell whose answer repeats its prompt."""
    return f"%%zai chat\n[[echo]] {part} {number} is asked and answered in so many words"


def users(sandbox: Sandbox) -> set[str]:
    """The words of the user in the newest request, markers aside."""
    messages = sandbox.ledger[-1]["body"]["messages"]
    return {m["content"] for m in messages if m["role"] == "user"}


def survive(notebook: Notebook, sandbox: Sandbox, kills: int, seed: int) -> int:
    """Kill so many kernels in a turn, each on the notebook that the ones before it left. Gives how
    many of the killed turns had been shown.
    """
    chance, lasts, kept, shown = random.Random(seed), 0.1, dict[str, str](), 0
    cells = [f"{kind}{n}" for n in range(kills) for kind in ("killed", "after")]
    notebook.save(*((cell, "", ()) for cell in cells))
    victim = notebook.kernel()
    for number in range(kills):
        victim.begin(code(number), f"killed{number}")
        if number % 3:
            time.sleep(chance.uniform(0, LATEST) * lasts)
        else:  # the moment at which it says that it is done
            until(partial(_says_so, victim), LATEST * lasts)
        victim.kill()
        if acknowledged(victim.shown()):
            kept[f"killed{number}"], shown = code(number), shown + 1
        assert set(kept) <= {row[0] for row in notebook.rows(ASKED)}
        victim = notebook.kernel()
        lasts = _goes_on(victim, number)
        kept[f"after{number}"] = code(number, "next")
        assert {c.partition("\n")[2] for c in kept.values()} <= users(sandbox)
    victim.kill()
    _whole(notebook, kept)
    return shown


def _says_so(victim: Victim) -> bool:
    return acknowledged(victim.shown())


def _goes_on(victim: Victim, number: int) -> float:
    """A new kernel answers, and once more; gives the seconds that it took by then."""
    started = 0.0
    for _ in range(2):  # the first turn of a process is slower
        started = time.monotonic()
        answer = victim.run(code(number, "next"), f"after{number}")
        assert answer["ok"], answer
    return time.monotonic() - started


def _whole(notebook: Notebook, kept: dict[str, str]) -> None:
    """Every turn is there once, and those that were shown have all their words."""
    rows = notebook.rows(ASKED)
    assert len({row[0] for row in rows}) == len(rows)
    for cell, prompt, reply, state in rows:
        assert state == "complete" and prompt.removeprefix("[[echo]] ") == reply
        assert cell not in kept or kept[cell].endswith(prompt)
    assert set(kept) <= {row[0] for row in rows}
    assert list(notebook.home.glob("*broken*")) == []


def first_turn(folder: Path, sandbox: Sandbox, chance: random.Random) -> None:
    """Kill a kernel in the first turn of all, in which the journal is made."""
    folder.mkdir()
    notebook = Notebook(folder, sandbox.base_url)
    notebook.save(("killed", "", ()), ("after0", "", ()))
    victim = notebook.kernel()
    victim.begin(code(0), "killed")
    until(notebook.home.exists, chance.uniform(0, 0.4))
    time.sleep(chance.uniform(0, 0.03))
    victim.kill()
    kept = {"killed": code(0)} if acknowledged(victim.shown()) else {}
    assert set(kept) <= {row[0] for row in notebook.rows(ASKED)}
    with living(notebook) as after:
        _goes_on(after, 0)
    _whole(notebook, {**kept, "after0": code(0, "next")})


def test_a_turn_that_was_shown_outlives_a_kill(tmp_path: Path, service: Sandbox) -> None:
    assert survive(Notebook(tmp_path, service.base_url), service, 4, 1)


def test_a_turn_that_was_shown_outlives_a_kill_of_an_ipykernel(
    tmp_path: Path, service: Sandbox
) -> None:
    survive(Notebook(tmp_path, service.base_url, Whole), service, 1, 2)


def test_a_journal_that_is_being_made_outlives_a_kill(tmp_path: Path, service: Sandbox) -> None:
    first_turn(tmp_path / "0", service, random.Random(3))


def test_a_journal_that_was_killed_while_it_was_made_is_used_on(tmp_path: Path) -> None:
    made, home = tmp_path / "made.db", tmp_path / "home"
    home.mkdir()
    with closing(sqlite3.connect(made, isolation_level=None)) as db:
        db.execute("pragma user_version = 0")  # makes the file, with nothing in it
        db.execute("pragma cache_size = 1")  # the change goes to the disk before it is complete
        db.execute("begin immediate")
        db.execute("create table half (done)")
        db.executemany("insert into half values (randomblob(4000))", [()] * 50)
        for end in ("", "-journal"):
            shutil.copy(f"{made}{end}", home / f"journal.db{end}")
    journal = Journal(home)
    with journal.write() as db:
        assert db.execute("select count(*) from calls").fetchone() == (0,)
    assert journal.store.told() == ""
    journal.close()


@pytest.mark.long
@pytest.mark.parametrize("seed", range(3))
def test_turns_outlive_fifty_kills(tmp_path: Path, service: Sandbox, seed: int) -> None:
    shown = survive(Notebook(tmp_path, service.base_url, Small), service, 50, seed)
    print(f"{shown} of 50 killed turns had been shown")
    assert 5 < shown < 45


@pytest.mark.long
def test_turns_outlive_twenty_kills_of_an_ipykernel(tmp_path: Path, service: Sandbox) -> None:
    shown = survive(Notebook(tmp_path, service.base_url, Whole), service, 20, 7)
    print(f"{shown} of 20 killed turns had been shown")


@pytest.mark.long
def test_a_journal_that_is_being_made_outlives_thirty_kills(
    tmp_path: Path, service: Sandbox
) -> None:
    chance = random.Random(11)
    for number in range(30):
        first_turn(tmp_path / str(number), service, chance)


def together(notebook: Notebook, names: list[str]) -> None:
    """Four kernels ask their cells at the same time, on one notebook. No error is shown."""
    kernels = [Kernel(notebook.folder, notebook.environ).__enter__() for _ in range(4)]
    failures: list[Any] = []
    start = threading.Barrier(4)

    def ask(kernel: Kernel, number: int) -> None:
        kernel.run(LOAD)
        kernel.run("%zai")  # what there is comes back, and is said, here
        start.wait()
        for name in names[number::4]:
            run = kernel.run(code(name), name)
            more = [d["data"]["text/plain"] for d in run.new_displays[1:]]
            if run.status != "ok" or more or run.text:
                failures.append((name, run.of("error"), more, run.text))

    try:
        threads = [threading.Thread(target=ask, args=(k, i)) for i, k in enumerate(kernels)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    finally:
        for kernel in kernels:
            kernel.__exit__(None, None, None)
    assert failures == []


def nothing_lost(notebook: Notebook, names: list[str]) -> None:
    """Every call and every turn is there once, and a new kernel has them all."""
    calls = notebook.rows("select c.cell, p.text from calls c join messages p on p.id = c.prompt")
    assert sorted(calls) == sorted((name, code(name).partition("\n")[2]) for name in names)
    told = notebook.rows("select cell, call from turns")
    assert sorted(cell for cell, _ in told) == sorted(names)
    assert len({call for _, call in told}) == len(names)
    with living(notebook) as after:
        assert after.run("%zai", "after")["ok"]
        came = re.search(r"([\d,]+) turns? of this notebook", str(after.shown()))
    assert came and int(came[1].replace(",", "")) == len(names)


@pytest.mark.parametrize("turns", [10, pytest.param(250, marks=pytest.mark.long)])
def test_four_kernels_on_one_notebook_lose_and_double_nothing(
    tmp_path: Path, sandbox: Sandbox, turns: int
) -> None:
    notebook = Notebook(tmp_path, sandbox.base_url)
    names = [f"cell{n}" for n in range(4 * turns)]
    notebook.save(*((name, "", ()) for name in ["first", *names]))
    with living(notebook) as kernel:
        assert kernel.run(code("first"), "first")["ok"]
    together(notebook, names)
    nothing_lost(notebook, ["first", *names])


def test_four_kernels_on_a_new_notebook_make_one_conversation(
    tmp_path: Path, sandbox: Sandbox
) -> None:
    notebook = Notebook(tmp_path, sandbox.base_url)
    names = [f"cell{n}" for n in range(12)]
    notebook.save(*((name, "", ()) for name in names))
    together(notebook, names)
    nothing_lost(notebook, names)
