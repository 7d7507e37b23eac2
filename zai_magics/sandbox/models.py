"""The model ids that the sandbox knows, and their context lengths in tokens.

Source: docs.z.ai, September 2026.
"""

from __future__ import annotations

from typing import Final

_K: Final = 1024

TEXT: dict[str, int] = {
    "glm-5.3": 1000 * _K,
    "glm-5.2": 1000 * _K,
    "glm-5.1": 200 * _K,
    "glm-5": 200 * _K,
    "glm-5-turbo": 200 * _K,
    "glm-4.7": 200 * _K,
    "glm-4.7-flashx": 200 * _K,
    "glm-4.7-flash": 200 * _K,
    "glm-4.6": 200 * _K,
    "glm-4.5": 128 * _K,
    "glm-4.5-x": 128 * _K,
    "glm-4.5-air": 128 * _K,
    "glm-4.5-airx": 128 * _K,
    "glm-4.5-flash": 128 * _K,
    "glm-4-32b-0414-128k": 128 * _K,
}
VISION: dict[str, int] = {
    "glm-5.3-flash": 1000 * _K,
    "glm-5.3-flashx": 1000 * _K,
    "glm-5v-turbo": 200 * _K,
    "glm-4.6v": 128 * _K,
    "glm-4.6v-flashx": 128 * _K,
    "glm-4.6v-flash": 128 * _K,
    "glm-4.5v": 64 * _K,
}
CHAT: dict[str, int] = TEXT | VISION
IMAGE: Final = ("glm-image", "cogview-4-250304", "cogview-4")
VIDEO: Final = ("cogvideox-3",)

# GET /models of the real service lists these only: no flash, vision, image or video model.
LISTED: Final = (
    "glm-4.5",
    "glm-4.5-air",
    "glm-4.6",
    "glm-4.7",
    "glm-5",
    "glm-5-turbo",
    "glm-5.1",
    "glm-5.2",
    "glm-5.3",
    "glm-5.3-flash",
)


def always_thinks(model: str) -> bool:
    """glm-5.3 and its kin refuse `thinking: disabled` with code 1210."""
    return model.startswith("glm-5.3")


def never_thinks(model: str) -> bool:
    """The only listed chat model from before the thinking ones."""
    return model.startswith("glm-4-32b")
