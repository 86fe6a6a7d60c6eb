"""What went wrong with the log's file, in a sentence that names the path and what to do."""

from __future__ import annotations

import sqlite3
from pathlib import Path

from services.core.errors import LogError

#: SQLite's primary result codes (https://www.sqlite.org/rescode.html) that people can do something about.
_ADVICE = {
    sqlite3.SQLITE_FULL: (
        "there is no space left for the site log {path}: free disk space (or raise the log's "
        "limit); nothing of this was taken"
    ),
    sqlite3.SQLITE_IOERR: (
        "the disk failed while the site log {path} was read or written: check disk and file "
        "system; nothing of this was taken"
    ),
    sqlite3.SQLITE_READONLY: ("the site log {path} is not writable: give this user the right to write it"),
    sqlite3.SQLITE_CANTOPEN: ("the site log {path} cannot be opened: check that its directory exists and is writable"),
    sqlite3.SQLITE_CORRUPT: (
        "the site log {path} is damaged: move it away and put back a copy, or start anew with "
        "--fresh; the history beside it stays readable"
    ),
    sqlite3.SQLITE_NOTADB: ("{path} is not a site log: choose another data directory, or move the file away"),
    sqlite3.SQLITE_BUSY: "the site log {path} is in use by another process: stop it first",
}


def explain(error: sqlite3.Error | OSError, path: Path) -> LogError:
    """The LogError for `error`; its cause stands behind it in brackets."""
    code = getattr(error, "sqlite_errorcode", None)
    if isinstance(error, OSError):
        text = "the site log {path} cannot be written: make its directory writable for this user"
    else:
        text = _ADVICE.get((code or 0) & 0xFF, "the site log {path} cannot be used")
    return LogError(f"{text.format(path=path)} ({error})")
