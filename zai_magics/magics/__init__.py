"""IPython's side: text -> command, command -> verb, snapshots -> display."""
