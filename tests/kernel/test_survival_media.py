"""A kernel that is killed around an order: nothing is bought twice, nothing that was paid is lost.

The moments of the kills are taken from what the sandbox has heard and what lies on the disk, so
that every part of an order's life gets its share, however short it is.
"""

from __future__ import annotations

import io
import os
import random
import re
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import av
import pytest
from PIL import Image
from survivors import Notebook, Shown, Victim, until

from zai_magics.sandbox import Sandbox

HELD = 0.06  # seconds that the sandbox keeps the answer to an order
MAKING = 0.15
SENT = ("sent", "posting", "answered")
MOMENTS = {
    "video": (*SENT, "polling", "fetching", "kept", "shown"),
    "image": (*SENT, "fetching", "kept", "shown"),
}
SUFFIX = {"video": ".mp4", "image": ".png"}


@pytest.fixture
def shop() -> Iterator[Sandbox]:
    """A sandbox of its own, for its ledger."""
    with Sandbox(pace=0, video_seconds=MAKING) as made:
        yield made


@dataclass
class Battery:
    """Kills around orders of one kind, on one notebook; `seen` counts what became of them."""

    kind: str
    notebook: Notebook
    shop: Sandbox
    chance: random.Random
    pieces: int = 1
    seen: Counter[str] = field(default_factory=Counter)
    _word: str = ""
    _before: int = 0
    _known: set[Path] = field(default_factory=set)
    _left: set[Path] = field(default_factory=set)

    def run(self, kills: int, first: int = 0) -> None:
        """Kill at one moment after the other, `first` being the first of them."""
        moments = MOMENTS[self.kind]
        victim = self.notebook.kernel()
        for number in range(first, first + kills):
            victim = self._round(victim, number, moments[number % len(moments)])
        victim.kill()
        self._look_through()

    def _round(self, victim: Victim, number: int, moment: str) -> Victim:
        self._word = f"bird{number}x"
        background = self.kind == "video" and moment not in SENT and number // len(SENT) % 2
        code = self._code(" --background" if background else "")
        self._known, self._before = set(self._files()), len(self.shop.ledger)
        victim.begin(code, f"cell{number}")
        self._wait(victim, moment)
        victim.kill()
        shown, parts = victim.shown(), self._parts()
        states = [state for state, _ in self._orders()]
        self.seen.update((f"{moment}: {'+'.join(states) or 'nothing'}", "kills"))
        self.seen["parts left"] += len(parts - self._left)
        self._left |= parts
        victim = self.notebook.kernel()
        again = victim.run(code, f"cell{number}")
        if background:
            assert again["ok"], again
            again = victim.run(f"%zai wait {self._orders()[0][1]}", "waiting")
            self.seen["in the background"] += 1
        self._check(victim, again, states, shown)
        if not again["ok"] and number % 2:
            anew = victim.run(code.replace(self.kind, f"{self.kind} --again", 1), f"cell{number}")
            assert anew["ok"] and (self.pieces > 1 or is_whole(Path(anew["path"])))
        assert self._parts() <= parts, "an orderly run leaves no part of a file"
        return victim

    def _code(self, more: str) -> str:
        count = f" -n {self.pieces}" if self.pieces > 1 else ""
        size = " --size 1024x1024" if self.kind == "image" else ""
        return f"%%zai {self.kind}{more}{count}{size}\n[[slow {HELD}]] a {self._word} in the sky"

    def _check(self, victim: Victim, again: Shown, states: list[str], shown: list[Shown]) -> None:
        """What the same cell gave in the next kernel, against the ledger."""
        charged = self._charged()
        assert len(self._posts()) <= self.pieces and len(charged) <= self.pieces
        if again["ok"]:
            assert len(charged) == self.pieces
            if self.pieces == 1:
                assert is_whole(Path(again["path"])) and again["path"].endswith(SUFFIX[self.kind])
        else:
            assert again["error"].startswith("MaybeCharged"), again
            assert {"submitting", "unknown"} & set(states), (again, states)
            assert not any(c["id"] in str(shown) for c in charged if self.kind == "video")
        self.seen["made" if again["ok"] else "fate unknown"] += 1
        rows = [row for row in victim.run("%zai jobs", "jobs")["rows"] if self._word in row[4]]
        assert len(rows) >= len(charged), "every order that was charged is listed"
        if self.kind == "video" and again["ok"]:
            assert [row[0] for row in rows] == [c["id"] for c in charged]
        wanted = {"done"} if again["ok"] else {"done", "unknown: may have been charged"}
        assert {row[2] for row in rows} <= wanted, rows

    def _wait(self, victim: Victim, moment: str) -> None:
        """Until the moment has come, and a little longer."""

        def heard(end: str) -> bool:
            mine = self.shop.ledger[self._before :]
            return any(line["path"].endswith(end) for line in mine)

        more = self.chance.uniform
        if moment == "sent":
            time.sleep(more(0, 0.03))
        elif moment == "posting":
            assert until(lambda: heard("/generations")), victim.shown()
            time.sleep(more(0, HELD))
        elif moment == "answered":
            assert until(lambda: heard("/generations")), victim.shown()
            time.sleep(HELD + more(-0.002, 0.012))
        elif moment == "polling":
            assert until(lambda: any(c["id"] in str(victim.shown()) for c in self._charged()))
            time.sleep(more(0, 1.5 * MAKING))
        elif moment == "fetching":
            assert until(lambda: heard(SUFFIX[self.kind]))
            time.sleep(more(0, 0.08))
        elif moment == "kept":
            assert until(lambda: set(self._files()) - self._known)
            time.sleep(more(0, 0.02))
        else:
            # By the file's name: a thread of the cell before may still be painting its clip.
            assert until(lambda: self._word in str(victim.shown()))
            time.sleep(more(0, 0.01))

    def _charged(self) -> list[Shown]:
        return [c for c in self.shop.charged if self._word in c["prompt"]]

    def _posts(self) -> list[Shown]:
        lines = (line for line in self.shop.ledger if line["method"] == "POST")
        return [line for line in lines if self._word in line["body"]["prompt"]]

    def _orders(self) -> list[tuple[str, str]]:
        sql = "select c.state, c.job from calls c join messages p on p.id = c.prompt"
        return [(s, j) for s, j in self.notebook.rows(f"{sql} where p.text like '%{self._word}%'")]

    def _files(self) -> list[Path]:
        found = self.notebook.media.iterdir() if self.notebook.media.is_dir() else ()
        return [path for path in found if path.suffix == SUFFIX[self.kind]]

    def _parts(self) -> set[Path]:
        return {*self.notebook.media.glob(".*.part"), *self.notebook.home.glob("blobs/*/.*.part")}

    def _look_through(self) -> None:
        """No file under its own name is less than whole; count what the kills have left."""
        assert all(is_whole(path) for path in self._files())
        names = Counter(re.findall(r"bird\d+x", path.name)[0] for path in self._files())
        if self.pieces == 1:
            self.seen["files beyond one an order"] = names.total() - len(names)
        links = [path for path in self._parts() if os.stat(path).st_nlink > 1]
        self.seen["of the parts, second names of whole files"] = len(links)
        assert len(self._parts()) <= self.seen["kills"]
        for what, count in sorted(self.seen.items()):
            print(f"{count:5} {what}")


