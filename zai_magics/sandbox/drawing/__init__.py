"""Pictures and clips from a prompt, drawn with the standard library alone."""
