"""The verbs, one room each: what a user asks for -> snapshots of it being made.

They work on a Session and know no display; the last snapshot is the value.
"""
