"""The historian: follows the whole log and keeps it as Parquet, every entry exactly once."""

from __future__ import annotations

import asyncio
import time
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Self

import pyarrow as pa

from services.aggregator.sinks.parquet.files import (
    belongs_to_another,
    remove_beyond,
    set_aside,
    write_all,
)
from services.aggregator.sinks.parquet.names import Names
from services.aggregator.sinks.parquet.tables import Batch
from services.core.errors import HeadworksError, LogError
from services.core.ports import LogReader

#: The historian's cursor in the log.
NAME = "historian"

_TAKEN, _TAKEN_BYTES = 2000, 8 << 20


class HistoryError(HeadworksError):
    """The history cannot be written for now. Nothing is lost: the log keeps what it has not got."""


class Historian:
    """Writes the log's entries under `data_dir`/history. An async context manager.

    fault: why it cannot write at the moment, '' when it can. It then takes nothing more from the
    log and tries again, at first after 1 s, later every 30 s. Whatever else goes wrong, such as a
    log that fails, ends it: `wait` and `stop` raise that.
    set_aside: where another log's history went at the start, None when there was none.
    readings: how many have been written since the start.
    """

    def __init__(
        self,
        log: LogReader,
        data_dir: Path,
        *,
        readings: int = 200_000,
        size: int = 32 << 20,
        seconds: float = 300.0,
    ) -> None:
        """Writes when `readings` rows or `size` bytes have come together, or after `seconds`."""
        self.fault = ""
        self.set_aside: Path | None = None
        self.readings = 0
        self._log, self._root = log, data_dir / "history"
        self._limits = (readings, size, seconds)
        self._names = Names()
        self._batch = Batch(0, self._names)
        self._since = 0.0
        self._retry = asyncio.Event()
        self._busy = asyncio.Lock()
        self._task: asyncio.Task[None] | None = None

    @property
    def cursor(self) -> int:
        """The log position up to which everything is in the history."""
        return self._batch.start

    async def start(self) -> None:
        """Takes up where it stopped; removes files that an interruption left beyond that.

        Files that no interruption can have left are another log's: they are set aside, unharmed.
        """
        await self._log.commit_cursor(NAME, self._log.load_cursor(NAME))
        cursor = self._log.load_cursor(NAME)
        self._names.learn(self._log.configs().values())
        self._batch = Batch(cursor, self._names)
        try:
            await asyncio.to_thread(self._tidy, cursor, self._log.head())
        except OSError as error:
            raise self._explained(error) from error
        self._task = asyncio.create_task(self._follow(), name="historian")

    def _tidy(self, cursor: int, head: int) -> None:
        if belongs_to_another(self._root, cursor, head):
            self.set_aside = set_aside(self._root)
        remove_beyond(self._root, cursor)

    async def stop(self) -> None:
        """Writes what it has taken. If that fails, `fault` says why and the next start repeats it."""
        if self._task is None:
            return
        async with self._busy:
            self._task.cancel()
        (result,) = await asyncio.gather(self._task, return_exceptions=True)
        self._task = None
        if isinstance(result, Exception):
            raise result
        with suppress(HistoryError):  # `fault` has it; the cursor has not moved
            await self._flush()

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self.stop()

    async def wait(self) -> None:
        """Returns when it is stopped; raises what ended it."""
        if self._task is not None:
            await asyncio.wait({self._task})
            if not self._task.cancelled() and (error := self._task.exception()) is not None:
                raise error

    async def drain(self, until: int | None = None) -> None:
        """Returns when everything up to log position `until` (None: its present end) is written.

        HistoryError when it cannot be written.
        """
        goal = self._log.head() if until is None else until
        async with self._busy:
            while self._batch.end < goal:
                await self._take()
                if self._full():
                    await self._flush()
            await self._flush()

    async def _follow(self) -> None:
        pause = 1.0
        while True:
            if not self.fault:
                left = self._limits[2] - (time.monotonic() - self._since)
                idle = self._batch.end == self._batch.start
                await self._log.wait_beyond(self._batch.end, None if idle else max(0.0, left))
            else:
                await asyncio.sleep(pause)
                pause = min(30.0, pause * 2)
            async with self._busy:
                try:
                    if not self.fault:
                        pause = 1.0
                        await self._take()
                    if self.fault or self._due():
                        await self._flush()
                except HistoryError:
                    continue  # `fault` says it to whoever looks; tried again after the pause

    async def _take(self) -> None:
        if self._batch.end == self._batch.start:
            self._since = time.monotonic()
        await asyncio.to_thread(self._read, self._batch)

    def _read(self, batch: Batch) -> None:
        batch.add(self._log.read(None, batch.end, _TAKEN, _TAKEN_BYTES))

    def _full(self) -> bool:
        return self._batch.readings >= self._limits[0] or self._batch.size >= self._limits[1]

    def _due(self) -> bool:
        return self._full() or time.monotonic() - self._since >= self._limits[2]

    async def _flush(self) -> None:
        """Writes the batch, commits the cursor, begins a new one. HistoryError: all stays as it is."""
        batch = self._batch
        if batch.end == batch.start:
            return
        try:
            await asyncio.to_thread(self._write, batch)
        except (OSError, pa.ArrowException) as error:
            raise self._explained(error) from error
        try:
            await self._log.commit_cursor(NAME, batch.end)
        except LogError as error:
            raise self._explained(error) from error
        self.fault = ""
        self.readings += batch.readings
        self._batch = Batch(batch.end, self._names)

    def _write(self, batch: Batch) -> None:
        if self.fault:
            # The attempt before may have left files; by now the batch may reach further than they.
            remove_beyond(self._root, batch.start)
        write_all(self._root, batch.start + 1, batch.end, batch.tables())

    def _explained(self, error: Exception) -> HistoryError:
        self.fault = (
            f"the history under {self._root} cannot be written ({error}): free disk space or make "
            "it writable; the log keeps everything until then"
        )
        return HistoryError(self.fault)
