"""The bounded queue between paho's network thread and the event loop."""

from __future__ import annotations

import asyncio
import threading
from collections import deque
from contextlib import suppress
from dataclasses import dataclass

from services.telemetry.link import Link


@dataclass(frozen=True, slots=True)
class Arrived:
    """A message from MQTT; `link` and `mid` are for acknowledging it, `received` is the bridge's clock, ns."""

    link: Link
    mid: int
    qos: int
    topic: str
    payload: bytes
    received: int


class Intake:
    """A full queue holds up the network thread, and so, through TCP and MQTT's in-flight window, the broker."""

    def __init__(self, messages: int = 4_000, size: int = 64_000_000) -> None:
        """At most `messages` messages and, beyond the first, `size` bytes of payload."""
        self._queue: deque[Arrived] = deque()
        self._most, self._most_bytes = messages, size
        self._bytes = 0
        self._changed = threading.Condition()
        self._closed = False
        self._some = asyncio.Event()
        self._loop = asyncio.get_running_loop()

    def __len__(self) -> int:
        return len(self._queue)

    def put(self, item: Arrived) -> None:
        """In the network thread: waits while the queue is full; after `close`, or on a lost link, drops."""
        with self._changed:
            while self._full(item) and not (self._closed or item.link.lost.is_set()):
                self._changed.wait(0.2)
            if self._closed:
                return
            self._queue.append(item)
            self._bytes += len(item.payload)
            wake = len(self._queue) == 1
        if wake and not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._some.set)

    def _full(self, item: Arrived) -> bool:
        if not self._queue:
            return False
        return len(self._queue) >= self._most or self._bytes + len(item.payload) > self._most_bytes

    def oldest(self) -> int | None:
        """When the oldest waiting message was received, None when none waits."""
        with self._changed:
            return self._queue[0].received if self._queue else None

    async def take(self, messages: int, size: int, seconds: float) -> list[Arrived]:
        """Up to `messages` messages and `size` bytes (at least one message); none when `seconds` bring none."""
        if not self._queue:
            self._some.clear()
            if not self._queue:
                with suppress(TimeoutError):
                    async with asyncio.timeout(seconds):
                        await self._some.wait()
        batch: list[Arrived] = []
        with self._changed:
            taken = 0
            while self._queue and len(batch) < messages:
                taken += len(self._queue[0].payload)
                if batch and taken > size:
                    break
                item = self._queue.popleft()
                self._bytes -= len(item.payload)
                batch.append(item)
            self._changed.notify_all()
        return batch

    def close(self) -> None:
        """Lets the network thread go; what is queued is dropped, unacknowledged."""
        with self._changed:
            self._closed = True
            self._queue.clear()
            self._changed.notify_all()
        self._some.set()
