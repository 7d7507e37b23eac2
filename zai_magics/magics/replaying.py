"""The commands about recordings: replay, and packs of them."""

from __future__ import annotations

import math
import os
from pathlib import Path
from typing import get_args

from .. import notebook
from ..errors import CommandError, Interrupted, one_line
from ..files import home
from ..replay import Mode, Source
from .grammar import nearest
from .stage import Said, Stage

SUFFIX = ".zai"
FORCED = "ZAI_REPLAY"  # set to off while a notebook is recorded anew
_SAYS = {
    "off": "replay is off: everything is asked for",
    "auto": "replay is on: what {where} has is shown again, free; the rest is asked for",
    "only": "replay only: answers come from {where}, and there is no network",
}
_STOPPED = (
    "no longer waited for: %zai replay only has no network. The clip is made all the same; "
    "%zai replay off, then %zai wait"
)
_LEFT_OUT = (
    "; left out: {} of cells that the saved notebook does not have, or asked with their words "
    "(save it and pack again if the cells are there)"
)


class Replaying(Stage):
    """They say where answers come from, and give them to others."""

    def do_replay(self, text: str, said: Said, names: Said, quiet: bool) -> None:
        """Switch it, or say how it stands."""
        replay = self.session.replay
        word, _, file = text.strip().partition(" ")
        mode = _mode(word)
        speed = said.get("speed", replay.speed)
        if not (math.isfinite(speed) and speed >= 0):
            raise CommandError("--speed takes 0 (at once) or more, such as 2 for twice as fast")
        if mode == "off" and file.strip():
            raise CommandError("%zai replay off takes no pack; leave the file out")
        if mode and os.environ.get(FORCED) == "off":
            self._say("replay stays off: this notebook is being recorded")
            return
        pack = self._pack(file.strip()) if mode and file.strip() else None
        if mode == "only":
            self.background.stop(_STOPPED)
            for panel in self.panels:
                panel.stop()
                panel.wait(2.0)
        if mode:
            replay.use(mode, pack)
        replay.speed = speed
        where = replay.pack.pack if replay.pack else "the journal"
        self._say(
            _SAYS[replay.mode].format(where=where) + ("" if replay.mode == "off" else replay.pace)
        )

    def do_pack(self, text: str, said: Said, names: Said, quiet: bool) -> None:
        """Write this notebook's calls and media to one file."""
        from ..replay import pack

        path = Path(text.strip()).expanduser()
        if not text.strip() or path.suffix not in ("", SUFFIX):
            raise CommandError(f"%zai pack takes a file that ends with {SUFFIX}, as class{SUFFIX}")
        path = path.with_suffix(SUFFIX)
        session = self.session
        book = notebook.opened(self.file())
        cells = None if book is None else book.ids()
        try:
            holds_key = session.connection.holds_key
            made = pack.of_notebook(session.journal, session.scope(), holds_key, cells)
            if not made.calls:
                raise CommandError("this notebook has nothing to pack: no chat, picture or clip")
            size = pack.write(made, session.journal, path)
        except KeyboardInterrupt:
            raise Interrupted("stopped; nothing was packed") from None
        self._say(
            f"{path.name}: {made.count()}, {size / 1024:,.0f} KB; with it "
            f"%zai replay only {path.name} gives them without a key or a network"
            f"{_LEFT_OUT.format(made.left_out) if made.left_out else ''}"
        )

    def _pack(self, file: str) -> Source:
        """The recordings of a pack, in the notebook's folder or where it is named."""
        from ..replay import unpack

        path = Path(file).expanduser()
        beside = self.folder() / path
        path = beside if beside.exists() else path
        session = self.session
        try:
            return unpack.opened(path, home() / "packs", lambda: session.timing, session.warn)
        except KeyboardInterrupt:
            raise Interrupted("stopped; replay is as it was") from None


def _mode(word: str) -> Mode | None:
    modes: list[Mode] = list(get_args(Mode))
    found = next((mode for mode in modes if mode == word), None)
    if word and found is None:
        hint = nearest(word, [*modes])
        raise CommandError(f"%zai replay takes off, auto or only, not {one_line(word, 40)!r}{hint}")
    return found
