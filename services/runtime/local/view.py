"""The log as those see it who only read: other processes, while one owns it."""

from __future__ import annotations

import asyncio
import heapq
import sqlite3
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import Self

from services.core.errors import LogError
from services.core.ports import Entry, Position, Reject
from services.core.records import Config
from services.runtime.local.faults import explain
from services.runtime.local.schema import check, connect
from services.runtime.local.transaction import (
    Frontier,
    last_offset,
    latest_configs,
    read_frontier,
)


class LogView:
    """core.ports.LogReader without its cursors. Reads never wait for the writer, from any thread.

    Every method raises LogError, with a sentence that names the file and what to do, when the file
    cannot be used.
    """

    def __init__(self, path: Path) -> None:
        """Not for callers: use `open`."""
        self.path = path
        self._idle: deque[sqlite3.Connection] = deque()
        self._closed = False

    @classmethod
    def open(cls, path: Path) -> Self:
        """The log in `path`. LogError: absent, foreign or damaged file, other schema version."""
        if not path.exists():
            raise LogError(f"there is no site log {path}: `headworks run` makes one")
        view = cls(path)
        with view._reading() as connection:
            check(connection, path)
        return view

    def close(self) -> None:
        """Lets go of the file. A second time does nothing."""
        self._closed = True
        while self._idle:
            self._idle.pop().close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def positions(self) -> Mapping[str, Position]:
        """By site: the last numbered frame that is durable."""
        return self._frontier.positions

    def last_tick(self) -> int:
        """The time (ns) of the last durable tick, 0 when there is none."""
        return self._frontier.last_tick

    def head(self, topic: str | None = None) -> int:
        """The last durable offset, of `topic` if given; 0 when there is none."""
        return self._frontier.head(None if topic is None else (topic,))

    def read(
        self,
        topics: str | Sequence[str] | None,
        after: int,
        limit: int = 1000,
        max_bytes: int = 16 << 20,
    ) -> list[Entry]:
        """Entries beyond `after` in order of offset, at most `limit`; all topics when None.

        Stops after the entry that passes `max_bytes`, so at least one comes if there is one.
        """
        wanted = (topics,) if isinstance(topics, str) else topics
        with self._reading() as connection:
            if wanted is None:
                rows = connection.execute("SELECT * FROM log WHERE offset>? ORDER BY offset LIMIT ?", (after, limit))
                return _bounded(rows, limit, max_bytes)
            streams = [
                connection.execute(
                    "SELECT * FROM log WHERE topic=? AND offset>? ORDER BY offset LIMIT ?",
                    (topic, after, limit),
                )
                for topic in dict.fromkeys(wanted)
            ]
            return _bounded(heapq.merge(*streams), limit, max_bytes)

    async def wait_beyond(
        self, offset: int, within: float | None = None, topics: str | Sequence[str] | None = None
    ) -> bool:
        """Waits until an entry beyond `offset` is durable; False when it is not `within` seconds."""
        wanted = (topics,) if isinstance(topics, str) else topics
        try:
            async with asyncio.timeout(within):
                await self._until(lambda: self._frontier.head(wanted) > offset)
        except TimeoutError:
            return False
        return True

    def last_offset(self, topic: str, until: int) -> int:
        """The last offset of `topic` that is at most `until`; 0 when there is none."""
        with self._reading() as connection:
            return last_offset(connection, topic, until)

    def configs(self) -> Mapping[str, Config]:
        """By site: the last durable Config."""
        with self._reading() as connection:
            return latest_configs(connection)

    def load_cursor(self, name: str) -> int:
        """How far the follower `name` has committed; 0 when it never has."""
        offset = self._value("SELECT offset FROM cursors WHERE name=?", name)
        return offset if isinstance(offset, int) else 0

    def load_states(self, processor: str) -> dict[str, bytes]:
        """The processor's states by site, as committed with its cursor."""
        with self._reading() as connection:
            rows = connection.execute("SELECT site, data FROM states WHERE processor=? ORDER BY site", (processor,))
            return dict(rows.fetchall())

    def meta(self, key: str) -> str | None:
        """The text that `set_meta` kept, if any."""
        value = self._value("SELECT value FROM meta WHERE key=?", key)
        return None if value is None else str(value)

    def reject_counts(self) -> dict[tuple[str, str], int]:
        """By (source, reason): how many, ever."""
        with self._reading() as connection:
            rows = connection.execute("SELECT source, reason, count FROM reject_counts ORDER BY 1,2")
            return {(source, reason): count for source, reason, count in rows}

    def rejects(self, limit: int = 100) -> list[Reject]:
        """The first `limit` that are kept, in order."""
        with self._reading() as connection:
            rows = connection.execute(
                "SELECT source, reason, detail, payload, received FROM rejects ORDER BY id LIMIT ?",
                (limit,),
            )
            return [Reject(*row) for row in rows]

    @property
    def _frontier(self) -> Frontier:
        with self._reading() as connection:
            return read_frontier(connection)

    async def _until(self, reached: Callable[[], bool]) -> None:
        # Another process writes: looking is all there is.
        while not reached():  # noqa: ASYNC110
            await asyncio.sleep(0.1)

    @contextmanager
    def _reading(self) -> Iterator[sqlite3.Connection]:
        if self._closed:
            raise LogError(f"the site log {self.path} is closed")
        connection: sqlite3.Connection | None = None
        try:
            connection = self._idle_connection() or connect(self.path, read_only=True)
            yield connection
        except sqlite3.Error as error:
            raise explain(error, self.path) from error
        finally:
            if connection is not None:
                self._give_back(connection)

    def _give_back(self, connection: sqlite3.Connection) -> None:
        if self._closed:
            connection.close()
        else:
            self._idle.append(connection)

    def _idle_connection(self) -> sqlite3.Connection | None:
        try:
            return self._idle.pop()
        except IndexError:  # asked by another thread a moment ago, or none made yet
            return None

    def _value(self, query: str, argument: str) -> object:
        with self._reading() as connection:
            row = connection.execute(query, (argument,)).fetchone()
        return None if row is None else row[0]


def _bounded(rows: Iterable[tuple[int, str, str, bytes]], limit: int, size: int) -> list[Entry]:
    entries: list[Entry] = []
    for row in rows:
        entries.append(Entry(*row))
        size -= len(row[3])
        if size <= 0 or len(entries) >= limit:
            break
    return entries
