"""Follows the log as it grows and hands every entry, decoded, to those who show it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from types import TracebackType
from typing import Protocol, Self

import structlog

from services.core.codec import decode_output, decode_record
from services.core.errors import Rejected
from services.core.ports import Entry
from services.core.records import Output, Record
from services.runtime.local import SITES

_log = structlog.get_logger("headworks.follower")

Taker = Callable[[Record | Output], None]


class Followed(Protocol):
    """Of a log what a follower needs: its owner's, or that of another process which only reads."""

    def read(self, topics: str | Sequence[str] | None, after: int, limit: int = ...) -> list[Entry]:
        """Entries beyond `after` in order."""
        ...

    async def wait_beyond(self, offset: int) -> bool:
        """Waits until something beyond `offset` is durable."""
        ...


class Follower:
    """One task from the log's beginning to wherever its end is. What cannot be decoded is counted and passed over.

    An async context manager: inside it, it follows. `wait` tells of an error that ended it.
    position: up to where all has been handed on.  at: the offset of the entry that is being handed on.
    """

    def __init__(self, log: Followed, takers: Sequence[Taker]) -> None:
        self._log, self._takers = log, tuple(takers)
        self.position = 0
        self.at = 0
        self.undecodable = 0
        self._moved = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Self:
        self._task = asyncio.create_task(self._run(), name="follower")
        return self

    async def __aexit__(
        self, _type: type[BaseException] | None, _error: BaseException | None, _trace: TracebackType | None
    ) -> None:
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    async def wait(self) -> None:
        """Until it is ended; raises what ended it, such as LogError."""
        assert self._task is not None
        await asyncio.shield(self._task)

    async def _run(self) -> None:
        while True:
            entries = self._log.read(None, self.position, 200)
            if not entries:
                await self._log.wait_beyond(self.position)
                continue
            for entry in entries:
                try:
                    decoded: Record | Output = (
                        decode_record(entry.data) if entry.topic == SITES else decode_output(entry.topic, entry.data)
                    )
                except Rejected as error:
                    self.undecodable += 1
                    _log.warning("entry passed over", offset=entry.offset, topic=entry.topic, error=str(error))
                    continue
                self.at = entry.offset
                for take in self._takers:
                    take(decoded)
            self.position = entries[-1].offset
            self._moved.set()
            self._moved = asyncio.Event()
            await asyncio.sleep(0)

    async def reach(self, offset: int) -> None:
        """Returns when everything up to `offset` has been handed on; raises what ended the follower before."""
        assert self._task is not None
        while self.position < offset:
            moved = asyncio.create_task(self._moved.wait())
            await asyncio.wait({moved, self._task}, return_when=asyncio.FIRST_COMPLETED)
            moved.cancel()
            if self._task.done():
                await self._task
