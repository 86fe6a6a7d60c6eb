"""LocalLog: the sites' logs, outputs, states and cursors of one machine in one SQLite file."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Self

from services.core.errors import LogError
from services.core.ports import Reject
from services.core.records import Record
from services.runtime.local.faults import explain
from services.runtime.local.ownership import Ownership
from services.runtime.local.schema import connect, prepare
from services.runtime.local.transaction import Frontier, Output, Prepared, read_frontier
from services.runtime.local.view import LogView
from services.runtime.local.writer import Writer

#: Free pages given back to the file system after one trim.
_VACUUMED_PAGES = 2000


class LocalLog(LogView):
    """core.ports.SiteLog and LogReader on one SQLite file, owned by one process.

    The async methods return when what they did is durable, belong to one event loop, and take
    effect in the order in which they were called. After a LogError nothing of it was taken; later
    calls work again once the cause is gone.
    """

    _writer: Writer
    _owner: Ownership
    _connection: sqlite3.Connection

    @classmethod
    def open(cls, path: Path, create: bool = True) -> Self:
        """The log in `path`; `create` makes file and directory if absent.

        LogError: absent, not writable, owned by another process, foreign or damaged file, other
        schema version.
        """
        if not create and not path.exists():
            raise LogError(f"there is no site log {path}: `headworks run` makes one")
        log = cls(path)
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            log._owner = Ownership(path)
        except OSError as error:
            raise explain(error, path) from error
        connection: sqlite3.Connection | None = None
        try:
            connection = connect(path, read_only=False)
            prepare(connection, path)
            log._writer = Writer(connection, path, read_frontier(connection))
            log._connection = connection
        except BaseException as error:
            if connection is not None:
                connection.close()
            log._owner.release()
            if isinstance(error, sqlite3.Error | OSError):
                raise explain(error, path) from error
            raise
        return log

    def close(self) -> None:
        """Writes what is queued, and lets go of the file. A second time does nothing."""
        if self._closed:
            return
        self._writer.close()
        super().close()
        with suppress(sqlite3.Error):  # else the write-ahead log is read at the next start
            self._connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        self._connection.close()
        self._owner.release()

    async def append(self, records: Sequence[Record]) -> None:
        """Appends in order, as one transaction. Waits while the log is behind.

        OutOfSequence (an AssertionError), with nothing taken, when a numbered frame is not beyond
        the last of its gateway and epoch. Numbers that the bridge refused or gave up are passed over.
        """
        if records:
            prepared = Prepared.of(records)
            await self._writer.submit(lambda t: t.append(prepared), prepared.cost)

    async def reject(self, rejects: Sequence[Reject]) -> None:
        """Keeps what could not be taken (of a payload at most KEPT_PAYLOAD, the newest KEPT_REJECTS); counts all."""
        kept = tuple(rejects)
        if kept:
            cost = sum(len(r.payload) + 256 for r in kept)
            await self._writer.submit(lambda t: t.reject(kept), cost)

    async def commit_step(
        self,
        processor: str,
        cursor: int,
        states: Mapping[str, bytes],
        outputs: Sequence[Output] = (),
        rejects: Sequence[Reject] = (),
    ) -> None:
        """State by site, outputs (topic, site, bytes), dead letters and cursor, in one transaction.

        OutOfSequence, with nothing taken, when the cursor would go back: two shells run one
        processor.
        """
        cost = sum(map(len, states.values())) + sum(len(o[2]) + 64 for o in outputs) + 256
        await self._writer.submit(lambda t: t.commit_step(processor, cursor, states, outputs, rejects), cost)

    async def commit_cursor(self, name: str, cursor: int) -> None:
        """Makes a follower's position durable; 0 registers it, so that retention waits for it."""
        await self.commit_step(name, cursor, {})

    async def set_meta(self, key: str, value: str) -> None:
        """Keeps a named text, e.g. the run's id."""
        await self._writer.submit(lambda t: t.set_meta(key, value), 256)

    async def forget(self, name: str) -> None:
        """Removes a follower for good: retention no longer waits for its cursor."""
        await self._writer.submit(lambda t: t.forget(name), 256)

    async def trim(self, before: int | None = None, max_bytes: int | None = None, limit: int = 5000) -> int:
        """Deletes the oldest entries, at most `limit`, and returns how many; 0: nothing more to do.

        Deleted is what was appended before the last tick earlier than `before` (event time, ns),
        and, while the file holds more than `max_bytes`, what is older than anything a follower
        still needs. Never beyond the slowest cursor, never a site's latest Config.
        """
        deleted = await self._writer.submit(lambda t: t.trim(before, max_bytes, limit), 256)
        if deleted:
            await self._writer.submit(
                lambda t: t.connection.execute(f"PRAGMA incremental_vacuum({_VACUUMED_PAGES})").fetchall(),
                256,
                alone=True,
            )
        return deleted

    async def limit(self, max_bytes: int) -> None:
        """The file may not grow beyond `max_bytes`: appends then fail as on a full disk."""

        def act(connection: sqlite3.Connection) -> None:
            size = connection.execute("PRAGMA page_size").fetchone()[0]
            connection.execute(f"PRAGMA max_page_count={max(1, max_bytes // size)}").fetchall()

        await self._writer.submit(lambda t: act(t.connection), 256, alone=True)

    @property
    def _frontier(self) -> Frontier:
        return self._writer.frontier

    async def _until(self, reached: Callable[[], bool]) -> None:
        await self._writer.until(reached)
