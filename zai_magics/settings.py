"""What the user has configured, and what a kernel has spent."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from . import defaults


class Settings(Protocol):
    """What the user has configured: the models, and whether the coding endpoint is used."""

    model: str
    vision_model: str
    image_model: str
    video_model: str
    coding: bool


@dataclass
class Plain:
    """Settings as they are without a notebook."""

    model: str = defaults.CHAT
    vision_model: str = defaults.VISION
    image_model: str = defaults.IMAGE
    video_model: str = defaults.VIDEO
    coding: bool = False


@dataclass
class Spent:
    """What this kernel has spent: US dollars, and calls whose price is not known."""

    dollars: float = 0.0
    unknown: int = 0
    calls: int = 0

    def add(self, cost: float | None) -> None:
        """Count one call."""
        self.calls += 1
        self.dollars += cost or 0.0
        self.unknown += cost is None
