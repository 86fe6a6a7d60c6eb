"""The bounded queue between the connection and the bridge's work."""

from __future__ import annotations

import asyncio
from collections import deque
from contextlib import suppress
from typing import NamedTuple

from services.telemetry.receiver import Chunk


class Arrived(NamedTuple):
    """What one read brought, and when: the bridge's clock (ns), and the loop's (s) for measuring by."""

    chunk: Chunk
    received: int
    at: float


class Intake:
    """A full queue stops the reading, and so, through TCP and MQTT's in-flight window, the broker."""

    def __init__(self, messages: int = 8_000, size: int = 32_000_000) -> None:
        """Reading stops at `messages` messages or `size` bytes, and goes on when half of that is taken."""
        self._queue: deque[Arrived] = deque()
        self._most, self._most_bytes = messages, size
        self._count = self._bytes = 0
        self._closed = False
        self._some = asyncio.Event()

    def __len__(self) -> int:
        """The messages that wait."""
        return self._count

    @property
    def size(self) -> int:
        """The bytes that wait."""
        return self._bytes

    def put(self, item: Arrived) -> None:
        """Takes what a read brought, and stops the reading when that is enough; after `close`, drops it."""
        if self._closed:
            return
        self._queue.append(item)
        self._count += len(item.chunk)
        self._bytes += len(item.chunk.data)
        if self._count >= self._most or self._bytes >= self._most_bytes:
            item.chunk.link.pause()
        self._some.set()

    def oldest(self) -> int | None:
        """When the oldest waiting message was received, None when none waits."""
        return self._queue[0].received if self._queue else None

    async def take(self, messages: int, size: int, seconds: float) -> list[Arrived]:
        """What came, until it is `messages` messages or `size` bytes or more; nothing when `seconds` bring nothing."""
        if not self._queue:
            self._some.clear()
            with suppress(TimeoutError):
                async with asyncio.timeout(seconds):
                    await self._some.wait()
        batch: list[Arrived] = []
        count = taken = 0
        while self._queue and count < messages and taken < size:
            item = self._queue.popleft()
            count += len(item.chunk)
            taken += len(item.chunk.data)
            batch.append(item)
        self._count -= count
        self._bytes -= taken
        if batch and self._count <= self._most // 2 and self._bytes <= self._most_bytes // 2:
            batch[-1].chunk.link.resume()
        return batch

    def close(self) -> None:
        """Takes nothing more; what is queued is dropped, unacknowledged."""
        self._closed = True
        self._queue.clear()
        self._count = self._bytes = 0
        self._some.set()
