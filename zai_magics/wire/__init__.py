"""Nouns <-> Z.AI's JSON and server-sent events.

The only rooms that know the service's field names and its quirks; no I/O.
"""
