"""The models that are asked when none is named; alone here, so that loading stays light."""

CHAT = "glm-4.7"
VISION = "glm-4.6v"
IMAGE = "glm-image"
VIDEO = "cogvideox-3"
