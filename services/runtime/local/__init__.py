"""The embedded shell: one SQLite file holds the log, the state and the cursors."""
