"""`map` over Dask frames: lazily, on a cluster of processes that share one limit."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import pandas
import pytest
from capped import Capped

from zai_magics import secret
from zai_magics.errors import BalanceError, CommandError, KeyMissing, PromptError
from zai_magics.options import MapOptions
from zai_magics.session import Session
from zai_magics.tally import Tally

dask = pytest.importorskip("dask")
dataframe = pytest.importorskip("dask.dataframe")
distributed = pytest.importorskip("distributed")

Serve = Callable[..., Capped]
KEY = "0123456789abcdef0123456789abcdef.ABCDEFGHIJKLMNOP"


@dataclass
class Label:
    """What a model says of a row."""

    label: str
    score: int


@pytest.fixture
def cluster() -> Iterator[Callable[[int], Any]]:
    """`client = cluster(4)`: so many workers, each a process of its own."""
    opened: list[Any] = []

    def start(workers: int) -> Any:
        made = distributed.LocalCluster(
            n_workers=workers, threads_per_worker=1, processes=True, dashboard_address=None
        )
        opened.append(made)
        client = distributed.Client(made)
        opened.append(client)
        return client

    yield start
    for one in reversed(opened):
        one.close()


@pytest.fixture
def session(tmp_path: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[Session]:
    """As elsewhere, but that a cluster's own threads end when they like."""
    monkeypatch.setenv("ZAI_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("ZAI_API_KEY", KEY)
    monkeypatch.chdir(tmp_path)
    made = Session()
    yield made
    made.close()


def numbered(rows: int) -> pandas.DataFrame:
    return pandas.DataFrame({"n": range(rows)}, index=range(100, 100 + rows))


def local(session: Session, frame: pandas.DataFrame, text: str, **options: Any) -> pandas.DataFrame:
    last = list(session.map(frame, text, MapOptions(**options)))[-1]
    assert isinstance(last, Tally)
    return last.frame


def test_nothing_is_asked_before_it_is_computed_and_then_all_is_as_it_is_locally(
    serve: Serve, session: Session, cluster: Callable[[int], Any]
) -> None:
    service = serve(cap=8, seconds=0.01)
    frame = numbered(60)
    ddf = dataframe.from_pandas(frame, npartitions=4)
    cluster(2)
    made = session.map_lazily(ddf, "row {{ n }} {{ word }}", MapOptions(), {"word": "x"})
    assert service.counts()["requests"] == 0
    assert made.divisions == ddf.divisions and made.npartitions == 4
    computed = made.compute()
    counts = service.counts()
    assert counts["answered"] == counts["rows"] == 60 and counts["most"] <= 8
    assert made.dtypes.to_dict() == computed.dtypes.to_dict()
    again = made.compute()  # what a worker has asked for is in the journal, whoever asks next
    assert service.counts()["requests"] == counts["requests"]
    pandas.testing.assert_frame_equal(again, computed)
    here = local(session, frame, "row {{ n }} x", again=True)
    for name in ("n", "reply"):
        assert computed[name].tolist() == here[name].tolist()
    assert computed.index.equals(here.index)


def test_no_form_of_the_key_is_in_what_travels(serve: Serve, session: Session) -> None:
    import cloudpickle

    serve()
    ddf = dataframe.from_pandas(numbered(4), npartitions=2)
    names = {"word": "x", "os": os, "secret": KEY}
    made = session.map_lazily(ddf, "{{ n }} {{ word }}", MapOptions(), names)
    travels = cloudpickle.dumps(made.__dask_graph__())
    assert session.connection.holds_key(KEY)
    assert not session.connection.holds_key(travels.decode("latin-1"))


@pytest.mark.parametrize(
    ("text", "options"),
    [("{{ n }} {{ secret }}", {}), ("{{ n }} {{ about }}", {}), ("{{ n }}", {"param": {"u": KEY}})],
)
def test_what_would_carry_the_key_to_workers_is_refused(
    serve: Serve, session: Session, text: str, options: dict[str, Any]
) -> None:
    serve()
    ddf = dataframe.from_pandas(numbered(4), npartitions=2)
    names = {"secret": KEY, "about": {"key": [KEY]}}
    with pytest.raises(PromptError, match="holds your API key"):
        session.map_lazily(ddf, text, MapOptions(**options), names)


def test_a_key_that_was_typed_is_used_where_the_kernels_own_threads_compute(
    serve: Serve, session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    serve()
    monkeypatch.delenv("ZAI_API_KEY")
    session.connection.key = secret.Key(KEY, "typed")
    ddf = dataframe.from_pandas(numbered(4), npartitions=2)
    made = session.map_lazily(ddf, "row {{ n }}", MapOptions(), {})
    assert made.compute(scheduler="threads").reply.tolist() == [
        f"answer to row {n}" for n in range(4)
    ]
    session.connection.key = None
    with pytest.raises(KeyMissing, match="where this partition is computed; set ZAI_API_KEY there"):
        session.map_lazily(ddf, "new {{ n }}", MapOptions(), {}).compute(scheduler="threads")


def test_without_a_cluster_the_schedulers_of_dask_run_it(serve: Serve, session: Session) -> None:
    service = serve(answer='{"label": "good", "score": 3}')
    ddf = dataframe.from_pandas(numbered(6), npartitions=3)
    made = session.map_lazily(ddf, "row {{ n }}", MapOptions(schema=Label), {"Label": Label})
    for scheduler in ("synchronous", "threads"):
        computed = made.compute(scheduler=scheduler)
        assert computed.score.tolist() == [3] * 6 and str(computed.score.dtype) == "Int64"
        assert computed.dtypes.to_dict() == made.dtypes.to_dict()
    assert service.counts()["rows"] == 6


def test_a_partition_in_which_every_row_has_a_gap_is_as_in_the_whole_frame(
    serve: Serve, session: Session
) -> None:
    serve()
    frame = pandas.DataFrame({"text": ["a", "b", None, None]})
    ddf = dataframe.from_pandas(frame, npartitions=2)
    made = session.map_lazily(ddf, "row {{ text }}", MapOptions(), {}).compute()
    assert made._error.isna().tolist() == [True, True, False, False]
    assert made._error.tolist()[2:] == ["text is missing"] * 2


def test_a_number_that_no_column_of_parts_can_hold_is_said_in_its_row(
    serve: Serve, session: Session
) -> None:
    serve(answer='{"score": 100000000000000000000}')
    ddf = dataframe.from_pandas(numbered(2), npartitions=1)
    lazy = session.map_lazily(ddf, "row {{ n }}", MapOptions(schema="score int"), {})
    made = lazy.compute()
    assert made.score.isna().all() and str(made.score.dtype) == "Int64"
    said = "score is 100000000000000000000: no column of Int64 can hold it"
    assert made._error.tolist() == [said] * 2


@pytest.mark.skipif(os.name == "nt", reason="no process can send itself an interrupt there")
def test_an_interrupted_computation_asks_no_more_in_the_threads_that_it_leaves(
    serve: Serve, session: Session
) -> None:
    service = serve(cap=8, seconds=0.02)
    lazy = session.map_lazily(
        dataframe.from_pandas(numbered(4_000), npartitions=2), "row {{ n }}", MapOptions(), {}
    )

    def press() -> None:
        while service.counts()["answered"] < 20:
            pass
        os.kill(os.getpid(), signal.SIGINT)

    presser = threading.Thread(target=press)
    with pytest.raises(KeyboardInterrupt):
        presser.start()
        lazy.compute(scheduler="threads")
    presser.join()
    ended_soon(service)


def ended_soon(service: Capped) -> None:
    """No thread asks any more: waits for those that do."""
    for thread in threading.enumerate():
        if thread.name.startswith("zai-asking"):
            thread.join(5)
            assert not thread.is_alive()
    assert service.counts()["answered"] < 2_000


def test_a_cancelled_computation_of_a_cluster_asks_no_more(
    serve: Serve, session: Session, cluster: Callable[[int], Any]
) -> None:
    service = serve(cap=8, seconds=0.02)
    client = cluster(1)
    lazy = session.map_lazily(
        dataframe.from_pandas(numbered(4_000), npartitions=2), "row {{ n }}", MapOptions(), {}
    )
    workers = client.run(os.getpid)
    future = client.compute(lazy)
    while service.counts()["answered"] < 20:
        pass
    future.cancel()

    def asking() -> int:
        names = [thread.name for thread in threading.enumerate()]
        return sum(name.startswith("zai-asking") for name in names)

    until = time.monotonic() + 20
    while any(client.run(asking).values()) and time.monotonic() < until:
        pass
    assert service.counts()["answered"] < 2_000
    assert client.submit(sum, [1, 2]).result(timeout=20) == 3
    assert client.run(os.getpid) == workers  # none of them died of it


def test_what_ends_everything_comes_out_of_compute_as_one_error(
    serve: Serve, session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    serve(dead_after=0)
    ddf = dataframe.from_pandas(numbered(6), npartitions=2)
    made = session.map_lazily(ddf, "row {{ n }}", MapOptions(), {})
    with pytest.raises(BalanceError, match="Insufficient balance"):
        made.compute(scheduler="synchronous")
    monkeypatch.delenv("ZAI_API_KEY")
    with pytest.raises(KeyMissing):
        made.compute(scheduler="synchronous")


@pytest.mark.parametrize(
    ("text", "options", "words"),
    [
        ("no column", {}, "names no column"),
        ("{{ n }}", {"max_cost": 1.0}, "--max-cost cannot be kept"),
        ("{{ n }}", {"pilot": 3}, "zm.map"),
        ("{{ n }}", {"dry_run": True}, "--dry-run takes a frame that is here"),
    ],
)
def test_what_workers_cannot_keep_to_is_said_at_once(
    serve: Serve, session: Session, text: str, options: dict[str, Any], words: str
) -> None:
    serve()
    ddf = dataframe.from_pandas(numbered(4), npartitions=2)
    with pytest.raises(CommandError, match=words):
        session.map_lazily(ddf, text, MapOptions(**options), {})


def mapped_with_a_death(
    service: Capped, session: Session, client: Any, rows: int, partitions: int
) -> pandas.DataFrame:
    """A frame that is computed while a worker is killed half way."""
    ddf = dataframe.from_pandas(numbered(rows), npartitions=partitions)
    made = session.map_lazily(ddf, "row {{ n }}", MapOptions(), {})
    victim = next(iter(client.run(os.getpid).values()))
    over = threading.Event()

    def kill() -> None:
        while not over.is_set() and service.counts()["answered"] < rows // 2:
            pass
        os.kill(victim, signal.SIGKILL)

    killer = threading.Thread(target=kill)
    killer.start()
    try:
        return made.compute()
    finally:
        over.set()
        killer.join()


@pytest.mark.skipif(os.name == "nt", reason="nothing there is killed like this")
@pytest.mark.parametrize(
    ("workers", "rows", "seconds"),
    [(2, 80, 0.02), pytest.param(4, 2_000, 0.25, marks=pytest.mark.long)],
)
def test_a_lost_worker_costs_only_what_it_had_not_finished(
    serve: Serve,
    session: Session,
    cluster: Callable[[int], Any],
    workers: int,
    rows: int,
    seconds: float,
) -> None:
    service = serve(cap=20, seconds=seconds)
    computed = mapped_with_a_death(service, session, cluster(workers), rows, workers * 4)
    assert computed.reply.tolist() == [f"answer to row {n}" for n in range(rows)]
    counts = service.counts()
    print(counts["requests"] / rows, len(counts["twice"]), counts["full"])
    assert len(counts["twice"]) <= 2 * 20 and counts["requests"] <= 1.10 * rows + 20


@pytest.mark.long
def test_four_workers_share_one_limit_without_a_storm(
    serve: Serve, session: Session, cluster: Callable[[int], Any]
) -> None:
    rows = 2_000
    service = serve(cap=20, seconds=0.25)
    cluster(4)
    ddf = dataframe.from_pandas(numbered(rows), npartitions=16)
    computed = session.map_lazily(ddf, "row {{ n }}", MapOptions(), {}).compute()
    counts = service.counts()
    print(counts["requests"] / rows, counts["full"])
    assert computed.reply.tolist() == [f"answer to row {n}" for n in range(rows)]
    assert counts["answered"] == counts["rows"] == rows
    assert counts["requests"] <= 1.10 * rows
