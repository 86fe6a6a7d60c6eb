"""The log's SQLite file: its tables, and how a connection to it is opened."""

from __future__ import annotations

import sqlite3
from pathlib import Path

from services.core.errors import LogError

#: "HWS1": tells a site log from other people's SQLite files.
APPLICATION = 0x48575331
VERSION = 1

#: Bytes of the write-ahead log at which the writer folds it in by itself.
WAL_BYTES = 64 << 20

#: Up to this size a file is checked page by page at each start; above, damage shows when it is read.
CHECKED_BYTES = 128 << 20

_TABLES = """
CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL);
CREATE TABLE log (
    offset INTEGER PRIMARY KEY AUTOINCREMENT,
    topic TEXT NOT NULL,
    key TEXT NOT NULL,             -- the site; '' for a tick, which is for all of them
    data BLOB NOT NULL
);
CREATE INDEX log_topic ON log (topic);
CREATE TABLE ticks (offset INTEGER PRIMARY KEY, time INTEGER NOT NULL);
CREATE TABLE catalogues (offset INTEGER PRIMARY KEY, site TEXT NOT NULL, version TEXT NOT NULL);
CREATE TABLE positions (site TEXT PRIMARY KEY, epoch TEXT NOT NULL, number INTEGER NOT NULL);
CREATE TABLE cursors (name TEXT PRIMARY KEY, offset INTEGER NOT NULL);
CREATE TABLE states (
    processor TEXT NOT NULL, site TEXT NOT NULL, data BLOB NOT NULL,
    PRIMARY KEY (processor, site)
);
CREATE TABLE rejects (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    source TEXT NOT NULL, reason TEXT NOT NULL, detail TEXT NOT NULL,
    payload BLOB NOT NULL,         -- cut at KEPT_PAYLOAD bytes; `size` is what there was
    size INTEGER NOT NULL, received INTEGER NOT NULL
);
CREATE TABLE reject_counts (
    source TEXT NOT NULL, reason TEXT NOT NULL, count INTEGER NOT NULL,
    PRIMARY KEY (source, reason)
);
"""


def connect(path: Path, *, read_only: bool) -> sqlite3.Connection:
    """A connection in autocommit mode: transactions are begun and ended in so many words."""
    mode = "ro" if read_only else "rwc"
    return sqlite3.connect(
        f"{path.resolve().as_uri()}?mode={mode}",
        uri=True,
        isolation_level=None,
        check_same_thread=False,
        timeout=5.0,
        cached_statements=64,
    )


def prepare(connection: sqlite3.Connection, path: Path) -> None:
    """Makes the tables in an empty file, or checks that the file is a log that this version reads."""
    fresh = connection.execute("SELECT count(*) FROM sqlite_master").fetchone()[0] == 0
    if fresh:
        connection.execute("PRAGMA auto_vacuum=INCREMENTAL")
    else:
        check(connection, path)
    connection.execute("PRAGMA journal_mode=WAL")
    connection.execute("PRAGMA synchronous=FULL")
    connection.execute("PRAGMA wal_autocheckpoint=2000")
    connection.execute(f"PRAGMA journal_size_limit={WAL_BYTES}")
    if fresh:
        connection.executescript(
            f"BEGIN EXCLUSIVE; {_TABLES}PRAGMA application_id={APPLICATION}; PRAGMA user_version={VERSION}; COMMIT;"
        )


def check(connection: sqlite3.Connection, path: Path) -> None:
    """Raises LogError for a foreign file, another schema version or damaged pages."""
    if connection.execute("PRAGMA application_id").fetchone()[0] != APPLICATION:
        raise LogError(
            f"{path} is a SQLite file, but not a site log: choose another data directory, or move the file away"
        )
    version = connection.execute("PRAGMA user_version").fetchone()[0]
    if version != VERSION:
        raise LogError(
            f"the site log {path} has schema version {version}, this program reads {VERSION}: "
            "run the version that wrote it, or start anew with --fresh"
        )
    if path.stat().st_size <= CHECKED_BYTES:
        found = connection.execute("PRAGMA quick_check(1)").fetchone()[0]
        if found != "ok":
            raise LogError(
                f"the site log {path} is damaged ({found}): move it away and put back a copy, "
                "or start anew with --fresh"
            )
