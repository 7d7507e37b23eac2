"""Replay: recorded answers instead of the service's, and packs of them for other machines.

replay.use("only")                     from this machine's journal, without a network
stream = replay.chat(asked)            read like one that comes from the service
"""

from __future__ import annotations

from .found import Source
from .mode import Mode, Replay
from .recorded import Recorded

__all__ = ["Mode", "Recorded", "Replay", "Source"]
