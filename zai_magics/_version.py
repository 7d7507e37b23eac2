"""The version, alone in a room so that every other room may know it."""

__version__ = "0.1.0"