def is_whole(path: Path) -> bool:
    """Whether a decoder gets to the end of a picture or clip."""
    content = path.read_bytes()
    if path.suffix == ".png":
        with Image.open(io.BytesIO(content)) as picture:
            picture.load()
        return True
    with av.open(io.BytesIO(content), "r") as clip:
        count: int = clip.streams.video[0].frames
        return 0 < count == len(list(clip.decode(video=0)))


def battery(kind: str, folder: Path, shop: Sandbox, seed: int, pieces: int = 1) -> Battery:
    """One on a new notebook."""
    return Battery(kind, Notebook(folder, shop.base_url), shop, random.Random(seed), pieces)


@pytest.mark.parametrize(("kind", "first"), [("video", 3), ("image", 1)])
def test_an_order_outlives_a_kill_and_is_made_once(
    tmp_path: Path, shop: Sandbox, kind: str, first: int
) -> None:
    battery(kind, tmp_path, shop, first).run(3, first)


@pytest.mark.long
@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("kind", ["video", "image"])
def test_orders_outlive_fifty_kills_and_are_made_once(
    tmp_path: Path, shop: Sandbox, kind: str, seed: int
) -> None:
    made = battery(kind, tmp_path, shop, seed)
    made.run(50)
    assert made.seen["made"] > 20 and made.seen["fate unknown"] > 2


@pytest.mark.long
def test_several_pictures_outlive_twenty_kills_and_are_made_once_each(
    tmp_path: Path, shop: Sandbox
) -> None:
    battery("image", tmp_path, shop, 20, pieces=3).run(20)
