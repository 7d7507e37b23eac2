"""The commands about recordings: replay, and packs of them."""

from __future__ import annotations

import math
from typing import Any, get_args

from ..errors import CommandError, one_line
from ..replay import Mode
from .grammar import nearest
from .stage import Said, Stage

_SAYS = {
    "off": "replay is off: everything is asked for",
    "auto": "replay is on: what {where} has is shown again, free; the rest is asked for",
    "only": "replay only: answers come from {where}, and there is no network",
}


class Replaying(Stage):
    """They say where answers come from."""

    def do_replay(self, text: str, said: Said, names: Said, quiet: bool) -> None:
        """Switch it, or say how it stands."""
        replay = self.session.replay
        word, _, file = text.strip().partition(" ")
        speed = said.get("speed", replay.speed)
        if not (math.isfinite(speed) and speed >= 0):
            raise CommandError("--speed takes 0 (at once) or more, such as 2 for twice as fast")
        modes: list[Mode] = list(get_args(Mode))
        mode = next((m for m in modes if m == word), None)
        if word and mode is None:
            hint = nearest(word, [*modes])
            shown = one_line(word, 40)
            raise CommandError(f"%zai replay takes off, auto or only, not {shown!r}{hint}")
        if mode:
            replay.use(mode, self._pack(file.strip()) if file.strip() else None)
        replay.speed = speed
        where = replay.pack.pack if replay.pack else "the journal"
        self._say(_SAYS[replay.mode].format(where=where))

    def _pack(self, file: str) -> Any:
        raise CommandError("packs cannot be read yet")
