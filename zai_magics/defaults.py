"""What is taken when nothing is named: models, the conversation. Alone here, so that loading stays
light.
"""

CHAT = "glm-4.7"
VISION = "glm-4.6v"
IMAGE = "glm-image"
VIDEO = "cogvideox-3"
CONVERSATION = "main"
